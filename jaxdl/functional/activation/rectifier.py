"""Activations made of straight pieces: relu and its relatives."""

import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import number, require_floating, require_same_dtype, widen
from jaxdl.functional._layout import channels_last
from jaxdl.functional.activation._pointwise import constant, pointwise


def relu(input: ArrayLike, inplace: bool = False) -> jax.Array:
    """Rectified linear unit.

        relu(x) = max(x, 0)

    **Matches** PyTorch 2.13: value and gradient, with relu'(0) = 0 and relu'(NaN) = 1, on floating and
    integer dtypes. **Differs**: `inplace` is accepted and has no effect, since arrays are immutable.

    Args:
        input: any shape, real.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: boolean or complex input.

    >>> relu(jnp.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]

    Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, ICML 2010.
    """
    del inplace
    x = jnp.asarray(input)
    if jnp.issubdtype(x.dtype, jnp.integer):
        return jnp.maximum(x, 0)
    require_floating("relu", input=x)
    return channels_last(_relu, x)


@jax.custom_jvp
def _relu(x: jax.Array) -> jax.Array:
    return jnp.maximum(x, 0)


@_relu.defjvp
def _relu_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    y, dx = _relu(*primals), tangents[0]
    return y, jnp.where(
        y <= 0, jnp.zeros_like(dx), dx
    )  # asked of the output, and this way round, NaN passes as in PyTorch


def relu6(input: ArrayLike, inplace: bool = False) -> jax.Array:
    """Rectified linear unit that saturates at 6.

        relu6(x) = min(max(x, 0), 6)

    **Matches** PyTorch 2.13 on floating and integer dtypes, with slope 0 at 0 and at 6. **Differs**: `inplace` has
    no effect, since arrays are immutable.

    Args:
        input: any shape, real.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: boolean or complex input.

    >>> relu6(jnp.array([-1.0, 5.0, 7.0])).tolist()
    [0.0, 5.0, 6.0]

    Howard et al., MobileNets: efficient convolutional neural networks for mobile vision applications, 2017.
    """
    del inplace
    return _clip("relu6", input, 0, 6)


