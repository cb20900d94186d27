"""Tensors that hold the same numbers, whatever the order of their axes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import inf, prod

import numpy as np

from jaxdl.parity.tolerances import FLOAT64

DISTINCT = 6  # whole numbers that are no chance
AXES = 5  # of tensors whose axes are tried in another order


@dataclass(frozen=True)
class Gap:
    """How two tensors compare.

    Attributes:
        difference: the largest absolute difference; infinite where no order of the axes makes the shapes equal.
        relative: the same in units of PyTorch's largest value.
        index: where it is, in PyTorch's tensor.
        axes: the order of PyTorch's axes in which the port holds the numbers.
    """

    difference: float
    relative: float
    index: tuple[int, ...]
    axes: tuple[int, ...]

    @property
    def agrees(self) -> bool:
        """Whether it is rounding."""
        return self.relative <= FLOAT64


def real(array: np.ndarray) -> np.ndarray:
    """Complex numbers as pairs, others as they are."""
    return np.stack([array.real, array.imag], -1) if np.iscomplexobj(array) else array


def gap(ours: np.ndarray, theirs: np.ndarray) -> Gap:
    """The smallest gap over the orders of PyTorch's axes; its own order where no other agrees."""
    own = tuple(range(theirs.ndim))
    best = _gap(ours, theirs, own)
    if best.agrees or theirs.ndim > AXES:
        return best
    for axes in orders(theirs.shape):
        found = _gap(ours, theirs, axes)
        if found.agrees or best.difference == inf:
            best = found
        if found.agrees:
            break
    return best


def strict_gap(ours: np.ndarray, theirs: np.ndarray, *, channels_last: bool = False) -> Gap:
    """The gap in PyTorch's own order of axes; or, if that is allowed, with its channels last."""
    own = tuple(range(theirs.ndim))
    found = [_gap(ours, theirs, own) if ours.shape == theirs.shape else Gap(inf, inf, (), own)]
    last = (0, *range(2, theirs.ndim), 1)
    if channels_last and theirs.ndim > 2 and ours.shape == tuple(theirs.shape[axis] for axis in last):
        found.append(_gap(ours, theirs, last))
    return min(found, key=lambda gap: gap.relative)


def orders(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The orders of axes that move more than axes of length 1; the given order first."""
    seen = set()
    for axes in permutations(range(len(shape))):
        moved = tuple(axis for axis in axes if shape[axis] != 1)
        if moved not in seen:
            seen.add(moved)
            yield axes


def _gap(ours: np.ndarray, theirs: np.ndarray, axes: tuple[int, ...]) -> Gap:
    turned = theirs.transpose(axes)
    wanted = [length for length in turned.shape if length != 1]
    if [length for length in ours.shape if length != 1] != wanted and not (
        ours.size == theirs.size and _flattened(ours.shape, wanted)
    ):
        return Gap(inf, inf, (), axes)
    if not theirs.size:
        return Gap(0.0, 0.0, (), axes)
    ours = ours.reshape(turned.shape)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(np.subtract(ours, turned, dtype=np.float64))
    same = (ours == turned) | (np.isnan(ours) & np.isnan(turned))  # infinities too
    distance = np.where(same, 0.0, np.where(np.isnan(distance), inf, distance))
    place = np.unravel_index(int(distance.argmax()), turned.shape)
    largest = float(distance[place])
    finite = np.abs(theirs[np.isfinite(theirs)])
    scale = float(finite.max(initial=0.0))
    index = [0] * theirs.ndim
    for axis, position in zip(axes, place, strict=True):
        index[axis] = int(position)
    return Gap(largest, 0.0 if largest == 0 else largest / scale if scale else inf, tuple(index), axes)


def _flattened(shape: tuple[int, ...], other: Sequence[int]) -> bool:
    """Whether one shape is the other with neighbouring axes joined."""
    few, many = sorted(([length for length in shape if length != 1], list(other)), key=len)
    product = 1
    remaining = list(few)
    for length in many:
        product *= length
        if remaining and product == remaining[0]:
            remaining.pop(0)
            product = 1
    return not remaining and product == 1


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor that the port computed on its way.

    Attributes:
        array: its numbers.
        place: the port's line that computed it.
    """

    array: np.ndarray
    place: str = ""


class Pool:
    """All that the port computed on its way, found again by its numbers."""

    def __init__(self, values: Iterable[Value]) -> None:
        self._values: dict[int, list[Value]] = defaultdict(list)
        for value in values:
            self._values[value.array.size].append(value)
        self._marks = {size: np.array([_mark(v.array) for v in values]) for size, values in self._values.items()}

    def find(self, tensor: np.ndarray) -> list[Value]:
        """Every tensor of the port that holds these numbers in some order of their axes."""
        values = self._values.get(tensor.size)
        if not values:
            return []
        mark = _mark(tensor)
        near = np.abs(self._marks[tensor.size] - mark) <= 4 * FLOAT64 * max(abs(mark[1]), 1e-300) + 1e-300
        return [values[i] for i in np.flatnonzero(near.all(axis=1)) if gap(values[i].array, tensor).agrees]

    def factors(self, tensor: np.ndarray, without: set[Value]) -> list[float]:
        """The c for which c times the tensor is among the values, but not among `without`."""
        found: dict[float, None] = {}
        for value in self._values.get(tensor.size, []):
            mine = np.abs(value.array).max()
            if value not in without and np.isfinite(mine) and mine > 0:
                # The sum of sizes is the same in any order of the axes; the sum tells the sign.
                with np.errstate(invalid="ignore", over="ignore"):
                    size = float(np.abs(value.array).sum() / np.abs(tensor).sum())
                for factor in (size, -size):
                    if np.isfinite(factor) and abs(factor - 1) > FLOAT64 and gap(value.array, factor * tensor).agrees:
                        found[factor] = None
        return list(found)

    def nearest(self, tensor: np.ndarray, without: set[Value]) -> list[np.ndarray]:
        """The tensors of that size, not among `without`, the nearest to these numbers first."""
        others = [value.array for value in self._values.get(tensor.size, []) if value not in without]
        return sorted(others, key=lambda array: gap(array, tensor).difference)


def _mark(array: np.ndarray) -> tuple[float, float, float, float]:
    """Numbers that do not depend on the order: sum, sum of sizes, least and largest."""
    if not array.size:
        return (0.0, 0.0, 0.0, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):  # a mask's least numbers have no finite sum
        finite = np.where(np.isfinite(array), array, 0.0).astype(np.float64)
        return (float(finite.sum()), float(np.abs(finite).sum()), float(finite.min()), float(finite.max()))


def informative(array: np.ndarray) -> bool:
    """Whether equal numbers can mean anything: there are several, and they differ."""
    if prod(array.shape) < 2:
        return False
    finite = array[np.isfinite(array)]
    return bool(finite.size > 1 and finite.min() < finite.max())


def telling(array: np.ndarray) -> bool:
    """Whether equal numbers cannot be chance: broken ones, or many different ones."""
    finite = array[np.isfinite(array)]
    return bool((finite != np.round(finite)).any()) or len(np.unique(finite)) > DISTINCT
