"""multinomial(): both of its ways, one row and several, exactly."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator

SHAPES = ((1,), (2,), (7,), (1000,), (3, 50), (1, 4), (5, 1))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("zeros", [False, True], ids=["", "zeros"])
def test_as_in_torch(torch, pair, assert_same_state, shape, dtype, zeros):
    weights = np.random.RandomState(0).rand(*shape).astype(dtype)
    positive = shape[-1]
    if zeros and shape[-1] > 1:
        weights[..., ::2] = 0
        positive = shape[-1] // 2
    for seed in (0, 9):
        reference, generator = pair(seed)
        for count, replacement in (
            (1, False),
            (1, True),
            (min(3, positive), False),
            (positive, False),
            (2, True),
            (500, True),
        ):
            expected = torch.multinomial(torch.from_numpy(weights), count, replacement, generator=reference)
            np.testing.assert_array_equal(
                generator.multinomial(weights, count, replacement), expected.numpy(), strict=True
            )
            assert_same_state(reference, generator)


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(4))
def test_many_categories(torch, pair, assert_same_state, seed):
    weights = np.random.RandomState(seed).rand(100_000)
    reference, generator = pair(seed)
    for count, replacement in ((1000, False), (100_000, False), (50_000, True)):
        expected = torch.multinomial(torch.from_numpy(weights), count, replacement, generator=reference)
        np.testing.assert_array_equal(generator.multinomial(weights, count, replacement), expected.numpy())
    assert_same_state(reference, generator)


@pytest.mark.torch
def test_running_sums_in_float32(torch, pair):
    """A million small weights: the sums' rounding decides, and is that of a sequential sum."""
    weights = np.random.RandomState(1).rand(10**6).astype(np.float32)
    reference, generator = pair(0)
    expected = torch.multinomial(torch.from_numpy(weights), 20_000, True, generator=reference)
    np.testing.assert_array_equal(generator.multinomial(weights, 20_000, True), expected.numpy())


@pytest.mark.torch
def test_equal_times_keep_their_set(torch, pair, assert_same_state):
    """Only the order of equal quotients is not PyTorch's: what is drawn of a float32 row drawn whole is the row."""
    for seed in range(20):
        weights = np.random.RandomState(seed).rand(3000).astype(np.float32)
        reference, generator = pair(seed)
        expected = torch.multinomial(torch.from_numpy(weights), 3000, generator=reference).numpy()
        given = generator.multinomial(weights, 3000)
        wrong = np.flatnonzero(given != expected)
        assert len(wrong) <= 6
        np.testing.assert_array_equal(np.sort(given[wrong]), np.sort(expected[wrong]))
        assert_same_state(reference, generator)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_infinite_sum(torch, pair, assert_same_state, dtype):
    for size in range(2, 20):
        weights = np.linspace(0.7, 1, size).astype(dtype) * np.finfo(dtype).max
        reference, generator = pair(size)
        for count, replacement in ((1, False), (1, True), (50, True)):
            expected = torch.multinomial(torch.from_numpy(weights), count, replacement, generator=reference)
            np.testing.assert_array_equal(generator.multinomial(weights, count, replacement), expected.numpy())
            assert_same_state(reference, generator)


def test_weight_0_is_not_drawn():
    weights = np.array([0.0, 1.0, 0.0, 3.0])
    for replacement, count in ((True, 1000), (True, 1), (False, 2)):
        drawn = TorchGenerator(3).multinomial(weights, count, replacement)
        assert set(drawn.tolist()) <= {1, 3}
