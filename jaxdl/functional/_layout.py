"""Images between convolutions: XLA's CPU kernels leave them channels last, and all that lies between should, too.

XLA keeps the order in which an array is written down, [N, C, *space]: between two convolutions it would turn every
image round and back, on one core. Written down the other way, the turns of neighbouring functions cancel, and a CNN's
step takes two thirds of the time. Where no convolution is near they are part of the loop that computes the function.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def turns(x: jax.Array) -> bool:
    """Whether x, [N, C, *space], is better computed on channels last: in compiled code for a CPU."""
    return x.ndim >= 4 and isinstance(x, jax.core.Tracer) and jax.default_backend() == "cpu"


def channels_last(function: Callable[..., jax.Array], x: jax.Array, *others: jax.Array) -> jax.Array:
    """`function` of every element of x, of any shape, and of those of arrays that broadcast against it."""
    if not turns(x):
        return function(x, *others)
    whole = (jnp.expand_dims(other, range(x.ndim - other.ndim)) for other in others)
    return jnp.moveaxis(function(*(jnp.moveaxis(array, 1, -1) for array in (x, *whole))), -1, 1)
