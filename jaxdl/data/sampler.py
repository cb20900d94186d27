"""Which rows an epoch visits, and in which order: PyTorch's samplers."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sized
from typing import Any, Self

import numpy as np

from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import integer
from jaxdl.random.permutation import LARGEST

BLOCK = 32  # rows that PyTorch draws together, with replacement


class Sampler(ABC):
    """The rows of one pass over the data, as PyTorch's sampler of the same name gives them.

    PyTorch's samplers draw from its default generator unless they have their own. Here nothing is global: the
    generator that stands for the default one is given to `draw`.

    **Matches** `torch.utils.data.Sampler`, PyTorch 2.13: `sampler.draw(default)` is `list(sampler)` in value and order,
    and leaves both generators where that leaves them.
    """

    generator: TorchGenerator | None = None

    @abstractmethod
    def __len__(self) -> int:
        """Rows a pass."""

    @property
    @abstractmethod
    def numbers(self) -> int:
        """How many 32-bit numbers a whole pass takes, from the sampler's own generator if it has one."""

    @abstractmethod
    def pieces(self, generator: TorchGenerator) -> Iterator[np.ndarray]:
        """The rows in the pieces in which PyTorch draws them, each when it is asked for."""

    @property
    def draws(self) -> int:
        """How many 32-bit numbers a whole pass takes from the default generator: 0 with a generator of its own."""
        return 0 if self.generator is not None else self.numbers

    def blocks(self, default_generator: TorchGenerator | None = None) -> Iterator[np.ndarray]:
        """The rows of one pass in the pieces in which PyTorch draws them, for a loop that may break off early.

        Raises:
            ValueError: it draws and has no generator to draw from.
        """
        generator = self.generator or own(default_generator)
        if generator is None:
            if self.draws:
                raise ValueError(
                    f"{type(self).__name__} draws; give it generator=TorchGenerator(seed), or the default generator "
                    "when it is asked for rows"
                )
            generator = TorchGenerator(0)  # for a sampler that draws nothing from it
        return self.pieces(generator)

    def draw(self, default_generator: TorchGenerator | None = None) -> np.ndarray:
        """The rows of one pass; the generator moves on as PyTorch's does.

        Args:
            default_generator: the generator that stands for PyTorch's default one; not needed where `draws` is 0.

        Returns:
            int64 array of shape `(len(sampler),)`.

        Raises:
            ValueError: it draws and has no generator to draw from.
        """
        return np.concatenate([np.empty(0, np.int64), *self.blocks(default_generator)])

    def at_epoch(self, epoch: int) -> Self:
        """This sampler as it stands `epoch` passes from now, with a generator that moves apart from this one's."""
        later, passes = copy.copy(self), integer(epoch, "epoch", 0, 2**31 - 1)
        if self.generator is not None:
            later.generator = self.generator.clone()
            later.generator.skip(passes * self.numbers)
        return later


class SequentialSampler(Sampler):
    """Every row in its place: 0 … n − 1.

    **Matches** `torch.utils.data.SequentialSampler`, PyTorch 2.13; it draws nothing.

    Args:
        n: number of rows, or something whose `len()` it is.

    >>> SequentialSampler(4).draw().tolist()
    [0, 1, 2, 3]
    """

    def __init__(self, n: int | Sized) -> None:
        self.n = rows_of(n, 0)

    def __len__(self) -> int:
        return self.n

    @property
    def numbers(self) -> int:
        """None."""
        return 0

    def pieces(self, generator: TorchGenerator) -> Iterator[np.ndarray]:
        """All rows."""
        yield np.arange(self.n)


class RandomSampler(Sampler):
    """Rows in random order: what `DataLoader(shuffle=True)` uses.

    Without a generator of its own: a private one is seeded by two numbers of the default generator, whatever n is.
    Permutations of all rows follow one another; a last one is cut to what is missing, and drawn even if nothing is.
    With replacement: independent rows.

    **Matches** `torch.utils.data.RandomSampler`, PyTorch 2.13, exactly.

    Args:
        n: number of rows, at least 1, or something whose `len()` it is.
        replacement: whether a row can be drawn again before all have been.
        num_samples: rows a pass, at least 1; None is n.
        generator: where the rows are drawn from instead of a private generator.

    Raises:
        TypeError: replacement is not a bool, or the generator not a TorchGenerator.
        ValueError: n or num_samples is below 1.

    >>> RandomSampler(5).draw(TorchGenerator(0)).tolist()
    [1, 3, 4, 2, 0]
    >>> RandomSampler(5, num_samples=7, generator=TorchGenerator(0)).draw().tolist()
    [4, 0, 1, 3, 2, 3, 4]
    """

    def __init__(
        self,
        n: int | Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: TorchGenerator | None = None,
    ) -> None:
        self.n, self.replacement, self.generator = rows_of(n, 1), truth(replacement, "replacement"), own(generator)
        self.num_samples = self.n if num_samples is None else integer(num_samples, "num_samples", 1, 2**63 - 1)

    def __len__(self) -> int:
        return self.num_samples

    @property
    def numbers(self) -> int:
        """The seed's two, or one a row and step."""
        if self.generator is None:
            return 2
        if self.replacement:
            return self.num_samples
        return (self.num_samples // self.n + 1) * (self.n - 1)

    def pieces(self, generator: TorchGenerator) -> Iterator[np.ndarray]:
        """Permutations, or 32 rows at a time."""
        if self.generator is None:
            generator = TorchGenerator(generator.random())
        size = BLOCK if self.replacement else self.n
        for start in range(0, self.num_samples + 1, size):
            count = min(size, self.num_samples - start)
            yield generator.randint(0, self.n, count) if self.replacement else generator.randperm(self.n)[:count]


def rows_of(n: Any, lowest: int) -> int:
    """A number of rows, given as such or as something that has so many."""
    return integer(len(n) if isinstance(n, Sized) else n, "n", lowest, LARGEST)


def truth(value: Any, name: str) -> bool:
    """`value`, a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"`{name}` (={value!r}) must be True or False")
    return value


def own(generator: Any) -> TorchGenerator | None:
    """`generator`, a TorchGenerator or None."""
    if generator is not None and not isinstance(generator, TorchGenerator):
        raise TypeError(f"`generator` (={generator!r}) must be a TorchGenerator; make one with TorchGenerator(seed)")
    return generator
