"""Categories drawn by weight: by the running sum, or as a race of exponential numbers."""

import numpy as np

from jaxdl.random import transform
from jaxdl.random.stream import Array, Stream

DTYPES = ("float32", "float64")


def with_replacement(stream: Stream, weights: Array, count: int) -> Array:
    """`count` categories of one row: where a uniform falls among the running sums, in the weights' own precision."""
    with np.errstate(over="ignore", invalid="ignore"):  # PyTorch, too, goes on from an infinite sum
        sums = np.cumsum(weights)
        sums /= sums[-1]
    sums[-1] = 1
    uniforms = np.empty(count)
    stream.fill(uniforms)
    return np.searchsorted(sums, uniforms)


def without_replacement(stream: Stream, weights: Array, count: int) -> Array:
    """The first `count` of each row to arrive, if category i takes an exponential time of rate wᵢ."""
    times = transform.exponential(stream, weights.size, 1.0, weights.dtype).reshape(weights.shape)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # a uniform of 0 is a time of 0
        speed = weights / times
    if count == 1:
        return np.argmax(speed, -1, keepdims=True)
    return np.argsort(-speed, -1, kind="stable")[..., :count]
