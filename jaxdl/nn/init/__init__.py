"""Initialisers under torch.nn.init's names: they set an `nnx.Param` in place, as PyTorch's set a tensor.

`rngs` is a `random.TorchGenerator`, which draws bit for bit what PyTorch draws, or a `flax.nnx.Rngs`, which draws
from the same distribution with jax's generator. It stands where PyTorch has `generator`.
"""

from jaxdl.nn.init.constant import constant_, dirac_, eye_, ones_, zeros_
from jaxdl.nn.init.deprecated import (
    constant,
    dirac,
    eye,
    kaiming_normal,
    kaiming_uniform,
    normal,
    orthogonal,
    sparse,
    uniform,
    xavier_normal,
    xavier_uniform,
)
from jaxdl.nn.init.distribution import normal_, trunc_normal_, uniform_
from jaxdl.nn.init.matrix import orthogonal_, sparse_
from jaxdl.nn.init.scaled import (
    calculate_gain,
    fans,
    kaiming_normal_,
    kaiming_uniform_,
    xavier_normal_,
    xavier_uniform_,
)
from jaxdl.nn.init.variable import Rngs, Variable

__all__ = [
    "Rngs",
    "Variable",
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "fans",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]