def hardtanh(input: ArrayLike, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> jax.Array:
    """The input, held between two values.

        hardtanh(x) = min(max(x, min_val), max_val)

    **Matches** PyTorch 2.13 on floating and integer dtypes (the bounds are then cut off to integers), with slope 0
    at both bounds. **Differs**: the slope at NaN is 1 (PyTorch: 0 or 1, by where in memory the element lies);
    `inplace` has no effect, since arrays are immutable.

    Args:
        input: any shape, real.
        min_val, max_val: the bounds, Python numbers, min_val ≤ max_val.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: min_val > max_val, or a bound that the dtype cannot hold, such as -1 for uint8.
        TypeError: boolean or complex input, or a bound that is not a number.

    >>> hardtanh(jnp.array([-2.0, 0.5, 2.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    del inplace
    return _clip("hardtanh", input, min_val, max_val)


def _clip(where: str, input: ArrayLike, min_val: float, max_val: float) -> jax.Array:
    x = jnp.asarray(input)
    if not jnp.issubdtype(x.dtype, jnp.integer):
        require_floating(where, input=x)
    if number(where, "min_val", min_val) > number(where, "max_val", max_val):
        raise ValueError(f"{where}: min_val is {min_val} and max_val is {max_val}; min_val may not be greater")
    low, high = constant(where, "min_val", min_val, x.dtype), constant(where, "max_val", max_val, x.dtype)

    def clip(x: jax.Array) -> jax.Array:
        return jnp.where(x <= low, jnp.asarray(low, x.dtype), jnp.where(x >= high, jnp.asarray(high, x.dtype), x))

    return channels_last(clip, x)


def threshold(input: ArrayLike, threshold: float, value: float, inplace: bool = False) -> jax.Array:
    """The input where it is above a threshold, else a value.

        threshold(x) = x where x > threshold, else value

    **Matches** PyTorch 2.13 on floating and integer dtypes (both numbers are then cut off to integers): NaN stays
    NaN with slope 1. **Differs**: `inplace` has no effect, since arrays are immutable.

    Args:
        input: any shape, real.
        threshold: a Python number.
        value: a Python number.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: a number that the dtype cannot hold.
        TypeError: boolean or complex input, or an argument that is not a number.

    >>> threshold(jnp.array([-1.0, 0.5, 2.0]), 0.5, -7.0).tolist()
    [-7.0, -7.0, 2.0]
    """
    del inplace
    x = jnp.asarray(input)
    if not jnp.issubdtype(x.dtype, jnp.integer):
        require_floating("threshold", input=x)
    bound = constant("threshold", "threshold", threshold, x.dtype)
    return jnp.where(x <= bound, jnp.asarray(constant("threshold", "value", value, x.dtype), x.dtype), x)


def leaky_relu(input: ArrayLike, negative_slope: float = 0.01, inplace: bool = False) -> jax.Array:
    """Rectified linear unit that leaks: a small slope below zero.

        leaky_relu(x) = x where x > 0, else negative_slope · x

    **Matches** PyTorch 2.13: the slope at 0 and at NaN is negative_slope (jax.nn has 1 at 0). **Differs**: `inplace`
    has no effect, since arrays are immutable.

    Args:
        input: any shape, floating point.
        negative_slope: a Python number.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point, a slope that is not a number.

    >>> leaky_relu(jnp.array([-2.0, 0.0, 2.0]), 0.25).tolist()
    [-0.5, 0.0, 2.0]

    Maas, Hannun and Ng, Rectifier nonlinearities improve neural network acoustic models, ICML 2013.
    """
    del inplace
    slope = number("leaky_relu", "negative_slope", negative_slope)
    return pointwise("leaky_relu", lambda x: jnp.where(x > 0, x, x * slope), input)


def prelu(input: ArrayLike, weight: ArrayLike) -> jax.Array:
    """Leaky rectified linear unit whose slope below zero is learned, one for all or one a channel.

        prelu(x) = x where x > 0, else weight · x

    **Matches** PyTorch 2.13: channels are dimension 1 (an input of fewer than two dimensions has one), the slope at
    0 and at NaN is the weight, and x > 0 adds nothing to the weight's gradient even where x is infinite.

    Args:
        input: [N, C, ...] or any shape, floating point.
        weight: a scalar, [1] or [C], of the input's dtype.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: a weight of another shape.
        TypeError: dtypes that are not floating point, or differ.

    >>> prelu(jnp.array([[-2.0, -2.0, 4.0]]), jnp.array([0.5, 0.25, 0.0])).tolist()
    [[-1.0, -0.5, 4.0]]

    He et al., Delving deep into rectifiers, ICCV 2015.
    """
    x, w = jnp.asarray(input), jnp.asarray(weight)
    require_floating("prelu", input=x)
    require_same_dtype("prelu", input=x, weight=w)
    channels = x.shape[1] if x.ndim > 1 else 1
    if w.ndim > 1 or w.size not in (1, channels) or (x.ndim == 0 and w.size != 1):
        raise ValueError(
            f"prelu: weight has shape {w.shape} but input has shape {x.shape}; it must be a scalar, (1,) or "
            f"({channels},), one slope for each channel of dimension 1"
        )
    slope = w.reshape(() if w.size == 1 else (channels, *[1] * (x.ndim - 2)))

    def leak(x: jax.Array, slope: jax.Array) -> jax.Array:
        positive = x > 0
        return jnp.where(positive, x, slope * jnp.where(positive, jnp.zeros_like(x), x))  # no 0 · inf in its gradient

    return pointwise("prelu", leak, x, slope)


def rrelu(
    input: ArrayLike,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """Leaky rectified linear unit whose slope below zero is random, one for each element.

        rrelu(x) = x where x > 0, else a · x,   a ~ U[lower, upper) in training, else (lower + upper) / 2

    **Matches** PyTorch 2.13 in distribution and, given the slopes, in value and gradient. **Differs**: the slopes
    come from `key` and not from a global generator, so they are not PyTorch's; `inplace` has no effect, since arrays
    are immutable; the half types train as well.

    Args:
        input: any shape, floating point.
        lower, upper: the range of the slopes, finite Python numbers, lower ≤ upper.
        training: draw slopes.
        inplace: no effect.
        key: a jax.random key; needed only when numbers are drawn, that is when training and lower < upper.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: a range that is not finite or is empty, or no `key` where one is needed.
        TypeError: an input that is not floating point, a bound that is not a number.

    >>> rrelu(jnp.array([-8.0, 3.0]), 0.25, 0.75).tolist()
    [-4.0, 3.0]
    >>> a = -rrelu(-jnp.ones(1000), training=True, key=jax.random.key(0))
    >>> bool((a >= 1 / 8).all() and (a < 1 / 3).all())
    True

    Xu et al., Empirical evaluation of rectified activations in convolutional network, 2015.
    """
    del inplace
    x = jnp.asarray(input)
    require_floating("rrelu", input=x)
    low, high = number("rrelu", "lower", lower), number("rrelu", "upper", upper)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"rrelu: lower is {lower} and upper is {upper}; both must be finite")
    if low > high:
        raise ValueError(f"rrelu: lower is {lower} and upper is {upper}; lower may not be greater")
    if not training or low == high or x.size == 0:
        return pointwise("rrelu", lambda x: jnp.where(x > 0, x, x * ((low + high) / 2)), x)
    if key is None:
        raise ValueError("rrelu: key is None but training draws slopes; pass key=jax.random.key(seed)")
    slope = jax.random.uniform(key, x.shape, widen(x).dtype, low, high)
    return pointwise("rrelu", lambda x, slope: jnp.where(x <= 0, x * slope, x), x, slope)
