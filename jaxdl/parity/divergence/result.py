"""What `diff` found, as data and as the page that people read."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from jaxdl.parity.divergence.comparison import Seen
from jaxdl.parity.divergence.counterparts import Relation
from jaxdl.parity.divergence.match import Gap
from jaxdl.parity.divergence.search import Cause, Fault, Found
from jaxdl.parity.divergence.training import Tensor
from jaxdl.parity.errors import ParityError

WIDTH = 110


@dataclass(frozen=True)
class First:
    """The first tensor that differs.

    Attributes:
        stage: 'forward', 'training', 'buffers', 'gradients' or 'step 1', 'step 2', …
        module: PyTorch's name of the module whose tensor it is; '' is the whole model.
        tensor: 'output', or the buffer's or parameter's name.
        where: the module in whose code the cause stands, which may be one that calls it.
        function: of PyTorch's, whose result the port does not have; '' where that is not known.
        shapes: the port's and PyTorch's; the port's is None where it has no such tensor.
        difference: the largest, absolute.
        relative: the same in units of scale.
        index: where it is, in PyTorch's tensor.
        causes: verified ones, the likeliest first.
        line: the port's line that computed it, where that is known.
    """

    stage: str
    module: str
    tensor: str
    where: str
    function: str
    shapes: tuple[tuple[int, ...] | None, tuple[int, ...]]
    difference: float
    relative: float
    index: tuple[int, ...]
    causes: tuple[Cause, ...]
    line: str = ""

    @property
    def cause(self) -> str:
        """The likeliest cause in a few words; '' where none was found."""
        return self.causes[0].kind if self.causes else ""


@dataclass(frozen=True)
class Diff:
    """The result of `diff`: truthy attributes are data, `str()` is the page.

    Attributes:
        name: of the PyTorch model.
        parameters: tensors that do not hold PyTorch's numbers.
        compared: how many tensors were compared.
        forward: the outputs in evaluation mode.
        training: the outputs in training mode; None where the port has no such mode.
        buffers: after a run in training mode, in the order of their modules.
        buffer_faults: their causes.
        gradients: by parameter; None where they were not compared.
        steps: a list a step; None where they were not taken.
        notes: what was not compared, and why.
    """

    name: str
    parameters: tuple[Relation, ...]
    compared: int
    forward: Found
    training: Found | None = None
    buffers: tuple[Tensor, ...] = ()
    gradients: tuple[Tensor, ...] | None = None
    steps: tuple[tuple[Tensor, ...], ...] | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def firsts(self) -> list[First]:
        """Every difference that was found, in order: behind each, the comparison went on with its cause made good."""
        found = [_first("forward", fault) for fault in self.forward.faults]
        if not found and self.training is not None:
            found += [_first("training", fault) for fault in self.training.faults]
        stages = [("buffers", self.buffers), ("gradients", self.gradients or ())]
        stages += [(f"step {number}", step) for number, step in enumerate(self.steps or (), 1)]
        for stage, tensors in stages:
            found += [_of_tensor(stage, tensor) for tensor in tensors if not tensor.agrees]
            if found and stage.startswith("step"):
                break
        return found

    @property
    def first(self) -> First | None:
        """The first tensor that differs, or None."""
        return next(iter(self.firsts), None)

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return self.first is None

    @property
    def right(self) -> list[str]:
        """PyTorch's modules whose outputs the port has."""
        names: dict[str, bool] = {}
        for found in (self.forward, self.training):
            for seen in found.comparison.seen if found is not None else ():
                if seen.verdict != "hidden":
                    names[seen.call.name] = names.get(seen.call.name, True) and seen.verdict == "agrees"
        return [name for name, agrees in names.items() if agrees]

    def assert_agreement(self) -> None:
        """Raise ParityError with the first difference in one line, if there is one.

        Raises:
            ParityError: something differs.
        """
        first = self.first
        if first is not None:
            cause = f"; {first.causes[0]}" if first.causes else ""
            raise ParityError(
                f"{first.stage} · {_called(first.module)} · {first.tensor} · {first.relative:.1e} > 1e-10 (float64)"
                f"{cause}"
            )

    def table(self) -> Table:
        """Every module's output in the order in which they are computed."""
        table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        for heading in ("module", "kind", "PyTorch", "port", "|Δ|", "of scale", "verdict"):
            table.add_column(heading, overflow="fold")
        mode = self.training if self.forward.comparison.first is None and self.training else self.forward
        for seen in mode.comparison.seen:
            found = seen.gap
            agrees = {"agrees": "agrees", "differs": "[bold]DIFFERS", "hidden": "not seen in the port"}[seen.verdict]
            table.add_row(
                _called(seen.call.name) + (f" (call {seen.call.occurrence + 1})" if seen.call.occurrence else ""),
                type(seen.call.module).__name__,
                _shape(seen.theirs),
                _shape(seen.ours),
                "" if found is None else _size(found.difference),
                "" if found is None else _size(found.relative),
                agrees,
            )
        return table

    def lines(self) -> Iterator[str]:
        """The page, without the table."""
        yield from self._about_parameters()
        yield from self._about_outputs()
        yield from self._about_tensors("gradients", self.gradients)
        for number, step in enumerate(self.steps or (), 1):
            yield from self._about_tensors(f"step {number}", step)
        for note in self.notes:
            yield f"not compared  {note}"
        yield from self._about_what_is_right()

    def _about_parameters(self) -> Iterator[str]:
        right = self.compared - len(self.parameters)
        yield f"parameters    {right} of {self.compared} tensors hold PyTorch's numbers"
        for one in self.parameters[:8]:
            yield f"              {one.name} differs by {_size(one.gap.difference)} ({one.kind}: {one.text})"
        if len(self.parameters) > 8:
            yield f"              and {len(self.parameters) - 8} more"

    def _about_outputs(self) -> Iterator[str]:
        for mode, found in (("forward", self.forward), ("training", self.training)):
            if found is None:
                continue
            if not found.faults:
                count = sum(seen.verdict == "agrees" for seen in found.comparison.seen)
                yield f"{mode:14}every output agrees ({count} modules, largest difference {_largest(found)} of scale)"
            for number, fault in enumerate(found.faults):
                yield from _about_fault(mode, number, _first(mode, fault), fault)
        yield from self._about_tensors("buffers", self.buffers or None)

    def _about_tensors(self, stage: str, tensors: Sequence[Tensor] | None) -> Iterator[str]:
        if tensors is None:
            return
        wrong = [tensor for tensor in tensors if not tensor.agrees]
        compared = [tensor.gap for tensor in tensors if tensor.gap is not None]
        largest = _size(max((g.relative for g in compared if g.agrees), default=0.0))
        yield f"{stage:14}{len(compared) - len(wrong)} of {len(compared)} tensors agree (to {largest} of scale)"
        for tensor in wrong[:8]:
            assert tensor.gap is not None
            yield (
                f"              {tensor.name} differs by {_size(tensor.gap.difference)} at {tensor.gap.index}"
                + (f": {tensor.kind}; {tensor.text}" if tensor.kind else "")
            )

    def _about_what_is_right(self) -> Iterator[str]:
        right = [name or "the whole model" for name in self.right]
        names = ", ".join(right[:12]) + (f" and {len(right) - 12} more" if len(right) > 12 else "")
        if self.agrees:
            yield f"right         everything that was compared: {names}"
            return
        yield f"right         {names or 'nothing'}"
        if self.forward.faults and self.forward.last is not None and self.forward.last.first is None:
            count = len(self.forward.faults)
            what = "that change" if count == 1 else f"those {count} changes"
            yield f"              and with {what} every output of the port is PyTorch's: nothing else is wrong in it"
        elif len(self.forward.faults) > 1:
            yield "              (each difference above was looked for with the changes before it made)"

    def __str__(self) -> str:
        out = Console(file=io.StringIO(), width=WIDTH, record=True)
        self.print(out)
        return "\n".join(line.rstrip() for line in out.export_text().splitlines())

    def print(self, console: Console | None = None) -> None:
        """The page on a console."""
        console = console or Console()
        verdict = "agrees with PyTorch" if self.agrees else "differs from PyTorch"
        console.print(f"{self.name}: the port {verdict} (float64)", highlight=False, markup=False)
        console.print(self.table())
        for line in self.lines():
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _about_fault(mode: str, number: int, first: First, fault: Fault) -> Iterator[str]:
    label = mode if number == 0 else ""
    what = "first difference" if number == 0 else "next difference"
    yield f"{label:14}{what}: the output of {_called(first.module)} ({type(fault.place.seen.call.module).__name__})"
    ours, theirs = first.shapes
    values = _values(fault.place.seen, first.index)
    yield (
        f"              PyTorch {theirs}, port {ours if ours is not None else 'no such tensor'}; largest difference "
        f"{_size(first.difference)} ({_size(first.relative)} of scale) at {first.index}{values}"
    )
    if first.where != first.module or first.line:
        code = f"the code of {_called(first.where)}" if first.where != first.module else _called(first.module)
        function = f", where PyTorch calls {first.function}" if first.function else ""
        line = f"; the port's line: {first.line}" if first.line else ""
        yield f"              the cause stands in {code}{function}{line}"
    if first.causes:
        yield f"              cause: {first.cause}"
        for rank, cause in enumerate(first.causes, 1):
            yield f"              {rank}. {cause}"
    else:
        yield f"              no cause was found: {fault.tried} changes were tried, and none gives the port's numbers"


