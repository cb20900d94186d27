"""What `diff` found, as data; printed, it is a page."""

import io
from dataclasses import dataclass, field, replace
from math import inf

from rich.console import Console
from rich.table import Table

from jaxdl.parity.divergence import page
from jaxdl.parity.divergence.counterparts import Relation
from jaxdl.parity.divergence.faults import Cause, Fault, Found
from jaxdl.parity.divergence.match import Gap
from jaxdl.parity.divergence.training import Tensor
from jaxdl.parity.errors import ParityError


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
    """The result of `diff`: its attributes are data, `str()` is the page.

    Attributes:
        name: of the PyTorch model.
        parameters: tensors that do not hold PyTorch's numbers.
        compared: how many tensors were compared.
        forward: the outputs in evaluation mode.
        training: the outputs in training mode; None where they were not compared.
        buffers: after a run in training mode, in the order of their modules.
        gradients: by parameter; None where they were not compared.
        steps: a list a step; None where they were not taken.
        notes: what was not compared, and why.
        absent: PyTorch's tensors that have no counterpart in the port.
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
    absent: tuple[str, ...] = ()

    def noting(self, note: str) -> "Diff":
        """The same with one more note."""
        return replace(self, notes=(*self.notes, note))

    @property
    def firsts(self) -> list[First]:
        """Every difference that was found, in order: behind each, the comparison went on with its cause made good."""
        found = [_first("forward", fault) for fault in self.forward.faults]
        if self.training is not None:
            found += [_first("training", fault) for fault in self.training.faults]
        for stage, tensors in (("buffers", self.buffers), ("gradients", self.gradients or ())):
            found += [_of_tensor(stage, tensor) for tensor in tensors if not tensor.agrees]
        for number, step in enumerate(self.steps or (), 1):
            wrong = [_of_tensor(f"step {number}", tensor) for tensor in step if not tensor.agrees]
            if wrong:
                return found + sorted(wrong, key=lambda one: not one.causes)
        return found

    @property
    def first(self) -> First | None:
        """The first tensor that differs, or None."""
        return next(iter(self.firsts), None)

    @property
    def agrees(self) -> bool:
        """Whether nothing that was compared differs."""
        return self.first is None

    @property
    def right(self) -> list[str]:
        """PyTorch's modules whose outputs the port has."""
        names: dict[str, bool] = {}
        for found in filter(None, (self.forward, self.training)):
            for seen in found.comparison.seen:
                if seen.verdict != "hidden":
                    right = seen.verdict == "agrees" or (seen.verdict == "elsewhere" and not found.faults)
                    names[seen.call.name] = names.get(seen.call.name, True) and right
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
                f"{first.stage} · {page.called(first.module)} · {first.tensor} · {first.relative:.1e} > 1e-10 (float64)"
                f"{cause}"
            )

    def table(self) -> Table:
        """Every module's output in the order in which they are computed."""
        return page.table(self)

    def __str__(self) -> str:
        wide = Console(width=1000).measure(self.table()).maximum  # a long name is not to be broken
        out = Console(file=io.StringIO(), width=max(page.WIDTH, wide), record=True)
        self.print(out)
        return "\n".join(line.rstrip() for line in out.export_text().splitlines())

    def print(self, console: Console | None = None) -> None:
        """The page on a console."""
        console = console or Console()
        verdict = "agrees with PyTorch" if self.agrees else "differs from PyTorch"
        console.print(f"{self.name}: the port {verdict} (float64)", highlight=False, markup=False)
        console.print(self.table())
        for line in page.lines(self):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


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
    causes = (Cause(tensor.kind, tensor.text, None),) if tensor.kind else ()
    return First(stage, module, leaf, module, "", tensor.shapes, found.difference, found.relative, found.index, causes)
