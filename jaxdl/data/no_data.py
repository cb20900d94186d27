"""Epochs without data, for what is minimised by itself."""

from collections.abc import Iterator

from jaxdl.data.table import Batch
from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import integer


class NoData:
    """A source of `steps` empty batches an epoch, for `train.minimise` of a function that takes no data.

    Args:
        steps: an epoch, at least 1.

    Raises:
        TypeError: steps is not an integer.
        ValueError: steps below 1.

    >>> list(NoData(3).batches(epoch=0))
    [(), (), ()]
    """

    def __init__(self, steps: int) -> None:
        self.steps = integer(steps, "steps", 1, 2**63 - 1)

    def batches(self, epoch: int, generator: TorchGenerator | None = None, start: int = 0) -> Iterator[Batch]:
        """The epoch's batches from number `start` on, all of them empty."""
        for _ in range(start, self.steps):
            yield ()

    @property
    def draws(self) -> int:
        """Nothing is drawn."""
        return 0

    def __len__(self) -> int:
        return self.steps
