"""Exponential linear units."""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import number
from jaxdl.functional.activation._pointwise import pointwise

# Klambauer et al. choose them so that mean 0 and variance 1 are a fixed point.
ALPHA, SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def elu(input: ArrayLike, alpha: float = 1.0, inplace: bool = False) -> jax.Array:
    """Exponential linear unit.

        elu(x) = x where x > 0, else alpha · (exp(x) - 1)

    **Matches** PyTorch 2.13: the slope at 0 is alpha, the second derivative there 0. **Differs**: the slope at NaN is
    1 (PyTorch: 1 or NaN, by where in memory the element lies); `inplace` has no effect, since arrays are immutable.

    Args:
        input: any shape, floating point.
        alpha: minus the limit for x → -∞, a Python number.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point, an alpha that is not a number.

    >>> elu(jnp.array([-jnp.inf, 0.0, 2.0]), 0.5).tolist()
    [-0.5, 0.0, 2.0]

    Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by exponential linear units, ICLR
    2016.
    """
    del inplace
    return _exponential_unit("elu", input, 1.0, number("elu", "alpha", alpha), 1.0)


def selu(input: ArrayLike, inplace: bool = False) -> jax.Array:
    """Scaled exponential linear unit, under which activations keep mean 0 and variance 1.

        selu(x) = scale · (x where x > 0, else alpha · (exp(x) - 1))

    with alpha = 1.6732632423543772 and scale = 1.0507009873554805.

    **Matches** PyTorch 2.13: the slope at 0 is scale · alpha. **Differs** at NaN and in `inplace` as `elu` does.

    Args:
        input: any shape, floating point.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point.

    >>> [round(value, 4) for value in selu(jnp.array([-jnp.inf, 0.0, 1.0])).tolist()]
    [-1.7581, 0.0, 1.0507]

    Klambauer et al., Self-normalizing neural networks, NeurIPS 2017.
    """
    del inplace
    return _exponential_unit("selu", input, SCALE, SCALE * ALPHA, 1.0)


def celu(input: ArrayLike, alpha: float = 1.0, inplace: bool = False) -> jax.Array:
    """Continuously differentiable exponential linear unit.

        celu(x) = x where x > 0, else alpha · (exp(x / alpha) - 1)

    **Matches** PyTorch 2.13, a negative alpha included. **Differs** at NaN and in `inplace` as `elu` does.

    Args:
        input: any shape, floating point.
        alpha: minus the limit for x → -∞, a Python number other than 0.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: alpha is 0.
        TypeError: an input that is not floating point, an alpha that is not a number.

    >>> celu(jnp.array([-jnp.inf, 0.0, 2.0]), 0.5).tolist()
    [-0.5, 0.0, 2.0]

    Barron, Continuously differentiable exponential linear units, 2017.
    """
    del inplace
    limit = number("celu", "alpha", alpha)
    if limit == 0:
        raise ValueError("celu: alpha is 0, by which x would be divided; use elu or another alpha")
    return _exponential_unit("celu", input, 1.0, limit, 1.0 / limit)


def _exponential_unit(where: str, input: ArrayLike, positive: float, negative: float, rate: float) -> jax.Array:
    return pointwise(where, partial(_unit, positive, negative, rate), input)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _unit(positive: float, negative: float, rate: float, x: jax.Array) -> jax.Array:
    """positive · x above 0, else negative · (exp(rate · x) - 1)."""
    return jnp.where(x <= 0, negative * jnp.expm1(_exponent(rate, x)), positive * x)


def _exponent(rate: float, x: jax.Array) -> jax.Array:
    """rate · x below 0, else 0: an overflow above would reach the gradient as NaN. In value and slope the same, so
    that XLA computes one exponential for both."""
    return jnp.where(x < 0, rate * x, jnp.zeros_like(x))


@_unit.defjvp
def _unit_jvp(
    positive: float, negative: float, rate: float, primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """The slope from exp: jax would take it from the value, (exp(x) - 1) + 1, and lose digits for x << 0."""
    x, dx = primals[0], tangents[0]
    slope = jnp.where(x <= 0, negative * rate * jnp.exp(_exponent(rate, x)), positive)
    return _unit(positive, negative, rate, x), slope * dx
