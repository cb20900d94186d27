"""Initialisers scaled by what a weight's shape says: how many inputs and outputs it joins."""

import math
import warnings
from collections.abc import Sequence

from jaxdl.nn.init.variable import Rngs, Variable, draw_normal, draw_uniform, fill, held

_LINEAR = [f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)]
_GAINS = {"linear": 1.0, **dict.fromkeys(_LINEAR, 1.0), "sigmoid": 1.0, "tanh": 5 / 3, "relu": 2**0.5, "selu": 3 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps a signal's variance through `nonlinearity`; `param` is leaky_relu's slope (default 0.01).

    **Matches** `torch.nn.init.calculate_gain`, PyTorch 2.13.

    Raises:
        ValueError: the nonlinearity is not one of PyTorch's, or the slope is not a number.

    >>> calculate_gain("relu")
    1.4142135623730951
    """
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, int | float)):
            raise ValueError(f"calculate_gain: param is {param!r}; leaky_relu's slope must be a number")
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _GAINS:
        raise ValueError(
            f"calculate_gain: unsupported nonlinearity {nonlinearity!r}; choose from {sorted([*_GAINS, 'leaky_relu'])}"
        )
    return _GAINS[nonlinearity]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight `[out, in, *kernel]`.

    Raises:
        ValueError: the weight has fewer than two dimensions.

    >>> fans((64, 16, 5, 5))
    (400, 1600)
    """
    return _fans("fans", shape)


def _fans(where: str, shape: Sequence[int]) -> tuple[int, int]:
    if len(shape) < 2:
        raise ValueError(
            f"{where}: fan in and fan out need a weight of at least two dimensions, given shape {tuple(shape)}"
        )
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def xavier_uniform_(tensor: Variable, gain: float = 1.0, *, rngs: Rngs) -> Variable:
    """Fill `tensor` from U(-bound, bound), bound = gain * sqrt(6 / (fan_in + fan_out)).

    **Matches** `torch.nn.init.xavier_uniform_`, PyTorch 2.13: bitwise with a `TorchGenerator`, in distribution with
    `nnx.Rngs`.

    Args:
        tensor: weight `[out, in, *kernel]`.
        gain: as `calculate_gain` gives it.
        rngs: where the numbers come from.

    Raises:
        ValueError: the weight has fewer than two dimensions, or joins nothing to nothing.

    Glorot and Bengio 2010, "Understanding the Difficulty of Training Deep Feedforward Neural Networks".

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> from jaxdl.random import TorchGenerator
    >>> bool(abs(xavier_uniform_(nnx.Param(jnp.zeros((4, 2))), rngs=TorchGenerator(0)).get_value()).max() < 1)
    True
    """
    array = held("xavier_uniform_", tensor)
    # PyTorch's order of operations, here and below: a bound's last bit decides half of the weights' last bits.
    bound = math.sqrt(3.0) * _xavier_std("xavier_uniform_", array.shape, gain)
    return fill(tensor, draw_uniform("xavier_uniform_", array, -bound, bound, rngs))


def xavier_normal_(tensor: Variable, gain: float = 1.0, *, rngs: Rngs) -> Variable:
    """Fill `tensor` from N(0, std²), std = gain * sqrt(2 / (fan_in + fan_out)).

    **Matches** `torch.nn.init.xavier_normal_`, PyTorch 2.13: bitwise with a `TorchGenerator`, in distribution with
    `nnx.Rngs`.

    Args and Raises as `xavier_uniform_`.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> from jaxdl.random import TorchGenerator
    >>> round(float(xavier_normal_(nnx.Param(jnp.zeros((50, 30))), rngs=TorchGenerator(0)).get_value().std()), 2)
    0.16
    """
    array = held("xavier_normal_", tensor)
    std = _xavier_std("xavier_normal_", array.shape, gain)
    return fill(tensor, draw_normal("xavier_normal_", array, 0.0, std, rngs))


def _xavier_std(where: str, shape: tuple[int, ...], gain: float) -> float:
    total = sum(_fans(where, shape))
    if total == 0:
        raise ValueError(f"{where}: tensor has shape {shape}, which joins no input to any output")
    return gain * math.sqrt(2.0 / float(total))


def kaiming_uniform_(
    tensor: Variable, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rngs: Rngs
) -> Variable:
    """Fill `tensor` from U(-bound, bound), bound = gain * sqrt(3 / fan).

    **Matches** `torch.nn.init.kaiming_uniform_`, PyTorch 2.13: bitwise with a `TorchGenerator`, in distribution with
    `nnx.Rngs`; a tensor without elements is left alone with a warning.

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
    array = held("kaiming_uniform_", tensor)
    if array.size == 0:
        return _nothing_to_fill("kaiming_uniform_", tensor)
    bound = math.sqrt(3.0) * _kaiming_std("kaiming_uniform_", array.shape, a, mode, nonlinearity)
    return fill(tensor, draw_uniform("kaiming_uniform_", array, -bound, bound, rngs))


def kaiming_normal_(
    tensor: Variable, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rngs: Rngs
) -> Variable:
    """Fill `tensor` from N(0, std²), std = gain / sqrt(fan).

    **Matches** `torch.nn.init.kaiming_normal_`, PyTorch 2.13: bitwise with a `TorchGenerator`, in distribution with
    `nnx.Rngs`; a tensor without elements is left alone with a warning.

    Args and Raises as `kaiming_uniform_`.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> from jaxdl.random import TorchGenerator
    >>> weight = nnx.Param(jnp.zeros((50, 30)))
    >>> round(float(kaiming_normal_(weight, nonlinearity="linear", rngs=TorchGenerator(0)).get_value().std()), 2)
    0.19
    """
    array = held("kaiming_normal_", tensor)
    if array.size == 0:
        return _nothing_to_fill("kaiming_normal_", tensor)
    std = _kaiming_std("kaiming_normal_", array.shape, a, mode, nonlinearity)
    return fill(tensor, draw_normal("kaiming_normal_", array, 0.0, std, rngs))


def _kaiming_std(where: str, shape: tuple[int, ...], a: float, mode: str, nonlinearity: str) -> float:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"{where}: mode must be 'fan_in' or 'fan_out', given {mode!r}")
    return calculate_gain(nonlinearity, a) / math.sqrt(_fans(where, shape)[mode.lower() == "fan_out"])


def _nothing_to_fill(where: str, tensor: Variable) -> Variable:
    warnings.warn(f"{where}: tensor has no elements, so there is nothing to initialise", stacklevel=3)
    return tensor
