"""Normalisation modules without running statistics."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.functional.normalisation.local_response import cross_map_lrn2d
from jaxdl.nn.module import Module, storable


def _shape(name: str, normalized_shape: int | tuple[int, ...] | list[int]) -> tuple[int, ...]:
    shape = tuple(normalized_shape) if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
    if not shape or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ValueError(f"{name}: normalized_shape must be integers, none negative, given {normalized_shape}")
    return shape


class LayerNorm(Module):
    """Normalise every sample over its last axes: y = (x - mean) / sqrt(var + eps) * weight + bias.

    **Matches** `torch.nn.LayerNorm`, PyTorch 2.13.

    Args:
        normalized_shape: the sizes of those axes; an integer is the last one's.
        eps: added to the (biased) variance.
        elementwise_affine: whether weight and bias, of shape `normalized_shape`, are there.
        bias: whether an affine layer has a bias.
        dtype: of the parameters; None is float32.

    Raises:
        ValueError: `normalized_shape` is empty or negative; the input's shape does not end in it.

    Ba et al. 2016, "Layer Normalization".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.LayerNorm(2)(jnp.array([1.0, 3.0])).round(3).tolist()
    [-1.0, 1.0]
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...] | list[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = _shape("LayerNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        dtype = storable(dtype, "LayerNorm's dtype")
        self.weight = nnx.Param(jnp.ones(self.normalized_shape, dtype)) if elementwise_affine else None
        self.bias = nnx.Param(jnp.zeros(self.normalized_shape, dtype)) if elementwise_affine and bias else None

    def __call__(self, input: jax.Array) -> jax.Array:
        weight, bias = (None if v is None else v[...] for v in (self.weight, self.bias))
        return F.layer_norm(input, self.normalized_shape, weight, bias, self.eps)


class RMSNorm(Module):
    """Divide every sample by its root mean square over its last axes: y = x / sqrt(mean(x²) + eps) * weight.

    **Matches** `torch.nn.RMSNorm`, PyTorch 2.13: eps=None is the machine epsilon of the dtype that is computed in.

    Args:
        normalized_shape: the sizes of those axes; an integer is the last one's.
        eps: added to the mean square.
        elementwise_affine: whether a weight of shape `normalized_shape` is there.
        dtype: of the weight; None is float32.

    Raises:
        ValueError: `normalized_shape` is empty or negative; the input's shape does not end in it.

    Zhang and Sennrich 2019, "Root Mean Square Layer Normalization".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> [round(x, 4) for x in nn.RMSNorm(2)(jnp.array([3.0, 4.0])).tolist()]
    [0.8485, 1.1314]
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...] | list[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = _shape("RMSNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        dtype = storable(dtype, "RMSNorm's dtype")
        self.weight = nnx.Param(jnp.ones(self.normalized_shape, dtype)) if elementwise_affine else None

    def __call__(self, x: jax.Array) -> jax.Array:
        return F.rms_norm(x, self.normalized_shape, None if self.weight is None else self.weight[...], self.eps)


class GroupNorm(Module):
    """Normalise every sample over groups of channels: y = (x - mean) / sqrt(var + eps) * weight + bias.

    **Matches** `torch.nn.GroupNorm`, PyTorch 2.13.

    Args:
        num_groups: how many groups of neighbouring channels.
        num_channels: C, of input `[N, C, ...]`.
        eps: added to the (biased) variance.
        affine: whether weight and bias, `[C]`, are there.
        dtype: of the parameters; None is float32.
        bias: whether an affine layer has a bias.

    Raises:
        ValueError: a size is not positive, the groups do not divide the channels; the input has other channels.

    Wu and He 2018, "Group Normalization".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.GroupNorm(2, 4)(jnp.array([[1.0, 3.0, 10.0, 30.0]])).round(3).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_groups < 1 or num_channels < 1 or num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: num_channels ({num_channels}) must be divisible by num_groups ({num_groups}), both above 0"
            )
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        dtype = storable(dtype, "GroupNorm's dtype")
        self.weight = nnx.Param(jnp.ones(num_channels, dtype)) if affine else None
        self.bias = nnx.Param(jnp.zeros(num_channels, dtype)) if affine and bias else None

    def __call__(self, input: jax.Array) -> jax.Array:
        weight, bias = (None if v is None else v[...] for v in (self.weight, self.bias))
        return F.group_norm(input, self.num_groups, weight, bias, self.eps)


class LocalResponseNorm(Module):
    """Divide by a power of the mean square of the channels around: y = x / (k + alpha * mean)^beta.

    **Matches** `torch.nn.LocalResponseNorm`, PyTorch 2.13. Arguments and errors as `functional.local_response_norm`.

    Krizhevsky et al. 2012, "ImageNet Classification with Deep Convolutional Neural Networks".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> y = nn.LocalResponseNorm(2, alpha=1.0, beta=1.0)(jnp.array([[[1.0], [2.0]]]))
    >>> [round(x, 3) for x in y.ravel().tolist()]
    [0.667, 0.571]
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)


class CrossMapLRN2d(Module):
    """Torch 7's local response normalisation of images `[N, C, H, W]`.

    y_c = x_c · (k + alpha / size · Σ x_j²)^(-beta), j from c - p + 1 to c + p - 1, p = ⌊(size + 1)/2⌋, with x_0² in
    the sum of every channel from p on.

    **Matches** `torch.nn.CrossMapLRN2d`, PyTorch 2.13, in value. **Differs**: the gradient is the derivative of that
    value; PyTorch's is written by hand for another window.

    Raises:
        ValueError: the input has not four dimensions or no channel; size is below 1.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> y = nn.CrossMapLRN2d(1, alpha=1.0, beta=1.0)(jnp.ones((1, 3, 1, 1)))
    >>> [round(x, 3) for x in y.ravel().tolist()]
    [0.5, 0.333, 0.333]
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def __call__(self, input: jax.Array) -> jax.Array:
        return cross_map_lrn2d(input, self.size, self.alpha, self.beta, self.k)
