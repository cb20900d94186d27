"""The fused multiply-add, exactly: x · scale + shift with one rounding, which NumPy has no operation for.

PyTorch's vector kernels are compiled to it, so two roundings instead would miss half of all uniform(−a, a)
by an ulp or more. Methods: T. J. Dekker, "A floating-point technique for extending the available precision"
(1971); S. Boldo and G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using
rounding to odd" (2008).
"""

from fractions import Fraction
from typing import Any

import numpy as np

from jaxdl.random.stream import Array

BELOW_FLOAT32 = np.int64(2**29 - 1)  # the bits of a float64 that a float32 has no room for
MIDPOINT = np.int64(2**28)  # those bits where the float64 lies halfway between two float32s
SPLITTER = 2.0**27 + 1
# Outside these the error terms below would leave float64's range. Nobody initialises a weight there.
SMALLEST_SCALE = {np.dtype(np.float32): 2.0**-60, np.dtype(np.float64): 2.0**-900}
LARGEST = 2.0**900


def affine(x: Array, scale: Any, shift: Any, fused: bool = True) -> Array:
    """x · scale + shift in x's dtype, float32 or float64; scale ≥ 0 and shift are scalars of that dtype."""
    with np.errstate(over="ignore"):  # an infinity is what PyTorch gives, and without a word
        if not fused or scale in (0, 1):  # by 0 and 1 the product is exact, so there is only one rounding
            return x * scale + shift
        ordinary = scale >= SMALLEST_SCALE[x.dtype]
        if x.dtype == np.float32:
            return fma32(x, scale, shift, midpoints_only=ordinary)
        if ordinary and max(scale, abs(shift)) <= LARGEST:
            return fma64(x, scale, shift)
    return fma_by_fractions(x, scale, shift)


def fma32(x: Array, y: Any, z: Any, midpoints_only: bool = True) -> Array:
    """float32(x · y + z).

    The product of two float32s is exact in float64, so only the sum rounds before the last rounding does.
    Rounding twice goes wrong in two places: on a midpoint of two float32s, and among float32's subnormals.
    """
    product = np.multiply(x, y, dtype=np.float64)
    total = product + z
    suspect = (total.view(np.int64) & BELOW_FLOAT32) == MIDPOINT if midpoints_only else np.full(x.shape, True)
    if suspect.any():
        addend = np.broadcast_to(z, x.shape)[suspect].astype(np.float64)
        total[suspect] = add_to_odd(product[suspect], addend)
    return total.astype(np.float32)


def fma64(x: Array, scale: float, shift: float) -> Array:
    """float64(x · scale + shift): product and sums with their errors, the errors' sum rounded to odd."""
    product, product_error = multiply(x, scale)
    low, low_error = add(product_error, shift)
    high, high_error = add(product, low)
    return high + add_to_odd(low_error, high_error)


def fma_by_fractions(x: Array, scale: float, shift: float) -> Array:
    """The same for float64 at any magnitude, an element at a time in rational numbers."""

    def one(value: float) -> float:
        exact = Fraction(value) * Fraction(scale) + Fraction(shift)
        if not exact:
            return value * scale + shift  # a fraction has no zero with a sign
        try:
            return float(exact)
        except OverflowError:
            return float("inf") if exact > 0 else float("-inf")

    scale, shift = float(scale), float(shift)
    return np.array([one(value) for value in x.ravel().tolist()], np.float64).reshape(x.shape)


def add(x: Array, y: Any) -> tuple[Array, Array]:
    """x + y and its rounding error (D. E. Knuth's TwoSum)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def multiply(x: Array, y: Any) -> tuple[Array, Array]:
    """x · y and its rounding error (Dekker)."""
    product = x * y
    x_high, x_low = split(x)
    y_high, y_low = split(y)
    return product, ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def split(x: Any) -> tuple[Any, Any]:
    """x as two numbers of 26 bits."""
    scaled = SPLITTER * x
    high = scaled - (scaled - x)
    return high, x - high


def add_to_odd(x: Array, y: Array) -> Array:
    """x + y; an inexact sum becomes the neighbour with an odd last bit: a later rounding then stays right."""
    total, error = add(x, y)
    even = (total.view(np.int64) & 1) == 0
    nudged = np.nextafter(total, np.copysign(np.inf, error))
    return np.where((error != 0) & even, nudged, total)
