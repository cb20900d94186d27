"""DataLoader: batches for a loop that is written by hand, from a generator that moves as PyTorch's does."""

from collections.abc import Iterator, Sequence
from typing import Any

from jaxdl.data.sampler import Sampler, own
from jaxdl.data.source import choose, count
from jaxdl.data.table import Batch, Table
from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import integer


class DataLoader:
    """Batches of rows, epoch after epoch: `for x, y in loader`.

    Unlike `ArraySource`, which `train.fit` asks for any epoch it likes, this is PyTorch's loader as it stands in a
    script: each `iter(loader)` begins the next epoch and moves the generators on. It draws where PyTorch's draws: two
    numbers at `iter(loader)`, shuffled or not; what the sampler needs, when the first batch is asked for; with
    `generator` and `shuffle` one more permutation when the rows are at their end, which a loop that breaks off early
    does not reach.

    **Matches** `torch.utils.data.DataLoader(TensorDataset(*arrays), batch_size, shuffle, sampler, drop_last=drop_last,
    generator=generator)`, PyTorch 2.13: the batches for any `num_workers`, and the generators' states at every moment
    of a loop for `num_workers=0`, which is PyTorch's default.
    **Differs**: PyTorch's default generator is an argument. `batch_size=None`, `batch_sampler`, iterable data sets and
    `persistent_workers` (which takes the two numbers once) are absent; arrays without rows are refused.

    Args:
        arrays: arrays of one length, the rows; float64 ones become float32 where jax's x64 mode is off.
        batch_size: rows a batch, at least 1; the last batch of an epoch holds what is left.
        shuffle: whether each epoch has its own order: `sampler=RandomSampler(rows, generator=generator)`.
        sampler: which rows an epoch visits, and in which order, instead.
        drop_last: leave out a last batch that is not full.
        generator: what the two numbers, and a shuffled order, are drawn from instead of the default generator.
        default_generator: the generator that stands for PyTorch's default one, such as that which drew the model's
            weights; not needed where nothing draws from it.

    Raises:
        TypeError: arrays, a sampler, generator or batch size of another type.
        ValueError: no arrays, arrays of different lengths, a batch size below 1, both `shuffle` and a sampler, or no
            generator where one is needed.

    >>> import numpy as np
    >>> loader = DataLoader((np.arange(5),), batch_size=2, shuffle=True, default_generator=TorchGenerator(0))
    >>> [[rows.tolist() for rows, in loader] for epoch in range(2)]
    [[[1, 4], [2, 3], [0]], [[2, 3], [4, 0], [1]]]
    """

    def __init__(
        self,
        arrays: Sequence[Any],
        batch_size: int = 1,
        shuffle: bool = False,
        sampler: Sampler | None = None,
        drop_last: bool = False,
        generator: TorchGenerator | None = None,
        *,
        default_generator: TorchGenerator | None = None,
    ) -> None:
        self._table = Table(arrays, "DataLoader")
        self.batch_size, self.drop_last = integer(batch_size, "batch_size", 1, 2**63 - 1), bool(drop_last)
        self.sampler = choose(sampler, shuffle, self._table.rows, generator)
        self.generator, self.default_generator = own(generator), own(default_generator)
        if default_generator is None and (generator is None or self.sampler.draws):
            raise ValueError(
                "DataLoader draws from the generator that stands for PyTorch's default one; pass "
                "default_generator=random.TorchGenerator(seed), the one that drew the model's weights"
            )

    def __len__(self) -> int:
        return count(len(self.sampler), self.batch_size, self.drop_last)

    def __iter__(self) -> Iterator[Batch]:
        """The batches of the next epoch, each a tuple of device arrays."""
        (self.generator or self.default_generator).random()  # type: ignore[union-attr]  # a seed for workers
        return self._batches()

    def _batches(self) -> Iterator[Batch]:
        # A generator function, so that the sampler begins when the first batch is asked for.
        yield from self._table.batches(self.sampler.blocks(self.default_generator), self.batch_size, self.drop_last)
