"""get_state() and set_state(): torch's own bytes, both ways."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator

DRAWS = (0, 1, 2, 623, 624, 625, 1247, 1248, 1249, 5000)


@pytest.mark.torch
@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("pending", [False, True], ids=["", "normal-pending"])
def test_export(torch, pair, assert_same_bits, draws, pending):
    """PyTorch goes on from our bytes."""
    reference, generator = pair(77)
    if pending:
        generator.normal(3)
    generator.uniform(draws)
    reference.set_state(torch.from_numpy(generator.get_state()))
    np.testing.assert_array_equal(reference.get_state().numpy(), generator.get_state())
    assert_same_bits(torch.empty(4).normal_(generator=reference), generator.normal(4))
    assert_same_bits(torch.empty(700).uniform_(generator=reference), generator.uniform(700))


@pytest.mark.torch
@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("pending", [False, True], ids=["", "normal-pending"])
def test_import(torch, pair, assert_same_bits, assert_same_state, draws, pending):
    """We go on from PyTorch's bytes."""
    reference, _ = pair(-78)
    if pending:
        torch.empty(3).normal_(generator=reference)
    torch.empty(draws).uniform_(generator=reference)
    generator = TorchGenerator(0)
    generator.set_state(reference.get_state())
    assert_same_state(reference, generator)
    assert_same_bits(torch.empty(4).normal_(generator=reference), generator.normal(4))
    assert_same_bits(torch.empty(700).uniform_(generator=reference), generator.uniform(700))
    assert generator.initial_seed() == reference.initial_seed()
    assert_same_state(reference, generator)


@pytest.mark.torch
def test_the_default_generator(torch):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2**50)
        layer = torch.nn.Linear(5, 3)
        generator = TorchGenerator(0)
        generator.set_state(torch.get_rng_state())
        assert layer.weight.shape == (3, 5)
        assert generator.randperm(20).tolist() == torch.randperm(20).tolist()


@pytest.mark.parametrize("draws", DRAWS)
def test_round_trip(draws):
    generator = TorchGenerator(31)
    generator.normal(1)
    generator.uniform(draws)
    for state in (generator.get_state(), generator.get_state().tobytes()):
        other = TorchGenerator(0)
        other.set_state(state)
        np.testing.assert_array_equal(other.get_state(), generator.get_state())
        assert other.random() == generator.clone().random()


def test_state_is_a_property():
    generator, other = TorchGenerator(31), TorchGenerator(0)
    generator.normal(1)
    other.state = generator.state
    np.testing.assert_array_equal(other.state, generator.get_state())
    with pytest.raises(ValueError, match="must describe a CPU generator"):
        other.state = np.zeros(5056, np.uint8)


@pytest.mark.torch
def test_manual_seed(torch, pair, assert_same_state):
    reference, generator = pair(5)
    torch.empty(3).normal_(generator=reference)
    generator.normal(3)
    assert generator.manual_seed(-7) is generator
    assert_same_state(reference.manual_seed(-7), generator)
    assert TorchGenerator(0, fused=False).manual_seed(1).fused is False


def test_the_bytes_are_a_copy():
    generator = TorchGenerator(0)
    generator.get_state()[:] = 0
    assert generator.random() == TorchGenerator(0).random()


def damaged(offset: int, value: int, dtype: str) -> np.ndarray:
    state = TorchGenerator(0).get_state()
    state[offset : offset + np.dtype(dtype).itemsize] = np.frombuffer(np.array([value], dtype).tobytes(), np.uint8)
    return state


@pytest.mark.parametrize(
    "state",
    [
        np.zeros(5056, np.uint8),
        damaged(8, 7, "<i4"),  # left and next contradict each other
        damaged(8, 0, "<i4"),
        damaged(12, 0, "<i4"),  # not seeded
        damaged(16, 700, "<u8"),  # beyond the words
        damaged(24, 2**32, "<u8"),  # not a 32-bit word
        damaged(5052, 1, "<i4"),  # a float32 normal waits
    ],
)
def test_content_that_no_generator_has(state):
    generator = TorchGenerator(0)
    with pytest.raises(ValueError, match="must describe a CPU generator"):
        generator.set_state(state)
    assert generator.random() == TorchGenerator(0).random()


@pytest.mark.parametrize("state", [np.zeros(5055, np.uint8), np.zeros(5056), np.zeros((2, 2528), np.uint8), b"", None])
def test_no_state_at_all(state):
    with pytest.raises(ValueError, match="5056 uint8s that get_state"):
        TorchGenerator(0).set_state(state)
