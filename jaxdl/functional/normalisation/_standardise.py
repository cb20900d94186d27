"""Rows or columns brought to mean 0 and variance 1, the sums that this takes, and the transposes of those sums.

A plain sum along a row compiles to one chain of scalar additions on CPU, and takes 2.5 to 4 times as long as one in
two stages, which compiles to vector instructions. `spread` repeats a vector, and its transpose is such a sum. A sum
over rows XLA stages by itself, as long as nobody reshapes its operand: it then computes what made that operand, such
as a GELU's derivative, in every place that uses it, instead of storing it once.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

TERMS = 16  # additions that are unrolled,
LANES = 32  # as many next to each other: measured best of 8, 16, 32 and 24, 32, 64 for rows of 49 to 12,544


def total(x: jax.Array, axis: int) -> jax.Array:
    """The sum of a matrix along axis 0 or 1."""
    if axis == 0 or not _staged(x.shape[1]):
        return jnp.sum(x, axis)
    terms, lanes = _stage(x.shape[1])
    if terms == 1:
        return jnp.sum(x, 1)
    partial_sums = lax.optimization_barrier(jnp.sum(x.reshape(x.shape[0], -1, terms, lanes), 2))
    rest = partial_sums.reshape(x.shape[0], -1)
    return total(rest, 1) if rest.shape[1] > 256 else jnp.sum(rest, 1)


def spread(vector: jax.Array, count: int, axis: int) -> jax.Array:
    """A vector repeated `count` times along a new axis 0 or 1 of a matrix."""
    length = vector.shape[0]
    if axis == 0:
        return jnp.broadcast_to(vector, (count, length))
    if not _staged(count):
        return jnp.broadcast_to(vector[:, None], (length, count))
    terms, lanes = _stage(count)
    rest = count // terms
    few = spread(vector, rest, 1) if rest > 256 and terms > 1 else jnp.broadcast_to(vector[:, None], (length, rest))
    few = lax.optimization_barrier(few).reshape(length, -1, 1, lanes)
    return jnp.broadcast_to(few, (length, rest // lanes, terms, lanes)).reshape(length, count)


@partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def standardise(x: jax.Array, axis: int, eps: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(x - μ) / √(σ² + eps) along axis 0 or 1 of a matrix, μ, and the biased σ², in two passes.

    The derivative is written out: autodiff's own has twice the sums.
    """
    count = x.shape[axis]
    mean = total(x, axis) / count
    centred = x - jnp.expand_dims(mean, axis)
    variance = total(centred * centred, axis) / count
    return centred * jnp.expand_dims(lax.rsqrt(variance + eps), axis), mean, variance


@standardise.defjvp
def _standardise_jvp(axis: int, eps: float, primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[Any, Any]:
    (x,), (dx,), count = primals, tangents, primals[0].shape[axis]
    y, mean, variance = standardise(x, axis, eps)
    rate = lax.rsqrt(variance + eps)
    # y once more, from what is short: XLA fuses this into the sums, where y would be stored and read.
    standard = (x - jnp.expand_dims(mean, axis)) * jnp.expand_dims(rate, axis)
    shift, slope = jnp.sum(dx, axis) / count, jnp.sum(dx * standard, axis) / count
    dy = jnp.expand_dims(rate, axis) * (dx - spread(shift, count, axis) - standard * spread(slope, count, axis))
    return (y, mean, variance), (dy, shift, 2 * slope / rate)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def over_root_mean_square(x: jax.Array, eps: float) -> tuple[jax.Array, jax.Array]:
    """x / √(mean x² + eps) for every row of a matrix, and 1 / √(mean x² + eps)."""
    rate = lax.rsqrt(total(x * x, 1) / x.shape[1] + eps)
    return x * rate[:, None], rate


@over_root_mean_square.defjvp
def _over_root_mean_square_jvp(eps: float, primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[Any, Any]:
    (x,), (dx,), count = primals, tangents, primals[0].shape[1]
    y, rate = over_root_mean_square(x, eps)
    standard = x * rate[:, None]
    slope = jnp.sum(dx * standard, 1) / count
    dy = rate[:, None] * (dx - standard * spread(slope, count, 1))
    return (y, rate), (dy, -rate * rate * slope)


def _staged(count: int) -> bool:
    return count > TERMS and jax.default_backend() == "cpu"


def _stage(count: int) -> tuple[int, int]:
    """How many terms are added in one stage of a row's sum, and how many lanes lie next to each other."""
    terms = _divisor(count, TERMS)
    return terms, _divisor(count // terms, LANES)


def _divisor(number: int, largest: int) -> int:
    return max(divisor for divisor in range(1, largest + 1) if number % divisor == 0)
