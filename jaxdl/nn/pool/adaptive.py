"""Adaptive pooling modules: the size of the output is given, the windows follow from it."""

from typing import Any

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module

Extent = int | tuple[int | None, ...] | None


class _AdaptiveMaxPool(Module):
    def __init__(self, output_size: Extent, return_indices: bool = False) -> None:
        self.output_size, self.return_indices = output_size, return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest value of each of `output_size` windows that divide a signal `[N, C, L]`.

    **Matches** `torch.nn.AdaptiveMaxPool1d`, PyTorch 2.13.

    Args:
        output_size: an int or a tuple of one.
        return_indices: return the maxima's flat positions as well.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AdaptiveMaxPool1d(2)(jnp.arange(5.0).reshape(1, 1, 5)).tolist()
    [[[2.0, 4.0]]]
    """

    def __call__(self, input: jax.Array) -> Any:
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest value of each of `output_size` windows that divide an image `[N, C, H, W]`.

    **Matches** `torch.nn.AdaptiveMaxPool2d`, PyTorch 2.13.

    Args:
        output_size: an int or (height, width), where None is the input's own size.
        return_indices: return the maxima's flat positions as well.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AdaptiveMaxPool2d((1, None))(jnp.arange(4.0).reshape(1, 1, 2, 2)).tolist()
    [[[[2.0, 3.0]]]]
    """

    def __call__(self, input: jax.Array) -> Any:
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest value of each of `output_size` windows that divide a volume `[N, C, D, H, W]`.

    **Matches** `torch.nn.AdaptiveMaxPool3d`, PyTorch 2.13.

    Args:
        output_size: an int or (depth, height, width), where None is the input's own size.
        return_indices: return the maxima's flat positions as well.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AdaptiveMaxPool3d(1)(jnp.arange(8.0).reshape(1, 1, 2, 2, 2)).tolist()
    [[[[[7.0]]]]]
    """

    def __call__(self, input: jax.Array) -> Any:
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _AdaptiveAvgPool(Module):
    def __init__(self, output_size: Extent) -> None:
        self.output_size = output_size


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The average of each of `output_size` windows that divide a signal `[N, C, L]`.

    **Matches** `torch.nn.AdaptiveAvgPool1d`, PyTorch 2.13.

    Args:
        output_size: an int or a tuple of one.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AdaptiveAvgPool1d(2)(jnp.arange(5.0).reshape(1, 1, 5)).tolist()
    [[[1.0, 3.0]]]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The average of each of `output_size` windows that divide an image `[N, C, H, W]`.

    **Matches** `torch.nn.AdaptiveAvgPool2d`, PyTorch 2.13.

    Args:
        output_size: an int or (height, width), where None is the input's own size.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AdaptiveAvgPool2d((1, None))(jnp.arange(4.0).reshape(1, 1, 2, 2)).tolist()
    [[[[1.0, 2.0]]]]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The average of each of `output_size` windows that divide a volume `[N, C, D, H, W]`.

    **Matches** `torch.nn.AdaptiveAvgPool3d`, PyTorch 2.13.

    Args:
        output_size: an int or (depth, height, width), where None is the input's own size.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.AdaptiveAvgPool3d(1)(jnp.arange(8.0).reshape(1, 1, 2, 2, 2)).tolist()
    [[[[[3.5]]]]]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.adaptive_avg_pool3d(input, self.output_size)
