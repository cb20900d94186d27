"""Activation modules made of straight pieces."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.nn.init import constant_
from jaxdl.nn.module import Module, draw_key, storable


class ReLU(Module):
    """max(0, x), elementwise.

    **Matches** `torch.nn.ReLU`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReLU()(jnp.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.relu(input)


class RReLU(Module):
    """x where x > 0, else a x; in training a is drawn from U[lower, upper) for each element, else it is their mean.

    **Matches** `torch.nn.RReLU`, PyTorch 2.13. **Differs**: the slopes come from a jax key, the one given to
    `apply(..., key=key)` or to the call itself. `inplace` changes nothing.

    Raises:
        ValueError: in training, there is no key.

    Xu et al. 2015, "Empirical Evaluation of Rectified Activations in Convolutional Network".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> layer = nn.RReLU(0.25, 0.75)
    >>> layer.eval()
    >>> layer(jnp.array([-8.0, 2.0])).tolist()
    [-4.0, 2.0]
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        draws = self.training and self.lower < self.upper and jnp.size(input) > 0
        return F.rrelu(input, self.lower, self.upper, self.training, key=draw_key("RReLU", key) if draws else None)


class Hardtanh(Module):
    """min(max(x, min_val), max_val), elementwise.

    **Matches** `torch.nn.Hardtanh`, PyTorch 2.13. `min_value` and `max_value` are older names of the bounds and warn.
    `inplace` changes nothing.

    Raises:
        ValueError: max_val is not above min_val.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Hardtanh()(jnp.array([-2.0, 0.5])).tolist()
    [-1.0, 0.5]
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        for old, new, value in (("min_value", "min_val", min_value), ("max_value", "max_val", max_value)):
            if value is not None:
                warnings.warn(f"Hardtanh: {old} is deprecated; use {new}", FutureWarning, stacklevel=2)
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise ValueError(
                f"Hardtanh: max_val is {self.max_val} and min_val is {self.min_val}; max_val must be greater"
            )

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.hardtanh(input, self.min_val, self.max_val)


class ReLU6(Hardtanh):
    """min(max(0, x), 6), elementwise.

    **Matches** `torch.nn.ReLU6`, PyTorch 2.13. `inplace` changes nothing.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReLU6()(jnp.array([-1.0, 7.0])).tolist()
    [0.0, 6.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class LeakyReLU(Module):
    """x where x > 0, else negative_slope x.

    **Matches** `torch.nn.LeakyReLU`, PyTorch 2.13. `inplace` changes nothing.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.LeakyReLU(0.5)(jnp.array([-2.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope, self.inplace = negative_slope, inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.leaky_relu(input, self.negative_slope)


class PReLU(Module):
    """x where x > 0, else weight x; the weight is learned, one for all or one for each channel (dimension 1).

    **Matches** `torch.nn.PReLU`, PyTorch 2.13. The initial weight is `init`; nothing is drawn.

    Raises:
        ValueError: num_parameters is negative.
        TypeError: dtype is float64 while jax's x64 mode is off.

    He et al. 2015, "Delving Deep into Rectifiers".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.PReLU(init=0.5)(jnp.array([-2.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    weight: nnx.Variable[jax.Array]

    def __init__(self, num_parameters: int = 1, init: float = 0.25, dtype: Any = None) -> None:
        if num_parameters < 0:
            raise ValueError(f"PReLU: num_parameters is {num_parameters}; it must not be negative")
        self.num_parameters, self.init = num_parameters, init
        self.weight = constant_(nnx.Param(jnp.empty(num_parameters, storable(dtype, "PReLU's dtype"))), init)

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.prelu(input, self.weight[...])


class Threshold(Module):
    """x where x > threshold, else value.

    **Matches** `torch.nn.Threshold`, PyTorch 2.13. `inplace` changes nothing.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Threshold(0.5, -7.0)(jnp.array([0.5, 2.0])).tolist()
    [-7.0, 2.0]
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.threshold(input, self.threshold, self.value)
