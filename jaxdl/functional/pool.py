"""Max pooling.

XLA's own gradient of a pooled maximum (select-and-scatter) is slow on CPU, so the maximum is taken by
comparing the elements of all windows pairwise: the first element of every window with the second, the winner
with the third, and so on. The comparisons alone decide, so value, index and every derivative agree, and they
decide as PyTorch's loop does: a later element wins only if it is greater, or NaN.
"""

from functools import reduce
from typing import Literal, NamedTuple, overload

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import IntOrPair, pair

TILE = 9  # windows that tile the plane are compared in one go up to so many elements, larger ones axis by axis


class _Span(NamedTuple):
    """How windows lie along one axis."""

    size: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    windows: int


class _Candidate(NamedTuple):
    """One element of every window."""

    value: jax.Array
    place: jax.Array | None  # where it lies in the unpadded plane, flat; None if nobody asks
    entering: np.ndarray | None = None  # the windows of which it is the first element not in the padding; None: of none


@overload
def max_pool2d(
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = ...,
    padding: IntOrPair = ...,
    dilation: IntOrPair = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
) -> jax.Array: ...
@overload
def max_pool2d(
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = ...,
    padding: IntOrPair = ...,
    dilation: IntOrPair = ...,
    ceil_mode: bool = ...,
    *,
    return_indices: Literal[True],
) -> tuple[jax.Array, jax.Array]: ...
@overload
def max_pool2d(
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = ...,
    padding: IntOrPair = ...,
    dilation: IntOrPair = ...,
    ceil_mode: bool = ...,
    return_indices: bool = ...,
) -> jax.Array | tuple[jax.Array, jax.Array]: ...


