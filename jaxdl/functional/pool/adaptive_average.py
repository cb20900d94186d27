"""Adaptive average pooling."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, widen
from jaxdl.functional.pool._adaptive import Extent, adaptive_output, adaptive_windows, even_spans
from jaxdl.functional.pool.average import window_sums


def adaptive_avg_pool1d(input: ArrayLike, output_size: Extent) -> jax.Array:
    """Average over windows of one spatial axis that divide it into `output_size` parts.

        y[n, c, i] = mean of x[n, c, ⌊i·L / L'⌋ : ⌈(i + 1)·L / L'⌉]

    **Matches** PyTorch 2.13, as `adaptive_avg_pool2d` does.

    Args:
        input: [N, C, L], or [C, L]; floating point.
        output_size: L', an integer or a tuple of one, at least 0.

    Returns:
        [N, C, L'] (or without N) in the input's dtype.

    Raises:
        ValueError: a wrong rank, an empty spatial axis, a size out of range.
        TypeError: input that is not floating point, a size that is not an integer.

    >>> adaptive_avg_pool1d(jnp.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), 2).tolist()
    [[2.0, 4.0]]
    """
    return _adaptive_average("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: ArrayLike, output_size: Extent) -> jax.Array:
    """Average over windows of two spatial axes that divide each into as many parts as `output_size` says.

        y[n, c, i, j] = mean of x[n, c, ⌊i·H / H'⌋ : ⌈(i + 1)·H / H'⌉, ⌊j·W / W'⌋ : ⌈(j + 1)·W / W'⌉]

    **Matches** PyTorch 2.13: windows overlap by one element where the division leaves a rest, an infinity or NaN
    stays in its own windows, sums of half types are taken in float32.

    Args:
        input: [N, C, H, W], or [C, H, W]; floating point.
        output_size: H' = W', or (H', W'), each at least 0; None: the input's own size.

    Returns:
        [N, C, H', W'] (or without N) in the input's dtype.

    Raises:
        ValueError: a wrong rank, an empty spatial axis, a size out of range.
        TypeError: input that is not floating point, a size that is not an integer.

    >>> adaptive_avg_pool2d(jnp.arange(16.0).reshape(1, 4, 4), (1, 2)).tolist()
    [[[6.5, 8.5]]]
    """
    return _adaptive_average("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: ArrayLike, output_size: Extent) -> jax.Array:
    """Average over windows of three spatial axes that divide each into as many parts as `output_size` says.

        y[n, c, i, j, l] = mean of x[n, c, ⌊i·D / D'⌋ : ⌈(i + 1)·D / D'⌉, ...]

    **Matches** PyTorch 2.13, as `adaptive_avg_pool2d` does.

    Args:
        input: [N, C, D, H, W], or [C, D, H, W]; floating point.
        output_size: D' = H' = W', or (D', H', W'), each at least 0; None: the input's own size.

    Returns:
        [N, C, D', H', W'] (or without N) in the input's dtype.

    Raises:
        ValueError: a wrong rank, an empty axis other than the first, a size out of range.
        TypeError: input that is not floating point, a size that is not an integer.

    >>> adaptive_avg_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), (1, None, 1)).tolist()
    [[[[2.5], [4.5]]]]
    """
    return _adaptive_average("adaptive_avg_pool3d", 3, input, output_size)


def _adaptive_average(where: str, axes: int, input: ArrayLike, output_size: Extent) -> jax.Array:
    x = jnp.asarray(input)
    output = adaptive_output(where, x.shape, axes, output_size, may_lack_channels=axes < 3)
    require_floating(where, input=x)
    return _means(x, output)


@partial(jax.jit, static_argnums=1)
def _means(x: jax.Array, output: tuple[int, ...]) -> jax.Array:
    total = widen(x)
    spans = even_spans(x.shape, output)
    if spans is not None:
        return (window_sums(total, spans) / math.prod(span.kernel for span in spans)).astype(x.dtype)
    for axis, count in enumerate(output, start=x.ndim - len(output)):
        total = _mean_along(total, axis, count)
    return total.astype(x.dtype)


def _mean_along(x: jax.Array, axis: int, count: int) -> jax.Array:
    """Windows gathered: a product with a matrix of ones would be faster, but let an infinity out of its windows."""
    if count == x.shape[axis]:
        return x
    places, counted = adaptive_windows(x.shape[axis], count)
    windows = jnp.take(x, jnp.asarray(places), axis, mode="clip")
    beside = tuple(range(axis)), tuple(range(axis + 2, windows.ndim))
    kept = lax.expand_dims(jnp.asarray(counted), beside[0] + beside[1])
    lengths = lax.expand_dims(jnp.asarray(counted.sum(1), x.dtype), beside[0] + tuple(range(axis + 1, x.ndim)))
    return jnp.sum(jnp.where(kept, windows, 0), axis + 1) / lengths
