"""Which name in the port stands for which name in PyTorch, and how their tensors compare."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from jaxdl.parity.divergence.match import Gap, gap, real, strict_gap

Form = Callable[..., np.ndarray]

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

    >>> in_their_layout("fc.kernel", np.zeros((3, 5))).shape
    (5, 3)
    >>> in_their_layout("conv.kernel", np.zeros((7, 7, 3, 8))).shape
    (8, 3, 7, 7)
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
        form: what makes the port's numbers of PyTorch's, where that is known.
    """

    name: str
    kind: str
    text: str
    gap: Gap
    value: np.ndarray | None
    form: Form | None = None


def relation(name: str, ours: np.ndarray, theirs: np.ndarray) -> Relation | None:
    """None where the numbers are the same, in a layout that fits the shapes."""
    found = gap(real(ours), real(theirs))
    if ours.shape == theirs.shape and not _same(ours, theirs):
        plain = strict_gap(real(ours), real(theirs))
        for kind, text, form in _forms(name, theirs):
            other = form(theirs)
            if other.shape == ours.shape and _same(ours, other):
                return Relation(name, kind, text, plain, ours, form)
        return Relation(name, "other values", f"giving {name} the port's values", plain, ours)
    if found.agrees:
        return None
    value = ours.reshape(theirs.shape) if ours.size == theirs.size else None
    return Relation(name, "other values", f"giving {name} the port's values", found, value)


def relations(theirs: Mapping[str, np.ndarray], ours: Mapping[str, np.ndarray], pairs: Counterparts) -> list[Relation]:
    """The tensors that do not hold PyTorch's numbers."""
    found = []
    for name, tensor in theirs.items():
        pair = pairs.tensor(name, ours)
        if pair is not None and np.issubdtype(tensor.dtype, np.inexact):
            found.append(relation(name, in_their_layout(pair, ours[pair]), tensor))
    return [one for one in found if one is not None]


def _same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    return bool(np.array_equal(ours, theirs, equal_nan=True))


def _forms(name: str, theirs: np.ndarray) -> Iterator[tuple[str, str, Form]]:
    if theirs.ndim == 2:
        yield "transposed weight", f"transposing {name}", np.transpose
    elif 2 < theirs.ndim <= 5:
        for axes in list(permutations(range(theirs.ndim)))[1:]:
            text = f"taking the axes of {name} in the order {axes}"
            yield "transposed weight", text, lambda value, axes=axes: value.transpose(axes)
        space = tuple(range(2, theirs.ndim))
        yield "flipped kernel", f"turning {name} round in space", lambda value: np.flip(value, space)
        turned = (1, 0, *space)
        text = f"exchanging the first axes of {name} and turning it round in space"
        yield "flipped kernel", text, lambda value: np.flip(value.transpose(turned), space)
    for count, gates in ((4, "ifgo"), (3, "rzn")):
        if re.search(r"(weight|bias)_[ih]h", name) and len(theirs) % count == 0:
            for order in list(permutations(range(count)))[1:]:
                text = f"swapping gate order {','.join(gates)} to {','.join(gates[i] for i in order)}"
                yield "gate order", text, lambda value, order=order: _blocks(value, order)
    if "in_proj" in name and len(theirs) % 3 == 0:
        for order in list(permutations(range(3)))[1:]:
            text = f"taking the thirds of {name} in the order {', '.join('qkv'[i] for i in order)}"
            yield "order of parts", text, lambda value, order=order: _blocks(value, order)
    yield "missing bias" if "bias" in name else "zeros", f"taking zeros for {name}", np.zeros_like
    yield "sign", f"taking −{name}", np.negative
    if np.iscomplexobj(theirs):
        return
    for dtype in ("float32", "float16", "bfloat16"):
        import ml_dtypes  # noqa: F401  lets NumPy know bfloat16

        yield "dtype", f"rounding {name} to {dtype}", lambda value, to=dtype: value.astype(to).astype(value.dtype)


def _blocks(value: np.ndarray, order: Sequence[int]) -> np.ndarray:
    parts = np.split(value, len(order))
    return np.concatenate([parts[i] for i in order])
