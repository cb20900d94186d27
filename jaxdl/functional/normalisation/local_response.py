"""Normalisation by the channels beside."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer, require_floating, widen

UNROLLED = 16  # windows up to this are added up tap by tap, which fuses into one loop


def local_response_norm(
    input: ArrayLike, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> jax.Array:
    """Divide every element by a power of the mean square of the channels around it.

        y_c = x_c / (k + alpha / size · Σ x_j²)^beta,    j from c - ⌊size/2⌋ to c + ⌊(size - 1)/2⌋

    Channels outside count as 0, and the sum is divided by `size` at the edges as well.

    **Matches** PyTorch 2.13: value and gradients; of integers, float32 output and the mean square rounded down.
    **Differs**: integers may have any dtype (PyTorch: int64); half types are computed in float32.

    Args:
        input: [N, C, ...] with at least one axis beyond, floating point or integer.
        size: the width of the window of channels, at least 1.
        alpha: factor of the mean square.
        beta: the power.
        k: added to it.

    Returns:
        An array of the input's shape, in its dtype or float32.

    Raises:
        ValueError: fewer than three axes, `size` below 1.
        TypeError: boolean or complex input, a `size` that is not an integer.

    >>> y = local_response_norm(jnp.array([[[1.0], [2.0], [3.0]]]), 2, alpha=1.0, beta=1.0)
    >>> [round(x, 3) for x in y.ravel().tolist()]
    [0.667, 0.571, 0.4]

    Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, NeurIPS 2012.
    """
    x = jnp.asarray(input)
    whole = jnp.issubdtype(x.dtype, jnp.integer)
    if not whole:
        require_floating("local_response_norm", input=x)
    if x.ndim < 3:
        raise ValueError(f"local_response_norm: input has shape {x.shape}; it must be [N, C, ...], three axes or more")
    size = _size("local_response_norm", size)
    if x.size == 0:
        return x
    wide = x.astype(jax.dtypes.canonicalize_dtype(jnp.int64)) if whole else widen(x)
    sums = _window_sums(wide * wide, size // 2, (size - 1) // 2)
    mean = (sums // size).astype(jnp.float32) if whole else sums / size
    output = wide.astype(mean.dtype) / (mean * alpha + k) ** beta
    return output if whole else output.astype(x.dtype)


def cross_map_lrn2d(input: ArrayLike, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> jax.Array:
    """What `torch.nn.CrossMapLRN2d` computes, Torch 7's form of `local_response_norm`.

        y_c = x_c · (k + alpha / size · Σ x_j²)^(-beta),    j from c - p + 1 to c + p - 1, p = ⌊(size + 1)/2⌋

    **Matches** PyTorch 2.13 in value, and PyTorch's running sum never drops channel 0: from channel p on its square
    is in every sum. **Differs**: the gradient is the derivative of that value. PyTorch's is written by hand for
    another window: off by 1e-4 of its scale with size 3, alpha 1e-4, and by 5e-2 with size 2, alpha 0.1.

    Args:
        input: [N, C, H, W], floating point.
        size: the width of the window of channels, at least 1.
        alpha: factor of the mean square.
        beta: the power.
        k: added to it.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: another rank, no channel, `size` below 1.
        TypeError: input that is not floating point, a `size` that is not an integer.

    >>> [round(x, 3) for x in cross_map_lrn2d(jnp.ones((1, 3, 1, 1)), 1, alpha=1.0, beta=1.0).ravel().tolist()]
    [0.5, 0.333, 0.333]
    """
    x = jnp.asarray(input)
    require_floating("CrossMapLRN2d", input=x)
    if x.ndim != 4 or x.shape[1] == 0:
        raise ValueError(f"CrossMapLRN2d: input has shape {x.shape}; it must be [N, C, H, W] with C at least 1")
    size = _size("CrossMapLRN2d", size)
    if x.size == 0:
        return x
    wide, reach = widen(x), (size + 1) // 2
    squares = wide * wide
    sums = _window_sums(squares, reach - 1, reach - 1)
    kept = (jnp.arange(x.shape[1]) >= reach).reshape(-1, 1, 1)
    sums = sums + jnp.where(kept, squares[:, :1], 0)
    return (wide * (sums * (alpha / size) + k) ** -beta).astype(x.dtype)


def _window_sums(x: jax.Array, before: int, after: int) -> jax.Array:
    """For every channel the sum of itself, `before` channels before it and `after` after it."""
    low, high = min(before, x.shape[1] - 1), min(after, x.shape[1] - 1)
    padding = [(0, 0), (low, high), *[(0, 0)] * (x.ndim - 2)]
    if low + high < UNROLLED:
        padded = jnp.pad(x, padding)
        return sum(
            (lax.slice_in_dim(padded, tap, tap + x.shape[1], axis=1) for tap in range(1, low + high + 1)),
            start=lax.slice_in_dim(padded, 0, x.shape[1], axis=1),
        )
    window = [low + high + 1 if axis == 1 else 1 for axis in range(x.ndim)]
    return lax.reduce_window(x, jnp.zeros((), x.dtype), lax.add, window, [1] * x.ndim, padding)


def _size(where: str, size: int) -> int:
    count = integer(where, "size", size)
    if count < 1:
        raise ValueError(f"{where}: size is {count}; a window holds at least 1 channel")
    return count
