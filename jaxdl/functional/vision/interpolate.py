"""Images, volumes and sequences made larger or smaller."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer, number, widen
from jaxdl.functional.pool.adaptive_average import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from jaxdl.functional.vision._resample import resample, resample_bytes
from jaxdl.functional.vision._taps import Resampling

AXES = {  # the number of spatial axes that a mode takes
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "lanczos": (2,),
    "trilinear": (3,),
}
_KINDS = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}
_BRIEF = 128  # PyTorch's nearest neighbours of images up to this height + width come from a kernel of their own


def interpolate(
    input: ArrayLike,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> jax.Array:
    """The input resampled to another size along its spatial axes, one after the other.

    Output element i of an axis lies in the input at

        x(i) = s·(i + 1/2) - 1/2,  s = L / L', or 1 / scale_factor if that is given and not recomputed
        x(i) = s·i,                s = (L - 1) / (L' - 1), with align_corners

    and is the element at ⌊s·i⌋ ('nearest') or ⌊s·(i + 1/2)⌋ ('nearest-exact'), a line through two neighbours
    ('linear', 'bilinear', 'trilinear'), Keys' cubic through four with a = -3/4 ('bicubic'), or the mean of its share
    of the axis ('area'). `antialias` widens the filter when the output is smaller: a triangle, a cubic with
    a = -1/2, or Lanczos' of three lobes, with the weights that fall outside left out.

    **Matches** PyTorch 2.13 on contiguous tensors: places are computed in float32 for float32 input and rounded as
    there, so that no other neighbour is chosen; uint8 images are resampled in integers. An infinity or NaN reaches
    the outputs that look at it and no others; in a gradient it spreads along the axis. **Differs**: where PyTorch
    contradicts itself the formula holds: with `antialias` (or uint8 and more than 4 channels) and an output one
    element wide, which it gets wrong, and in the gradients of 'nearest' and 'lanczos' where `scale_factor` is not
    L' / L but L' is L or 2·L, which are not those of its own values.

    Args:
        input: [N, C, L], [N, C, H, W] or [N, C, D, H, W]; floating point, or uint8 for 'nearest', 'nearest-exact',
            'bilinear', 'bicubic' and 'lanczos'.
        size: of the output's spatial axes: an integer for all, or one each.
        scale_factor: instead of a size: a positive number for all axes, or one each; L' = ⌊L·scale_factor⌋.
        mode: 'nearest', 'nearest-exact', 'area', 'linear' (3-D input), 'bilinear', 'bicubic', 'lanczos' (4-D) or
            'trilinear' (5-D).
        align_corners: whether the first and last elements keep their places; for the modes from 'linear' on.
        recompute_scale_factor: use L / L' in x(i) although `scale_factor` is given.
        antialias: for 'bilinear' and 'bicubic'; 'lanczos' demands it.

    Returns:
        [N, C, ...] in the input's dtype; half types are computed in float32.

    Raises:
        ValueError: both or none of size and scale_factor, or not one for each axis; a mode that is unknown or not
            for this rank; align_corners or antialias where the mode has none; an empty axis other than N in the
            input, or an output without room.
        TypeError: a size that is not an integer, an input dtype that the mode does not take.

    >>> interpolate(jnp.array([[[1.0, 2.0, 4.0]]]), scale_factor=2, mode="linear").tolist()
    [[[1.0, 1.25, 1.75, 2.5, 3.5, 4.0]]]
    """
    x = jnp.asarray(input)
    _check_mode(x, mode, align_corners, antialias)
    out, scales = _output(x, size, scale_factor, bool(recompute_scale_factor))
    if mode == "area":
        average: Callable[..., jax.Array] = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[x.ndim - 3]
        return average(x, out)
    _check_sizes(x, out)
    precision = "float64" if x.dtype == jnp.float64 else "float32"
    brief = x.ndim == 4 and sum(out) <= _BRIEF
    plans = [
        Resampling(_KINDS.get(mode, mode), n, o, s, bool(align_corners), antialias, precision, brief)
        for n, o, s in zip(x.shape[2:], out, scales, strict=True)
    ]
    if x.dtype == jnp.uint8 and not mode.startswith("nearest"):
        for axis in range(x.ndim)[:1:-1]:
            x = resample_bytes(x, plans[axis - 2], axis)
        return x
    y = x if mode.startswith("nearest") else widen(x)
    for axis, plan in enumerate(plans, start=2):
        y = resample(y, plan, axis)
    return y.astype(x.dtype)


def upsample(
    input: ArrayLike,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> jax.Array:
    """`interpolate` under its old name.

    **Matches** PyTorch 2.13, which has deprecated it. **Differs**: there is no warning.

    Args:
        input, size, scale_factor, mode, align_corners: as for `interpolate`.

    Returns:
        As `interpolate`.

    Raises:
        As `interpolate`.

    >>> upsample(jnp.array([[[1.0, 2.0]]]), 4).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: ArrayLike, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> jax.Array:
    """`interpolate` with mode 'nearest', under its old name.

    **Matches** PyTorch 2.13, which has deprecated it. **Differs**: there is no warning.

    Args:
        input, size, scale_factor: as for `interpolate`.

    Returns:
        As `interpolate`.

    Raises:
        As `interpolate`.

    >>> upsample_nearest(jnp.array([[[1.0, 2.0]]]), scale_factor=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(
    input: ArrayLike, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> jax.Array:
    """`interpolate` with mode 'bilinear' and align_corners, under its old name.

    **Matches** PyTorch 2.13, which has deprecated it. **Differs**: there is no warning.

    Args:
        input, size, scale_factor: as for `interpolate`.

    Returns:
        As `interpolate`.

    Raises:
        As `interpolate`.

    >>> upsample_bilinear(jnp.array([[[[0.0, 1.0]]]]), (1, 3)).tolist()
    [[[[0.0, 0.5, 1.0]]]]
    """
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _check_mode(x: jax.Array, mode: str, align_corners: bool | None, antialias: bool) -> None:
    """What can be said before any size is known."""
    if mode not in AXES:
        raise ValueError(f"interpolate: mode is {mode!r}; it must be one of {', '.join(map(repr, AXES))}")
    if x.ndim - 2 not in AXES[mode]:
        ranks = " or ".join(f"{axes + 2}-D" for axes in AXES[mode])
        raise ValueError(f"interpolate: input has shape {x.shape}, but mode {mode!r} takes {ranks} input")
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ValueError(f"interpolate: align_corners is {align_corners}, which mode {mode!r} does not have; leave it")
    if antialias and mode not in ("bilinear", "bicubic", "lanczos"):
        raise ValueError(
            f"interpolate: antialias is for modes 'bilinear', 'bicubic' and 'lanczos', but mode is {mode!r}"
        )
    if mode == "lanczos" and (align_corners or not antialias):
        raise ValueError(
            f"interpolate: mode 'lanczos' needs antialias=True and no align_corners, but they are {antialias} and "
            f"{align_corners}"
        )
    bytes_too = mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "lanczos")
    if not (jnp.issubdtype(x.dtype, jnp.floating) or (bytes_too and x.dtype == jnp.uint8)):
        raise TypeError(
            f"interpolate: input has dtype {x.dtype}, but mode {mode!r} takes floating point"
            + (" or uint8" if bytes_too else "")
        )


def _output(
    x: jax.Array, size: int | Sequence[int] | None, scale_factor: float | Sequence[float] | None, recompute: bool
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The output's spatial shape, and the scales to compute places with; None: the ratio of the sizes."""
    if (size is None) == (scale_factor is None):
        raise ValueError(f"interpolate: size is {size} and scale_factor is {scale_factor}; give one of the two")
    if recompute and size is not None:
        raise ValueError("interpolate: recompute_scale_factor is True, but size is given; leave one of them")
    axes = x.ndim - 2
    given: Any
    name, given = ("size", size) if scale_factor is None else ("scale_factor", scale_factor)
    entries = tuple(given) if isinstance(given, tuple | list) else (given,) * axes
    if len(entries) != axes:
        raise ValueError(
            f"interpolate: {name} is {given}, but input of shape {x.shape} has {axes} spatial axes; give one number "
            "for all of them or one for each"
        )
    if scale_factor is not None:
        factors = tuple(number("interpolate", "scale_factor", entry) for entry in entries)
        if not all(0 < factor < math.inf for factor in factors):
            raise ValueError(f"interpolate: scale_factor is {given}; it must be positive")
        out = tuple(int(n * factor) for n, factor in zip(x.shape[2:], factors, strict=True))
        return out, (None,) * axes if recompute else factors
    return tuple(integer("interpolate", "size", entry) for entry in entries), (None,) * axes


def _check_sizes(x: jax.Array, out: tuple[int, ...]) -> None:
    if 0 in x.shape[1:]:
        raise ValueError(f"interpolate: input has shape {x.shape}; only N may be 0")
    if min(out) < 1:
        raise ValueError(
            f"interpolate: input of shape {x.shape} would become {out} in space; the output needs at least one "
            "element an axis: give a larger size or scale_factor"
        )
