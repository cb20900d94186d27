"""Initialisers under torch.nn.init's names: they set an `nnx.Param` in place, as PyTorch's set a tensor.

`rngs` is a `random.TorchGenerator`, which draws bit for bit what PyTorch draws, or a `flax.nnx.Rngs`, which draws
from the same distribution with jax's generator.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl.random import TorchGenerator

Rngs = TorchGenerator | nnx.Rngs
Variable = nnx.Variable[jax.Array]

_GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps a signal's variance through `nonlinearity`; `param` is leaky_relu's slope (default 0.01).

    **Matches** `torch.nn.init.calculate_gain`, PyTorch 2.13.

    Raises:
        ValueError: the nonlinearity is not one of PyTorch's.

    >>> calculate_gain("relu")
    1.4142135623730951
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity not in _GAINS:
        raise ValueError(
            f"unsupported nonlinearity {nonlinearity!r}; choose from {sorted([*_GAINS, 'leaky_relu', 'selu'])}"
        )
    return _GAINS[nonlinearity]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight `[out, in, *kernel]`.

    Raises:
        ValueError: the weight has fewer than two dimensions.

    >>> fans((64, 16, 5, 5))
    (400, 1600)
    """
    if len(shape) < 2:
        raise ValueError(f"fan in and fan out need a weight of at least two dimensions, given shape {tuple(shape)}")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def uniform_(tensor: Variable, a: float = 0.0, b: float = 1.0, *, rngs: Rngs) -> Variable:
    """Fill `tensor` from U[a, b).

    **Matches** `torch.nn.init.uniform_`: bitwise with a `TorchGenerator`, in distribution with `nnx.Rngs`.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> from jaxdl.random import TorchGenerator
    >>> [round(value, 4) for value in uniform_(nnx.Param(jnp.zeros(2)), rngs=TorchGenerator(0)).get_value().tolist()]
    [0.4963, 0.7682]
    """
    shape, dtype = tensor.get_value().shape, tensor.get_value().dtype
    if isinstance(rngs, TorchGenerator):
        tensor.set_value(jnp.asarray(rngs.uniform(shape, a, b, dtype=dtype)))
    elif isinstance(rngs, nnx.Rngs):
        tensor.set_value(jax.random.uniform(rngs.params(), shape, dtype, a, b))
    else:
        raise TypeError(f"rngs must be a random.TorchGenerator or a flax.nnx.Rngs, given {type(rngs).__name__}")
    return tensor


def kaiming_uniform_(
    tensor: Variable, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rngs: Rngs
) -> Variable:
    """Fill `tensor` from U(-bound, bound), bound = gain * sqrt(3 / fan).

    **Matches** `torch.nn.init.kaiming_uniform_`: bitwise with a `TorchGenerator`, in distribution with `nnx.Rngs`.

    Args:
        tensor: weight `[out, in, *kernel]`.
        a: leaky_relu's negative slope.
        mode: 'fan_in' keeps the variance of the forward pass, 'fan_out' that of the backward pass.
        nonlinearity: as `calculate_gain` takes it.
        rngs: where the numbers come from.

    Raises:
        ValueError: mode or nonlinearity is unknown, or the weight has fewer than two dimensions.

    He et al. 2015, "Delving Deep into Rectifiers".

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> from jaxdl.random import TorchGenerator
    >>> bool(abs(kaiming_uniform_(nnx.Param(jnp.zeros((4, 3))), rngs=TorchGenerator(0)).get_value()).max() < 2**0.5)
    True
    """
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', given {mode!r}")
    fan = fans(tensor.get_value().shape)[mode == "fan_out"]
    # PyTorch's order of operations: the bound's last bit decides half of the weights' last bits.
    bound = math.sqrt(3.0) * (calculate_gain(nonlinearity, a) / math.sqrt(fan))
    return uniform_(tensor, -bound, bound, rngs=rngs)
