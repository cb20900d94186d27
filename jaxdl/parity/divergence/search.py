"""The search for causes: each guess is tried on PyTorch's side, and kept if it gives the port's numbers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from jaxdl.parity.divergence.comparison import Comparison, Place
from jaxdl.parity.divergence.counterparts import Relation
from jaxdl.parity.divergence.endings import passed
from jaxdl.parity.divergence.faults import END, Cause, Fault, Found, Kept
from jaxdl.parity.divergence.match import Pool, Value, gap, telling
from jaxdl.parity.divergence.original import Original
from jaxdl.parity.divergence.port import Port, PortRun
from jaxdl.parity.divergence.recording import Change, Op
from jaxdl.parity.divergence.suspects import tiers

FAULTS = 12  # that are looked for one behind the other
PASSED = 8  # of the port's tensors that may be what PyTorch's module should give
CAUSES = 3  # that are given for one of them
# A cause that is no less than what the port does: nothing else needs to be tried.
DECISIVE = frozenset({"dtype", "transposed weight", "gate order", "flipped kernel", "other values"})


class Search:
    """Both models on the same inputs in one mode.

    Args:
        original: PyTorch's.
        port: the port.
        modules: PyTorch's names of modules → the port's.
        relations: the tensors that differ.
        train: the mode.
        widened: whether the port computes in float64 what it asks for in a smaller type, as PyTorch's does here.
        channels_last: whether the port's result may have its channels last.
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
        widened: bool,
        channels_last: bool,
        tell: Callable[[str], None],
    ) -> None:
        self._original, self._port, self._modules, self._relations = original, port, modules, relations
        self._train, self._channels_last, self._tell = train, channels_last, tell
        self._excused: frozenset[tuple[str, int]] = frozenset()
        self._causes_before: set[str] = set()
        self.port_run = port.run(train=train, widened=widened)
        self._narrow = () if widened else tuple(self.port_run.narrow)
        self._set(self.port_run)

    def run(self) -> Found:
        """Find the first difference, its cause, and with it the next, as far as causes are found."""
        comparison = self._compare([])
        found = Found(comparison, last=comparison)
        while (place := comparison.first) is not None and sum(not fault.again for fault in found.faults) < FAULTS:
            kept, tried = self._causes(place, comparison, found.changes)
            if not kept and place.seen.verdict == "elsewhere":  # the port only draws its modules' lines elsewhere
                self._excused |= {(place.seen.call.name, place.seen.call.occurrence)}
                comparison = self._compare(found.changes)
                if not found.faults:
                    found.comparison = comparison
                continue
            if not kept and found.faults and found.faults[-1].weak:
                found.changes.pop()
                comparison = self._compare(found.changes)
                weak = found.faults[-1]
                found.faults[-1] = self._fault(weak.place, (), weak.tried + tried, comparison)
                break
            fault = self._fault(place, kept, tried, comparison)
            found.faults.append(fault)
            change = kept[0].change if kept else self._past(place, comparison, found.changes)
            if change is None:
                break
            if not kept:
                found.faults[-1] = replace(fault, passed=True)
            self._make(change, found.changes)
            self._causes_before.add(_alike(change))
            comparison = self._compare(found.changes)
            found.faults[-1] = self._met(found.faults[-1], comparison)
        found.last = comparison
        return found

    def _met(self, fault: Fault, after: Comparison) -> Fault:
        """The fault with the port's tensor, where that is known only now that a change gives its numbers."""
        seen, met = fault.place.seen, after.seen[fault.place.seen.call.ended]
        if met.verdict != "agrees" or met.ours is None or after.marked(seen.call) or seen.call is after.run.root:
            return fault
        seen = replace(seen, ours=met.ours, gap=gap(met.ours, seen.theirs), place=met.place)
        return replace(fault, place=replace(fault.place, seen=seen))

    def _fault(self, place: Place, kept: Sequence[Kept], tried: int, comparison: Comparison) -> Fault:
        op = self._culprit(place, kept, comparison)
        where = place.seen.call.name if op is None else comparison.run.module_of(op)
        if kept and kept[0].change.where is not None:
            where = kept[0].change.where
        again = bool(kept) and _alike(kept[0].change) in self._causes_before
        return Fault(
            place,
            where,
            op.name if op else "",
            tuple(one.cause for one in kept),
            tried,
            again=again,
            weak=bool(kept) and kept[0].weak,
        )

    def _culprit(self, place: Place, kept: Sequence[Kept], comparison: Comparison) -> Op | None:
        """The function that does otherwise: the one that was changed, if a cause was found."""
        if kept and kept[0].change.ops:
            return comparison.run.ops[kept[0].change.ops[0]]
        return place.op if not kept or not (kept[0].change.tensors or kept[0].change.attributes) else None

    def _make(self, change: Change, changes: list[Change]) -> None:
        if _of_types(change):
            self._set(self._port.run(train=self._train, widened=True))
            self._narrow = ()
        else:
            changes.append(change)

    def _set(self, run: PortRun) -> None:
        self.port_run, self._pool = run, Pool(run.values)
        given = [*self._original.given(), *self._original.tensors().values()]
        self._inputs = {value for tensor in given for value in self._pool.find(tensor)}

    def _compare(self, changes: Sequence[Change], before: Comparison | None = None, start: int = 0) -> Comparison:
        run = self._original.run(changes, train=self._train)
        return Comparison(
            run,
            self.port_run,
            self._pool,
            self._modules,
            channels_last=self._channels_last,
            excused=self._excused,
            before=before,
            start=start,
            nearest=before is None,
        )

    def _causes(self, place: Place, comparison: Comparison, changes: Sequence[Change]) -> tuple[list[Kept], int]:
        """The changes that bring the comparison furthest, and how many were tried."""
        kept: list[Kept] = []
        tried = 0
        found = [
            list(tier) for tier in tiers(place, comparison, self._relations, self._narrow, self._original.tensors())
        ]
        for change in (change for tier in found for change in tier if _alike(change) in self._causes_before):
            tried += 1
            if (one := self._verified(change, place, comparison, changes)) is not None:
                return [one], tried  # the same again, in another block of the same kind
        for tier in found:
            for change in tier:
                tried += 1
                self._tell(change.text)
                one = self._verified(change, place, comparison, changes)
                if one is None or any(change.text == other.change.text for other in kept):
                    continue
                kept.append(one)
                if one.whole and (change.kind in DECISIVE or sum(other.whole for other in kept) == CAUSES):
                    break
            if any(one.reach == END or (one.whole and one.change.kind in DECISIVE) for one in kept):
                break
        furthest = max((one.reach for one in kept), default=END)
        return [one for one in kept if one.reach == furthest][:CAUSES], tried

    def _verified(self, change: Change, place: Place, before: Comparison, changes: Sequence[Change]) -> Kept | None:
        """What a change gives, or None if it does not help."""
        claimed: set[Value] = set()
        try:
            after = self._after(change, before, changes)
        except Exception:  # a guess that does not fit this call, whatever PyTorch says about it
            return None
        if not _of_types(change):
            claimed = before.claimed | self._inputs  # what both were given proves nothing
        if after.first is not None and (change.all_or_nothing or after.first.order <= place.order):
            return None
        start = place.op.index if place.op is not None else 0
        gained = {
            op.index: gap(values[0].array, op.outputs[0]).relative
            for op, values in zip(after.run.ops, after.found, strict=True)
            if op.index >= start and values and not claimed.intersection(values) and _same_size(values[0].array, op)
        }
        result = after.seen[-1]
        if after.first is None and result.gap is not None and telling(result.theirs):
            gained[len(after.run.ops)] = result.gap.relative
        if not gained:  # nothing that the port computes is met: what agrees does so by chance
            return None
        cause = Cause(change.kind, change.text, max(gained.values()))
        weak = change.kind.startswith("missing") and max(gained) <= max(change.ops, default=-1)
        return Kept(cause, change, END if after.first is None else after.first.order, place.order, weak)

    def _after(self, change: Change, before: Comparison, changes: Sequence[Change]) -> Comparison:
        if not _of_types(change):
            same = min(change.ops) if change.ops and not (change.tensors or change.attributes) else 0
            return self._compare([*changes, change], before, same)
        now = self.port_run
        self._set(self._port.run(train=self._train, widened=True))
        try:
            return self._compare(changes)
        finally:
            self._set(now)

    def _past(self, place: Place, comparison: Comparison, changes: Sequence[Change]) -> Change | None:
        """The port's own tensor given to PyTorch's model, if that brings the comparison further."""
        if place.seen.call is comparison.run.root:
            return None
        marked = comparison.marked(place.seen.call)
        tensors = [place.seen.ours] if marked else self._pool.nearest(place.seen.theirs, comparison.claimed)
        furthest: tuple[tuple[float, ...], Change | None] = ((), None)
        for tensor in tensors[:PASSED]:
            change = None if tensor is None else passed(place, tensor)
            after = None if change is None else self._tried([*changes, change])
            if after is None or (after.first is not None and after.first.seen.call.ended <= place.seen.call.ended):
                continue
            met = [op for op, found in zip(after.run.ops, after.found, strict=True) if found and telling(op.outputs[0])]
            behind = any(op.index >= place.seen.call.end and not comparison.found[op.index] for op in met)
            reach = END if after.first is None else after.first.order
            if (marked or behind) and reach > furthest[0]:
                furthest = (reach, change)
        return furthest[1]  # of several tensors, the one from which PyTorch goes on as the port does

    def _tried(self, changes: Sequence[Change]) -> Comparison | None:
        try:
            return self._compare(changes)
        except Exception:  # a tensor that PyTorch's model cannot take there
            return None


def _alike(change: Change) -> str:
    """A change's text without the numbers of blocks: 'transposing h.#.attn.weight'."""
    return re.sub(r"\.\d+(?=\.|\b)", ".#", change.text)


def _of_types(change: Change) -> bool:
    return change.kind == "dtype" and not change.tensors


def _same_size(array: np.ndarray, op: Op) -> bool:
    return bool(op.outputs) and array.size == op.outputs[0].size and telling(op.outputs[0])
