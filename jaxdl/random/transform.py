"""One uniform or normal number turned into one of another distribution, in float64 and by the C library."""

import math
from typing import Any

import numpy as np

from jaxdl.random import libm
from jaxdl.random.arguments import FLOATS
from jaxdl.random.fma import affine
from jaxdl.random.stream import Array, Stream


def uniforms(stream: Stream, count: int) -> Array:
    """53-bit ones."""
    values = np.empty(count)
    stream.fill(values)
    return values


def rounded(values: Array, dtype: np.dtype[Any]) -> Array:
    """float64 numbers in `dtype`: the half types by way of float32; what is too large is infinite, as in C."""
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(FLOATS.get(dtype.name, (dtype,))[0]).astype(dtype, copy=False)


def exponential(stream: Stream, count: int, rate: float, dtype: np.dtype[Any]) -> Array:
    """−log(1 − u) / rate."""
    return rounded((-1.0 / rate) * libm.each(math.log1p, -uniforms(stream, count)), dtype)


def cauchy(stream: Stream, count: int, median: float, sigma: float, dtype: np.dtype[Any], fused: bool) -> Array:
    """median + sigma · tan(π(u − ½))."""
    tangents = libm.each(math.tan, math.pi * (uniforms(stream, count) - 0.5))
    return rounded(affine(tangents, np.float64(sigma), np.float64(median), fused), dtype)


def geometric(stream: Stream, count: int, p: float, dtype: np.dtype[Any]) -> Array:
    """log u / log(1 − p), rounded up."""
    return rounded(np.ceil(libm.apply("log", uniforms(stream, count)) / math.log1p(-p)), dtype)


def exponentiated(values: Array, dtype: np.dtype[Any]) -> Array:
    """e to the power of each."""
    return rounded(libm.apply("exp", values), dtype)
