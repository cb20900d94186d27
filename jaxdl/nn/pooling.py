"""Pooling modules."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module

Size = int | tuple[int, int]


class MaxPool2d(Module):
    """The largest value of each window of an image `[N, C, H, W]`.

    **Matches** `torch.nn.MaxPool2d`, PyTorch 2.13: stride defaults to kernel_size; the gradient of a tie goes to the
    first maximum.

    Args:
        kernel_size: an int or (height, width); so are the other sizes.
        stride: step of the window; None is kernel_size.
        padding: of -inf on both sides, at most half the kernel.
        dilation: distance between the elements of a window.
        return_indices: return the maxima's flat positions as well.
        ceil_mode: round the output's size up instead of down.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.MaxPool2d(2)(jnp.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def __call__(self, input: jax.Array) -> jax.Array | tuple[jax.Array, jax.Array]:
        return F.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )
