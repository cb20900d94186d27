"""Functions of single elements that several functions need, with PyTorch's derivatives."""

import jax
import jax.numpy as jnp


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
