"""Which name in the port stands for which name in PyTorch, and how their tensors compare."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from jaxdl.parity.divergence.match import Gap, gap

# What other libraries call PyTorch's tensors.
LEAVES = {
    "weight": ("weight", "kernel", "scale", "embedding"),
    "bias": ("bias",),
    "running_mean": ("running_mean", "mean"),
    "running_var": ("running_var", "var"),
}


class Counterparts:
    """From PyTorch's names to the port's.

    Args:
        theirs: names of PyTorch's modules.
        ours: names of the port's modules; of a function, what its tensors' names begin with.
        names: given by hand: the port's name → PyTorch's.
    """

    def __init__(self, theirs: Iterable[str], ours: Iterable[str], names: Mapping[str, str]) -> None:
        self._ours = set(ours)
        self._given = {theirs: ours for ours, theirs in names.items()}
        # Flax's Sequential keeps its modules in a list named layers.
        self._listed = {re.sub(r"(^|\.)layers\.(?=\d)", r"\1", name): name for name in self._ours}
        self.modules = {name: found for name in theirs if (found := self.module(name)) is not None}

    def module(self, name: str) -> str | None:
        """The port's module for one of PyTorch's, or None."""
        head, tail = name, ""
        while True:
            if head in self._given:
                full = f"{self._given[head]}{tail}".strip(".")
                return full if full in self._ours or not tail else None
            if not head:
                break
            head, _, last = head.rpartition(".")
            tail = f".{last}{tail}"
        return name if name in self._ours else self._listed.get(name)

    def tensor(self, name: str, tensors: Mapping[str, np.ndarray]) -> str | None:
        """The port's tensor for one of PyTorch's, or None."""
        if name in self._given:
            return self._given[name]
        if name in tensors:
            return name
        owner, _, leaf = name.rpartition(".")
        module = self.module(owner)
        found = [f"{module}.{other}".lstrip(".") for other in LEAVES.get(leaf, (leaf,)) if module is not None]
        return next((other for other in found if other in tensors), None)


def in_their_layout(name: str, array: np.ndarray) -> np.ndarray:
    """A tensor of the port as PyTorch would lay it out: a `kernel` has its outputs last.

    >>> in_their_layout("fc.kernel", np.zeros((3, 5))).shape, in_their_layout("conv.kernel", np.zeros((7, 7, 3, 8))).shape
    ((5, 3), (8, 3, 7, 7))
    """
    if name.rpartition(".")[2] == "kernel" and array.ndim >= 2:
        return np.moveaxis(array, (-1, -2), (0, 1))
    return array


@dataclass(frozen=True)
class Relation:
    """How a tensor of the port differs from PyTorch's.

    Attributes:
        name: PyTorch's.
        kind, text: the cause.
        gap: the difference.
        value: the port's numbers in PyTorch's layout; None where the shapes do not allow it.
    """

    name: str
    kind: str
    text: str
    gap: Gap
    value: np.ndarray | None


def relation(name: str, ours: np.ndarray, theirs: np.ndarray) -> Relation | None:
    """None where the numbers are the same, in a layout that fits the shapes."""
    found = gap(ours, theirs)
    if ours.shape == theirs.shape and not _same(ours, theirs):
        for kind, text, other in _forms(name, theirs):
            if other.shape == ours.shape and _same(ours, other):
                return Relation(name, kind, text, _plain_gap(ours, theirs), ours)
        return Relation(name, "other values", f"giving {name} the port's values", _plain_gap(ours, theirs), ours)
    if found.agrees:
        return None
    value = ours.reshape(theirs.shape) if ours.size == theirs.size else None
    return Relation(name, "other values", f"giving {name} the port's values", found, value)


def _same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    return bool(np.array_equal(ours, theirs, equal_nan=True))


def _plain_gap(ours: np.ndarray, theirs: np.ndarray) -> Gap:
    distance = np.abs(ours - theirs)
    place = np.unravel_index(int(distance.argmax()), distance.shape)
    scale = float(np.abs(theirs).max())
    largest = float(distance[place])
    return Gap(largest, largest / scale if scale else np.inf, tuple(map(int, place)), tuple(range(theirs.ndim)))


def _forms(name: str, theirs: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    if theirs.ndim == 2:
        yield "transposed weight", f"transposing {name}", theirs.T
    elif 2 < theirs.ndim <= 5:
        for axes in list(permutations(range(theirs.ndim)))[1:]:
            yield "transposed weight", f"taking the axes of {name} in the order {axes}", theirs.transpose(axes)
        space = tuple(range(2, theirs.ndim))
        yield "flipped kernel", f"turning {name} round in space", np.flip(theirs, space)
    for count, gates in ((4, "ifgo"), (3, "rzn")):
        if re.search(r"(weight|bias)_[ih]h", name) and len(theirs) % count == 0:
            blocks = np.split(theirs, count)
            for order in list(permutations(range(count)))[1:]:
                text = f"swapping gate order {','.join(gates)} to {','.join(gates[i] for i in order)}"
                yield "gate order", text, np.concatenate([blocks[i] for i in order])
    yield "missing bias" if "bias" in name else "zeros", f"taking zeros for {name}", np.zeros_like(theirs)
    yield "sign", f"taking −{name}", -theirs
    for dtype in ("float32", "float16", "bfloat16"):
        import ml_dtypes  # noqa: F401  lets NumPy know bfloat16

        yield "dtype", f"rounding {name} to {dtype}", theirs.astype(dtype).astype(theirs.dtype)
