"""Uniform numbers in a range, in each floating type."""

from typing import Any

import numpy as np

from jaxdl.random.arguments import FLOATS
from jaxdl.random.fma import affine
from jaxdl.random.stream import Array, Stream, pieces


def in_range(stream: Stream, count: int, low: float, high: float, dtype: np.dtype[Any], fused: bool) -> Array:
    """`count` numbers u · (high − low) + low, ends and width in the type in which PyTorch computes."""
    working = FLOATS[dtype.name][0]
    start, end = working(low), working(high)
    # The half types compare what has been rounded to them.
    first, beyond = start.astype(dtype), end.astype(dtype)
    result = np.empty(count, dtype)
    for piece in pieces(count):
        values = np.empty(piece.stop - piece.start, working)
        stream.fill(values)
        if (low, high) != (0, 1):
            values = affine(values, end - start, start, fused)
        view = result[piece]
        view[:] = values
        view[view == beyond] = first  # rounding may reach the end, which is not in the range
    return result


def below(stream: Stream, count: int, p: float) -> Array:
    """Whether each of `count` 53-bit uniforms is less than p."""
    mask = np.empty(count, bool)
    for piece in pieces(count):
        values = np.empty(piece.stop - piece.start)
        stream.fill(values)
        np.less(values, p, out=mask[piece])
    return mask


def below_each(stream: Stream, chances: Array) -> Array:
    """Whether a uniform is less than each number of `chances`: 53 bits for float64 ones, else 24."""
    mask = np.empty(chances.size, bool)
    for piece in pieces(chances.size):
        values = np.empty(piece.stop - piece.start, FLOATS[chances.dtype.name][0])
        stream.fill(values)
        np.less(values, chances[piece].astype(values.dtype), out=mask[piece])
    return mask
