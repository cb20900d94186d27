"""Where batches come from."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.random import TorchGenerator, data_loader_order

Batch = tuple[jax.Array, ...]


class Source(Protocol):
    """What `train.fit` needs of a data set: its batches, as a function of the epoch and the run's generator alone."""

    def batches(self, epoch: int, generator: TorchGenerator | None = None) -> Iterator[Batch]:
        """The batches of an epoch, in order; the generator is read, never moved."""
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

    The arrays go to the device once; a step then needs no transfer from the host. With `shuffle` the order is that of
    PyTorch's `DataLoader(shuffle=True)`: a function of the generator's state at the start and of the epoch.

    **Matches** `torch.utils.data.DataLoader(TensorDataset(*arrays), batch_size, shuffle, drop_last=drop_last)` in
    PyTorch 2.13, batch for batch: with `seed=s`, after `torch.manual_seed(s)`; with a generator, where that generator
    stands.
    **Differs**: a batch larger than the data is refused; what else draws from PyTorch's default generator between two
    epochs (dropout, a second loader) moves PyTorch's later orders and not these.

    Args:
        arrays: arrays of one length, the rows; float64 ones become float32 where jax's x64 mode is off.
        batch_size: rows a batch; the last batch of an epoch holds what is left.
        shuffle: whether each epoch has its own order.
        drop_last: leave out a last batch that is not full.
        seed: of the order: a number, or a `TorchGenerator` whose state (now) is where the order starts. None: `fit`
            gives its own generator, as it stands after the parameters were drawn.

    Raises:
        ValueError: no arrays, arrays of different lengths, a batch size below 1 or above the number of rows.

    >>> import numpy as np
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
    ) -> None:
        self.arrays = tuple(np.asarray(array) for array in arrays)
        lengths = {len(array) if array.ndim else 0 for array in self.arrays}
        if len(lengths) != 1 or lengths == {0}:
            raise ValueError(
                f"ArraySource needs arrays of one length above 0, given shapes {[array.shape for array in self.arrays]}"
            )
        self.rows = lengths.pop()
        if not 1 <= batch_size <= self.rows:
            raise ValueError(f"batch_size must be between 1 and the {self.rows} rows of the data, given {batch_size}")
        self.batch_size, self.shuffle, self.drop_last = batch_size, shuffle, drop_last
        self._generator = (
            seed.clone() if isinstance(seed, TorchGenerator) else None if seed is None else TorchGenerator(seed)
        )
        self._placed: dict[bool, Batch] = {}

    def __len__(self) -> int:
        return self.rows // self.batch_size if self.drop_last else -(-self.rows // self.batch_size)

    @property
    def draws(self) -> int:
        """32-bit numbers that PyTorch's loader takes for an epoch: two for the workers' seed, two for the order's."""
        return 4 if self.shuffle else 2

    def order(self, epoch: int, generator: TorchGenerator | None = None) -> np.ndarray:
        """The rows of an epoch in the order in which they are visited, `[rows]` int64.

        Raises:
            ValueError: the source shuffles and has neither a seed nor a generator.
        """
        if not self.shuffle:
            return np.arange(self.rows)
        start = self._generator or generator
        if start is None:
            raise ValueError(
                "a shuffled ArraySource needs a seed: ArraySource(..., seed=0), or the generator that fit passes"
            )
        return data_loader_order(start, self.rows, epoch)

    def batches(self, epoch: int, generator: TorchGenerator | None = None) -> Iterator[Batch]:
        """The batches of an epoch, each a tuple of device arrays."""
        arrays = self._on_device()
        order = jax.device_put(self.order(epoch, generator).astype(np.int32))
        position = jax.device_put(np.int32(0))
        for index in range(len(self)):
            size = min(self.batch_size, self.rows - index * self.batch_size)
            batch, position = _cut(arrays, order, position, size)
            yield batch

    def _on_device(self) -> Batch:
        """The arrays on the device: placed once for each mode of jax's x64 switch, which decides their types."""
        wide = bool(jax.config.read("jax_enable_x64"))
        if wide not in self._placed:
            self._placed[wide] = tuple(jax.device_put(array) for array in self.arrays)
        return self._placed[wide]


@partial(jax.jit, static_argnums=3)
def _cut(arrays: Batch, order: jax.Array, position: jax.Array, size: int) -> tuple[Batch, jax.Array]:
    # The position lives on the device: a number from the host would be a transfer a step.
    rows = jax.lax.dynamic_slice(order, (position,), (size,))
    return tuple(jnp.take(array, rows, axis=0, mode="clip") for array in arrays), position + size
