"""What functions of single elements share: the dtypes they take and where they round."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import number, require_floating, widen


def pointwise(
    where: str, function: Callable[[jax.Array], jax.Array], input: ArrayLike, takes_complex: bool = False
) -> jax.Array:
    """`function` of every element of a floating point array, in float32 for the half types and rounded once."""
    x = jnp.asarray(input)
    if takes_complex and jnp.iscomplexobj(x):
        return function(x)
    require_floating(where, input=x)
    return function(widen(x)).astype(x.dtype)


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


def magnitude(x: jax.Array) -> jax.Array:
    """|x|, with slope 0 at 0 and at NaN as in PyTorch; jnp.abs has slope 1 at 0."""
    return jnp.abs(x) if jnp.iscomplexobj(x) else _absolute(x)


@jax.custom_jvp
def _absolute(x: jax.Array) -> jax.Array:
    return jnp.abs(x)


@_absolute.defjvp
def _absolute_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (dx,) = primals, tangents
    return _absolute(x), jnp.where(x > 0, dx, jnp.where(x < 0, -dx, 0))


@jax.custom_jvp
def straight_through(value: jax.Array, slope: jax.Array) -> jax.Array:
    """`value`, with the derivatives of `slope`."""
    del slope
    return value


@straight_through.defjvp
def _straight_through_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    return straight_through(*primals), tangents[1]


@jax.custom_jvp
def log1pexp(x: jax.Array) -> jax.Array:
    """log(1 + exp(x)) for any x, whose derivative is the logistic function."""
    return jnp.maximum(x, 0) + log1p_near(jnp.exp(-jnp.abs(x)))


@log1pexp.defjvp
def _log1pexp_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    return log1pexp(*primals), jax.lax.logistic(*primals) * tangents[0]


@jax.custom_jvp
def log1pexp_both(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """`log1pexp` of x and of -x, whose costly part is the same."""
    rest = log1p_near(jnp.exp(-jnp.abs(x)))
    return jnp.maximum(x, 0) + rest, jnp.maximum(-x, 0) + rest


@log1pexp_both.defjvp
def _log1pexp_both_jvp(
    primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]:
    (x,), (dx,) = primals, tangents
    return log1pexp_both(x), (jax.lax.logistic(x) * dx, -jax.lax.logistic(-x) * dx)


def log1p_near(y: jax.Array) -> jax.Array:
    """log(1 + y) for y in [-1/2, 1], whose own derivative is not used: 2 artanh(y / (2 + y)), as a series.

    XLA computes log1p one element after the other on CPU: in float32 this is four times faster, in float64 twenty
    times. The first term that is left out is below the last digit, as y / (2 + y) is at most a third.
    """
    half = y / (2 + y)
    square = half * half
    terms = 15 if y.dtype == jnp.float64 else 8
    total = jnp.full_like(y, 1 / (2 * terms - 1))
    for power in range(2 * terms - 3, 0, -2):
        total = total * square + 1 / power
    return 2 * half * total
