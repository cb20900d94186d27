"""Metrics: functions of (outputs, target) that give one number for a batch."""

import math

import jax
import jax.numpy as jnp

from jaxdl import functional


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


def bits(logits: jax.Array, target: jax.Array) -> jax.Array:
    """How many bits a token takes if it is coded by what the model expected: cross-entropy to the base 2.

        mean of -log₂ softmax(logits)[target]

    Args:
        logits: `[..., C]`.
        target: class indices `[...]`.

    Returns:
        A scalar in the logits' dtype; log₂ C where nothing was learned.

    >>> round(bits(jnp.zeros((2, 3, 8)), jnp.ones((2, 3), int)).item(), 6)
    3.0

    Shannon 1948, "A Mathematical Theory of Communication".
    """
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), target.reshape(-1)) / math.log(2)


def mean_squared_error(outputs: jax.Array, target: jax.Array) -> jax.Array:
    """The mean of (outputs - target)², two arrays of one shape.

    >>> mean_squared_error(jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])).item()
    5.0
    """
    return jnp.mean((outputs - target) ** 2)
