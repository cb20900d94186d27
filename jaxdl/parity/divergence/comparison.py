"""One run of PyTorch's beside one of the port's: which calls agree, and where the first difference stands."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jaxdl.parity.divergence.match import Gap, Pool, Value, gap, informative
from jaxdl.parity.divergence.original import Call, Op, Run
from jaxdl.parity.divergence.port import PortRun


@dataclass(frozen=True)
class Seen:
    """One call of a module, compared.

    Attributes:
        call: PyTorch's.
        verdict: 'agrees', 'differs', or 'hidden': the port shows no such tensor, and what follows from it agrees.
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
    """

    seen: Seen
    op: Op | None

    @property
    def order(self) -> tuple[int, int]:
        """Greater for what comes later."""
        return (self.seen.call.ended, -1 if self.op is None else self.op.index)


class Comparison:
    """The comparison of two runs.

    Args:
        run: PyTorch's.
        port: the port's.
        pool: all that the port computed.
        modules: PyTorch's names of modules → the port's.
    """

    def __init__(self, run: Run, port: PortRun, pool: Pool, modules: Mapping[str, str]) -> None:
        self.run, self._port, self._pool, self._modules = run, port, pool, modules
        self.found = [self._find(op) for op in run.ops]
        self.explained = self._explained()
        self.seen = [self._look(call) for call in run.ended]
        self.first = self._first()

    @property
    def claimed(self) -> set[Value]:
        """The port's tensors that PyTorch has as well."""
        return {value for values in self.found for value in values}

    @property
    def results(self) -> list[tuple[int, int, tuple[int, ...]]]:
        """(the port's result, PyTorch's, the order of its axes) for each of the port's results."""
        found = []
        for i, ours in enumerate(self._port.outputs):
            order = sorted(range(len(self.run.root.outputs)), key=lambda j: j != i)
            gaps = ((j, gap(ours, self.run.root.outputs[j])) for j in order)
            found += [(i, j, g.axes) for j, g in gaps if g.agrees][:1]
        return found

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
        root = call is self.run.root
        theirs = next((t for t in call.outputs if informative(t)), call.outputs[0] if call.outputs else np.zeros(0))
        ours = self._port.outputs if root else self._counterpart(call)
        if root:
            return self._look_at_result(call, theirs)
        if not call.outputs or not informative(theirs):
            return Seen(call, "hidden", None, theirs, None)
        if ours:
            index = min([i for i, t in enumerate(call.outputs) if t is theirs][0], len(ours) - 1)
            place = self._place(ours[index])
            found = gap(ours[index], theirs)
            later = [g for a, b in zip(ours, call.outputs, strict=False) if not (g := gap(a, b)).agrees]
            if found.agrees and not later:
                return Seen(call, "agrees", ours[index], theirs, found, place)
            if not self._pool.find(theirs):
                return Seen(call, "differs", ours[index], theirs, found, place)
        if values := self._pool.find(theirs):
            return Seen(call, "agrees", values[0].array, theirs, gap(values[0].array, theirs), values[0].place)
        if any(made is not None and self.explained[made] for made in call.made_by):
            return Seen(call, "hidden", None, theirs, None)
        nearest = self._pool.nearest(theirs, self.claimed)
        if nearest is None:
            return Seen(call, "differs", None, theirs, None)
        return Seen(call, "differs", nearest.array, theirs, gap(nearest.array, theirs), nearest.place)

    def _counterpart(self, call: Call) -> list[np.ndarray]:
        name = self._modules.get(call.name, call.name)
        return self._port.outputs_of.get((name, call.occurrence), [])

    def _look_at_result(self, call: Call, theirs: np.ndarray) -> Seen:
        """The whole model: each of the port's results must be PyTorch's at its place, or another one of PyTorch's."""
        worst: tuple[float, Seen] | None = None
        for index, ours in enumerate(self._port.outputs):
            candidates = call.outputs[index : index + 1] + call.outputs
            gaps = [(gap(ours, other), other) for other in candidates]
            found, other = next(((g, o) for g, o in gaps if g.agrees), gaps[0] if gaps else (None, theirs))
            agrees = found is not None and found.agrees
            seen = Seen(call, "agrees" if agrees else "differs", ours, other, found, self._place(ours))
            size = found.relative if found else float("inf")
            if worst is None or size > worst[0]:
                worst = (size, seen)
        return worst[1] if worst else Seen(call, "differs", None, theirs, None)

    def _place(self, array: np.ndarray) -> str:
        return next((value.place for value in self._pool.find(array) if value.place), "")

    def _first(self) -> Place | None:
        seen = next((seen for seen in self.seen if seen.verdict == "differs"), None)
        if seen is None:
            return None
        before = self.run.ops[: seen.call.end]
        missing = (op for op in before if op.outputs and informative(op.outputs[0]) and not self.explained[op.index])
        return Place(seen, next(missing, None))