def _first(stage: str, fault: Fault) -> First:
    seen = fault.place.seen
    found = seen.gap or Gap(inf, inf, (), ())
    shapes = (None if seen.ours is None else seen.ours.shape, seen.theirs.shape)
    return First(
        stage, seen.call.name, "output", fault.where, fault.function, shapes, found.difference,
        found.relative, found.index, fault.causes, seen.place,
    )  # fmt: skip


def _of_tensor(stage: str, tensor: Tensor) -> First:
    module, _, leaf = tensor.name.rpartition(".")
    found = tensor.gap or Gap(inf, inf, (), ())
    causes = (Cause(tensor.kind, tensor.text, 0.0),) if tensor.kind else ()
    shape = tuple(0 for _ in found.axes)
    return First(stage, module, leaf, module, "", (shape, shape), found.difference, found.relative, found.index, causes)


def _values(seen: Seen, index: tuple[int, ...]) -> str:
    if seen.ours is None or seen.gap is None or seen.gap.difference == inf or not index:
        return ""
    turned = seen.ours.reshape([seen.theirs.shape[axis] for axis in seen.gap.axes])
    ours = turned[tuple(index[axis] for axis in seen.gap.axes)]
    return f": {seen.theirs[index]:.6g} there, {ours:.6g} here"


def _called(name: str) -> str:
    return name or "the whole model"


def _shape(array: np.ndarray | None) -> str:
    return "" if array is None else "×".join(map(str, array.shape)) or "scalar"


def _size(value: float) -> str:
    return "∞" if value == inf else f"{value:.1e}" if value else "0"


def _largest(found: Found) -> str:
    return _size(max((seen.gap.relative for seen in found.comparison.seen if seen.gap is not None), default=0.0))
