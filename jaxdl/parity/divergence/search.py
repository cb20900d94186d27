"""The search for causes: each guess is tried on PyTorch's side, and kept if it gives the port's numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from jaxdl.parity.divergence import causes
from jaxdl.parity.divergence.causes.elementwise import activations
from jaxdl.parity.divergence.comparison import Comparison, Place
from jaxdl.parity.divergence.counterparts import Relation
from jaxdl.parity.divergence.match import Pool, gap, informative
from jaxdl.parity.divergence.original import Change, Op, Original, Run
from jaxdl.parity.divergence.port import Port, PortRun

FAULTS = 12  # that are looked for one behind the other
REWIRED = 24  # earlier results that are tried as a function's input


@dataclass(frozen=True)
class Cause:
    """A change that was tried and gives the port's numbers.

    Attributes:
        kind: in a few words, such as 'transposed weight'.
        text: what is changed on PyTorch's side.
        difference: the largest that is left, in units of scale, where the change takes effect.
    """

    kind: str
    text: str
    difference: float

    def __str__(self) -> str:
        return f"{self.text} makes it agree (to {self.difference:.0e})"


@dataclass(frozen=True)
class Fault:
    """A difference and its causes, the likeliest first.

    Attributes:
        place: where.
        where: the module in whose code the cause stands.
        function: of PyTorch's, whose result the port does not have; '' where that is not known.
        causes: all that were verified.
        tried: how many guesses there were.
    """

    place: Place
    where: str
    function: str
    causes: tuple[Cause, ...]
    tried: int


@dataclass
class Found:
    """The result of a search.

    Attributes:
        comparison: before any change.
        faults: one behind the other: each with the changes of those before it made.
        last: with all the changes made.
        widened: whether one of them was to compute in float64.
    """

    comparison: Comparison
    faults: list[Fault] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    last: Comparison | None = None


class Search:
    """Both models on the same inputs in one mode.

    Args:
        original: PyTorch's.
        port: the port.
        modules: PyTorch's names of modules → the port's.
        relations: the tensors that differ.
        train: the mode.
        tell: is told what is tried.
    """

    def __init__(
        self,
        original: Original,
        port: Port,
        modules: Mapping[str, str],
        relations: Sequence[Relation],
        *,
        train: bool,
        tell: Callable[[str], None],
    ) -> None:
        self._original, self._port, self._modules, self._relations = original, port, modules, relations
        self._train, self._tell = train, tell
        self.port_run = port.run(train=train)
        self._pool = Pool(self.port_run.values)

    def run(self) -> Found:
        """Find the first difference, its cause, and with it the next, as far as causes are found."""
        comparison = self._compare([])
        found = Found(comparison, last=comparison)
        while (place := comparison.first) is not None and len(found.faults) < FAULTS:
            kept, tried = self._causes(place, comparison, found.changes)
            op = self._culprit(place, kept, comparison)
            where = place.seen.call.name if op is None else self._name(op, comparison)
            causes = tuple(cause for cause, _ in kept)
            found.faults.append(Fault(place, where, op.name if op else "", causes, tried))
            if not kept:
                break
            found.changes.append(kept[0][1])
            if kept[0][1].kind == "dtype" and not kept[0][1].tensors:
                self._widen()
            comparison = self._compare(found.changes)
        found.last = comparison
        return found

    def _compare(self, changes: Sequence[Change], port: PortRun | None = None, pool: Pool | None = None) -> Comparison:
        run = self._original.run(changes, train=self._train)
        return Comparison(run, port or self.port_run, pool or self._pool, self._modules)

    def _widen(self) -> None:
        self.port_run = self._port.run(train=self._train, widened=True)
        self._pool = Pool(self.port_run.values)

    def _culprit(self, place: Place, kept: Sequence[tuple[Cause, Change]], comparison: Comparison) -> Op | None:
        """The function that does otherwise: the one that was changed, if a cause was found."""
        if kept and kept[0][1].op is not None:
            return comparison.run.ops[kept[0][1].op]
        return place.op if not kept or not kept[0][1].tensors else None

    def _causes(
        self, place: Place, comparison: Comparison, changes: Sequence[Change]
    ) -> tuple[list[tuple[Cause, Change]], int]:
        """The changes that bring the comparison further, and how many were tried.

        A change that makes the whole output agree goes before one that only shows the next function's result.
        """
        tried = 0
        for strict in (True, False):
            for tier in self._tiers(place, comparison):
                kept: list[tuple[Cause, Change]] = []
                for change in tier:
                    tried += strict
                    self._tell(change.text)
                    left = self._verified(change, place, comparison, changes, strict)
                    if left is not None:
                        kept.append((Cause(change.kind, change.text, left), change))
                        if len(kept) == 3 or change.kind in DECISIVE:
                            break
                if kept:
                    return kept, tried
        return [], tried

    def _verified(
        self, change: Change, place: Place, before: Comparison, changes: Sequence[Change], strict: bool
    ) -> float | None:
        """What difference is left where the change takes effect, or None if it does not help."""
        try:
            if change.kind == "dtype" and not change.tensors:
                run = self._port.run(train=self._train, widened=True)
                after = self._compare(changes, run, Pool(run.values))
                claimed: set[object] = set()
            else:
                after = self._compare([*changes, change])
                claimed = set(before.claimed)
        except Exception:  # a guess that does not fit this call, whatever PyTorch says about it
            return None
        if after.first is not None and after.first.order <= place.order:
            return None
        if strict and after.first is not None and after.first.seen.call.ended <= place.seen.call.ended:
            return None
        start = place.op.index if place.op is not None else 0
        gained = [
            gap(values[0].array, op.outputs[0]).relative
            for op, values in zip(after.run.ops, after.found, strict=True)
            if op.index >= start and values and not claimed.intersection(values) and _same_size(values[0].array, op)
        ]
        if not gained and after.first is not None:
            return None
        result = after.seen[-1].gap
        return max([*gained, result.relative if after.first is None and result is not None else 0.0])

    def _tiers(self, place: Place, comparison: Comparison) -> Iterator[Iterator[Change]]:
        """The likeliest first: the port's own types and parameters, what stands at the place itself, anything else."""
        yield self._types()
        ops = self._suspects(place, comparison)
        owners = {self._name(op, comparison) for op in ops} | {place.seen.call.name}
        values = [r for r in self._relations if r.value is not None]
        related = [r for r in values if r.name.rpartition(".")[0] in owners]
        yield (_given([one]) for one in related)
        if len(related) > 1:
            yield iter([_given(related)])
        yield (change for op in ops for change in causes.candidates(op, self._name(op, comparison)))
        if place.op is None or not ops:
            yield self._behind(place, comparison)
        yield (change for op in ops[:3] for change in self._before(op, comparison.run))
        if len(values) > len(related):
            yield iter([_given(values)])

    def _types(self) -> Iterator[Change]:
        if self.port_run.narrow:
            where = self.port_run.narrow[0]
            line = f" ({where.place})" if where.place else ""
            yield Change("dtype", f"computing in float64 what the port computes in {where.dtype}{line}")

    def _suspects(self, place: Place, comparison: Comparison) -> list[Op]:
        """Functions that may be the cause: the first that the port lacks, then others up to the end of that call."""
        call = place.seen.call
        ops = comparison.run.ops
        if place.op is None:
            return [op for op in reversed(ops[call.start : call.end]) if op.outputs][:8]
        later = [op for op in ops[place.op.index + 1 : call.end] if op.outputs and not comparison.explained[op.index]]
        return [place.op, *self._carriers(place.op, ops), *later[:12]]

    def _carriers(self, op: Op, ops: Sequence[Op]) -> list[Op]:
        """What brought a function its arguments without computing: it may have brought them in another order."""
        waiting = sorted(op.parents, reverse=True)
        found: list[Op] = []
        while waiting and len(found) < 12:
            parent = ops[waiting.pop(0)]
            if parent.name in CARRIERS and parent not in found:
                found.append(parent)
                waiting += sorted(parent.parents, reverse=True)
        return found

    def _name(self, op: Op, comparison: Comparison) -> str:
        return comparison.run.calls[op.call].name if op.call >= 0 else ""

    def _before(self, op: Op, run: Run) -> Iterator[Change]:
        """Something more, or something else, at a function's first argument."""
        for name, function in activations().items():
            if name != "no activation":
                yield Change(
                    "extra activation",
                    f"taking {name} before {op.name}",
                    op.index,
                    lambda func, args, kwargs, f=function: func(f(args[0]), *args[1:], **kwargs),
                )
        shape = tuple(op.args[0].shape) if op.args and hasattr(op.args[0], "shape") else None
        others = [o for o in run.ops[: op.index] if o.outputs and o.outputs[0].shape == shape][-REWIRED:]
        for other in reversed(others):
            where = run.calls[other.call].name if other.call >= 0 else ""
            yield Change(
                "other input",
                f"giving {op.name} the result of {other.name}{f' in {where}' if where else ''}",
                op.index,
                lambda func, args, kwargs, o=other: func(_tensor(o.outputs[0]), *args[1:], **kwargs),
            )

    def _behind(self, place: Place, comparison: Comparison) -> Iterator[Change]:
        """Something more behind the last function."""
        made = [index for index in place.seen.call.made_by if index is not None]
        if not made:
            return
        for name, function in {**activations(), **_endings()}.items():
            if name != "no activation":
                yield Change(
                    "extra activation",
                    f"taking {name} at the end",
                    made[0],
                    lambda func, args, kwargs, f=function: f(func(*args, **kwargs)),
                )


