"""Batches of data too large for the device, or for memory: read in the background, on the device ahead of need."""

import importlib.util
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from jaxdl.data.sampler import Sampler
from jaxdl.data.source import ArraySource
from jaxdl.data.table import Batch, Table
from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import integer

Columns = tuple[np.ndarray, ...]
Reader = Callable[[np.ndarray, threading.Event], Columns | None]  # None where the event came first
ARRAY_THREADS = 2  # numpy reads arrays without Python's lock; more were no faster on two cores


class Dataset(Protocol):
    """Rows that can be read in any order, such as a `torch.utils.data.Dataset`."""

    def __getitem__(self, row: int, /) -> tuple[Any, ...]:
        """The arrays and numbers of a row; alike in shape and dtype for all rows of a batch."""
        ...

    def __len__(self) -> int:
        """Rows."""
        ...


class StreamSource:
    """Rows that are read as they are needed, for data that does not fit on the device, or not in memory.

    While the device computes, threads read the next batches and put them there, with grain; a step waits for reading
    only where reading is slower than the device. The batches and their order are those of `ArraySource` of the same
    rows, bit for bit: a function of the generator's state at the start and of the epoch, whatever `threads` and
    `prefetch` are. Where an epoch is entered in the middle, as by a run that is resumed, no row before that is read.

    **Matches** `torch.utils.data.DataLoader(dataset, batch_size, shuffle, sampler, drop_last=drop_last)` in PyTorch
    2.13, batch for batch, as `ArraySource` does; `__getitems__(rows)`, where the dataset has it, reads a whole batch.
    **Differs** as `ArraySource` does; it reads in threads, not in processes, so Python code in `__getitem__` shares
    Python's lock with the training loop (what numpy, files and most decoders do does not); a row is a tuple or list of
    arrays and numbers, and rows of one batch that differ in shape or dtype are refused.

    Args:
        dataset: what has `len(dataset)` and `dataset[row]`, a tuple of arrays and numbers (one of PyTorch's map style,
            a random-access source or `MapDataset` of grain's); or a tuple of arrays of one length, `np.load(file,
            mmap_mode="r")` among them, of which a whole batch is read at once. float64 becomes float32, and int64
            int32, where jax's x64 mode is off.
        batch_size: rows a batch; the last batch of an epoch holds what is left.
        shuffle, drop_last, seed, sampler: as for `ArraySource`.
        threads: how many batches are read at the same time, never more; 0 reads in the loop's own thread, when it asks.
            None: 2 of arrays, 1 of a dataset, which then need not be safe to read from several threads.
        prefetch: how many batches are read and put on the device ahead, which takes their memory; 0 as for `threads`.

    Raises:
        ModuleNotFoundError: grain is not installed.
        TypeError: a dataset without length or rows, arrays of a dtype that jax has not, or what `ArraySource` refuses.
        ValueError: no rows, arrays of different lengths, or what `ArraySource` refuses.

    >>> class Squares:
    ...     def __len__(self):
    ...         return 5
    ...
    ...     def __getitem__(self, row):
    ...         return np.float32([row, row**2]), row
    >>> source = StreamSource(Squares(), batch_size=2, shuffle=True, seed=0)
    >>> [rows.tolist() for _, rows in source.batches(epoch=0)]
    [[1, 4], [2, 3], [0]]
    """

    def __init__(
        self,
        dataset: Dataset | tuple[Any, ...],
        batch_size: int,
        *,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int | TorchGenerator | None = None,
        sampler: Sampler | None = None,
        threads: int | None = None,
        prefetch: int = 4,
    ) -> None:
        if importlib.util.find_spec("grain") is None:
            raise ModuleNotFoundError(
                "data.StreamSource reads with grain, which is not installed; pip install 'jaxdl[stream]' adds it",
                name="grain",
            )
        self.dataset = dataset
        self._read, self.rows = _reader(dataset)
        # Every row a byte that is stored once: the orders of an ArraySource of as many rows, which take no memory.
        self._rows = ArraySource(
            (np.broadcast_to(np.int8(0), self.rows),),
            batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            seed=seed,
            sampler=sampler,
        )
        self.batch_size, self.shuffle, self.drop_last, self.sampler = batch_size, shuffle, drop_last, self._rows.sampler
        default = ARRAY_THREADS if isinstance(dataset, tuple) else 1
        self.threads = default if threads is None else integer(threads, "threads", 0, 1024)
        self.prefetch = integer(prefetch, "prefetch", 0, 2**31 - 1)
        # Over all epochs: one that was broken off may still be reading its last row when the next begins.
        self._turn = threading.Semaphore(max(self.threads, 1))
        self._seeded = seed is not None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def draws(self) -> int:
        """32-bit numbers that PyTorch's loader takes for an epoch: two for the workers' seed, and the sampler's."""
        return self._rows.draws

    def order(self, epoch: int, generator: TorchGenerator | None = None) -> np.ndarray:
        """The rows of an epoch in the order in which they are visited, int64.

        Raises:
            ValueError: the order is drawn and there is neither a seed nor a generator.
        """
        if self.sampler.draws and not self._seeded and generator is None:
            raise ValueError(
                "a shuffled StreamSource needs a seed: StreamSource(..., seed=0), or the generator that fit passes"
            )
        return self._rows.order(epoch, generator)

    def batches(self, epoch: int, generator: TorchGenerator | None = None, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, each a tuple of device arrays, from number `start` on; no row before it is read.

        Reading begins when the first batch is asked for, and ends when the loop does, however it ends.

        Raises:
            IndexError: the sampler gives a row that is not there.
            TypeError, ValueError: rows that do not make a batch; the sentence names one.
            Exception: whatever the dataset raises; the row stands in the message, or in a note below it.
        """
        order = _counted(self.order(epoch, generator), self.rows)
        order = order[: len(self) * self.batch_size][start * self.batch_size :]
        return self._batches(_Epoch(self._read, self._turn, order, self.batch_size, _putting()))

    def _batches(self, epoch: "_Epoch") -> Iterator[Batch]:
        import grain  # half a second

        options = grain.ReadOptions(num_threads=self.threads, prefetch_buffer_size=self.prefetch)
        batches = iter(grain.MapDataset.source(epoch).to_iter_dataset(options))
        try:
            for batch in batches:
                if isinstance(batch, _Failure):
                    raise batch.error
                yield batch
        finally:
            epoch.left.set()
            batches.close()


class _Failure(NamedTuple):
    """In a batch's place: grain would write notes of its own on an exception that it sees."""

    error: Exception


@dataclass
class _Epoch:
    """What grain reads: an epoch, by batches, as each element takes grain 60 µs and far more with several threads."""

    read: Reader
    turn: threading.Semaphore
    order: np.ndarray
    size: int
    put: Callable[[Columns], Batch]
    left: threading.Event = field(default_factory=threading.Event)  # nobody wants the rest: a reader ends with its row

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, number: int) -> Batch | _Failure | None:
        try:
            with self.turn:
                columns = self.read(self.order[number * self.size : (number + 1) * self.size], self.left)
            return None if columns is None else self.put(columns)
        except Exception as error:
            return _Failure(error)


