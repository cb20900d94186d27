"""PyTorch's default generator and ours, side by side."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from jaxdl.random import TorchGenerator


class Pair:
    """PyTorch's default generator after manual_seed, and the generator that stands for it."""

    def __init__(self, torch: ModuleType, seed: int) -> None:
        self.torch = torch
        torch.manual_seed(seed)
        self.default = TorchGenerator(seed)

    def assert_same_state(self, theirs: Any = None, ours: TorchGenerator | None = None) -> None:
        expected = self.torch.get_rng_state() if theirs is None else theirs.get_state()
        np.testing.assert_array_equal((self.default if ours is None else ours).get_state(), expected.numpy())

    def own(self, seed: int) -> tuple[Any, TorchGenerator]:
        """Two generators that are not the default one."""
        return self.torch.Generator().manual_seed(seed), TorchGenerator(seed)


@pytest.fixture
def seeded(torch: ModuleType) -> Iterator[Callable[[int], Pair]]:
    with torch.random.fork_rng(devices=[]):
        yield lambda seed: Pair(torch, seed)
