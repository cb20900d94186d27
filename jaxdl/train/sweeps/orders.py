"""In which order each run of a group visits its rows, epoch after epoch."""

import numpy as np

from jaxdl.data import ArraySource
from jaxdl.data.source import BASE_SEED
from jaxdl.random import TorchGenerator


def decided_by_run(source: ArraySource) -> bool:
    """Whether the order is drawn from the run's own generator: not where the source has a seed, or draws nothing."""
    try:
        source.order(0)
    except ValueError:
        return True
    return False


class Orders:
    """The orders of all epochs, one after the other: those of `ArraySource.order` after evaluations between them.

    That one begins each epoch anew from a copy of the generator. Here a copy goes on from epoch to epoch, in half the
    time, which for many short runs is much of all.

    Args:
        source: whose rows they are.
        starts: the runs' generators after their parameters were drawn; one that several runs share stands once.
        skipped: how many draws an evaluation takes between two epochs.
    """

    def __init__(self, source: ArraySource, starts: list[TorchGenerator], skipped: int) -> None:
        self._source, self._starts, self._skipped = source, starts, skipped
        self._running = [start.clone() for start in starts] if decided_by_run(source) else []
        self._epoch = 0

    def next(self) -> list[np.ndarray]:
        """The next epoch's rows, `[rows]` int32, for each start."""
        made = [self._drawn(generator) for generator in self._running]
        if not self._running:
            made = [self._source.resident(self._epoch).order] * len(self._starts)
        for number, order in enumerate(made):
            if not 0 <= order.min() <= order.max() < self._source.rows:  # negative ones count from the end
                start = self._starts[number].clone()
                start.skip(self._epoch * self._skipped)
                made[number] = self._source.resident(self._epoch, start).order
        self._epoch += 1
        return made

    def _drawn(self, generator: TorchGenerator) -> np.ndarray:
        generator.skip(BASE_SEED)  # of the workers that the loader may not have
        order = self._source.sampler.at_epoch(self._epoch).draw(generator)
        generator.skip(self._skipped)
        return order.astype(np.int32)
