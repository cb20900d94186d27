"""normal(): pairs and blocks, every dtype, bit for bit."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator

DTYPES = ("float32", "float64", "float16", "bfloat16")
SIZES = (*range(20), 31, 32, 33, 1000, 40_001)
SCALES = ((0, 1), (0, 0.02), (1.5, 0.3), (-2, 0), (3, 1000), (-0.0, 1))
EXTREME = ((0, 1e-42), (1e-42, 1e-41), (1e-40, 1e-30), (1e38, 1e38), (1e-20, 1e20))


@pytest.mark.torch
@pytest.mark.parametrize("mean_std", SCALES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_and_scales(torch, pair, assert_same_bits, assert_same_state, dtype, mean_std):
    reference, generator = pair(-5)
    for size in SIZES:
        expected = torch.empty(size, dtype=getattr(torch, dtype)).normal_(*mean_std, generator=reference)
        assert_same_bits(expected, generator.normal(size, *mean_std, dtype=dtype))
        assert_same_state(reference, generator)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mean_std", EXTREME, ids=str)
def test_extreme_scales(torch, pair, assert_same_bits, dtype, mean_std):
    reference, generator = pair(1)
    for size in (5, 1600):
        expected = torch.empty(size, dtype=getattr(torch, dtype)).normal_(*mean_std, generator=reference)
        assert_same_bits(expected, generator.normal(size, *mean_std, dtype=dtype))


@pytest.mark.torch
@pytest.mark.parametrize("mean_std", [(0, 5e307), (0, 9e307), (0, 1.5e308), (-1e308, 1.7e308)], ids=str)
def test_the_end_of_float64(torch, pair, assert_same_bits, mean_std):
    reference, generator = pair(0)
    for size in (3, 16, 20, 37):
        expected = torch.empty(size, dtype=torch.float64).normal_(*mean_std, generator=reference)
        assert_same_bits(expected, generator.normal(size, *mean_std, dtype="float64"))


@pytest.mark.torch
def test_an_array_without_dimensions_is_a_number(torch, pair, assert_same_bits):
    reference, generator = pair(0)
    for shape in ((), (3,), (20,)):
        expected = torch.empty(shape).normal_(torch.tensor(0.7), torch.tensor(1.3), generator=reference)
        assert_same_bits(expected, generator.normal(shape, np.array(0.7, np.float32), np.array(1.3, np.float32)))


@pytest.mark.torch
@pytest.mark.parametrize("mean_std", [(0, 1), (0.5, 0.02)], ids=str)
def test_a_million(torch, pair, assert_same_bits, mean_std):
    reference, generator = pair(2**35)
    assert_same_bits(torch.empty(10**6).normal_(*mean_std, generator=reference), generator.normal(10**6, *mean_std))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_extreme_draws(torch, assert_same_bits, state_that_draws, dtype):
    """Radii of 0, of −0 and the longest; angles at 0, before 2π and around every octant's edge."""
    radii = np.array([0, 1, 2, 3, 2**22, 4_913_933, 2**23, 2**24 - 2**12, 2**24 - 2, 2**24 - 1])
    angles = np.array([0, 1, *(k * 2**21 + d for k in range(1, 8) for d in (-1, 0, 1)), 2**24 - 2, 2**24 - 1])
    pairs = np.resize([(radius, angle) for radius in radii for angle in angles], (256, 2))
    blocks = pairs.reshape(-1, 8, 2).transpose(0, 2, 1)
    state = state_that_draws(blocks.ravel())
    reference, generator = torch.Generator(), TorchGenerator(0)
    reference.set_state(torch.from_numpy(state))
    generator.set_state(state)
    expected = torch.empty(512, dtype=getattr(torch, dtype)).normal_(generator=reference)
    assert_same_bits(expected, generator.normal(512, dtype=dtype))


@pytest.mark.torch
def test_extreme_pairs(torch, assert_same_bits, state_that_draws):
    edges = (0, 1, 2**21 - 1, 2**32 - 1)
    words = np.array([(a, b, c, d) for a in edges for b in edges for c in edges for d in edges][:150])
    state = state_that_draws(words.ravel())
    reference, generator = torch.Generator(), TorchGenerator(0)
    reference.set_state(torch.from_numpy(state))
    generator.set_state(state)
    for size in (2, 15, 4, 11, 8) * 6:
        expected = torch.empty(size, dtype=torch.float64).normal_(generator=reference)
        assert_same_bits(expected, generator.normal(size, dtype=np.float64))


def test_the_odd_one_waits_through_other_calls():
    plain, interrupted = TorchGenerator(0), TorchGenerator(0)
    expected = plain.normal(4)
    first = interrupted.normal(3)
    interrupted.normal(16)
    interrupted.uniform(5)
    np.testing.assert_array_equal(np.append(first, interrupted.normal(1)), expected)
