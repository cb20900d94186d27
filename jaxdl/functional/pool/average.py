"""Average pooling."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer, widen
from jaxdl.functional._windows import Size, Span, require_planes, spans, windowwise


def avg_pool1d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> jax.Array:
    """Average over windows of one spatial axis.

        y[n, c, i] = Σ_u x[n, c, s·i + u - p] / divisor

    where x is 0 outside, and s and p are stride and padding.

    **Matches** PyTorch 2.13, with its divisor as in `avg_pool2d`. **Differs**: as in `avg_pool2d`.

    Args:
        input: [N, C, L], or [C, L]; floating point, int32 or int64.
        kernel_size: an integer or a tuple of one, at least 1; so too below.
        stride: the distance of neighbouring windows; None (or an empty tuple): the kernel's size.
        padding: zeros on both sides, at most half the kernel.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether the divisor counts the padding.

    Returns:
        [N, C, L'] (or without N) in the input's dtype, L' = ⌊(L + 2p - k) / s⌋ + 1 (⌈⌉ with `ceil_mode`).

    Raises:
        ValueError: as in `avg_pool2d`.
        TypeError: another dtype.

    >>> avg_pool1d(jnp.array([[1.0, 3.0, 5.0, 7.0]]), 2).tolist()
    [[2.0, 6.0]]
    """
    return averages("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> jax.Array:
    """Average over windows of two spatial axes.

        y[n, c, i, j] = Σ_{u, v} x[n, c, s·i + u - p, s·j + v - p] / divisor

    where x is 0 outside, and s and p are stride and padding.

    **Matches** PyTorch 2.13: the divisor is the number of a window's elements in the input and its padding (or, without
    `count_include_pad`, in the input), so that what `ceil_mode` lets hang over the edge is never counted; a quotient
    of integers is rounded towards zero; sums of half types are taken in float32. **Differs**: int32 is taken as
    int64 is, since it is JAX's default; so are half types in three dimensions (PyTorch's CPU has neither).

    Args:
        input: [N, C, H, W], or [C, H, W]; floating point, int32 or int64.
        kernel_size: an integer or (height, width), at least 1; so too below.
        stride: the distance of neighbouring windows; None (or an empty tuple): the kernel's size.
        padding: zeros on both sides of each axis, at most half the kernel.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether the divisor counts the padding.
        divisor_override: an integer to divide by instead, other than 0.

    Returns:
        [N, C, H', W'] (or without N) in the input's dtype, H' = ⌊(H + 2p - k) / s⌋ + 1 (⌈⌉ with `ceil_mode`).

    Raises:
        ValueError: a wrong rank, an empty axis other than N, padding larger than half the kernel, no room for
            any window, a size out of range, a divisor of 0.
        TypeError: another dtype, a divisor that is not an integer.

    >>> avg_pool2d(jnp.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[[2.5, 4.5], [10.5, 12.5]]]
    """
    arguments = kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    return averages("avg_pool2d", 2, input, *arguments)


def avg_pool3d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> jax.Array:
    """Average over windows of three spatial axes.

        y[n, c, i, j, l] = Σ_{t, u, v} x[n, c, s·i + t - p, s·j + u - p, s·l + v - p] / divisor

    where x is 0 outside, and s and p are stride and padding.

    **Matches** PyTorch 2.13, with its divisor as in `avg_pool2d`. **Differs**: as in `avg_pool2d`.

    Args:
        input: [N, C, D, H, W], or [C, D, H, W]; floating point, int32 or int64.
        kernel_size: an integer or (depth, height, width), at least 1; so too below.
        stride: the distance of neighbouring windows; None (or an empty tuple): the kernel's size.
        padding: zeros on both sides of each axis, at most half the kernel.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether the divisor counts the padding.
        divisor_override: an integer to divide by instead, other than 0.

    Returns:
        [N, C, D', H', W'] (or without N) in the input's dtype.

    Raises:
        ValueError: as in `avg_pool2d`.
        TypeError: another dtype, a divisor that is not an integer.

    >>> avg_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 2).tolist()
    [[[[3.5]]]]
    """
    arguments = kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    return averages("avg_pool3d", 3, input, *arguments)


def averages(
    where: str,
    axes: int,
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> jax.Array:
    """The average of every window of the last `axes` axes; errors are said to be `where`'s."""
    x = jnp.asarray(input)
    require_planes(where, x, axes)
    if not (jnp.issubdtype(x.dtype, jnp.floating) or x.dtype in (jnp.int32, jnp.int64)):
        raise TypeError(f"{where}: input has dtype {x.dtype}; it must be floating point, int32 or int64")
    windows = spans(where, x.shape, axes, kernel_size, stride, padding, ceil_mode=ceil_mode)
    divisor = None if divisor_override is None else integer(where, "divisor_override", divisor_override)
    if divisor == 0:
        raise ValueError(f"{where}: divisor_override is 0; it must be another integer, or None")
    return _quotients(x, windows, bool(count_include_pad), divisor)


@partial(jax.jit, static_argnums=(1, 2, 3))
def _quotients(x: jax.Array, spans: tuple[Span, ...], include_pad: bool, divisor: int | None) -> jax.Array:
    total = window_sums(widen(x), spans)
    count = _counts(spans, include_pad) if divisor is None else np.array(divisor)
    counts = jnp.asarray(count.astype(total.dtype)).reshape((1,) * (x.ndim - count.ndim) + count.shape)
    return lax.div(total, jnp.broadcast_to(counts, total.shape)).astype(x.dtype)


def window_sums(x: jax.Array, spans: tuple[Span, ...]) -> jax.Array:
    """The sum of every window. Axis by axis: XLA's sum over a window of several axes costs their product."""
    if all(span.disjoint for span in spans):
        return windowwise(lambda windows, axes: jnp.sum(windows, axes, dtype=x.dtype), x, spans)
    for i, span in enumerate(spans, start=x.ndim - len(spans)):
        kernel, stride, edges = [1] * x.ndim, [1] * x.ndim, [(0, 0)] * x.ndim
        kernel[i], stride[i] = span.kernel, span.stride
        high = (span.windows - 1) * span.stride + span.kernel - span.padding - span.size
        edges[i] = (span.padding, max(high, 0))
        zero = np.zeros((), x.dtype)  # concrete: with a traced one XLA's sum has no derivative
        x = lax.reduce_window(x, zero, lax.add, kernel, stride, edges)
    return x


def _counts(spans: tuple[Span, ...], include_pad: bool) -> np.ndarray:
    """How many elements of every window lie in the input, or in the input and its padding."""
    counts = np.ones((), int)
    for span in spans:
        edge = span.padding if include_pad else 0
        along = np.minimum(span.starts + span.kernel, span.size + edge) - np.maximum(span.starts, -edge)
        counts = counts[..., None] * along
    return counts.flat[0].reshape(()) if counts.min() == counts.max() else counts
