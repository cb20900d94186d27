"""Elements moved between channels and space, and channels among themselves: nothing is computed."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer


def pixel_shuffle(input: ArrayLike, upscale_factor: int) -> jax.Array:
    """Blocks of r² channels laid out as r×r elements of space.

        y[..., c, r·h + i, r·w + j] = x[..., c·r² + r·i + j, h, w]

    **Matches** PyTorch 2.13, any dtype.

    Args:
        input: [..., C·r², H, W], with any number of leading axes.
        upscale_factor: r, at least 1.

    Returns:
        [..., C, r·H, r·W], in the input's dtype.

    Raises:
        ValueError: fewer than 3 dimensions, r below 1, channels that r² does not divide.
        TypeError: r is not an integer.

    >>> pixel_shuffle(jnp.array([1, 2, 3, 4]).reshape(4, 1, 1), 2).tolist()
    [[[1, 2], [3, 4]]]

    Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
    Network", 2016.
    """
    x, r = _checked("pixel_shuffle", input, "upscale_factor", upscale_factor)
    *batch, channels, height, width = x.shape
    if channels % (r * r):
        raise ValueError(
            f"pixel_shuffle: input has {channels} channels, which must be divisible by the square of "
            f"upscale_factor (={r})"
        )
    blocks = x.reshape(*batch, channels // (r * r), r, r, height, width)
    n = len(batch)
    space = blocks.transpose(*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return space.reshape(*batch, channels // (r * r), height * r, width * r)


def pixel_unshuffle(input: ArrayLike, downscale_factor: int) -> jax.Array:
    """Tiles of r×r elements of space stacked as r² channels: `pixel_shuffle` undone.

        y[..., c·r² + r·i + j, h, w] = x[..., c, r·h + i, r·w + j]

    **Matches** PyTorch 2.13, any dtype.

    Args:
        input: [..., C, r·H, r·W], with any number of leading axes.
        downscale_factor: r, at least 1.

    Returns:
        [..., C·r², H, W], in the input's dtype.

    Raises:
        ValueError: fewer than 3 dimensions, r below 1, height or width that r does not divide.
        TypeError: r is not an integer.

    >>> pixel_unshuffle(jnp.array([[[1, 2], [3, 4]]]), 2).tolist()
    [[[1]], [[2]], [[3]], [[4]]]

    Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
    Network", 2016.
    """
    x, r = _checked("pixel_unshuffle", input, "downscale_factor", downscale_factor)
    *batch, channels, height, width = x.shape
    if height % r or width % r:
        raise ValueError(
            f"pixel_unshuffle: input has height {height} and width {width}, which must be divisible by "
            f"downscale_factor (={r})"
        )
    tiles = x.reshape(*batch, channels, height // r, r, width // r, r)
    n = len(batch)
    stacked = tiles.transpose(*range(n + 1), n + 2, n + 4, n + 1, n + 3)
    return stacked.reshape(*batch, channels * r * r, height // r, width // r)


def channel_shuffle(input: ArrayLike, groups: int) -> jax.Array:
    """Channels dealt out anew, so that each group gets some of every group.

        y[:, k·groups + g] = x[:, g·(C / groups) + k]

    **Matches** PyTorch 2.13, any dtype.

    Args:
        input: [N, C, ...], with at least one more axis.
        groups: a divisor of C.

    Returns:
        The same shape and dtype.

    Raises:
        ValueError: fewer than 3 dimensions, groups below 1 or not a divisor of C.
        TypeError: groups is not an integer.

    >>> channel_shuffle(jnp.arange(6).reshape(1, 6, 1), 2).ravel().tolist()
    [0, 3, 1, 4, 2, 5]

    Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", 2017.
    """
    return _channel_shuffle("channel_shuffle", input, groups)


def native_channel_shuffle(input: ArrayLike, groups: int) -> jax.Array:
    """`channel_shuffle` under the name of PyTorch's kernel.

    **Matches** PyTorch 2.13.

    Args:
        input: [N, C, ...], with at least one more axis.
        groups: a divisor of C.

    Returns:
        The same shape and dtype.

    Raises:
        ValueError: fewer than 3 dimensions, groups below 1 or not a divisor of C.
        TypeError: groups is not an integer.

    >>> native_channel_shuffle(jnp.arange(4).reshape(1, 4, 1), 2).ravel().tolist()
    [0, 2, 1, 3]
    """
    return _channel_shuffle("native_channel_shuffle", input, groups)


def _channel_shuffle(where: str, input: ArrayLike, groups: int) -> jax.Array:
    x, g = _checked(where, input, "groups", groups)
    if x.shape[1] % g:
        raise ValueError(f"{where}: input has {x.shape[1]} channels, which must be divisible by groups (={g})")
    dealt = x.reshape(x.shape[0], g, x.shape[1] // g, *x.shape[2:]).swapaxes(1, 2)
    return dealt.reshape(x.shape)


def _checked(where: str, input: ArrayLike, name: str, value: int) -> tuple[jax.Array, int]:
    x, count = jnp.asarray(input), integer(where, name, value)
    if count < 1:
        raise ValueError(f"{where}: {name} is {count}; it must be at least 1")
    if x.ndim < 3:
        raise ValueError(f"{where}: input has shape {x.shape}; it must have at least 3 dimensions")
    return x, count
