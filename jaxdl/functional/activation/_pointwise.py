"""What activations share: the dtypes that they take, where they round, and in which order they are computed."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import number, require_floating, widen
from jaxdl.functional._layout import channels_last


def pointwise(
    where: str, function: Callable[..., jax.Array], input: ArrayLike, *others: jax.Array, takes_complex: bool = False
) -> jax.Array:
    """`function` of every element of a floating point array, in float32 for the half types and rounded once.

    Of `others` too, which broadcast against it.
    """
    x = jnp.asarray(input)
    if takes_complex and jnp.iscomplexobj(x):
        return function(x)
    require_floating(where, input=x)
    return channels_last(lambda *arrays: function(*map(widen, arrays)).astype(x.dtype), x, *others)


def promoted(where: str, input: ArrayLike, takes_bool: bool) -> jax.Array:
    """`input`, integers as float32: PyTorch's default dtype, whether x64 is enabled or not."""
    x = jnp.asarray(input)
    if x.dtype == bool and not takes_bool:
        raise TypeError(f"{where}: input has dtype bool; cast it to a number's dtype, such as float32")
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(jnp.float32)


def constant(where: str, name: str, value: float, dtype: jnp.dtype) -> float | int:
    """`value` as PyTorch hands a number to an array of `dtype`: integers are cut off, overflow is refused."""
    given = number(where, name, value)
    if jnp.issubdtype(dtype, jnp.floating):
        if math.isfinite(given) and abs(given) > float(jnp.finfo(dtype).max):
            raise ValueError(f"{where}: {name} is {value}, which {dtype} cannot hold; use a wider dtype")
        return given
    limits = jnp.iinfo(dtype)
    if not math.isfinite(given) or not limits.min <= math.trunc(given) <= limits.max:
        raise ValueError(
            f"{where}: {name} is {value} but input has dtype {dtype}, which holds {limits.min} to {limits.max}"
        )
    return math.trunc(given)