def _reader(dataset: Any) -> tuple[Reader, int]:
    """What reads rows of a dataset, and how many it has."""
    if isinstance(dataset, tuple):
        table = Table(dataset, "StreamSource")
        for array in table.arrays:
            _known(array.dtype, "the data")
        return (lambda rows, left: tuple(array[rows] for array in table.arrays)), table.rows
    if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
        raise TypeError(
            "StreamSource needs a dataset with __len__ and __getitem__(row), or a tuple of arrays, given "
            f"{type(dataset).__name__}"
        )
    if len(dataset) < 1:
        raise ValueError(f"StreamSource needs a dataset with rows, given {type(dataset).__name__} of length 0")
    return _DatasetReader(dataset), len(dataset)


class _DatasetReader:
    """Reads rows one after the other, or all at once where the dataset has PyTorch's `__getitems__`."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._at_once = getattr(dataset, "__getitems__", None)

    def __call__(self, rows: np.ndarray, left: threading.Event) -> Columns | None:
        numbers, items = rows.tolist(), []
        if self._at_once is not None:
            items = list(_named(numbers, self._at_once, numbers))
            if len(items) != len(numbers):
                raise ValueError(f"__getitems__ gave {len(items)} rows for {len(numbers)}: {_words(numbers)}")
        else:
            for number in numbers:
                if left.is_set():
                    return None
                items.append(_named((number,), self._dataset.__getitem__, number))
        return _stacked(numbers, items)


def _stacked(numbers: Sequence[int], items: Sequence[Any]) -> Columns:
    """Rows as arrays of all of them.

    Raises:
        TypeError: a row that is no tuple or list, or holds something that is no array of numbers.
        ValueError: rows of different lengths, shapes or dtypes.
    """
    for number, item in zip(numbers, items, strict=True):
        if not isinstance(item, tuple | list) or not item:
            hint = "; a dataset of arrays is a tuple of them" if isinstance(item, np.ndarray) else ""
            raise TypeError(f"row {number} must be a tuple of arrays and numbers, given {type(item).__name__}{hint}")
        if len(item) != len(items[0]):
            raise ValueError(f"row {number} has {len(item)} arrays, and row {numbers[0]} of its batch {len(items[0])}")
    return tuple(_column(position, numbers, values) for position, values in enumerate(zip(*items, strict=True)))


def _column(position: int, numbers: Sequence[int], values: Sequence[Any]) -> np.ndarray:
    arrays = [_named((number,), np.asarray, value) for number, value in zip(numbers, values, strict=True)]
    first = arrays[0]
    _known(first.dtype, f"row {numbers[0]}")
    column = np.empty((len(arrays), *first.shape), first.dtype)  # np.stack takes twice as long
    for place, array in enumerate(arrays):
        if array.shape != first.shape or array.dtype != first.dtype:
            raise ValueError(
                f"rows of a batch must be alike, but array {position} of row {numbers[place]} is "
                f"{array.dtype}{list(array.shape)} and that of row {numbers[0]} {first.dtype}{list(first.shape)}; "
                "pad, crop or convert them in the dataset"
            )
        column[place] = array
    return column


def _named(numbers: Sequence[int], read: Callable[[Any], Any], argument: Any) -> Any:
    """`read(argument)`; an exception names the rows that were being read."""
    try:
        return read(argument)
    except StopIteration as error:  # on its way through an iterator it would be the end of the epoch
        raise RuntimeError(f"the dataset raised StopIteration for {_words(numbers)}") from error
    except Exception as error:
        where = f"in {_words(numbers)} of the dataset"
        if where in str(error) or where in getattr(error, "__notes__", ()):
            raise  # the same exception as before
        if len(error.args) == 1 and isinstance(error.args[0], str) and type(error).__str__ is BaseException.__str__:
            error.args = (f"{error.args[0]} ({where})",)
        else:  # a message made of other things, as a KeyError's or an OSError's
            error.add_note(where)
        raise


def _known(dtype: np.dtype, where: str) -> None:
    if not (jax.dtypes.issubdtype(dtype, np.number) or dtype == np.bool_):
        raise TypeError(f"{where} must hold numbers or truth values, given an array of dtype {dtype}")


def _counted(rows: np.ndarray, length: int) -> np.ndarray:
    """Row numbers that are there, counted from 0."""
    wrong = rows[(rows < -length) | (rows >= length)]
    if wrong.size:
        raise IndexError(f"the sampler gives row {wrong[0]} of a dataset that has {length} rows")
    return np.where(rows < 0, rows + length, rows)


def _putting() -> Callable[[Columns], Batch]:
    """What puts arrays on the device as this thread would: jax's settings are a thread's own."""
    wide = jax.config.read("jax_enable_x64")
    device = jax.config.jax_default_device  # type: ignore[attr-defined]  # jax.config's type lacks what it holds

    def put(columns: Columns) -> Batch:
        with jax.enable_x64(wide), jax.default_device(device):
            return jax.device_put(columns)

    return put


def _words(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    shown = ", ".join(map(str, numbers[:4]))
    return f"rows {shown}" if len(numbers) <= 4 else f"rows {shown}, … {numbers[-1]}"
