"""What initialisers fill, and where their numbers come from."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl.random import TorchGenerator

Rngs = TorchGenerator | nnx.Rngs
Variable = nnx.Variable[jax.Array]


def held(where: str, tensor: Any) -> jax.Array:
    """The array in `tensor`, which must be a variable: an array itself cannot be set in place."""
    if not isinstance(tensor, nnx.Variable):
        raise TypeError(
            f"{where}: tensor must be a variable such as nnx.Param(jnp.zeros((3, 4))), given {type(tensor).__name__}"
        )
    return tensor.get_value()


def fill(tensor: Variable, value: Any) -> Variable:
    """Set `tensor` to `value`, cast to the dtype that it holds."""
    tensor.set_value(jnp.asarray(value, tensor.get_value().dtype))
    return tensor


def wrong_rngs(where: str, rngs: Any) -> TypeError:
    return TypeError(f"{where}: rngs must be a random.TorchGenerator or a flax.nnx.Rngs, given {type(rngs).__name__}")


def require_floating(where: str, array: jax.Array) -> None:
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(f"{where}: tensor has dtype {array.dtype}; numbers are drawn for floating point alone")


def draw_uniform(where: str, array: jax.Array, low: float, high: float, rngs: Any) -> Any:
    """Numbers of U[low, high) in the shape and dtype of `array`."""
    require_floating(where, array)
    if not low <= high:
        raise ValueError(f"{where}: the range starts at {low} and ends at {high}; it must not end before it starts")
    if isinstance(rngs, TorchGenerator):
        return rngs.uniform(array.shape, low, high, dtype=array.dtype)
    if isinstance(rngs, nnx.Rngs):
        return jax.random.uniform(rngs.params(), array.shape, array.dtype, low, high)
    raise wrong_rngs(where, rngs)


def draw_normal(where: str, array: jax.Array, mean: float, std: float, rngs: Any, shape: Any = None) -> Any:
    """Numbers of N(mean, std²) in the dtype of `array`, and in its shape unless there is another."""
    require_floating(where, array)
    if not std >= 0:
        raise ValueError(f"{where}: std is {std}; it must not be negative")
    shape = array.shape if shape is None else shape
    if isinstance(rngs, TorchGenerator):
        return rngs.normal(shape, mean, std, dtype=array.dtype)
    if isinstance(rngs, nnx.Rngs):
        return jax.random.normal(rngs.params(), shape, array.dtype) * std + mean
    raise wrong_rngs(where, rngs)
