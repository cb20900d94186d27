"""The fused multiply-add against rational numbers, where one rounding and two differ."""

from fractions import Fraction

import numpy as np
import pytest

from jaxdl.random.fma import affine, fma32, fma64


def rounded(exact: Fraction, dtype: type) -> np.floating:
    """The nearest number of `dtype`, the even one of two: by looking at the neighbours of a guess."""
    guess = dtype(float(exact))
    around = [np.nextafter(guess, dtype(-np.inf)), guess, np.nextafter(guess, dtype(np.inf))]
    even = [int(value.view(f"u{value.itemsize}")) % 2 for value in around]
    distance = [abs(Fraction(float(value)) - exact) for value in around]
    return around[min(range(3), key=lambda index: (distance[index], even[index]))]


def exactly(x: np.ndarray, y: np.ndarray, z: np.ndarray, dtype: type) -> np.ndarray:
    triples = zip(x.tolist(), y.tolist(), z.tolist(), strict=True)
    return np.array([rounded(Fraction(a) * Fraction(b) + Fraction(c), dtype) for a, b, c in triples], dtype)


def test_float32_on_midpoints():
    """2⁻¹²(1 + d) · 2⁻¹²(1 − d) is half an ulp of z in [1, 2), less a d² that float64 loses beside z."""
    random = np.random.RandomState(0)
    d = (random.randint(1, 2**8, 1000) * 2.0**-23).astype(np.float32)
    sign = random.choice([-1, 1], 1000).astype(np.float32)
    x, y = sign * (1 + d) * np.float32(2**-12), (1 - d) * np.float32(2**-12)
    z = (1 + random.randint(0, 2**23, 1000) * 2.0**-23).astype(np.float32)
    expected = exactly(x, y, z, np.float32)
    twice = (x.astype(np.float64) * y + z).astype(np.float32)
    assert (twice != expected).sum() > 200  # the case is one
    np.testing.assert_array_equal(fma32(x, y, z), expected)


@pytest.mark.parametrize("exponent", [0, -20, 20, -60])
def test_float32_anywhere(exponent):
    random = np.random.RandomState(1)
    x, y, z = (random.randn(2000).astype(np.float32) for _ in range(3))
    z = z * np.float32(2.0**exponent)
    np.testing.assert_array_equal(fma32(x, y, z), exactly(x, y, z, np.float32))


@pytest.mark.parametrize("exponent", [0, -30, 30, -52, -54, -106])
def test_float64(exponent):
    random = np.random.RandomState(2)
    x = random.rand(1000)
    for scale, shift in random.randn(3, 2):
        scale, shift = abs(scale), shift * 2.0**exponent
        expected = exactly(x, np.full(1000, scale), np.full(1000, shift), np.float64)
        np.testing.assert_array_equal(fma64(x, scale, shift), expected)
        np.testing.assert_array_equal(affine(x, scale, shift), expected)


@pytest.mark.parametrize("scale_shift", [(1e-310, 1e-320), (1e300, -1e299), (1e-300, 0.0), (5e-324, 5e-324)], ids=str)
def test_float64_at_any_magnitude(scale_shift):
    x = np.append(np.random.RandomState(3).randn(200), [0.0, 1.0, 0.5])
    expected = exactly(x, *(np.full(x.size, value) for value in scale_shift), np.float64)
    np.testing.assert_array_equal(affine(x, *map(np.float64, scale_shift)), expected)


def test_float32_among_subnormals():
    x = np.random.RandomState(4).randn(500).astype(np.float32)
    scale, shift = np.float32(1e-38) * np.float32(2**-20), np.float32(1e-41)
    expected = exactly(x, np.full(500, scale), np.full(500, shift), np.float32)
    np.testing.assert_array_equal(affine(x, scale, shift), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_keep_the_sign_that_a_sum_has(dtype):
    x = np.array([-0.0, 0.0], dtype)
    for scale in (0, 1, 0.5, 1e-30):
        assert not np.signbit(affine(x, dtype(scale), dtype(0))).any()


def test_two_roundings():
    x = np.float32([0.1, 0.7])
    np.testing.assert_array_equal(
        affine(x, np.float32(0.3), np.float32(-0.2), fused=False), x * np.float32(0.3) - np.float32(0.2)
    )