def max_pool2d(
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """Maximum over windows of two spatial axes.

        y[n, c, i, j] = max_{u, v} x[n, c, s·i + d·u - p, s·j + d·v - p]

    where x is -inf outside, and s, d, p are stride, dilation and padding.

    **Matches** PyTorch 2.13: the gradient of a tie goes to the first maximum of a window, row by row; NaN
    propagates (and the last NaN of a window takes gradient and index); `ceil_mode` adds a window that starts
    inside the input or its left padding. **Differs**: indices have JAX's default integer dtype, int32 unless
    x64 is enabled (PyTorch: int64).

    Args:
        input: [N, C, H, W], or [C, H, W]; floating point or integer.
        kernel_size: an integer or (height, width), at least 1; so too below.
        stride: the distance of neighbouring windows; None (or, as in PyTorch, an empty tuple): the kernel's size.
        padding: on both sides of each axis, at most half the kernel.
        dilation: the distance of neighbouring elements of a window.
        ceil_mode: let the last window hang over the edge.
        return_indices: return the place of each maximum as well.

    Returns:
        [N, C, H', W'] (or without N) in the input's dtype, H' = ⌊(H + 2p - d(k - 1) - 1) / s⌋ + 1 (⌈⌉ with
        `ceil_mode`); with `return_indices`, that and integers of the same shape, flat into the unpadded H·W.

    Raises:
        ValueError: a wrong rank, an empty axis other than N, padding larger than half the kernel, no room for
            any window, a size out of range.
        TypeError: boolean or complex input.

    >>> value, index = max_pool2d(jnp.arange(16.0).reshape(1, 4, 4), 2, return_indices=True)
    >>> value.tolist(), index.tolist()
    ([[[5.0, 7.0], [13.0, 15.0]]], [[[5, 7], [13, 15]]])
    """
    x = jnp.asarray(input)
    _check_input(x)
    rows, columns = _spans(x.shape, kernel_size, stride, padding, dilation, ceil_mode)
    batch = x if x.ndim == 4 else x[None]
    if _tiles(rows) and _tiles(columns) and rows.kernel * columns.kernel <= TILE:
        best = _pool_tiles(batch, rows, columns, return_indices)
    else:
        best = _pool_axis(_Candidate(batch, None), columns, 3, 1, return_indices)
        best = _pool_axis(best, rows, 2, columns.size, return_indices)
    value = best.value if x.ndim == 4 else best.value[0]
    if best.place is None:
        return value
    return value, jnp.broadcast_to(best.place, best.value.shape).reshape(value.shape)


def _first_maximum(best: _Candidate, other: _Candidate) -> _Candidate:
    """The winner of two, by PyTorch's rule."""
    wins = (other.value > best.value) | (other.value != other.value)  # greater, or NaN
    if other.entering is not None:
        wins = wins | other.entering  # against padding even -inf wins
    index = None
    if best.place is not None and other.place is not None:
        index = jnp.where(wins, other.place, best.place)
    return _Candidate(jnp.where(wins, other.value, best.value), index)


def _tiles(span: _Span) -> bool:
    return (span.stride, span.padding, span.dilation) == (
        span.kernel,
        0,
        1,
    ) and span.windows * span.kernel <= span.size


def _pool_tiles(x: jax.Array, rows: _Span, columns: _Span, with_index: bool) -> _Candidate:
    """Windows that tile the plane, the edge cropped: a reshape lays every window's elements side by side."""
    x = x[:, :, : rows.windows * rows.kernel, : columns.windows * columns.kernel]
    x = x.reshape(*x.shape[:2], rows.windows, rows.kernel, columns.windows, columns.kernel)

    def candidate(u: int, v: int) -> _Candidate:
        index = None
        if with_index:
            row = np.arange(rows.windows)[:, None] * rows.kernel + u
            column = np.arange(columns.windows)[None, :] * columns.kernel + v
            index = jnp.asarray(row * columns.size + column)[None, None]
        return _Candidate(x[:, :, :, u, :, v], index)

    return reduce(_first_maximum, [candidate(u, v) for u in range(rows.kernel) for v in range(columns.kernel)])


def _pool_axis(x: _Candidate, span: _Span, axis: int, scale: int, with_index: bool) -> _Candidate:
    """Windows along one axis, however they overlap. An index grows by `scale` with each step along it."""
    shape = [1, 1, 1, 1]
    shape[axis] = span.windows
    last = (span.windows - 1) * span.stride
    high = (
        last + span.dilation * (span.kernel - 1) + 1 - span.padding - span.size
    )  # negative: the last elements go unused
    config = [(span.padding, high, 0) if a == axis else (0, 0, 0) for a in range(4)]
    value = lax.pad(x.value, _lowest(x.value.dtype), config)
    index = None if x.place is None else lax.pad(x.place, jnp.zeros((), x.place.dtype), config)

    seen = np.zeros(span.windows, bool)
    candidates = []
    for tap in range(0, span.kernel * span.dilation, span.dilation):
        place = np.arange(span.windows) * span.stride + tap - span.padding
        inside = (place >= 0) & (place < span.size)
        entering, seen = inside & ~seen, seen | inside
        found = None
        if with_index:
            found = jnp.asarray(place * scale).reshape(shape)
            if index is not None:
                found = found + lax.slice_in_dim(index, tap, tap + last + 1, span.stride, axis)
        candidates.append(
            _Candidate(
                lax.slice_in_dim(value, tap, tap + last + 1, span.stride, axis),
                found,
                entering.reshape(shape) if tap and entering.any() else None,
            )
        )
    return reduce(_first_maximum, candidates)


def _lowest(dtype: jnp.dtype) -> jax.Array:
    return jnp.array(-jnp.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min, dtype)


def _spans(
    shape: tuple[int, ...],
    kernel_size: IntOrPair,
    stride: IntOrPair | None,
    padding: IntOrPair,
    dilation: IntOrPair,
    ceil_mode: bool,
) -> list[_Span]:
    kernels = pair("max_pool2d", "kernel_size", kernel_size, smallest=1)
    strides = kernels if stride in (None, (), []) else pair("max_pool2d", "stride", stride, smallest=1)
    paddings = pair("max_pool2d", "padding", padding, smallest=0)
    dilations = pair("max_pool2d", "dilation", dilation, smallest=1)
    spans = []
    for size, k, s, p, d in zip(shape[-2:], kernels, strides, paddings, dilations, strict=True):
        if 2 * p > k:
            raise ValueError(
                f"max_pool2d: padding is {padding} but kernel_size is {kernel_size}; "
                "padding may be at most half the kernel"
            )
        windows = (size + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (windows - 1) * s >= size + p:
            windows -= 1  # it would lie in the right padding alone
        if windows < 1:
            raise ValueError(
                f"max_pool2d: kernel_size={kernel_size} with dilation={dilation} is larger than the input's "
                f"{shape[-2:]} padded by {padding}; use a smaller kernel, more padding or a larger input"
            )
        spans.append(_Span(size, k, s, p, d, windows))
    return spans


def _check_input(x: jax.Array) -> None:
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        raise ValueError(
            f"max_pool2d: input has shape {x.shape}; it must be [N, C, H, W] or [C, H, W], only N may be 0"
        )
    if not (jnp.issubdtype(x.dtype, jnp.floating) or jnp.issubdtype(x.dtype, jnp.integer)):
        raise TypeError(f"max_pool2d: input has dtype {x.dtype}; it must be floating point or integer")