# What computes nothing: its result is found in the port whatever the order that it makes.
CARRIERS = frozenset(
    {"flatten", "reshape", "view", "unflatten", "permute", "transpose", "swapaxes", "t", "contiguous", "clone"}
    | {"squeeze", "unsqueeze", "expand", "chunk", "split", "select", "__getitem__", "cat", "stack", "dropout"}
)
# A cause that is no less than what the port does: nothing else needs to be tried.
DECISIVE = frozenset({"dtype", "transposed weight", "gate order", "flipped kernel", "other values"})


def _endings() -> dict[str, Callable[..., object]]:
    return {
        "softmax over the last axis": lambda x: x.softmax(-1),
        "log_softmax over the last axis": lambda x: x.log_softmax(-1),
        "softmax over axis 1": lambda x: x.softmax(1),
        "the opposite": lambda x: -x,
    }


def _tensor(array: np.ndarray) -> object:
    import torch

    return torch.from_numpy(array.copy())


def _same_size(array: np.ndarray, op: Op) -> bool:
    return bool(op.outputs) and array.size == op.outputs[0].size and informative(op.outputs[0])


def _given(several: Sequence[Relation]) -> Change:
    """PyTorch with the port's numbers in these tensors."""
    kinds, texts = {one.kind for one in several}, list(dict.fromkeys(one.text for one in several))
    kind = kinds.pop() if len(kinds) == 1 else "other values"
    text = texts[0] if len(texts) == 1 else f"{texts[0]} and {len(texts) - 1} more such changes"
    return Change(kind, text, tensors={one.name: one.value for one in several if one.value is not None})
