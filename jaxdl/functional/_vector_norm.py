"""The p-norm of vectors along axes, with PyTorch's derivatives where the mathematics leaves a choice."""

import math

import jax
import jax.numpy as jnp

from jaxdl.functional._scalar import magnitude


def vector_norm(x: jax.Array, p: float, axes: tuple[int, ...], keepdims: bool) -> jax.Array:
    """(Σ |x|^p)^(1/p) along `axes`; the number of non-zeros for p = 0, the extreme |x| for p = ±∞.

    At a zero vector the derivative is 0, where several elements are the largest they share it, and an element that
    is 0 has none for p < 1: all as in PyTorch.
    """
    if p == 2:
        return _root((x * x.conj()).real.sum(axes, keepdims=keepdims), 0.5)
    size = magnitude(x)
    if p == 0:
        return (size != 0).astype(size.dtype).sum(axes, keepdims=keepdims)
    if p == 1:
        return size.sum(axes, keepdims=keepdims)
    if math.isinf(p):
        return size.max(axes, keepdims=keepdims) if p > 0 else size.min(axes, keepdims=keepdims)
    return _root(_power(size, p).sum(axes, keepdims=keepdims), 1 / p)


def _power(x: jax.Array, p: float) -> jax.Array:
    """x^p of x ≥ 0, without derivative at 0."""
    zero = x == 0
    power = jnp.where(zero, jnp.ones_like(x), x) ** (int(p) if p == int(p) else p)
    return jnp.where(zero, jnp.full_like(x, 0 if p > 0 else jnp.inf), power)


def _root(x: jax.Array, exponent: float) -> jax.Array:
    """x^exponent of x ≥ 0, without derivative at 0."""
    zero = x == 0
    positive = jnp.where(zero, jnp.ones_like(x), x)
    power = jnp.sqrt(positive) if exponent == 0.5 else positive**exponent
    return jnp.where(zero, jnp.full_like(x, 0 if exponent > 0 else jnp.inf), power)
