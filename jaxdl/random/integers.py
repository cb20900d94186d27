"""Integers in a range."""

import numpy as np

from jaxdl.random.stream import Array, Stream

LONG_DRAWS_FROM = 2**28  # the width of a range from which PyTorch takes 64-bit draws


def in_range(stream: Stream, count: int, low: int, high: int) -> Array:
    """`count` int64s of low … high − 1: the draw modulo the range's width."""
    width = high - low
    if width < LONG_DRAWS_FROM:
        offsets = (stream.words(count) % np.uint32(width)).astype(np.int64)
    else:
        offsets = (stream.pairs(count) % np.uint64(width)).view(np.int64)
    offsets += np.int64(low)  # an offset of 2**63 or more has wrapped; the sum wraps back
    return offsets
