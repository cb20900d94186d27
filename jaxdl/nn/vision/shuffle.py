"""Modules that move elements between channels and space."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class PixelShuffle(Module):
    """Blocks of r² channels laid out as r×r elements of space: [..., C·r², H, W] to [..., C, r·H, r·W].

    **Matches** `torch.nn.PixelShuffle`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.PixelShuffle(3)(jnp.ones((1, 9, 4, 4))).shape
    (1, 1, 12, 12)
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = upscale_factor

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.pixel_shuffle(input, self.upscale_factor)


class PixelUnshuffle(Module):
    """Tiles of r×r elements of space stacked as r² channels: [..., C, r·H, r·W] to [..., C·r², H, W].

    **Matches** `torch.nn.PixelUnshuffle`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.PixelUnshuffle(3)(jnp.ones((1, 1, 12, 12))).shape
    (1, 9, 4, 4)
    """

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = downscale_factor

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.pixel_unshuffle(input, self.downscale_factor)


class ChannelShuffle(Module):
    """Channels dealt out anew, so that each group gets some of every group.

    **Matches** `torch.nn.ChannelShuffle`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ChannelShuffle(2)(jnp.arange(6).reshape(1, 6, 1)).ravel().tolist()
    [0, 3, 1, 4, 2, 5]
    """

    def __init__(self, groups: int) -> None:
        self.groups = groups

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.channel_shuffle(input, self.groups)
