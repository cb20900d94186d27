"""Modules that lay blocks of an image out as columns, and back."""

import jax

from jaxdl import functional as F
from jaxdl.functional._checks import IntOrPair
from jaxdl.nn.module import Module


class Fold(Module):
    """Columns `[N, C·kh·kw, L]` laid back as blocks of images `[N, C, H, W]`, added where blocks overlap.

    **Matches** `torch.nn.Fold`, PyTorch 2.13; sizes are looked at in the call. See `functional.fold`.

    Args:
        output_size: an int or (height, width); so too below.
        kernel_size: of a block.
        dilation: distance between the elements of a block.
        padding: how much is cut off on both sides of each axis.
        stride: distance between blocks.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Fold((4, 5), (2, 2))(jnp.ones((1, 12, 12))).shape
    (1, 3, 4, 5)
    """

    def __init__(
        self,
        output_size: IntOrPair,
        kernel_size: IntOrPair,
        dilation: IntOrPair = 1,
        padding: IntOrPair = 0,
        stride: IntOrPair = 1,
    ) -> None:
        self.output_size, self.kernel_size = _fixed(output_size), _fixed(kernel_size)
        self.dilation, self.padding, self.stride = _fixed(dilation), _fixed(padding), _fixed(stride)

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)


class Unfold(Module):
    """Every block of images `[N, C, H, W]` as a column: `[N, C·kh·kw, L]`.

    **Matches** `torch.nn.Unfold`, PyTorch 2.13; sizes are looked at in the call. See `functional.unfold`.

    Args:
        kernel_size: of a block, an int or (height, width); so too below.
        dilation: distance between the elements of a block.
        padding: zeros on both sides of each axis.
        stride: distance between blocks.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Unfold((2, 3))(jnp.ones((2, 5, 3, 4))).shape
    (2, 30, 4)
    """

    def __init__(
        self, kernel_size: IntOrPair, dilation: IntOrPair = 1, padding: IntOrPair = 0, stride: IntOrPair = 1
    ) -> None:
        self.kernel_size, self.dilation = _fixed(kernel_size), _fixed(dilation)
        self.padding, self.stride = _fixed(padding), _fixed(stride)

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)


def _fixed(size: IntOrPair) -> int | tuple[int, ...]:
    """As it is, but a list as a tuple: an attribute that is a list would be data to Flax."""
    return tuple(size) if isinstance(size, list) else size
