"""Rows of arrays on the device, where batches are cut from them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Batch = tuple[jax.Array, ...]


class Resident(NamedTuple):
    """An epoch whose rows live on the device: the arrays, and the order in which their rows are visited."""

    arrays: Batch
    order: Any


@dataclass(frozen=True)
class Cut:
    """A pure function of a `Resident` epoch: its batch number `index` of `size` rows, from row `start` of the order.

    Two of equal fields are equal, so what is compiled with one serves the other.
    """

    size: int
    start: int = 0

    def __call__(self, epoch: Resident, index: jax.Array) -> Batch:
        rows = jax.lax.dynamic_slice(epoch.order, (self.start + index * self.size,), (self.size,))
        return tuple(jnp.take(array, rows, axis=0, mode="clip") for array in epoch.arrays)


class Table:
    """Arrays of one length, the rows. They go to the device once; float64 ones become float32 without x64 mode.

    Raises:
        TypeError: something that holds no arrays.
        ValueError: no arrays, or arrays of different lengths, or without rows.
    """

    def __init__(self, arrays: Sequence[Any], owner: str) -> None:
        try:
            given = list(arrays)
        except TypeError:
            raise TypeError(f"{owner} needs a tuple or list of arrays, given {arrays!r}") from None
        self.arrays = tuple(np.asarray(array) for array in given)
        lengths = {len(array) if array.ndim else 0 for array in self.arrays}
        if len(lengths) != 1 or lengths == {0}:
            raise ValueError(
                f"{owner} needs arrays of one length above 0, given shapes {[array.shape for array in self.arrays]}"
            )
        self.rows = lengths.pop()
        self._placed: dict[bool, Batch] = {}

    def batches(self, blocks: Iterable[np.ndarray], size: int, drop_last: bool) -> Iterator[Batch]:
        """Batches of `size` rows from blocks of row numbers; a block is asked for when a batch needs it.

        Raises:
            IndexError: a row that is not there; negative ones count from the end, as in PyTorch.
        """
        waiting: list[np.ndarray] = []
        held = 0
        for block in blocks:
            waiting.append(self.checked(block))
            held += block.size
            if held >= size:
                rows = np.concatenate(waiting)
                whole = held // size * size
                yield from self._cut(rows[:whole], size)
                waiting, held = [rows[whole:]], held - whole
        rest = np.concatenate([np.empty(0, np.int64), *waiting])
        if rest.size and not drop_last:
            yield from self._cut(rest, rest.size)

    def _cut(self, rows: np.ndarray, size: int) -> Iterator[Batch]:
        """Batches of rows whose number `size` divides: one transfer for them all."""
        arrays = self.on_device()
        order, position = jax.device_put(rows.astype(np.int32)), jax.device_put(np.int32(0))
        for _ in range(rows.size // size):
            batch, position = _cut(arrays, order, position, size)
            yield batch

    def checked(self, rows: np.ndarray) -> np.ndarray:
        """Row numbers that are there, counted from 0.

        Raises:
            IndexError: one that is not: on the device it would be another row, without a word.
        """
        if rows.size and not -self.rows <= rows.min() <= rows.max() < self.rows:
            wrong = rows[(rows < -self.rows) | (rows >= self.rows)][0]
            raise IndexError(f"the sampler gives row {wrong} of arrays that have {self.rows} rows")
        return np.where(rows < 0, rows + self.rows, rows)

    def on_device(self) -> Batch:
        """The arrays on the device: placed once for each mode of jax's x64 switch, which decides their types.

        Raises:
            MemoryError: they are larger than the device's memory, where the device says how large that is.
        """
        wide = bool(jax.config.read("jax_enable_x64"))
        if wide not in self._placed:
            require_room(self.arrays, jax.local_devices()[0])
            self._placed[wide] = tuple(jax.device_put(array) for array in self.arrays)
        return self._placed[wide]


def require_room(arrays: Sequence[np.ndarray], device: Any) -> None:
    """See that the arrays are not larger than all of the device's memory; XLA's own error would not say what helps.

    Raises:
        MemoryError: they are.
    """
    limit = (device.memory_stats() or {}).get("bytes_limit")  # None on CPU
    needed = sum(array.size * jax.dtypes.canonicalize_dtype(array.dtype).itemsize for array in arrays)
    if limit is not None and needed > limit:
        raise MemoryError(
            f"the arrays take {needed / 1e9:.1f} GB and the device has {limit / 1e9:.1f} GB for everything: "
            "data.StreamSource(arrays, batch_size, ...) gives the same batches, a few of them on the device at a time"
        )


@partial(jax.jit, static_argnums=3)
def _cut(arrays: Batch, order: jax.Array, position: jax.Array, size: int) -> tuple[Batch, jax.Array]:
    # The position lives on the device: a number from the host would be a transfer a step.
    rows = jax.lax.dynamic_slice(order, (position,), (size,))
    return tuple(jnp.take(array, rows, axis=0, mode="clip") for array in arrays), position + size
