"""Metrics: functions of (outputs, target) that give one number for a batch."""

import jax
import jax.numpy as jnp


def accuracy(outputs: jax.Array, target: jax.Array) -> jax.Array:
    """The share of rows whose largest output stands at the target's index.

    Args:
        outputs: scores `[N, C]`.
        target: class indices `[N]`.

    Returns:
        A scalar in [0, 1]: float32, or float64 in jax's x64 mode.

    >>> accuracy(jnp.array([[0.1, 0.9], [0.8, 0.2]]), jnp.array([1, 1])).item()
    0.5
    """
    return (outputs.argmax(axis=-1) == target).mean(dtype=float)


def mean_squared_error(outputs: jax.Array, target: jax.Array) -> jax.Array:
    """The mean of (outputs - target)², two arrays of one shape.

    >>> mean_squared_error(jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])).item()
    5.0
    """
    return jnp.mean((outputs - target) ** 2)
