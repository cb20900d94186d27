"""log, sine and cosine in float32 as PyTorch's AVX2 kernel computes them, bit for bit.

Coefficients: S. L. Moshier, Cephes mathematical library (logf.c, sinf.c), netlib.org/cephes. In the
kernel each multiplication that is followed by an addition is one fused operation; the order below is its own.
"""

import numpy as np

from jaxdl.random.fma import fma32
from jaxdl.random.stream import Array


def float32s(*values: float) -> tuple[np.float32, ...]:
    """Coefficients as the kernel holds them."""
    return tuple(np.float32(value) for value in values)


SQRT_HALF = np.float32(0.707106781186547524)
LOG = float32s(
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
LOG_2_LOW, LOG_2_HIGH = float32s(-2.12194440e-4, 0.693359375)  # their sum is log 2; the second has 10 bits
FOUR_OVER_PI = np.float32(1.27323954473516)
PI_OVER_4 = float32s(-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)  # their sum is −π/4
SINE = float32s(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COSINE = float32s(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)


def polynomial(x: Array, coefficients: tuple[np.float32, ...]) -> Array:
    """Horner's rule, each step fused; the highest power's coefficient comes first."""
    value = fma32(x, coefficients[0], coefficients[1])
    for coefficient in coefficients[2:]:
        value = fma32(value, x, coefficient)
    return value


def log(x: Array) -> Array:
    """log x for normal float32 x > 0: x = 2^e · m with m near 1, log x = e · log 2 + log m."""
    bits = x.view(np.int32)
    exponent = ((bits >> 23) - 126).astype(np.float32)
    mantissa = (bits & 0x007FFFFF | 0x3F000000).view(np.float32)  # in [1/2, 1)
    small = mantissa < SQRT_HALF
    exponent -= small
    m = (mantissa - np.float32(1)) + np.where(small, mantissa, np.float32(0))
    z = m * m
    y = fma32(polynomial(m, LOG) * m, z, exponent * LOG_2_LOW)
    y -= z * np.float32(0.5)
    return fma32(exponent, LOG_2_HIGH, m + y)


def sine_and_cosine(x: Array) -> tuple[Array, Array]:
    """sin x and cos x, 0 ≤ x ≤ 2π: two polynomials on [−π/4, π/4], and the octant says which is which."""
    octant = (x * FOUR_OVER_PI).astype(np.int32) + 1 & ~1
    turns = octant.astype(np.float32)
    for part in PI_OVER_4:
        x = fma32(turns, part, x)
    z = x * x
    cosine = fma32(polynomial(z, COSINE) * z, z, z * np.float32(-0.5)) + np.float32(1)
    sine = fma32(polynomial(z, SINE) * z, x, x)
    swapped = (octant & 2) != 0
    sine, cosine = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return negated(sine, (octant & 4) != 0), negated(cosine, (octant - 2 & 4) == 0)


def negated(x: Array, where: Array) -> Array:
    """x with its sign bit flipped at `where`, zeros included."""
    return (x.view(np.int32) ^ where.astype(np.int32) << 31).view(np.float32)
