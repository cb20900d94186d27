"""Images and volumes sampled at places that are themselves computed: spatial transformers."""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, require_same_dtype, widen
from jaxdl.functional.vision._taps import cubic_weights

MODES = ("bilinear", "nearest", "bicubic")
PADDING_MODES = ("zeros", "border", "reflection")


class _Axis(NamedTuple):
    """How one spatial axis of the input is read."""

    size: int
    padding_mode: str
    align_corners: bool
    planar: bool  # one of two axes, not of three


def grid_sample(
    input: ArrayLike,
    grid: ArrayLike,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> jax.Array:
    """The input's values at the places that `grid` names.

        y[n, c, i, j] = x[n, c] at (grid[n, i, j, 1], grid[n, i, j, 0])

    between elements bilinear (in three axes trilinear), cubic with Keys' kernel and a = -3/4, or that of the nearest
    element, ties to even. Places run from -1 to 1 over an axis: from edge to edge of its outer elements, or from
    centre to centre with `align_corners`. Beyond lie zeros, or the border's values, or the axis reflected there.

    **Matches** PyTorch 2.13: values and the gradients with respect to both arguments, which are zero with respect
    to a place that is clipped to the border, on the border itself too. Where places are clipped a NaN one counts as
    the first element, in volumes as the last. **Differs**: align_corners=None is False without a warning.

    Args:
        input: [N, C, H, W] or [N, C, D, H, W], floating point.
        grid: [N, H', W', 2] or [N, D', H', W', 3] in the input's dtype; the last axis is (x, y) or (x, y, z), x along
            the input's last axis.
        mode: 'bilinear', 'nearest' or, in two axes, 'bicubic'.
        padding_mode: 'zeros', 'border' or 'reflection'.
        align_corners: whether -1 and 1 are the outer elements' centres; None is False.

    Returns:
        [N, C, H', W'] or [N, C, D', H', W'] in the input's dtype; half types are computed in float32.

    Raises:
        ValueError: an unknown mode, ranks or batch sizes that differ, a last axis that does not fit, an empty
            spatial axis of the input, 'bicubic' in three axes.
        TypeError: arguments that are not floating point or differ in dtype.

    >>> x = jnp.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> grid_sample(x, jnp.array([[[[0.0, 0.0], [0.5, -0.5]]]])).tolist()
    [[[[2.5, 2.0]]]]

    Jaderberg et al., "Spatial Transformer Networks", 2015.
    """
    x, places = jnp.asarray(input), jnp.asarray(grid)
    _check_grid_sample(x, places, mode, padding_mode)
    batch, channels, *plane = x.shape
    points = widen(places).reshape(batch, math.prod(places.shape[1:-1]), len(plane))
    axes = [_Axis(size, padding_mode, bool(align_corners), len(plane) == 2) for size in plane]
    index, weight = _combined([_seen(points[..., -1 - i], axis, mode) for i, axis in enumerate(axes)], axes)
    # A place's channels side by side, so that one gather, and in the gradient one scatter, moves them all.
    rows = widen(x).reshape(batch, channels, math.prod(plane)).swapaxes(1, 2)
    values = jax.vmap(lambda row, i: jnp.take(row, i, axis=0, mode="fill", fill_value=0))(rows, index)
    sampled = values[:, 0] if weight is None else (values * weight[..., None]).sum(axis=1)
    return sampled.swapaxes(1, 2).reshape(batch, channels, *places.shape[1:-1]).astype(x.dtype)


def affine_grid(theta: ArrayLike, size: Sequence[int], align_corners: bool | None = None) -> jax.Array:
    """The grid for `grid_sample` that looks through an affine map.

        y[n, i, j] = theta[n] · (x_j, y_i, 1)

    where x_j, y_i (and z) run from -1 to 1 over the output: over its outer elements' centres with `align_corners`,
    otherwise over their edges, so that centres stop half an element before.

    **Matches** PyTorch 2.13: an axis of one element lies at 0. **Differs**: align_corners=None is False without a
    warning.

    Args:
        theta: [N, 2, 3] for images or [N, 3, 4] for volumes, floating point.
        size: of the output: (N, C, H, W) or (N, C, D, H, W).
        align_corners: whether -1 and 1 are the outer elements' centres; None is False.

    Returns:
        [N, H, W, 2] or [N, D, H, W, 3] in theta's dtype.

    Raises:
        ValueError: a size that is not 4 or 5 positive numbers, a theta that does not fit it.
        TypeError: theta is not floating point, a size is not an integer.

    >>> affine_grid(jnp.array([[[2.0, 0.0, 0.0], [0.0, 1.0, 0.5]]]), (1, 1, 1, 2)).tolist()
    [[[[-1.0, 0.5], [1.0, 0.5]]]]

    Jaderberg et al., "Spatial Transformer Networks", 2015.
    """
    matrix = jnp.asarray(theta)
    plane = _check_affine_grid(matrix, size)
    theirs = widen(matrix).reshape(matrix.shape[0], *(1,) * len(plane), *matrix.shape[1:])
    grid = jnp.zeros((), theirs.dtype)
    for i, count in enumerate(reversed(plane)):
        line = jnp.asarray(_line(count, bool(align_corners), theirs.dtype)).reshape(-1, *(1,) * (i + 1))
        grid = grid + line * theirs[..., i]
    return (grid + theirs[..., -1]).astype(matrix.dtype)


def _line(count: int, align_corners: bool, dtype: Any) -> np.ndarray:
    """Evenly spaced from -1 to 1, to the last bit as PyTorch has it: an identity looks at the elements exactly."""
    real: Any = np.dtype(dtype).type
    wider: Any = np.longdouble if real is np.float64 else np.float64
    index, step = np.arange(count), wider(real(2) / real(max(count - 1, 1)))
    line = np.where(index < count // 2, step * index - 1, 1 - step * (count - 1 - index)).astype(real)  # rounded once
    if count == 1:
        line = np.zeros(1, real)
    return line if align_corners else line * real(count - 1) / real(count)


def _seen(place: jax.Array, axis: _Axis, mode: str) -> tuple[jax.Array, jax.Array | None]:
    """The elements that places [N, P] on one axis look at, as whole floats, and their weights: both [N, taps, P]."""
    place = _in_elements(place, axis)
    if mode == "bicubic":
        first = jnp.floor(place)
        elements = jnp.stack([_bounded(first + step, axis) for step in (-1, 0, 1, 2)], axis=1)
        return elements, jnp.stack(cubic_weights(place - first), axis=1)
    place = _bounded(place, axis)
    if mode == "nearest":
        return jnp.round(place)[:, None], None
    first = jnp.floor(place)
    beyond = place - first
    return jnp.stack([first, first + 1], axis=1), jnp.stack([1 - beyond, beyond], axis=1)


def _in_elements(place: jax.Array, axis: _Axis) -> jax.Array:
    """From -1 .. 1 to 0 .. size - 1; multiplied and divided in the order in which PyTorch's kernels do it.

    An identity map looks at the elements exactly, where the gradient has a kink, so the rounding decides. In two axes
    PyTorch's product and difference are one operation, as a compiler makes them here; in three they are two, and a
    selection that changes nothing keeps them apart.
    """
    if axis.align_corners:
        return (place + 1) * ((axis.size - 1) / 2) if axis.planar else (place + 1) / 2 * (axis.size - 1)
    if axis.planar:
        return (place + 1) * (axis.size / 2) - 0.5
    product = (place + 1) * axis.size
    return (jnp.where(product == product, product, jnp.nan) - 1) / 2


def _bounded(place: jax.Array, axis: _Axis) -> jax.Array:
    """Where a place is looked for. Clipped to the border its gradient is zero, on the border too.

    NaN is the first element, in volumes the last.
    """
    if axis.padding_mode == "zeros":
        return place
    last = axis.size - 1
    if axis.padding_mode == "reflection":
        low, period = (0.0, 2.0 * last) if axis.align_corners else (-0.5, 2.0 * axis.size)
        distance = jnp.where(place < low, low - place, place - low)
        beyond = distance - jnp.floor(distance / max(period, 1)) * period
        place = jnp.where(beyond > period - beyond, period - beyond, beyond) + low
    if axis.planar:
        return jnp.where(place > 0, jnp.where(place < last, place, last), 0)
    return jnp.where(place < last, jnp.where(place > 0, place, 0), last)


def _combined(seen: list[tuple[jax.Array, jax.Array | None]], axes: list[_Axis]) -> tuple[jax.Array, jax.Array | None]:
    """The taps of all axes together, [N, taps, P]: places in the flat input, beyond its end if outside; weights."""
    count = math.prod(axis.size for axis in axes)
    index = jnp.zeros((1, 1, 1), jnp.int32 if count < 2**31 else int)
    inside, weight = jnp.ones((1, 1, 1), bool), None
    for (elements, factors), axis in zip(seen, axes, strict=True):
        within = (elements >= 0) & (elements < axis.size)
        index = _crossed(jnp.add, index * axis.size, jnp.where(within, elements, 0).astype(index.dtype))
        inside = _crossed(jnp.logical_and, inside, within)
        if factors is not None:
            if not axis.planar:  # a NaN place outside adds nothing in three axes, NaN in two
                factors = jnp.where(within, factors, 0)
            weight = factors if weight is None else _crossed(jnp.multiply, weight, factors)
    return jnp.where(inside, index, count), weight


def _crossed(combine: Callable[[jax.Array, jax.Array], jax.Array], first: jax.Array, second: jax.Array) -> jax.Array:
    """Every tap of `first` with every tap of `second`."""
    taps = first.shape[1] * second.shape[1]
    return combine(first[:, :, None], second[:, None]).reshape(second.shape[0], taps, second.shape[2])


def _check_grid_sample(x: jax.Array, grid: jax.Array, mode: str, padding_mode: str) -> None:
    for name, value, known in (("mode", mode, MODES), ("padding_mode", padding_mode, PADDING_MODES)):
        if value not in known:
            raise ValueError(f"grid_sample: {name} is {value!r}; it must be one of {', '.join(map(repr, known))}")
    if x.ndim not in (4, 5) or 0 in x.shape[2:]:
        raise ValueError(
            f"grid_sample: input has shape {x.shape}; it must be [N, C, H, W] or [N, C, D, H, W], not empty in space"
        )
    if grid.ndim != x.ndim or grid.shape[0] != x.shape[0] or grid.shape[-1] != x.ndim - 2:
        places = "H', W', 2" if x.ndim == 4 else "D', H', W', 3"
        raise ValueError(
            f"grid_sample: grid has shape {grid.shape}, but input of shape {x.shape} needs [{x.shape[0]}, {places}]"
        )
    if mode == "bicubic" and x.ndim == 5:
        raise ValueError(f"grid_sample: mode is 'bicubic', which takes 4-D input, but input has shape {x.shape}")
    require_floating("grid_sample", input=x, grid=grid)
    require_same_dtype("grid_sample", input=x, grid=grid)


def _check_affine_grid(theta: jax.Array, size: Sequence[int]) -> tuple[int, ...]:
    """The output's spatial shape."""
    require_floating("affine_grid", theta=theta)
    try:
        counts = tuple(operator.index(count) for count in size)
    except TypeError as error:
        raise TypeError(f"affine_grid: size must be 4 or 5 integers, but got {size!r}") from error
    if len(counts) not in (4, 5):
        raise ValueError(f"affine_grid: size is {counts}; it must be (N, C, H, W) or (N, C, D, H, W)")
    wanted = (counts[0], len(counts) - 2, len(counts) - 1)
    if theta.shape != wanted:
        raise ValueError(f"affine_grid: theta has shape {theta.shape}, but size {counts} needs {wanted}")
    if min(counts) < 1:
        raise ValueError(f"affine_grid: size is {counts}; every entry must be at least 1")
    return counts[2:]
