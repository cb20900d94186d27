"""Activations that pull small values to zero."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import number
from jaxdl.functional.activation._pointwise import pointwise, promoted


def hardshrink(input: ArrayLike, lambd: float = 0.5) -> jax.Array:
    """Zero for small values, the others as they are.

        hardshrink(x) = 0 where |x| ≤ lambd, else x

    **Matches** PyTorch 2.13: a negative lambd changes nothing, NaN stays. **Differs**: the slope at NaN is 1
    (PyTorch: 0 or 1, by where in memory the element lies).

    Args:
        input: any shape, floating point.
        lambd: a Python number.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: an input that is not floating point, a lambd that is not a number.

    >>> hardshrink(jnp.array([-1.0, 0.5, 2.0])).tolist()
    [-1.0, 0.0, 2.0]
    """
    bound = number("hardshrink", "lambd", lambd)
    return pointwise("hardshrink", lambda x: jnp.where((x >= -bound) & (x <= bound), jnp.zeros_like(x), x), input)


def softshrink(input: ArrayLike, lambd: float = 0.5) -> jax.Array:
    """Zero for small values, the others nearer to zero.

        softshrink(x) = sign(x) · max(|x| - lambd, 0)

    **Matches** PyTorch 2.13: slope 0 where |x| = lambd, and NaN stays NaN. **Differs**: the slope at NaN is 0
    (PyTorch: 0 or 1, by where in memory the element lies).

    Args:
        input: any shape, floating point.
        lambd: a Python number, at least 0 and finite in the input's dtype.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: lambd is negative, or more than the dtype can hold.
        TypeError: an input that is not floating point, a lambd that is not a number.

    >>> softshrink(jnp.array([-1.0, 0.5, 2.0])).tolist()
    [-0.5, 0.0, 1.5]
    """
    bound, dtype = number("softshrink", "lambd", lambd), jnp.asarray(input).dtype

    def shrink(x: jax.Array) -> jax.Array:
        if not 0 <= bound <= float(jnp.finfo(dtype).max):
            raise ValueError(
                f"softshrink: lambd is {lambd}; it must lie in [0, {jnp.finfo(dtype).max}], the range of {dtype}"
            )
        return jnp.where(x > bound, x - bound, jnp.where(x < -bound, x + bound, x * 0))  # NaN · 0 is NaN

    return pointwise("softshrink", shrink, input)


def tanhshrink(input: ArrayLike) -> jax.Array:
    """What the hyperbolic tangent takes away.

        tanhshrink(x) = x - tanh(x)

    **Matches** PyTorch 2.13 on floating, complex and integer dtypes.

    Args:
        input: any shape; floating point, complex or integer.

    Returns:
        An array of the input's shape, in its dtype or, of integers, float32.

    Raises:
        TypeError: boolean input.

    >>> [round(value, 4) for value in tanhshrink(jnp.array([0.0, 1.0])).tolist()]
    [0.0, 0.2384]
    """
    x = promoted("tanhshrink", input, takes_bool=False)
    return pointwise("tanhshrink", lambda x: x - jnp.tanh(x), x, takes_complex=True)
