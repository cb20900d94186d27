"""Normal numbers by Box and Muller's transform, along each of the routes that PyTorch takes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxdl.random import cephes, libm
from jaxdl.random.arguments import FLOATS
from jaxdl.random.fma import affine
from jaxdl.random.libm import each
from jaxdl.random.stream import Array, Stream, pieces

BLOCK = 16  # 8 radii and 8 angles become 8 cosines and 8 sines


def in_pairs(stream: Stream, count: int, cached: float | None) -> tuple[Array, float | None]:
    """Standard normals two by two, always in float64, and the odd one, which is kept for the next such call."""
    waiting = np.array([] if cached is None or count == 0 else [cached])
    missing = count - waiting.size
    if missing == 0:
        return waiting, cached if count == 0 else None
    uniforms = np.empty((missing + 1) // 2 * 2)
    stream.fill(uniforms)
    angle, radius = 2 * math.pi * uniforms[::2], np.sqrt(-2 * each(math.log1p, -uniforms[1::2]))
    pairs = np.stack([radius * each(math.cos, angle), radius * each(math.sin, angle)], 1).ravel()
    return np.append(waiting, pairs[:missing]), float(pairs[-1]) if missing % 2 else None


def scaled(values: Array, mean: float, std: float, dtype: np.dtype[Any], fused: bool) -> Array:
    """Standard normals · std + mean in float64, rounded to `dtype` (to the half types by way of float32)."""
    values = affine(values, np.float64(std), np.float64(mean), fused)
    with np.errstate(over="ignore"):
        return values.astype(FLOATS[dtype.name][0]).astype(dtype)


def rounded(operation: Callable[[Array, Array], Array], x: Array, y: Array) -> Array:
    """`operation` in the type in which PyTorch computes, its result in x's dtype."""
    working = FLOATS[x.dtype.name][0]
    with np.errstate(over="ignore", invalid="ignore"):
        return operation(x.astype(working, copy=False), y.astype(working, copy=False)).astype(x.dtype, copy=False)


def in_blocks(stream: Stream, count: int, mean: float, std: float, dtype: np.dtype[Any], vector: bool) -> Array:
    """16 or more normals; `vector` by the AVX2 kernel.

    Where 16 does not divide `count`, the last 16 are drawn again, over the end of the last whole block. The
    half types draw nothing for the leftovers in the first round, the others do.
    """
    working = FLOATS[dtype.name][0]
    values = np.empty(count, working)
    whole = count - count % BLOCK
    stream.fill(values if dtype == working else values[:whole])
    transform(values[:whole], working(mean), working(std), vector)
    if whole < count:
        last = values[-BLOCK:]
        stream.fill(last)
        transform(last, working(mean), working(std), vector)
    with np.errstate(over="ignore"):
        return values.astype(dtype, copy=False)


def transform(values: Array, mean: Any, std: Any, vector: bool) -> None:
    """Turn blocks of uniforms into normals, in place."""
    polar = polar64 if values.dtype == np.float64 else kernel32 if vector else scalar32
    for piece in pieces(values.size):  # a piece is a whole number of blocks
        block = values[piece].reshape(-1, 2, BLOCK // 2)
        pair = polar(1 - block[:, 0], block[:, 1])  # 1 − u lies in (0, 1], where the logarithm is finite
        # PyTorch names this fused operation: it is one with or without AVX2. It also makes −0 into 0.
        block[:, 0], block[:, 1] = (affine(part, std, mean) for part in pair)


def kernel32(first: Array, second: Array) -> tuple[Array, Array]:
    """The AVX2 kernel, which AVX-512 machines run as well."""
    radius = np.sqrt(np.float32(-2) * cephes.log(first))
    sine, cosine = cephes.sine_and_cosine(np.float32(2 * math.pi) * second)
    return radius * cosine, radius * sine


def scalar32(first: Array, second: Array) -> tuple[Array, Array]:
    """The C library, element by element; the angle is a float64 product."""
    radius = np.sqrt(np.float32(-2) * libm.apply("logf", first))
    angle = (2 * math.pi * second.astype(np.float64)).astype(np.float32)
    return radius * libm.apply("cosf", angle), radius * libm.apply("sinf", angle)


def polar64(first: Array, second: Array) -> tuple[Array, Array]:
    """The C library in float64, which is Python's math; NumPy's vector functions differ in some last bits."""
    radius = np.sqrt(-2 * each(math.log, first))
    angle = 2 * math.pi * second
    return radius * each(math.cos, angle), radius * each(math.sin, angle)
