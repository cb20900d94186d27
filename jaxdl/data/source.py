"""Where batches come from."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from jaxdl.data.sampler import RandomSampler, Sampler, SequentialSampler, own
from jaxdl.data.table import Batch, Resident, Table
from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import integer

BASE_SEED = 2  # numbers that PyTorch's loader takes whenever it is iterated over, for workers it may not have


class Source(Protocol):
    """What `train.fit` needs of a data set: its batches, as a function of the epoch and the run's generator alone."""

    def batches(self, epoch: int, generator: TorchGenerator | None = None, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, in order, from number `start` on; the generator is read, never moved."""
        ...

    @property
    def draws(self) -> int:
        """How many 32-bit numbers PyTorch's loader takes from its default generator for an epoch."""
        ...

    def __len__(self) -> int:
        """Batches an epoch."""
        ...


class ArraySource:
    """Rows of arrays, in batches that are cut on the device.

    The arrays go to the device once; a step then needs no transfer from the host. The order is that of PyTorch's
    `DataLoader` with the same sampler: a function of the generator's state at the start and of the epoch.

    **Matches** `torch.utils.data.DataLoader(TensorDataset(*arrays), batch_size, shuffle, sampler, drop_last=drop_last)`
    in PyTorch 2.13, batch for batch: with `seed=s`, after `torch.manual_seed(s)`; with a generator, where that
    generator stands.
    **Differs**: a batch larger than an epoch is refused; what else draws from PyTorch's default generator between two
    epochs (dropout, a second loader other than the one that `fit` evaluates on) moves PyTorch's later orders and not
    these. A sampler counts epochs from where its
    generator stands now, and a `DistributedSampler` is told each epoch. `DataLoader` here is PyTorch's in all of this.

    Args:
        arrays: arrays of one length, the rows; float64 ones become float32 where jax's x64 mode is off.
        batch_size: rows a batch; the last batch of an epoch holds what is left.
        shuffle: whether each epoch has its own order: `sampler=RandomSampler(rows)`.
        drop_last: leave out a last batch that is not full.
        seed: of the order: a number, or a `TorchGenerator` whose state (now) is where the order starts. None: `fit`
            gives its own generator, as it stands after the parameters were drawn.
        sampler: which rows an epoch visits, and in which order; None: all, one after the other or shuffled.

    Raises:
        TypeError: something that holds no arrays, a sampler that is not one of `jaxdl.data`, or a batch size that is
            not an integer.
        ValueError: no arrays, arrays of different lengths, a batch size below 1 or above the rows of an epoch, or both
            `shuffle` and a sampler.
        MemoryError: when batches are asked for, arrays larger than the device's memory, on devices that say how large
            that is; `StreamSource` gives the same batches.

    >>> source = ArraySource((np.arange(5),), batch_size=2, shuffle=True, seed=0)
    >>> [rows.tolist() for rows, in source.batches(epoch=0)]
    [[1, 4], [2, 3], [0]]
    """

    def __init__(
        self,
        arrays: Sequence[Any],
        batch_size: int,
        *,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int | TorchGenerator | None = None,
        sampler: Sampler | None = None,
    ) -> None:
        self._table = Table(arrays, "ArraySource")
        self.arrays, self.rows = self._table.arrays, self._table.rows
        # As it stands now: what moves the given sampler's generator later does not move this one's epochs.
        self.sampler = choose(sampler, shuffle, self.rows).at_epoch(0)
        if not 1 <= integer(batch_size, "batch_size", -(2**63), 2**63 - 1) <= len(self.sampler):
            which = "data" if sampler is None else "sampler"
            raise ValueError(
                f"batch_size must be between 1 and the {len(self.sampler)} rows of the {which}, given {batch_size}"
            )
        self.batch_size, self.shuffle, self.drop_last = batch_size, shuffle, drop_last
        self._generator = (
            seed.clone() if isinstance(seed, TorchGenerator) else None if seed is None else TorchGenerator(seed)
        )

    def __len__(self) -> int:
        return count(len(self.sampler), self.batch_size, self.drop_last)

    @property
    def draws(self) -> int:
        """32-bit numbers that PyTorch's loader takes for an epoch: two for the workers' seed, and the sampler's."""
        return BASE_SEED + self.sampler.draws

    def order(self, epoch: int, generator: TorchGenerator | None = None) -> np.ndarray:
        """The rows of an epoch in the order in which they are visited, int64; `[rows]` where the sampler takes all.

        Raises:
            ValueError: the order is drawn and there is neither a seed nor a generator.
        """
        sampler = self.sampler.at_epoch(epoch)
        if not sampler.draws:
            return sampler.draw()
        start = self._generator or generator
        if start is None:
            raise ValueError(
                "a shuffled ArraySource needs a seed: ArraySource(..., seed=0), or the generator that fit passes"
            )
        start = start.clone()
        start.skip(epoch * self.draws + BASE_SEED)
        return sampler.draw(start)

    def batches(self, epoch: int, generator: TorchGenerator | None = None, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, each a tuple of device arrays, from number `start` on."""
        order = self.order(epoch, generator)[start * self.batch_size :]
        return self._table.batches([order], self.batch_size, self.drop_last)

    def resident(self, epoch: int, generator: TorchGenerator | None = None) -> Resident:
        """The epoch as a whole, for compiled calls that cut its batches themselves; the order is not yet placed.

        Raises:
            IndexError: the sampler gives a row that is not there.
        """
        return Resident(self._table.on_device(), self._table.checked(self.order(epoch, generator)).astype(np.int32))


def choose(sampler: Any, shuffle: bool, rows: int, generator: TorchGenerator | None = None) -> Sampler:
    """The given sampler, or the one that PyTorch's loader makes where none is given."""
    if sampler is None:
        return RandomSampler(rows, generator=own(generator)) if shuffle else SequentialSampler(rows)
    if not isinstance(sampler, Sampler):
        raise TypeError(
            f"`sampler` (={sampler!r}) must be a sampler of jaxdl.data, such as SubsetRandomSampler(indices)"
        )
    if shuffle:
        raise ValueError("`shuffle` must be False where there is a `sampler`, which decides the order")
    return sampler


def count(rows: int, batch_size: int, drop_last: bool) -> int:
    """Batches of so many rows."""
    return rows // batch_size if drop_last else -(-rows // batch_size)
