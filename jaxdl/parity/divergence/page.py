"""The page that people read: what was compared, what differs first and why, and where the port is right."""

from collections.abc import Iterator, Sequence
from math import inf
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from jaxdl.parity.divergence.comparison import Seen
from jaxdl.parity.divergence.faults import Fault, Found
from jaxdl.parity.divergence.training import Tensor

if TYPE_CHECKING:
    from jaxdl.parity.divergence.result import Diff

WIDTH = 100
LABEL = 14
LISTED = 8  # tensors of a kind that are named
FLOAT32 = 1e-6  # of scale: what float32 rounds is less


def table(diff: "Diff") -> Table:
    """Every module's output in the order in which they are computed."""
    columns = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("module", "kind", "PyTorch", "port", "|Δ|", "of scale", "verdict"):
        columns.add_column(heading, overflow="fold")
    mode = diff.forward if diff.forward.faults or diff.training is None else diff.training
    for seen in mode.comparison.seen:
        found = seen.gap
        fine = "agrees" if not mode.faults else "[bold]DIFFERS"
        words = {"agrees": "agrees", "differs": "[bold]DIFFERS", "hidden": "not seen in the port", "elsewhere": fine}
        columns.add_row(
            called(seen.call.name) + (f" (call {seen.call.occurrence + 1})" if seen.call.occurrence else ""),
            type(seen.call.module).__name__,
            _shape(seen.theirs),
            _shape(seen.ours),
            "" if found is None else _size(found.difference),
            "" if found is None else _size(found.relative),
            words[seen.verdict],
        )
    return columns


def lines(diff: "Diff") -> Iterator[str]:
    """The page, without the table."""
    yield from _about_parameters(diff)
    for mode, found in (("forward", diff.forward), ("training", diff.training)):
        if found is not None:
            yield from _about_outputs(mode, found)
    yield from _about_tensors("buffers", diff.buffers or None)
    yield from _about_tensors("gradients", diff.gradients)
    yield from _about_steps(diff.steps)
    for note in diff.notes:
        yield from _under("not compared", note)
    yield from _about_what_is_right(diff)


def _under(label: str, text: str, *, hang: int = 0) -> list[str]:
    """A paragraph beside its label; its further lines stand `hang` columns to the right."""
    first, further = label.ljust(LABEL), " " * (LABEL + hang)
    return wrap(text, WIDTH, initial_indent=first, subsequent_indent=further, break_on_hyphens=False)


def _about_parameters(diff: "Diff") -> Iterator[str]:
    right = diff.compared - len(diff.parameters)
    yield from _under("parameters", f"{right} of {_count(diff.compared, 'tensor')} {_have(right)} PyTorch's numbers")
    for kind in dict.fromkeys(one.kind for one in diff.parameters):
        some = [one for one in diff.parameters if one.kind == kind]
        names = [f"{one.name} by {_size(one.gap.difference)}" for one in some if one.gap.difference < inf]
        names += [f"{one.name} in shape" for one in some if one.gap.difference == inf]
        rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        yield from _under("", f"{kind}: {', '.join(names[:LISTED])}{rest}", hang=2)
    absent = [name for name in diff.absent if not name.endswith("num_batches_tracked")]
    if absent:
        listed = ", ".join(absent[:LISTED]) + (f" and {len(absent) - LISTED} more" if len(absent) > LISTED else "")
        yield from _under("", f"not in the port: {listed} (names= says which tensor is which, where names differ)")


def _about_outputs(mode: str, found: Found) -> Iterator[str]:
    if not found.faults:
        gaps = [seen.gap.relative for seen in found.comparison.seen if seen.gap is not None and seen.gap.agrees]
        count = sum(seen.verdict != "hidden" for seen in found.comparison.seen)
        text = f"the outputs of {_count(count, 'module')} agree (largest difference {_size(max(gaps, default=0.0))}"
        yield from _under(mode, f"{text} of scale)")
    for number, fault in enumerate(found.faults):
        yield from _about_fault(mode if number == 0 else "", "next" if number else "first", fault)


def _about_fault(label: str, which: str, fault: Fault) -> Iterator[str]:
    seen = fault.place.seen
    module = called(seen.call.name)
    call = f", call {seen.call.occurrence + 1}" if seen.call.occurrence else ""
    if fault.again:
        cause = fault.causes[0]
        text = f"{which} difference: {module} ({type(seen.call.module).__name__}{call}), {cause.kind} again: {cause}"
        yield from _under(label, text)
        return
    yield from _under(label, f"{which} difference: the output of {module} ({type(seen.call.module).__name__}{call})")
    yield from _about_sizes(seen)
    yield from _about_place(fault, seen)
    yield from _about_causes(fault, seen)


def _about_sizes(seen: Seen) -> Iterator[str]:
    theirs = tuple(seen.theirs.shape)
    if seen.ours is None:
        yield from _under("", f"PyTorch's has the shape {theirs}; the port has no such tensor")
        return
    ours = tuple(seen.ours.shape)
    shapes = f"shape {theirs}" if ours == theirs else f"shape {theirs} in PyTorch, {ours} in the port"
    if seen.gap is None or (seen.gap.difference == inf and seen.gap.index == () != theirs):
        yield from _under("", shapes)
        return
    at = f" at {_index(seen.gap.index)}: {_values(seen)}" if seen.gap.index else f": {_values(seen)}"
    size = f"{_size(seen.gap.difference)} ({_size(seen.gap.relative)} of scale)"
    yield from _under("", f"{shapes}; largest difference {size}{at}")


