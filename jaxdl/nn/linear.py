"""Modules built on functional.linear and functional.bilinear."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jaxdl import functional as F
from jaxdl.nn import init
from jaxdl.nn.module import Module, storable


def default_parameters(
    module: "Weighted", shape: tuple[int, ...], out_features: int, bias: bool, dtype: Any, rngs: init.Rngs
) -> None:
    """Give `module` weight and bias, initialised as PyTorch's Linear and Conv are: the weight first, then the bias."""
    dtype = storable(dtype, f"{type(module).__name__}'s dtype")
    blank = jax.device_put(np.zeros(shape, dtype))  # jnp.empty and jnp.asarray compile a program for each shape
    module.weight = init.kaiming_uniform_(nnx.Param(blank), a=math.sqrt(5), rngs=rngs)
    bound = 1 / math.sqrt(init.fans(shape)[0])
    unset = nnx.Param(jax.device_put(np.zeros(out_features, dtype))) if bias else None
    module.bias = None if unset is None else init.uniform_(unset, -bound, bound, rngs=rngs)


class Weighted(Module):
    """A module with a weight and perhaps a bias."""

    weight: nnx.Variable[jax.Array]
    bias: nnx.Variable[jax.Array] | None


class Linear(Weighted):
    """y = x Aᵀ + b.

    **Matches** `torch.nn.Linear`, PyTorch 2.13: names, layout `[out, in]`, default initialisation
    U(±1/sqrt(in_features)) for both.
    **Differs**: `rngs` is required; zero in_features are refused.

    Args:
        in_features: size of the input's last dimension.
        out_features: size of the output's last dimension.
        bias: whether b is there.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size is not positive.
        TypeError: dtype is float64 while jax's x64 mode is off.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.Linear(20, 30, rngs=random.TorchGenerator(0))(jnp.ones((128, 20))).shape
    (128, 30)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, dtype: Any = None, *, rngs: init.Rngs
    ) -> None:
        if in_features < 1 or out_features < 1:
            raise ValueError(
                f"Linear needs positive sizes, given in_features={in_features}, out_features={out_features}"
            )
        self.in_features, self.out_features = in_features, out_features
        default_parameters(self, (out_features, in_features), out_features, bias, dtype, rngs)

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.linear(input, self.weight[...], None if self.bias is None else self.bias[...])


class Bilinear(Weighted):
    """y = x₁ᵀ A x₂ + b.

    **Matches** `torch.nn.Bilinear`, PyTorch 2.13: names, layout `[out, in1, in2]`, default initialisation
    U(±1/sqrt(in1_features)) for both.
    **Differs**: `rngs` is required; zero in2_features and out_features are refused as well.

    Args:
        in1_features: size of the first input's last dimension.
        in2_features: size of the second input's last dimension.
        out_features: size of the output's last dimension.
        bias: whether b is there.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size is not positive.
        TypeError: dtype is float64 while jax's x64 mode is off.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.Bilinear(20, 30, 40, rngs=random.TorchGenerator(0))(jnp.ones((128, 20)), jnp.ones((128, 30))).shape
    (128, 40)
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        for label, value in (
            ("in1_features", in1_features),
            ("in2_features", in2_features),
            ("out_features", out_features),
        ):
            if value < 1:
                raise ValueError(f"Bilinear: {label} must be positive, given {value}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        dtype, bound = storable(dtype, "Bilinear's dtype"), 1 / math.sqrt(in1_features)
        weight = nnx.Param(jnp.empty((out_features, in1_features, in2_features), dtype))
        self.weight = init.uniform_(weight, -bound, bound, rngs=rngs)
        offset = nnx.Param(jnp.empty(out_features, dtype)) if bias else None
        self.bias = None if offset is None else init.uniform_(offset, -bound, bound, rngs=rngs)

    def __call__(self, input1: jax.Array, input2: jax.Array) -> jax.Array:
        return F.bilinear(input1, input2, self.weight[...], None if self.bias is None else self.bias[...])
