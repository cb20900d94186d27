"""Activations that multiply the input by a gate between 0 and 1."""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import axis, require_floating, widen
from jaxdl.functional.activation._pointwise import pointwise


def gelu(input: ArrayLike, approximate: str = "none") -> jax.Array:
    """Gaussian error linear unit.

        gelu(x) = x · Φ(x) = x/2 · (1 + erf(x / √2))
        gelu(x) ≈ x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))   with approximate="tanh"

    **Matches** PyTorch 2.13: exact by default, where jax.nn.gelu approximates; NaN at -∞. **Differs**: `approximate`
    may be given by position as well.

    Args:
        input: any shape, floating point.
        approximate: "none" or "tanh".

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: another `approximate`.
        TypeError: an input that is not floating point.

    >>> [round(value, 4) for value in gelu(jnp.array([-1.0, 0.0, 1.0])).tolist()]
    [-0.1587, 0.0, 0.8413]

    Hendrycks and Gimpel, Gaussian error linear units, 2016.
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate is {approximate!r}; it must be 'none' or 'tanh'")

    def gate(x: jax.Array) -> jax.Array:
        if approximate == "tanh":
            return jnp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))  # x·x·x has the slower gradient
        return lax.erf(x * math.sqrt(0.5))

    return pointwise("gelu", lambda x: x * (0.5 * (1 + gate(x))), input)


def silu(input: ArrayLike, inplace: bool = False) -> jax.Array:
    """Sigmoid linear unit, also called swish.

        silu(x) = x · sigmoid(x)

    **Matches** PyTorch 2.13 on floating and complex dtypes, NaN at -∞ included. **Differs**: `inplace` has no effect,
    since arrays are immutable.

    Args:
        input: any shape, floating point or complex.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: integer or boolean input.

    >>> [round(value, 4) for value in silu(jnp.array([-1.0, 0.0, 1.0])).tolist()]
    [-0.2689, 0.0, 0.7311]

    Elfwing, Uchibe and Doya, Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning, 2017.
    """
    del inplace
    return pointwise("silu", lambda x: x * lax.logistic(x), input, takes_complex=True)


def mish(input: ArrayLike, inplace: bool = False) -> jax.Array:
    """Self-regularised non-monotonic activation.

        mish(x) = x · tanh(log(1 + exp(x)))

    **Matches** PyTorch 2.13, NaN at -∞ included. **Differs**: the second derivative stays finite where exp(x)
    overflows (x > 88 in float32, 709 in float64), where PyTorch's is NaN; `inplace` has no effect, since arrays are
    immutable.

    Args:
        input: any shape, floating point.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point.

    >>> [round(value, 4) for value in mish(jnp.array([-1.0, 0.0, 1.0])).tolist()]
    [-0.3034, 0.0, 0.8651]

    Misra, Mish: a self regularized non-monotonic activation function, BMVC 2020.
    """
    del inplace
    return pointwise("mish", lambda x: x * _tanh_softplus(x), input)


@jax.custom_jvp
def _tanh_softplus(x: jax.Array) -> jax.Array:
    """tanh(log(1 + exp(x))) by one exponential, of -|x| so that it cannot overflow."""
    e = jnp.exp(-jnp.abs(x))
    top = jnp.where(x < 0, e * (e + 2), 1 + 2 * e)
    return top / (top + jnp.where(x < 0, jnp.full_like(e, 2), 2 * e * e))


@_tanh_softplus.defjvp
def _tanh_softplus_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    gate = _tanh_softplus(*primals)
    return gate, lax.logistic(*primals) * (1 - gate * gate) * tangents[0]


def hardswish(input: ArrayLike, inplace: bool = False) -> jax.Array:
    """Swish with a gate in three straight pieces.

        hardswish(x) = x · min(max(x + 3, 0), 6) / 6

    **Matches** PyTorch 2.13: the slope is 0 at -3 and 1 at 3, the value NaN at -∞ with slope 0. **Differs**: the slope
    at NaN is 1 (PyTorch: 1 or NaN, by where in memory the element lies); `inplace` has no effect, since arrays are
    immutable.

    Args:
        input: any shape, floating point.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point.

    >>> hardswish(jnp.array([-4.0, 0.0, 4.0])).tolist()
    [-0.0, 0.0, 4.0]

    Howard et al., Searching for MobileNetV3, ICCV 2019.
    """
    del inplace
    return pointwise("hardswish", _hardswish, input)


@jax.custom_jvp
def _hardswish(x: jax.Array) -> jax.Array:
    return x * jnp.clip(x + 3, 0, 6) / 6


@_hardswish.defjvp
def _hardswish_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    x = primals[0]
    slope = jnp.where(x <= -3, jnp.zeros_like(x), jnp.where(x < 3, x / 3 + 0.5, jnp.ones_like(x)))
    return _hardswish(x), slope * tangents[0]


def glu(input: ArrayLike, dim: int = -1) -> jax.Array:
    """Gated linear unit: the first half of an axis, gated by the second.

        glu([a, b]) = a · sigmoid(b)

    **Matches** PyTorch 2.13. **Differs**: a `dim` out of range is a ValueError (PyTorch: IndexError).

    Args:
        input: at least one dimension, floating point.
        dim: the axis that is halved; its size is even.

    Returns:
        An array of the input's dtype and shape, but half as long in `dim`.

    Raises:
        ValueError: a scalar, a `dim` out of range, an odd size.
        TypeError: an input that is not floating point, a `dim` that is not an integer.

    >>> glu(jnp.array([2.0, 4.0, 0.0, jnp.inf])).tolist()
    [1.0, 4.0]

    Dauphin et al., Language modeling with gated convolutional networks, ICML 2017.
    """
    x = jnp.asarray(input)
    require_floating("glu", input=x)
    if x.ndim == 0:
        raise ValueError("glu: input is a scalar, which has no axis to halve; give at least one dimension")
    place = axis("glu", "dim", dim, x)
    if x.shape[place] % 2:
        raise ValueError(f"glu: input has size {x.shape[place]} in dim {dim}; it must be even to be halved")
    a, b = jnp.split(widen(x), 2, place)
    return (a * lax.logistic(b)).astype(x.dtype)
