"""Activations that saturate on one side or both."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import number
from jaxdl.functional._scalar import log1pexp, magnitude
from jaxdl.functional.activation._pointwise import pointwise, promoted


def sigmoid(input: ArrayLike) -> jax.Array:
    """Logistic function.

        sigmoid(x) = 1 / (1 + exp(-x))

    **Matches** PyTorch 2.13 on floating, complex, integer and boolean dtypes.

    Args:
        input: any shape and dtype.

    Returns:
        An array of the input's shape, in its dtype or, of integers and booleans, float32.

    >>> sigmoid(jnp.array([0.0, jnp.inf])).tolist()
    [0.5, 1.0]
    """
    return pointwise("sigmoid", lax.logistic, promoted("sigmoid", input, takes_bool=True), takes_complex=True)


def tanh(input: ArrayLike) -> jax.Array:
    """Hyperbolic tangent.

        tanh(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))

    **Matches** PyTorch 2.13 on floating, complex, integer and boolean dtypes.

    Args:
        input: any shape and dtype.

    Returns:
        An array of the input's shape, in its dtype or, of integers and booleans, float32.

    >>> tanh(jnp.array([0.0, jnp.inf])).tolist()
    [0.0, 1.0]
    """
    return pointwise("tanh", jnp.tanh, promoted("tanh", input, takes_bool=True), takes_complex=True)


def hardsigmoid(input: ArrayLike, inplace: bool = False) -> jax.Array:
    """Logistic function in three straight pieces.

        hardsigmoid(x) = min(max(x + 3, 0), 6) / 6

    **Matches** PyTorch 2.13, with slope 0 at -3, at 3 and at NaN. **Differs**: the slope is 1/6 in the working dtype,
    where PyTorch rounds it to float32 (5e-9 in float64); it has a second derivative, which is 0; `inplace` has no
    effect, since arrays are immutable.

    Args:
        input: any shape, floating point.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point.

    >>> hardsigmoid(jnp.array([-3.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]

    Courbariaux, Bengio and David, BinaryConnect, NeurIPS 2015.
    """
    del inplace

    def piece(x: jax.Array) -> jax.Array:
        flat = lax.stop_gradient(jnp.clip(x + 3, 0, 6) / 6)  # NaN stays NaN, with slope 0
        return jnp.where((x > -3) & (x < 3), (x + 3) / 6, flat)

    return pointwise("hardsigmoid", piece, input)


def softplus(input: ArrayLike, beta: float = 1, threshold: float = 20) -> jax.Array:
    """Smooth rectifier.

        softplus(x) = x where beta · x > threshold, else log(1 + exp(beta · x)) / beta

    **Matches** PyTorch 2.13, which is the straight line above the threshold, with slope 1 and no curvature.
    **Differs**: with a threshold beyond the exponential's range (709 in float64) this does not overflow.

    Args:
        input: any shape, floating point.
        beta: how sharp the bend is, a Python number.
        threshold: where the line begins, a Python number.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point, an argument that is not a number.

    >>> [round(value, 4) for value in softplus(jnp.array([0.0, 30.0])).tolist()]
    [0.6931, 30.0]

    Dugas et al., Incorporating second-order functional knowledge for better option pricing, NeurIPS 2000.
    """
    rate, limit = number("softplus", "beta", beta), number("softplus", "threshold", threshold)

    def bend(x: jax.Array) -> jax.Array:
        straight = x * rate > limit
        return jnp.where(straight, x, log1pexp(jnp.where(straight, jnp.zeros_like(x), x) * rate) / rate)

    return pointwise("softplus", bend, input)


def logsigmoid(input: ArrayLike) -> jax.Array:
    """Logarithm of the logistic function, without overflow.

        logsigmoid(x) = -log(1 + exp(-x))

    **Matches** PyTorch 2.13.

    Args:
        input: any shape, floating point.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point.

    >>> [round(value, 4) for value in logsigmoid(jnp.array([-1000.0, 0.0])).tolist()]
    [-1000.0, -0.6931]
    """
    return pointwise("logsigmoid", lambda x: -log1pexp(-x), input)


def softsign(input: ArrayLike) -> jax.Array:
    """A bend that saturates slowly.

        softsign(x) = x / (1 + |x|)

    **Matches** PyTorch 2.13 on floating, complex and integer dtypes, NaN for an infinite input included; the second
    derivative at 0 is 0. **Differs**: |-128| is 128 for int8 as well, which PyTorch lets overflow.

    Args:
        input: any shape; floating point, complex or integer.

    Returns:
        An array of the input's shape, in its dtype or, of integers, float32.

    Raises:
        TypeError: boolean input.

    >>> softsign(jnp.array([-1.0, 0.0, 3.0])).tolist()
    [-0.5, 0.0, 0.75]
    """
    x = promoted("softsign", input, takes_bool=False)
    if jnp.iscomplexobj(x):
        return x / (1 + jnp.abs(x))
    return pointwise("softsign", _softsign, x)


@jax.custom_jvp
def _softsign(x: jax.Array) -> jax.Array:
    return x / (1 + jnp.abs(x))


@_softsign.defjvp
def _softsign_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    x = primals[0]
    width = 1 + magnitude(x)
    return _softsign(x), (1 + x * 0) / (width * width) * tangents[0]  # x · 0 is NaN where x is infinite
