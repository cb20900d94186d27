"""uniform(): every dtype, size and range, bit for bit."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator

DTYPES = ("float32", "float64", "float16", "bfloat16")
SIZES = (*range(18), 1000, 100_003)
RANGES = ((0, 1), (-0.1, 0.1), (-1 / 3, 2.5), (5, 5), (-50_000, 10_000), (0, 1e-5), (1, 1.01), (-1, -0.5))
EXTREME = {
    "float32": (
        (0, 1e-44),
        (-1e-45, 3e-42),
        (1e-20, 2e-20),
        (-1e38, 1e38),
        (0, 3.4e38),
        (1, np.nextafter(1, 2)),
    ),
    "float64": (
        (0, 5e-324),
        (-1e-320, 3e-310),
        (1e-290, 1e-280),
        (-8e307, 8e307),
        (1e300, 1.5e308),
        (1, 1 + 3e-16),
    ),
}


@pytest.mark.torch
@pytest.mark.parametrize("seed", [0, 1, -1, 2**32, 2**40 + 12345, -(2**63), 2**64 - 1])
def test_seeds(torch, pair, assert_same_bits, assert_same_state, seed):
    reference, generator = pair(seed)
    assert_same_bits(torch.empty(2000).uniform_(generator=reference), generator.uniform(2000))
    assert generator.initial_seed() == reference.initial_seed()
    assert_same_state(reference, generator)


@pytest.mark.torch
@pytest.mark.parametrize("low_high", RANGES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_and_ranges(torch, pair, assert_same_bits, assert_same_state, dtype, low_high):
    reference, generator = pair(7)
    for size in SIZES:
        expected = torch.empty(size, dtype=getattr(torch, dtype)).uniform_(*low_high, generator=reference)
        assert_same_bits(expected, generator.uniform(size, *low_high, dtype=dtype))
    assert_same_state(reference, generator)


@pytest.mark.torch
@pytest.mark.parametrize(("dtype", "low_high"), [(d, r) for d in EXTREME for r in EXTREME[d]], ids=str)
def test_extreme_ranges(torch, pair, assert_same_bits, dtype, low_high):
    reference, generator = pair(11)
    expected = torch.empty(3000, dtype=getattr(torch, dtype)).uniform_(*low_high, generator=reference)
    assert_same_bits(expected, generator.uniform(3000, *low_high, dtype=dtype))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_draws(torch, assert_same_bits, state_that_draws, dtype):
    edges = (0, 1, 2**21 - 1, 2**21, 2**23, 2**24 - 2, 2**24 - 1, 2**24, 2**32 - 1)
    state = state_that_draws(np.array([word for first in edges for word in (first, *edges)]))
    for low_high in RANGES:
        reference, generator = torch.Generator(), TorchGenerator(0)
        reference.set_state(torch.from_numpy(state))
        generator.set_state(state)
        expected = torch.empty(40, dtype=getattr(torch, dtype)).uniform_(*low_high, generator=reference)
        assert_same_bits(expected, generator.uniform(40, *low_high, dtype=dtype))


@pytest.mark.parametrize(
    ("shape", "extents"), [((), ()), (3, (3,)), ((2, 0), (2, 0)), ([2, 3], (2, 3)), (np.int64(2), (2,))]
)
def test_shape(shape, extents):
    assert TorchGenerator(0).uniform(shape).shape == extents


def test_shape_does_not_change_the_numbers():
    flat, cube = TorchGenerator(3).uniform(24), TorchGenerator(3).uniform((2, 3, 4))
    np.testing.assert_array_equal(flat, cube.ravel())


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_end_is_not_in_the_range(dtype):
    for low, high in ((1, 1.01), (0, 1), (-3, 1000)):
        numbers = TorchGenerator(0).uniform(50_000, low, high, dtype=dtype).astype(np.float64)
        assert low <= numbers.min()
        assert numbers.max() < high
