"""randperm(): every small n and large ones, exactly."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator


def shuffled_by_a_loop(draws: np.ndarray, n: int) -> np.ndarray:
    """The textbook's loop over the same draws."""
    items = list(range(n))
    for i in range(n - 1):
        j = i + int(draws[i]) % (n - i)
        items[i], items[j] = items[j], items[i]
    return np.array(items, np.int64)


@pytest.mark.parametrize("n", [*range(70), 1000, 20_000])
def test_against_the_loop(n):
    draws = np.random.RandomState(n).randint(0, 2**32, size=max(n - 1, 0), dtype=np.uint32)
    np.testing.assert_array_equal(TorchGenerator(n).randperm(n), shuffled_by_a_loop(draws, n), strict=True)


@pytest.mark.torch
@pytest.mark.parametrize("seed", [0, -3, 2**33 + 1])
def test_against_torch(torch, pair, assert_same_state, seed):
    reference, generator = pair(seed)
    for n in (*range(18), 100, 1009, 60_000, 100_000):
        expected = torch.randperm(n, generator=reference)
        np.testing.assert_array_equal(generator.randperm(n), expected.numpy(), strict=True)
        assert_same_state(reference, generator)
