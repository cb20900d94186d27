"""Pooling modules: the maximum, average or p-norm of windows."""

from typing import Any

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module

Size = int | tuple[int, ...]


class _MaxPool(Module):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def _arguments(self) -> tuple[Any, ...]:
        return self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices


class MaxPool1d(_MaxPool):
    """The largest value of each window of a signal `[N, C, L]`.

    **Matches** `torch.nn.MaxPool1d`, PyTorch 2.13: arguments as those of `MaxPool2d`.

    Args:
        kernel_size: an int or a tuple of one; so are the other sizes.
        stride: step of the window; None is kernel_size.
        padding: of -inf on both sides, at most half the kernel.
        dilation: distance between the elements of a window.
        return_indices: return the maxima's flat positions as well.
        ceil_mode: round the output's size up instead of down.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.MaxPool1d(2)(jnp.arange(4.0).reshape(1, 1, 4)).tolist()
    [[[1.0, 3.0]]]
    """

    def __call__(self, input: jax.Array) -> Any:
        return F.max_pool1d(input, *self._arguments())


class MaxPool2d(_MaxPool):
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

    def __call__(self, input: jax.Array) -> Any:
        return F.max_pool2d(input, *self._arguments())


class MaxPool3d(_MaxPool):
    """The largest value of each window of a volume `[N, C, D, H, W]`.

    **Matches** `torch.nn.MaxPool3d`, PyTorch 2.13: arguments as those of `MaxPool2d`.

    Args:
        kernel_size: an int or (depth, height, width); so are the other sizes.
        stride: step of the window; None is kernel_size.
        padding: of -inf on both sides, at most half the kernel.
        dilation: distance between the elements of a window.
        return_indices: return the maxima's flat positions as well.
        ceil_mode: round the output's size up instead of down.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.MaxPool3d(2)(jnp.arange(8.0).reshape(1, 1, 2, 2, 2)).tolist()
    [[[[[7.0]]]]]
    """

    def __call__(self, input: jax.Array) -> Any:
        return F.max_pool3d(input, *self._arguments())


class AvgPool1d(Module):
    """The average of each window of a signal `[N, C, L]`.

    **Matches** `torch.nn.AvgPool1d`, PyTorch 2.13: what hangs over the edge by `ceil_mode` is not counted.

    Args:
        kernel_size: an int or a tuple of one; so are the other sizes.
        stride: step of the window; None is kernel_size.
        padding: of zeros on both sides, at most half the kernel.
        ceil_mode: round the output's size up instead of down.
        count_include_pad: whether the divisor counts the padding.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AvgPool1d(2)(jnp.arange(4.0).reshape(1, 1, 4)).tolist()
    [[[0.5, 2.5]]]
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class _AvgPool(Module):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def _arguments(self) -> tuple[Any, ...]:
        sizes = self.kernel_size, self.stride, self.padding
        return *sizes, self.ceil_mode, self.count_include_pad, self.divisor_override


class AvgPool2d(_AvgPool):
    """The average of each window of an image `[N, C, H, W]`.

    **Matches** `torch.nn.AvgPool2d`, PyTorch 2.13: what hangs over the edge by `ceil_mode` is not counted.

    Args:
        kernel_size: an int or (height, width); so are the other sizes.
        stride: step of the window; None is kernel_size.
        padding: of zeros on both sides, at most half the kernel.
        ceil_mode: round the output's size up instead of down.
        count_include_pad: whether the divisor counts the padding.
        divisor_override: an int to divide by instead.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AvgPool2d(2)(jnp.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.avg_pool2d(input, *self._arguments())


class AvgPool3d(_AvgPool):
    """The average of each window of a volume `[N, C, D, H, W]`.

    **Matches** `torch.nn.AvgPool3d`, PyTorch 2.13: what hangs over the edge by `ceil_mode` is not counted.

    Args:
        kernel_size: an int or (depth, height, width); so are the other sizes.
        stride: step of the window; None is kernel_size.
        padding: of zeros on both sides, at most half the kernel.
        ceil_mode: round the output's size up instead of down.
        count_include_pad: whether the divisor counts the padding.
        divisor_override: an int to divide by instead.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AvgPool3d(2)(jnp.arange(8.0).reshape(1, 1, 2, 2, 2)).tolist()
    [[[[[3.5]]]]]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.avg_pool3d(input, *self._arguments())


class _LPPool(Module):
    def __init__(
        self, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
    ) -> None:
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def _arguments(self) -> tuple[Any, ...]:
        return float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode


class LPPool1d(_LPPool):
    """(Σ x^p)^(1/p) over each window of a signal `[N, C, L]`.

    **Matches** `torch.nn.LPPool1d`, PyTorch 2.13: no absolute values are taken, except for p = ±inf.

    Args:
        norm_type: p; 1 is the sum, inf the largest absolute value.
        kernel_size: an int or a tuple of one; so is the stride.
        stride: step of the window; None is kernel_size.
        ceil_mode: round the output's size up instead of down.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.LPPool1d(2, 2)(jnp.array([[[3.0, 4.0, 0.0, 2.0]]])).tolist()
    [[[5.0, 2.0]]]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.lp_pool1d(input, *self._arguments())


class LPPool2d(_LPPool):
    """(Σ x^p)^(1/p) over each window of an image `[N, C, H, W]`.

    **Matches** `torch.nn.LPPool2d`, PyTorch 2.13: no absolute values are taken, except for p = ±inf.

    Args:
        norm_type: p; 1 is the sum, inf the largest absolute value.
        kernel_size: an int or (height, width); so is the stride.
        stride: step of the window; None is kernel_size.
        ceil_mode: round the output's size up instead of down.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.LPPool2d(2, 2)(jnp.ones((1, 1, 4, 4))).tolist()
    [[[[2.0, 2.0], [2.0, 2.0]]]]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.lp_pool2d(input, *self._arguments())


class LPPool3d(_LPPool):
    """(Σ x^p)^(1/p) over each window of a volume `[N, C, D, H, W]`.

    **Matches** `torch.nn.LPPool3d`, PyTorch 2.13: no absolute values are taken, except for p = ±inf.

    Args:
        norm_type: p; 1 is the sum, inf the largest absolute value.
        kernel_size: an int or (depth, height, width); so is the stride.
        stride: step of the window; None is kernel_size.
        ceil_mode: round the output's size up instead of down.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.LPPool3d(1, 2)(jnp.ones((1, 1, 2, 2, 2))).tolist()
    [[[[[8.0]]]]]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.lp_pool3d(input, *self._arguments())
