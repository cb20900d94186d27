"""One run of PyTorch's beside one of the port's: which calls agree, and where the first difference stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np

from jaxdl.parity.divergence.match import Gap, Pool, Value, gap, informative, strict_gap
from jaxdl.parity.divergence.port import PortRun
from jaxdl.parity.divergence.recording import Call, Op, Run


@dataclass(frozen=True)
class Seen:
    """One call of a module, compared.

    Attributes:
        call: PyTorch's.
        verdict: 'agrees', 'differs', 'elsewhere': the port's module of that name gives something else, but the port
            has the tensor; or 'hidden': the port shows no such tensor, and what follows from it agrees.
        ours: the port's tensor that was compared, if there is one.
        theirs: PyTorch's.
        gap: between the two.
        place: the port's line that computed it.
    """

    call: Call
    verdict: str
    ours: np.ndarray | None
    theirs: np.ndarray
    gap: Gap | None
    place: str = ""


@dataclass(frozen=True)
class Place:
    """Where the first difference is.

    Attributes:
        seen: the first call whose output differs.
        op: the first function of PyTorch's whose result the port does not have; None where it has them all.
        reached: the number of the first such function in the module around that call; -1 where there is none.
    """

    seen: Seen
    op: Op | None
    reached: int = -1

    @property
    def order(self) -> tuple[int, int, int]:
        """Greater for what comes later."""
        return (self.seen.call.ended, self.reached, -1 if self.op is None else self.op.index)


class Comparison:
    """The comparison of two runs.

    Args:
        run: PyTorch's.
        port: the port's.
        pool: all that the port computed.
        modules: PyTorch's names of modules → the port's.
        channels_last: whether the port's result may have its channels last.
        excused: (module, occurrence) of calls whose tensor stands elsewhere in the port without being a fault.
        before: a comparison that is the same up to the function `start`.
        nearest: whether to look for the port's nearest tensor where it has no counterpart, which takes long.
    """

    def __init__(
        self,
        run: Run,
        port: PortRun,
        pool: Pool,
        modules: Mapping[str, str],
        *,
        channels_last: bool = False,
        excused: frozenset[tuple[str, int]] = frozenset(),
        before: "Comparison | None" = None,
        start: int = 0,
        nearest: bool = True,
    ) -> None:
        self.run, self._port, self._pool, self._modules = run, port, pool, modules
        self._nearest = nearest
        self._channels_last, self._excused = channels_last, excused
        self.found: list[list[Value]] = [] if before is None else before.found[:start]
        self.found += [self._find(op) for op in run.ops[len(self.found) :]]
        self.explained = self._explained()
        self.seen = [self._look(call) for call in run.ended]
        if self.seen[-1].verdict == "agrees":  # what the port does not compute, its result does not need
            self.seen = [self._unneeded(seen) for seen in self.seen]
        self.first = self._first()

    @property
    def claimed(self) -> set[Value]:
        """The port's tensors that PyTorch has as well."""
        return {value for values in self.found for value in values}

    @property
    def port_outputs(self) -> list[np.ndarray]:
        """What the port gives."""
        return self._port.outputs

    @property
    def results(self) -> list[tuple[int, tuple[int, ...]]]:
        """(place, order of the axes) for each of the results that agree."""
        pairs = zip(self._port.outputs, self.run.root.outputs, strict=False)
        gaps = (strict_gap(a, b, channels_last=self._channels_last) for a, b in pairs)
        return [(place, found.axes) for place, found in enumerate(gaps) if found.agrees]

    def turned(self, op: Op) -> bool:
        """Whether the port has a function's result in another order of the axes alone, and not with channels last."""
        tensors = [output for output in op.outputs if informative(output)]
        if not tensors or not self.found[op.index]:
            return False
        values = self.found[op.index]
        return not any(strict_gap(v.array, tensors[0], channels_last=True).agrees for v in values)

    def marked(self, call: Call) -> bool:
        """Whether the port shows what its module of that name gives."""
        return (self._modules.get(call.name, call.name), call.occurrence) in self._port.outputs_of

    def factors(self, tensor: np.ndarray) -> list[float]:
        """Numbers by which the port has this tensor multiplied."""
        if not informative(tensor) or not np.isfinite(tensor).all():
            return []
        return self._pool.factors(tensor, self.claimed)

    def _find(self, op: Op) -> list[Value]:
        for output in op.outputs:
            if informative(output):
                return self._pool.find(output)
        return []

    def _explained(self) -> list[bool]:
        """Whether the port has a function's result, or something that PyTorch computes from it."""
        explained = [bool(found) for found in self.found]
        for op in reversed(self.run.ops):
            if explained[op.index]:
                for parent in op.parents:
                    explained[parent] = True
        return explained

    def _look(self, call: Call) -> Seen:
        if call is self.run.root:
            return self._look_at_result(call)
        if not call.outputs:
            return Seen(call, "hidden", None, np.zeros(0), None)
        place = next((i for i, t in enumerate(call.outputs) if informative(t)), 0)
        theirs = call.outputs[place]
        own = self._own(call, place)
        if own is not None and own.verdict == "agrees":
            return own
        values = self._pool.find(theirs) if informative(theirs) else []
        if values:
            excused = own is None or (call.name, call.occurrence) in self._excused
            found = gap(values[0].array, theirs)
            if excused or own is None:
                return Seen(call, "agrees", values[0].array, theirs, found, values[0].place)
            return Seen(call, "elsewhere", own.ours, theirs, own.gap, own.place)
        if own is not None:
            return own
        if not informative(theirs) or any(made is not None and self.explained[made[0]] for made in call.made_by):
            return Seen(call, "hidden", None, theirs, None)
        nearest = self._pool.nearest(theirs, self.claimed)[:1] if self._nearest else []
        if not nearest:
            return Seen(call, "differs", None, theirs, None)
        return Seen(call, "differs", nearest[0], theirs, gap(nearest[0], theirs), self._place(nearest[0]))

    def _unneeded(self, seen: Seen) -> Seen:
        if seen.verdict != "differs" or self.marked(seen.call):
            return seen
        return Seen(seen.call, "hidden", None, seen.theirs, None)

    def _own(self, call: Call, place: int) -> Seen | None:
        """Beside what the port's module of that name gave."""
        name = self._modules.get(call.name, call.name)
        ours = self._port.outputs_of.get((name, call.occurrence), [])
        if not ours:
            return None
        theirs = call.outputs[place]
        mine = ours[min(place, len(ours) - 1)]
        found = gap(mine, theirs)
        return Seen(call, "agrees" if found.agrees else "differs", mine, theirs, found, self._place(mine))

    def _look_at_result(self, call: Call) -> Seen:
        """The whole model: each of the port's results must be PyTorch's at its place, axis by axis."""
        seen = []
        for ours, theirs in zip(self._port.outputs, call.outputs, strict=False):
            found = strict_gap(ours, theirs, channels_last=self._channels_last)
            verdict = "agrees" if found.agrees else "differs"
            seen.append(Seen(call, verdict, ours, theirs, found, self._place(ours)))
        if not seen:
            theirs = call.outputs[0] if call.outputs else np.zeros(0)
            verdict = "differs" if call.outputs or self._port.outputs else "hidden"
            return Seen(call, verdict, next(iter(self._port.outputs), None), theirs, None)
        return max(seen, key=lambda one: one.gap.relative if one.gap is not None else inf)

    def _place(self, array: np.ndarray) -> str:
        return next((value.place for value in self._pool.find(array) if value.place), "")

    def _first(self) -> Place | None:
        wrong = {"differs"} if self.seen[-1].verdict == "agrees" else {"differs", "elsewhere"}
        seen = next((seen for seen in self.seen if seen.verdict in wrong), None)
        if seen is None:
            return None
        before = self.run.ops[: seen.call.end]
        missing = [op for op in before if op.outputs and informative(op.outputs[0]) and not self.explained[op.index]]
        if not missing:
            return Place(seen, None)
        around = self.run.calls[seen.call.parent].start if seen.call.parent >= 0 else 0
        reached = next((op.index for op in missing if op.index >= around), seen.call.end)
        return Place(seen, self._earliest(missing, seen.call), reached)

    def _earliest(self, missing: list[Op], call: Call) -> Op:
        """The first of the functions that the port lacks, but rather one around the call than far before it.

        What was made outside, such as a mask for all blocks, is to blame only if everything missing in here needs it.
        """
        while call.parent >= 0:
            outside = {op.index for op in missing if op.index < call.start}
            for op in missing[len(outside) :]:
                if not op.parents & outside:
                    return op
                outside.add(op.index)
            call = self.run.calls[call.parent]
        return missing[0]
