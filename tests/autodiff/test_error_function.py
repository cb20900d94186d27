"""erf for whole arrays is math.erf of each number."""

import math

import numpy as np
import pytest

from jaxdl.autodiff.primitives.error_function import erf

TINY = 10.0 ** np.linspace(-300, 0, 999)
NUMBERS = np.concatenate([np.linspace(-7, 7, 50_001), TINY, -TINY])


@pytest.mark.parametrize(("dtype", "allowed"), [("float64", 4.5e-16), ("float32", 2.4e-7)])
def test_it_is_that_of_each_number(dtype, allowed):
    x = NUMBERS.astype(dtype)
    expected = np.array([math.erf(number) for number in x.tolist()])
    gaps = np.abs(erf(x).astype(np.float64) - expected) / np.maximum(np.abs(expected), np.finfo(dtype).tiny)
    assert erf(x).dtype == dtype
    assert gaps.max() <= allowed  # of the number itself, seen: 3.9e-16 and 1.5e-7: two of its last digits


def test_ends_and_shapes():
    ends = erf(np.array([[-np.inf, np.inf, np.nan, 0.0]]))
    np.testing.assert_array_equal(ends, [[-1.0, 1.0, np.nan, 0.0]])
    assert erf(np.ones((2, 0))).shape == (2, 0)
    assert erf(np.float16(0.5)).dtype == np.float16
