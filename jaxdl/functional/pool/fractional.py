"""Fractional max pooling: windows whose distances are drawn."""

from functools import partial
from typing import Any, Literal, TypeAlias, overload

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, require_same_dtype
from jaxdl.functional._windows import SHAPES, Size, exactly
from jaxdl.functional.pool._maximum import maxima_at

Ratio: TypeAlias = float | tuple[float, ...] | list[float]


@overload
def fractional_max_pool2d(
    input: ArrayLike,
    kernel_size: Size,
    output_size: Size | None = ...,
    output_ratio: Ratio | None = ...,
    return_indices: Literal[False] = ...,
    _random_samples: ArrayLike | None = ...,
    *,
    key: jax.Array | None = ...,
) -> jax.Array: ...
@overload
def fractional_max_pool2d(input: ArrayLike, *args: Any, **kwargs: Any) -> Any: ...


def fractional_max_pool2d(
    input: ArrayLike,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: ArrayLike | None = None,
    *,
    key: jax.Array | None = None,
) -> Any:
    """Maximum over windows of two spatial axes, at distances drawn so that a given number of them fits.

        y[n, c, i, j] = max of x[n, c, a_i : a_i + k, b_j : b_j + k]
        a_i = ⌊(i + u)·α⌋ - ⌊u·α⌋, the last H - k;   α = (H - k) / (H' - 1),   u ~ U(0, 1)

    and b likewise from the width and another u; every plane [n, c] draws its own.

    **Matches** PyTorch 2.13 for given `_random_samples`; ties and NaN as in `max_pool2d`. **Differs**: what is drawn
    comes from `key` and not from a global generator; indices have JAX's default integer dtype; an `output_ratio` may
    be one number, as PyTorch documents but does not take; kernels below 1 are refused (PyTorch: -inf).

    Args:
        input: [N, C, H, W], or [C, H, W]; floating point.
        kernel_size: an integer or (height, width), at least 1.
        output_size: H' = W' or (H', W').
        output_ratio: H' / H, one number or one each for height and width; looked at if there is no `output_size`.
        return_indices: return the place of each maximum as well.
        _random_samples: u, [N, C, 2] in the input's dtype: for the width, then for the height.
        key: a jax.random key; needed only without `_random_samples`.

    Returns:
        [N, C, H', W'] (or without N) in the input's dtype; with `return_indices`, that and integers of the same
        shape, flat into H·W.

    Raises:
        ValueError: neither `output_size` nor `output_ratio`; a wrong rank, an empty axis other than N, more windows
            than fit (H' + k - 1 > H), a size out of range, samples of a wrong shape, no `key` where one is needed.
        TypeError: input that is not floating point, samples of another dtype.

    >>> x = jnp.arange(36.0).reshape(1, 6, 6)
    >>> fractional_max_pool2d(x, 2, output_size=3, _random_samples=jnp.full((1, 1, 2), 0.3)).tolist()
    [[[7.0, 9.0, 11.0], [19.0, 21.0, 23.0], [31.0, 33.0, 35.0]]]

    Graham, Fractional max-pooling, arXiv:1412.6071, 2014.
    """
    arguments = kernel_size, output_size, output_ratio, return_indices, _random_samples, key
    return _fractional_maximum("fractional_max_pool2d", 2, input, *arguments)


@overload
def fractional_max_pool3d(
    input: ArrayLike,
    kernel_size: Size,
    output_size: Size | None = ...,
    output_ratio: Ratio | None = ...,
    return_indices: Literal[False] = ...,
    _random_samples: ArrayLike | None = ...,
    *,
    key: jax.Array | None = ...,
) -> jax.Array: ...
@overload
def fractional_max_pool3d(input: ArrayLike, *args: Any, **kwargs: Any) -> Any: ...


def fractional_max_pool3d(
    input: ArrayLike,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: ArrayLike | None = None,
    *,
    key: jax.Array | None = None,
) -> Any:
    """Maximum over windows of three spatial axes, at distances drawn so that a given number of them fits.

    The windows of each axis begin where those of `fractional_max_pool2d` would.

    **Matches** PyTorch 2.13 for given `_random_samples`, which here stand in the order of the axes, and with one window
    less than fits: D' + k - 1 < D. **Differs**: as `fractional_max_pool2d` does.

    Args:
        input: [N, C, D, H, W], or [C, D, H, W]; floating point.
        kernel_size: an integer or (depth, height, width), at least 1.
        output_size: D' = H' = W' or (D', H', W').
        output_ratio: D' / D, one number or three; looked at if there is no `output_size`.
        return_indices: return the place of each maximum as well.
        _random_samples: u, [N, C, 3] in the input's dtype: for depth, height and width.
        key: a jax.random key; needed only without `_random_samples`.

    Returns:
        [N, C, D', H', W'] (or without N) in the input's dtype; with `return_indices`, that and integers of the same
        shape, flat into D·H·W.

    Raises:
        ValueError: as in `fractional_max_pool2d`.
        TypeError: input that is not floating point, samples of another dtype.

    >>> x = jnp.arange(64.0).reshape(1, 4, 4, 4)
    >>> fractional_max_pool3d(x, 2, output_ratio=0.5, key=jax.random.key(0)).tolist()
    [[[[21.0, 23.0], [29.0, 31.0]], [[53.0, 55.0], [61.0, 63.0]]]]
    """
    arguments = kernel_size, output_size, output_ratio, return_indices, _random_samples, key
    return _fractional_maximum("fractional_max_pool3d", 3, input, *arguments)


