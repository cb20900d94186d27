"""Samplers of some of the rows: a subset, by weight, one process's share."""

import copy
import math
from collections.abc import Iterator, Sequence, Sized
from typing import Self

import numpy as np

from jaxdl.data.sampler import Sampler, own, rows_of, truth
from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import integer


class SubsetRandomSampler(Sampler):
    """Given rows in random order.

    **Matches** `torch.utils.data.SubsetRandomSampler`, PyTorch 2.13, exactly: a permutation straight from the default
    generator, or from its own.

    Args:
        indices: the rows.
        generator: where the order is drawn from instead of the default generator.

    Raises:
        TypeError: indices that are not integers, or a generator that is not a TorchGenerator.
        ValueError: indices that are not one list.

    >>> SubsetRandomSampler([10, 20, 30]).draw(TorchGenerator(0)).tolist()
    [30, 10, 20]
    """

    def __init__(self, indices: Sequence[int] | np.ndarray, generator: TorchGenerator | None = None) -> None:
        rows = np.asarray(indices)
        if rows.ndim != 1:
            raise ValueError(f"`indices` (of shape {rows.shape}) must be one list of rows")
        if rows.dtype.kind not in "iu" and rows.size:
            raise TypeError(f"`indices` (of dtype {rows.dtype}) must be integers")
        self.indices, self.generator = rows.astype(np.int64), own(generator)

    def __len__(self) -> int:
        return self.indices.size

    @property
    def numbers(self) -> int:
        """One a step of the shuffle."""
        return max(self.indices.size - 1, 0)

    def pieces(self, generator: TorchGenerator) -> Iterator[np.ndarray]:
        """All rows."""
        yield self.indices[generator.randperm(self.indices.size)]


class WeightedRandomSampler(Sampler):
    """Rows as often as their weights say: `TorchGenerator.multinomial` on float64 weights.

    **Matches** `torch.utils.data.WeightedRandomSampler`, PyTorch 2.13, exactly; what is said of rows without
    replacement that have weight 0 in `multinomial` holds here too.

    Args:
        weights: one a row, at least 0, not all 0; they need not sum to 1.
        num_samples: rows a pass, at least 1; without replacement, at most one a weight.
        replacement: whether a row can be drawn again.
        generator: where the rows are drawn from instead of the default generator.

    Raises:
        TypeError: num_samples is not an integer, replacement not a bool, the generator not a TorchGenerator.
        ValueError: weights that are not one list, negative, infinite or all 0; or a number that cannot be drawn.

    >>> WeightedRandomSampler([0.2, 0.0, 0.8], 6).draw(TorchGenerator(1)).tolist()
    [0, 2, 2, 0, 2, 0]
    """

    def __init__(
        self,
        weights: Sequence[float] | np.ndarray,
        num_samples: int,
        replacement: bool = True,
        generator: TorchGenerator | None = None,
    ) -> None:
        self.weights = np.asarray(weights, np.float64)
        if self.weights.ndim != 1:
            raise ValueError(f"`weights` (of shape {self.weights.shape}) must be one list")
        TorchGenerator(0).multinomial(self.weights, 1)  # what it refuses is refused here, not in the first epoch
        self.replacement, self.generator = truth(replacement, "replacement"), own(generator)
        self.num_samples = integer(num_samples, "num_samples", 1, 2**31 - 1 if replacement else self.weights.size)

    def __len__(self) -> int:
        return self.num_samples

    @property
    def numbers(self) -> int:
        """Two a row or, without replacement and for one row, two a weight."""
        return 2 * (self.num_samples if self.replacement and self.num_samples > 1 else self.weights.size)

    def pieces(self, generator: TorchGenerator) -> Iterator[np.ndarray]:
        """All rows."""
        yield generator.multinomial(self.weights, self.num_samples, self.replacement)


class DistributedSampler(Sampler):
    """The rows of one of several processes: every `num_replicas`-th of an order that they share.

    The order is a permutation by a generator that is seeded with seed + epoch; rows from its start are appended, or
    with `drop_last` rows at its end left out, until all processes have equally many.

    **Matches** `torch.utils.data.DistributedSampler`, PyTorch 2.13, exactly, with its `set_epoch`.
    **Differs**: number and rank are always given; `at_epoch(epoch)` gives a sampler of that epoch and leaves this one.

    Args:
        n: number of rows, at least 1, or something whose `len()` it is.
        num_replicas: number of processes.
        rank: of this one, from 0.
        shuffle: whether the order is permuted.
        seed: of the order, the same in all processes.
        drop_last: leave out rows instead of repeating some.

    Raises:
        TypeError: a number that is not an integer.
        ValueError: n or num_replicas below 1, or a rank that is not below num_replicas.

    >>> [DistributedSampler(5, 2, rank).draw().tolist() for rank in (0, 1)]
    [[4, 1, 2], [0, 3, 4]]
    """

    def __init__(
        self,
        n: int | Sized,
        num_replicas: int,
        rank: int,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.n = rows_of(n, 1)
        self.num_replicas = integer(num_replicas, "num_replicas", 1, 2**31 - 1)
        self.rank = integer(rank, "rank", 0, self.num_replicas - 1)
        self.shuffle, self.drop_last, self.epoch = bool(shuffle), bool(drop_last), 0
        self.seed = integer(seed, "seed", -(2**63), 2**63 - 1)

    def __len__(self) -> int:
        return self.n // self.num_replicas if self.drop_last else math.ceil(self.n / self.num_replicas)

    @property
    def numbers(self) -> int:
        """None: the generator is made for the epoch."""
        return 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch whose order comes next; without it every pass has the same."""
        self.epoch = integer(epoch, "epoch", 0, 2**31 - 1)

    def at_epoch(self, epoch: int) -> Self:
        """This sampler after `set_epoch(epoch)`."""
        later = copy.copy(self)
        later.set_epoch(epoch)
        return later

    def pieces(self, generator: TorchGenerator) -> Iterator[np.ndarray]:
        """All rows."""
        order = TorchGenerator(self.seed + self.epoch).randperm(self.n) if self.shuffle else np.arange(self.n)
        yield np.resize(order, len(self) * self.num_replicas)[self.rank :: self.num_replicas]
