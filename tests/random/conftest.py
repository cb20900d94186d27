"""The two generators side by side, and what it means that they agree: the same bits."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import ml_dtypes  # noqa: F401  lets NumPy know bfloat16 by name
import numpy as np
import pytest

from jaxdl.random import TorchGenerator


def bits_of_array(array: np.ndarray) -> np.ndarray:
    return array.view(f"u{array.itemsize}")


@pytest.fixture
def pair(torch: ModuleType) -> Callable[[int], tuple[Any, TorchGenerator]]:
    """PyTorch's generator and ours, with one seed."""
    return lambda seed: (torch.Generator().manual_seed(seed), TorchGenerator(seed))


@pytest.fixture
def assert_same_bits(torch: ModuleType) -> Callable[[Any, np.ndarray], None]:
    def check(expected: Any, given: np.ndarray) -> None:
        assert str(expected.dtype) == f"torch.{given.dtype}"
        numbers = (expected.view(torch.int16) if expected.element_size() == 2 else expected).numpy()
        np.testing.assert_array_equal(bits_of_array(given), bits_of_array(numbers))

    return check


@pytest.fixture
def assert_same_state() -> Callable[[Any, TorchGenerator], None]:
    def check(expected: Any, given: TorchGenerator) -> None:
        np.testing.assert_array_equal(given.get_state(), expected.get_state().numpy())

    return check


@pytest.fixture
def state_that_draws() -> Callable[[np.ndarray], np.ndarray]:
    """A state whose next draws are the given words, 623 at most: what no seed would give in a lifetime."""

    def build(words: np.ndarray) -> np.ndarray:
        key = np.ones(624, np.uint64)
        key[1 : 1 + words.size] = untempered(words.astype(np.uint32))
        left_and_seeded, used = np.array([624, 1], "<i4"), np.array([1], "<u8")
        content = bytes(8) + left_and_seeded.tobytes() + used.tobytes() + key.astype("<u8").tobytes()
        return np.frombuffer(content.ljust(5056, b"\0"), np.uint8).copy()

    return build


def untempered(words: np.ndarray) -> np.ndarray:
    """The state words that mt19937 tempers to `words`: each step is undone a few bits at a time."""

    def undo(y: np.ndarray, shift: int, mask: int) -> np.ndarray:
        x = y
        for _ in range(32 // abs(shift) + 1):
            moved = x >> np.uint32(shift) if shift > 0 else x << np.uint32(-shift)
            x = y ^ (moved & np.uint32(mask))
        return x

    for shift, mask in ((18, 0xFFFFFFFF), (-15, 0xEFC60000), (-7, 0x9D2C5680), (11, 0xFFFFFFFF)):
        words = undo(words, shift, mask)
    return words
