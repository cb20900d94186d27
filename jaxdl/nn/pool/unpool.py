"""Max unpooling modules."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module

Size = int | tuple[int, ...]


class _MaxUnpool(Module):
    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding

    def _arguments(self) -> tuple[Size, Size, Size]:
        return self.kernel_size, self.stride, self.padding


class MaxUnpool1d(_MaxUnpool):
    """Zeros of the size that `MaxPool1d` pooled, with its maxima where they were: a signal `[N, C, L]`.

    **Matches** `torch.nn.MaxUnpool1d`, PyTorch 2.13. **Differs**: as `functional.max_unpool1d` does.

    Args:
        kernel_size: the pooling's, an int or a tuple of one; so are the other sizes.
        stride: the pooling's; None is kernel_size.
        padding: the pooling's.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> pooled, indices = nn.MaxPool1d(2, return_indices=True)(jnp.array([[[1.0, 4.0, 3.0, 2.0]]]))
    >>> nn.MaxUnpool1d(2)(pooled, indices).tolist()
    [[[0.0, 4.0, 3.0, 0.0]]]
    """

    def __call__(
        self, input: jax.Array, indices: jax.Array, output_size: tuple[int, ...] | list[int] | None = None
    ) -> jax.Array:
        return F.max_unpool1d(input, indices, *self._arguments(), output_size=output_size)


class MaxUnpool2d(_MaxUnpool):
    """Zeros of the size that `MaxPool2d` pooled, with its maxima where they were: an image `[N, C, H, W]`.

    **Matches** `torch.nn.MaxUnpool2d`, PyTorch 2.13. **Differs**: as `functional.max_unpool2d` does.

    Args:
        kernel_size: the pooling's, an int or (height, width); so are the other sizes.
        stride: the pooling's; None is kernel_size.
        padding: the pooling's.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> pooled, indices = nn.MaxPool2d(2, return_indices=True)(jnp.array([[[[1.0, 4.0], [3.0, 2.0]]]]))
    >>> nn.MaxUnpool2d(2)(pooled, indices).tolist()
    [[[[0.0, 4.0], [0.0, 0.0]]]]
    """

    def __call__(
        self, input: jax.Array, indices: jax.Array, output_size: tuple[int, ...] | list[int] | None = None
    ) -> jax.Array:
        return F.max_unpool2d(input, indices, *self._arguments(), output_size=output_size)


class MaxUnpool3d(_MaxUnpool):
    """Zeros of the size that `MaxPool3d` pooled, with its maxima where they were: a volume `[N, C, D, H, W]`.

    **Matches** `torch.nn.MaxUnpool3d`, PyTorch 2.13. **Differs**: as `functional.max_unpool3d` does.

    Args:
        kernel_size: the pooling's, an int or (depth, height, width); so are the other sizes.
        stride: the pooling's; None is kernel_size.
        padding: the pooling's.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> pooled, indices = nn.MaxPool3d((1, 2, 2), return_indices=True)(jnp.array([[[[[1.0, 4.0], [3.0, 2.0]]]]]))
    >>> nn.MaxUnpool3d((1, 2, 2))(pooled, indices).tolist()
    [[[[[0.0, 4.0], [0.0, 0.0]]]]]
    """

    def __call__(
        self, input: jax.Array, indices: jax.Array, output_size: tuple[int, ...] | list[int] | None = None
    ) -> jax.Array:
        return F.max_unpool3d(input, indices, *self._arguments(), output_size=output_size)
