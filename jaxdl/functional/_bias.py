"""A bias for every channel, with the gradient that XLA's CPU compiler runs fast."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero


def plus(y: jax.Array, bias: jax.Array) -> jax.Array:
    """y [..., channels] + bias [channels], or one of another shape that broadcasts to y's, in y's dtype.

    The gradient of the first is a sum over all axes but the last. XLA's CPU compiler adds up several axes in an order
    that takes four to eight times as long as the last of them first and then a product with ones (12 × 64 × 512
    numbers: 0.63 and 0.14 ms; 128 × 32 × 32 × 32: 4.7 and 0.6). The whole as a product is slower again: its operand,
    such as a GELU's derivative, would be computed anew for each of its uses. Accelerators sum well, and may round a
    product's factors.
    """
    bias = bias.astype(y.dtype)
    for_channels = y.ndim > 1 and bias.shape == y.shape[-1:]
    if for_channels and jnp.issubdtype(y.dtype, jnp.floating) and jax.default_backend() == "cpu":
        return _plus(y, bias)
    return y + jnp.broadcast_to(bias, y.shape)


@jax.custom_jvp
def _plus(y: jax.Array, bias: jax.Array) -> jax.Array:
    return y + jnp.broadcast_to(bias, y.shape)


@partial(_plus.defjvp, symbolic_zeros=True)
def _plus_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array | SymbolicZero, jax.Array | SymbolicZero]
) -> tuple[jax.Array, jax.Array]:
    (y, bias), (dy, dbias) = primals, tangents
    out = _plus(y, bias)
    if isinstance(dbias, SymbolicZero):
        return out, jnp.zeros_like(y) if isinstance(dy, SymbolicZero) else dy
    outer = y.shape[:-2]
    if outer:
        dbias = (jnp.ones((math.prod(outer), 1), y.dtype) @ dbias[None]).reshape(*outer, 1, bias.size)
    repeated = jnp.broadcast_to(dbias, y.shape)
    return out, repeated if isinstance(dy, SymbolicZero) else dy + repeated
