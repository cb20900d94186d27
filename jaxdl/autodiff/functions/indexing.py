"""Reading and writing at indices on tracers, with NumPy's rules."""

import operator
from operator import index as integer
from typing import Any

import numpy as np

from jaxdl.autodiff.engine.trace import Tracer
from jaxdl.autodiff.numpy_protocol import IMPLEMENTED, as_arraylike, implements, kind
from jaxdl.autodiff.primitives.indexing import gather, scatter_add, scatter_last
from jaxdl.autodiff.primitives.shape import cut, flip


class Place:
    """Where an index points: slices, then arrays of indices on the axes that are brought to the front.

    Args:
        shape: of the array that is indexed.
        index: as NumPy has it.
        name: what is done, for errors.
    """

    def __init__(self, shape: tuple[int, ...], index: Any, name: str) -> None:
        entries = _entries(shape, index, name)
        arrays = [entry for entry in entries if not (entry is None or isinstance(entry, slice))]
        # Integers alone are slices of length 1 whose axes go; beside arrays they are arrays, as NumPy has it.
        alone = all(isinstance(entry, np.ndarray) and not entry.ndim for entry in arrays)
        self.indices = [] if alone else arrays
        self.slices: list[tuple[int, int, int]] = []  # start, length, step of each axis
        self.flipped: list[int] = []
        self.indexed: list[int] = []
        self.layout: list[int | None] = []  # of the result, without the indices' axes: an axis, or None for a new one
        before: list[int] = []  # how much of the layout stands before each array
        for entry in entries:
            axis = len(self.slices)
            if entry is None:
                self.layout.append(None)
            elif isinstance(entry, slice):
                start, stop, step = entry.indices(shape[axis])
                count = len(range(start, stop, step))
                self.flipped += [axis] * (step < 0)
                self.slices.append((start if step > 0 or not count else start + (count - 1) * step, count, abs(step)))
                self.layout.append(axis)
            elif alone:
                self.slices.append((int(entry) % shape[axis], 1, 1))
            else:
                self.slices.append((0, shape[axis], 1))
                self.indexed.append(axis)
                before.append(len(self.layout))
        # NumPy puts the indices' axes where they stood if they stood together, and first if they did not.
        self.behind = before[0] if len(set(before)) == 1 else 0

    def read(self, x: Any) -> Any:
        """x[index]"""
        starts, lengths, steps = zip(*self.slices, strict=True) if self.slices else ((), (), ())
        if lengths != x.shape or any(step != 1 for step in steps):
            x = cut(x, starts=starts, lengths=lengths, steps=steps)
        x = flip(x, axes=tuple(self.flipped)) if self.flipped else x
        kept = [axis for axis in range(x.ndim) if axis not in self.indexed]
        rest = tuple(1 if axis is None else lengths[axis] for axis in self.layout)
        if not self.indices:
            return np.reshape(x, rest)
        x = gather(np.transpose(x, (*self.indexed, *kept)), *self.indices)
        front = x.ndim - len(kept)
        x = np.reshape(x, (*x.shape[:front], *rest))
        return np.moveaxis(x, tuple(range(front)), tuple(range(self.behind, self.behind + front)))