def _about_causes(fault: Fault, seen: Seen) -> Iterator[str]:
    if fault.causes:
        yield from _under("", f"cause: {fault.causes[0].kind}")
        for rank, cause in enumerate(fault.causes, 1):
            yield from _under("", f"{rank}. {cause}", hang=3)
        return
    small = seen.gap is not None and seen.gap.relative < FLOAT32
    hint = "; it is no larger than what float32 rounds" if small else ""
    tried = _count(fault.tried, "change")
    yield from _under("", f"no cause was found: of {tried} tried, none gives the port's numbers{hint}")
    if fault.passed:
        module = called(seen.call.name)
        yield from _under("", f"(from here on, PyTorch's model was given the port's own output of {module})")


def _about_place(fault: Fault, seen: Seen) -> Iterator[str]:
    parts = []
    if fault.where != seen.call.name:
        parts.append(f"the cause stands in the code of {called(fault.where)}")
    elif fault.function:
        parts.append(f"the cause stands in {called(fault.where)}")
    if fault.function and parts:
        parts[-1] += f", where PyTorch calls {fault.function}"
    if seen.place:
        parts.append(f"the port's line: {seen.place}")
    if parts:
        yield from _under("", "; ".join(parts))


def _about_tensors(stage: str, tensors: Sequence[Tensor] | None) -> Iterator[str]:
    if tensors is None:
        return
    wrong = [tensor for tensor in tensors if not tensor.agrees]
    compared = [tensor.gap for tensor in tensors if tensor.gap is not None]
    if not compared:
        return
    right = [gap.relative for gap in compared if gap.agrees]
    largest = f" (to {_size(max(right))} of scale)" if right else ""
    yield from _under(stage, f"{len(right)} of {_count(len(compared), 'tensor')} {_agree(len(right))}{largest}")
    known: set[str] = set()
    for tensor in wrong[:LISTED]:
        assert tensor.gap is not None
        text = f"{tensor.name} differs by {_size(tensor.gap.difference)} at {_index(tensor.gap.index)}"
        if tensor.shapes[0] is None:
            text = f"{tensor.name} {tensor.shapes[1]} is not in the port"
        cause = f": {tensor.kind}" if tensor.kind else ""
        cause += f"; {tensor.text}" if tensor.kind and tensor.text not in known else ""
        known.add(tensor.text)
        yield from _under("", text + cause)
    if len(wrong) > LISTED:
        yield from _under("", f"and {len(wrong) - LISTED} more")


def _about_steps(steps: Sequence[Sequence[Tensor]] | None) -> Iterator[str]:
    if not steps:
        return
    wrong = next((i for i, step in enumerate(steps) if any(not tensor.agrees for tensor in step)), None)
    agree = len(steps) if wrong is None else wrong
    if agree:
        gaps = [tensor.gap.relative for step in steps[:agree] for tensor in step if tensor.gap is not None]
        what = f"after each of {_count(agree, 'step')}" if agree > 1 else "after the first step"
        text = f"{what}, {_count(len(gaps) // agree, 'tensor')} {_agree(len(gaps) // agree)}"
        yield from _under("steps", f"{text} (to {_size(max(gaps, default=0.0))} of scale)")
    if wrong is not None:
        yield from _about_tensors(f"step {wrong + 1}", steps[wrong])


def _about_what_is_right(diff: "Diff") -> Iterator[str]:
    names = [name for name in diff.right if name]
    some = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    if diff.agrees:
        yield from _under("right", "everything that was compared" + (f": {some}" if some else ""))
        return
    if "" in diff.right:
        some = f"the outputs of {some} and of the whole model" if some else "the output of the whole model"
    yield from _under("right", some or "nothing in front of the first difference")
    forward = diff.forward if diff.forward.faults else diff.training
    if forward is None or not forward.faults or forward.last is None:
        return
    count, left = len(forward.faults), sum(fault.passed for fault in forward.faults)
    if forward.last.first is None and not left:
        what = "that change" if count == 1 else f"those {count} changes"
        yield from _under("", f"with {what}, every output of the port is PyTorch's: nothing else is wrong in them")
    elif forward.last.first is None:
        yield from _under("", "given the port's own numbers where no cause was found, all that follows agrees")
    elif count > 1:
        yield from _under("", "(each difference was looked for with the changes before it made)")


def _values(seen: Seen) -> str:
    if seen.ours is None or seen.gap is None:
        return ""
    turned = seen.ours.reshape([seen.theirs.shape[axis] for axis in seen.gap.axes])
    ours = turned[tuple(seen.gap.index[axis] for axis in seen.gap.axes)]
    theirs = seen.theirs[seen.gap.index]
    digits = 6 if f"{ours:.6g}" != f"{theirs:.6g}" else 17
    return f"{theirs:.{digits}g} in PyTorch, {ours:.{digits}g} in the port"


def called(name: str) -> str:
    """How a sentence calls a module."""
    return name or "the whole model"


def _index(index: tuple[int, ...]) -> str:
    return f"({','.join(map(str, index))})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _agree(number: int) -> str:
    return "agrees" if number == 1 else "agree"


def _have(number: int) -> str:
    return "holds" if number == 1 else "hold"


def _shape(array: np.ndarray | None) -> str:
    return "" if array is None else "×".join(map(str, array.shape)) or "scalar"


def _size(value: float) -> str:
    return "∞" if value == inf else f"{value:.1e}" if value else "0"