def fractional_max_pool2d_with_indices(
    input: ArrayLike,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: ArrayLike | None = None,
    *,
    key: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """`fractional_max_pool2d(..., return_indices=True)`: value and index, whatever `return_indices` says.

    **Matches** PyTorch 2.13's function of this name.

    >>> x = jnp.arange(16.0).reshape(1, 4, 4)
    >>> fractional_max_pool2d_with_indices(x, 2, output_size=1, key=jax.random.key(0))[1].tolist()
    [[[15]]]
    """
    arguments = kernel_size, output_size, output_ratio, True, _random_samples, key
    return _fractional_maximum("fractional_max_pool2d_with_indices", 2, input, *arguments)


def fractional_max_pool3d_with_indices(
    input: ArrayLike,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: ArrayLike | None = None,
    *,
    key: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """`fractional_max_pool3d(..., return_indices=True)`: value and index, whatever `return_indices` says.

    **Matches** PyTorch 2.13's function of this name.

    >>> x = jnp.arange(64.0).reshape(1, 4, 4, 4)
    >>> fractional_max_pool3d_with_indices(x, 2, output_size=1, key=jax.random.key(0))[1].tolist()
    [[[[63]]]]
    """
    arguments = kernel_size, output_size, output_ratio, True, _random_samples, key
    return _fractional_maximum("fractional_max_pool3d_with_indices", 3, input, *arguments)


def _fractional_maximum(
    where: str,
    axes: int,
    input: ArrayLike,
    kernel_size: Size,
    output_size: Size | None,
    output_ratio: Ratio | None,
    return_indices: bool,
    samples: ArrayLike | None,
    key: jax.Array | None,
) -> Any:
    x = jnp.asarray(input)
    if x.ndim not in (axes + 1, axes + 2) or 0 in x.shape[-axes - 1 :]:
        raise ValueError(f"{where}: input has shape {x.shape}; it must be {SHAPES[axes]}, only N may be 0")
    require_floating(where, input=x)
    kernels = exactly(where, "kernel_size", kernel_size, axes, smallest=1)
    output = _output(where, x.shape[-axes:], output_size, output_ratio)
    for size, kernel, count in zip(x.shape[-axes:], kernels, output, strict=True):
        fits = size - kernel + (1 if axes == 2 else 0)  # PyTorch's own rule, which differs by one
        if count > fits:
            raise ValueError(
                f"{where}: {count} windows of kernel_size={kernel_size} do not fit an axis of the input's "
                f"{x.shape[-axes:]}; use an output of at most {fits} there, or a smaller kernel"
            )
    batch = x if x.ndim == axes + 2 else x[None]
    value, place = _pooled(batch, _samples(where, batch, axes, samples, key), kernels, output)
    if x.ndim == axes + 1:
        value, place = value[0], place[0]
    return (value, place) if return_indices else value


@partial(jax.jit, static_argnums=(2, 3))
def _pooled(x: jax.Array, u: jax.Array, kernels: tuple[int, ...], output: tuple[int, ...]) -> Any:
    """The maxima of the windows that the samples give, and their places."""
    axes = len(kernels)
    order = (1, 0) if axes == 2 else (0, 1, 2)  # in two dimensions PyTorch's first sample is the width's
    places = []
    for i, size, kernel, count in zip(order, x.shape[-axes:], kernels, output, strict=True):
        places.append(_starts(u[..., i], size - kernel, count)[..., None] + jnp.arange(kernel, dtype=jnp.int32))
    return maxima_at(x, places)


def _starts(u: jax.Array, room: int, count: int) -> jax.Array:
    """Where windows begin, [..., count]: the last with `room` before it. In u's own dtype, as in PyTorch."""
    if count < 2:
        return jnp.full((*u.shape, count), room, jnp.int32)
    alpha = jnp.asarray(np.asarray(room, u.dtype) / np.asarray(count - 1, u.dtype))
    first = (u * alpha).astype(jnp.int32)[..., None]
    later = ((jnp.arange(count - 1, dtype=u.dtype) + u[..., None]) * alpha).astype(jnp.int32)
    starts = jnp.clip(later - first, 0, room)  # samples outside [0, 1) must not leave the plane
    return jnp.concatenate([starts, jnp.full((*u.shape, 1), room, jnp.int32)], -1)


def _output(
    where: str, plane: tuple[int, ...], output_size: Size | None, output_ratio: Ratio | None
) -> tuple[int, ...]:
    axes = len(plane)
    if output_size is not None:
        return exactly(where, "output_size", output_size, axes, smallest=0)
    if output_ratio is None:
        raise ValueError(f"{where}: output_size and output_ratio are both None; give one of them")
    ratios = tuple(output_ratio) if isinstance(output_ratio, tuple | list) else (output_ratio,) * axes
    if len(ratios) != axes or not all(ratio >= 0 for ratio in ratios):
        raise ValueError(
            f"{where}: output_ratio must be a number or {axes} of them, at least 0, but got {output_ratio!r}"
        )
    return tuple(int(size * ratio) for size, ratio in zip(plane, ratios, strict=True))


def _samples(where: str, x: jax.Array, axes: int, samples: ArrayLike | None, key: jax.Array | None) -> jax.Array:
    """One number in [0, 1) for each plane and axis, [N, C, axes]."""
    batch, channels = x.shape[:2]
    if samples is None:
        if key is None:
            raise ValueError(f"{where}: key is None but the windows are drawn; pass key=jax.random.key(seed)")
        return jax.random.uniform(key, (batch, channels, axes), x.dtype)
    u = jnp.asarray(samples)
    require_same_dtype(where, input=x, _random_samples=u)
    if u.ndim != 3 or u.shape[0] < batch or u.shape[1:] != (channels, axes):
        raise ValueError(f"{where}: _random_samples has shape {u.shape}; it must be {(batch, channels, axes)}")
    return u[:batch]