def _entries(shape: tuple[int, ...], index: Any, name: str) -> list[Any]:
    """An index as slices, None, and arrays of integers, as many as there are axes."""
    given = list(index) if isinstance(index, tuple) else [index]
    entries: list[Any] = []
    masks: dict[int, tuple[int, ...]] = {}
    for entry in given:
        if entry is None or entry is Ellipsis or isinstance(entry, slice):
            entries.append(entry)
            continue
        array = as_arraylike(entry)
        if array.dtype == bool:
            if isinstance(array, Tracer):
                raise TypeError(
                    f"{name}: a mask that is traced, {array}, picks a number of values that is not known; "
                    "np.where(mask, x, 0) keeps the shape"
                )
            if not array.ndim:
                raise IndexError(f"{name}: True and False are no indices here; None adds an axis")
            found = np.nonzero(array)
            masks[id(found[0])] = array.shape
            entries += found
        elif array.dtype.kind in "iu" or not array.size:
            entries.append(array if array.size or array.dtype.kind in "iu" else array.astype(np.int64))
        else:
            raise IndexError(f"{name}: an index must be of integers, slices, None or ..., given {kind(array)}")
    if not any(entry is Ellipsis for entry in entries):
        entries.append(Ellipsis)
    used = sum(entry is not None and entry is not Ellipsis for entry in entries)
    if used > len(shape) or sum(entry is Ellipsis for entry in entries) > 1:
        raise IndexError(f"{name}: too many indices for an array of {len(shape)} axes: {index!r}")
    place = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
    entries[place : place + 1] = [slice(None)] * (len(shape) - used)
    axes = [i for i, entry in enumerate(entries) if entry is not None]
    for axis, i in enumerate(axes):
        entry = entries[i]
        mask = masks.get(id(entry), ())
        if shape[axis : axis + len(mask)] != mask:
            raise IndexError(
                f"{name}: a mask must have the lengths of its axes, {shape[axis : axis + len(mask)]}, given {mask}"
            )
        if (
            isinstance(entry, np.ndarray)
            and entry.size
            and not -shape[axis] <= entry.min() <= entry.max() < shape[axis]
        ):
            raise IndexError(f"{name}: index {entry.tolist()} is out of bounds for axis {axis} of length {shape[axis]}")
    return entries


def getitem(x: Any, index: Any) -> Any:
    """`x[index]`."""
    return Place(x.shape, index, f"reading {kind(x)}").read(x)


IMPLEMENTED[operator.getitem] = getitem


class At:
    """An array with changes at an index: `at(x)[index].set(value)`, `.add(value)`."""

    def __init__(self, x: Any, index: Any = None) -> None:
        self._x, self._index = x, index

    def __getitem__(self, index: Any) -> "At":
        return At(self._x, (index,) if index is None else index)

    def _numbers(self) -> Any:
        """The place in x of each number that is read, and the value's shape."""
        count = np.reshape(np.arange(self._x.size), self._x.shape)
        return Place(self._x.shape, self._index, f"writing {kind(self._x)}").read(count)

    def _value(self, value: Any, numbers: Any) -> Any:
        value = as_arraylike(value)
        if value.dtype != self._x.dtype:
            value = value.astype(self._x.dtype)
        return np.ravel(np.broadcast_to(value, numbers.shape))

    def add(self, value: Any) -> Any:
        """A new array: the value added at the index, as often as the index names a place."""
        numbers = self._numbers()
        added = scatter_add(self._value(value, numbers), np.ravel(numbers), shape=(self._x.size,))
        return self._x + np.reshape(added, self._x.shape)

    def set(self, value: Any) -> Any:
        """A new array: the value put at the index; the last one, where the index names a place twice."""
        numbers = self._numbers()
        values = self._value(value, numbers)
        if not numbers.size:
            return self._x + np.zeros((), self._x.dtype)
        last = scatter_last(np.ravel(numbers), shape=(self._x.size,))
        put = gather(values, np.maximum(last, 0))
        return np.reshape(np.where(last < 0, np.ravel(self._x), put), self._x.shape)


def at(x: Any) -> At:
    """`at(x)[index].set(value)` and `.add(value)`: new arrays, changed at an index; `x.at[index]` on tracers.

    Args:
        x: an array of any shape.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> autodiff.at(np.zeros(3))[1].set(5.0), autodiff.at(np.zeros(3))[np.array([0, 0])].add(1.0)
    (array([0., 5., 0.]), array([2., 0., 0.]))
    """
    return At(as_arraylike(x))


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    """`np.take`."""
    a = as_arraylike(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    indices = as_arraylike(indices)
    return getitem(a, (slice(None),) * (integer(axis) % a.ndim) + (indices,))


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int = -1) -> Any:
    """`np.take_along_axis`."""
    arr, indices = (as_arraylike(x) for x in (arr, indices))
    axis = integer(axis) % arr.ndim
    shape = [n if i != axis else indices.shape[axis] for i, n in enumerate(arr.shape)]
    grid = [
        np.reshape(np.arange(n), [n if i == j else 1 for j in range(arr.ndim)]) if i != axis else indices
        for i, n in enumerate(shape)
    ]
    return getitem(arr, tuple(grid))
