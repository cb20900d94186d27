"""What is tried for a difference, the likeliest first."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from jaxdl.parity.divergence import causes
from jaxdl.parity.divergence.causes.elementwise import activations
from jaxdl.parity.divergence.comparison import Comparison, Place
from jaxdl.parity.divergence.counterparts import Relation
from jaxdl.parity.divergence.match import gap
from jaxdl.parity.divergence.recording import Change, Op, Run
from jaxdl.parity.divergence.sight import Narrow

REWIRED = 24  # earlier results that are tried as a function's input
LATER = 12  # functions behind the first that the port lacks
WHOLE = ("other values", "dtype")  # of tensors: what was done to one was done to all of them
# What computes nothing: its result is found in the port whatever the order that it makes.
CARRIERS = frozenset(
    {"flatten", "reshape", "view", "unflatten", "permute", "transpose", "swapaxes", "t", "contiguous", "clone"}
    | {"squeeze", "unsqueeze", "expand", "chunk", "split", "select", "__getitem__", "cat", "stack", "dropout", "unbind"}
    | {"to"}
)


def tiers(
    place: Place, comparison: Comparison, relations: Sequence[Relation], narrow: Sequence[Narrow]
) -> Iterator[Iterator[Change]]:
    """The port's own types and parameters, what stands at the place itself, anything else."""
    run = comparison.run
    yield _types(narrow)
    ops = suspects(place, comparison)
    owners = {run.module_of(op) for op in ops} | {place.seen.call.name}
    values = [r for r in relations if r.value is not None]
    others = [r for r in values if r.kind in (*WHOLE, "missing bias", "zeros")]
    related = [r for r in values if r.name.rpartition(".")[0] in owners]
    if any(r.kind in WHOLE for r in related):
        yield iter([_given(others)])
    yield (_given([one]) for one in related)
    if len(related) > 1:
        yield iter([_given(related)])
    if place.op is None:
        yield _turned(place)
        yield _exchanged(place, comparison)
    yield (change for op in ops for change in _candidates(op, run))
    yield (change for op in ops[:3] for change in _left_out(op, run))
    yield _instead(place, run)
    yield _orders_of_modules(place, run)
    if place.op is None or not ops:
        yield _behind(place)
    yield (change for op in ops[:3] for change in _scales(op, comparison))
    yield (change for op in ops[:3] for change in _before(op, run))
    if len(values) > len(related):
        yield iter([_given(values)])
    yield (change for op in ops for change in _candidates(op, run, once=True))


def suspects(place: Place, comparison: Comparison) -> list[Op]:
    """Functions that may be the cause: the first that the port lacks, then others up to the end of that call."""
    call = place.seen.call
    ops = comparison.run.ops
    if place.op is None:
        return [op for op in reversed(ops[call.start : call.end]) if op.outputs][:8]
    later = [op for op in ops[place.op.index + 1 : call.end] if op.outputs and not comparison.explained[op.index]]
    return [place.op, *_carriers(place.op, comparison), *later[:LATER]]


def _carriers(op: Op, comparison: Comparison) -> list[Op]:
    """What brought a function its arguments without computing, or in another order of the axes than the port's."""
    ops = comparison.run.ops
    waiting = sorted(op.parents, reverse=True)
    found: list[Op] = []
    while waiting and len(found) < LATER:
        parent = ops[waiting.pop(0)]
        if (parent.name in CARRIERS or comparison.turned(parent)) and parent not in found:
            found.append(parent)
            waiting += sorted(parent.parents, reverse=True)
    return found


def _candidates(op: Op, run: Run, *, once: bool = False) -> Iterator[Change]:
    """The table's changes for a function: at each call of its module; or, if there are several, at this one alone."""
    others = tuple(other.index for other in run.ops if other.site == op.site)
    if not once:
        yield from causes.candidates(op, run.module_of(op), others)
    elif len(others) > 1:
        for change in causes.candidates(op, run.module_of(op), (op.index,)):
            number = run.calls[op.call].occurrence + 1 if op.call >= 0 else 1
            yield Change(change.kind, f"{change.text} (in call {number} alone)", change.ops, change.replacement)


def _left_out(op: Op, run: Run) -> Iterator[Change]:
    """A function that the table does not know, left out."""
    first: Any = op.args[0] if op.args else None
    if op.outputs and hasattr(first, "clone") and tuple(first.shape) == op.outputs[0].shape:
        others = tuple(other.index for other in run.ops if other.site == op.site)
        yield Change("missing operation", f"leaving {op.name} out", others, lambda func, args, kwargs: args[0].clone())


def _types(narrow: Sequence[Narrow]) -> Iterator[Change]:
    if narrow:
        line = f" ({narrow[0].place})" if narrow[0].place else ""
        yield Change("dtype", f"computing in float64 what the port computes in {narrow[0].dtype}{line}")


def _given(several: Sequence[Relation]) -> Change:
    """PyTorch with the port's numbers in these tensors."""
    kinds, texts = {one.kind for one in several}, list(dict.fromkeys(one.text for one in several))
    kind = kinds.pop() if len(kinds) == 1 else "other values"
    more = f" (and {len(texts) - 1} more tensor{'s' if len(texts) > 2 else ''} likewise)"
    text = texts[0] if len(texts) == 1 else texts[0] + more
    return Change(kind, text, tensors={one.name: one.value for one in several if one.value is not None})


def _orders_of_modules(place: Place, run: Run) -> Iterator[Change]:
    """Settings of PyTorch's own composed modules: where they normalise."""
    call = place.seen.call
    above = [call]
    while above[-1].parent >= 0:
        above.append(run.calls[above[-1].parent])
    inside = [other for other in run.calls if call.start <= other.start < call.end]
    for other in {one.name: one for one in [*above, *inside]}.values():
        if isinstance(value := getattr(other.module, "norm_first", None), bool):
            what = "behind" if value else "before"
            text = f"normalising {what} the attention and the feed-forward part (norm_first={not value})"
            yield Change("norm order", text, attributes={(other.name, "norm_first"): not value}, where=other.name)


def _scales(op: Op, comparison: Comparison) -> Iterator[Change]:
    """A factor that the port's numbers show: of a function's first argument, or of its result."""
    floats = [t for t in op.args[:1] if hasattr(t, "is_floating_point") and t.is_floating_point()]
    for tensor in floats:
        for factor in comparison.factors(tensor.numpy()):
            text = f"multiplying by {factor:.6g} before {op.name}"
            yield Change("scale", text, (op.index,), _on_argument(0, lambda x, c=factor: c * x))
    for factor in comparison.factors(op.outputs[0]) if op.outputs else ():
        text = f"multiplying the result of {op.name} by {factor:.6g}"
        yield Change("scale", text, (op.index,), _on_result(0, lambda x, c=factor: c * x))


def _before(op: Op, run: Run) -> Iterator[Change]:
    """Something more, or something else, at a function's first argument."""
    if not op.args or not hasattr(op.args[0], "shape") or not op.args[0].is_floating_point():
        return
    for name, function in activations().items():
        if name != "no activation":
            yield Change("extra activation", f"taking {name} before {op.name}", (op.index,), _on_argument(0, function))
    for module in {id(call.module): call for call in run.calls}.values():
        if "Norm" in type(module.module).__name__ and not list(module.module.children()):
            text = f"taking {module.name} before {op.name}"
            yield Change("extra normalisation", text, (op.index,), _on_argument(0, module.module))
    for place, what in ((0, ""), (1, " for its second argument")):
        yield from _rewired(op, run, place, what)


def _rewired(op: Op, run: Run, place: int, what: str) -> Iterator[Change]:
    """An earlier result as one of a function's arguments."""
    if len(op.args) <= place or not hasattr(op.args[place], "shape"):
        return
    shape = tuple(op.args[place].shape)
    made = (o for o in run.ops[: op.index] if o.outputs and o.name not in CARRIERS)
    others = [o for o in made if o.outputs[0].shape == shape][-REWIRED:]
    for other in reversed(others):
        where = run.module_of(other)
        text = f"giving {op.name} the result of {other.name}{f' in {where}' if where else ''}{what}"
        yield Change("other input", text, (op.index,), _on_argument(place, lambda x, o=other: _tensor(o.outputs[0])))


def _on_argument(place: int, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda func, args, kwargs: func(*args[:place], function(args[place]), *args[place + 1 :], **kwargs)


def _turned(place: Place) -> Iterator[Change]:
    """The numbers of the result in another order of the axes, or in another shape."""
    seen = place.seen
    if seen.ours is None:
        return
    found, shape = gap(seen.ours, seen.theirs), seen.ours.shape
    if not found.agrees:
        return
    if found.axes == tuple(range(seen.theirs.ndim)):
        text = f"giving the result the shape {shape} instead of {seen.theirs.shape}"
        yield from _ending(place, "shape", text, lambda x: x.reshape(shape))
    else:
        text = f"giving the axes of the result in the order {found.axes}"
        yield from _ending(place, "order of axes", text, lambda x: x.permute(found.axes).reshape(shape))


def _exchanged(place: Place, comparison: Comparison) -> Iterator[Change]:
    """Two results of PyTorch's in each other's place."""
    outputs, made = comparison.run.root.outputs, comparison.run.root.made_by
    if place.seen.call is not comparison.run.root:
        return
    for i, j in combinations(range(len(outputs)), 2):
        a, b = made[i], made[j]
        if a and b and a[0] != b[0] and a[1] == b[1] and outputs[i].shape == outputs[j].shape:
            text = f"exchanging the outputs {i + 1} and {j + 1}"
            one, two = _tensor(outputs[i]), _tensor(outputs[j])
            other = lambda x, one=one, two=two: two if x.shape == one.shape and (x == one).all() else one  # noqa: E731
            yield Change("order of outputs", text, (a[0], b[0]), _on_result(a[1], other), where="")


def _instead(place: Place, run: Run) -> Iterator[Change]:
    """Another activation for a module that computes one in several functions, as PyTorch users' own GELUs do."""
    call = place.seen.call
    given = [x for op in run.ops[call.start : call.end][:1] for x in op.args if hasattr(x, "shape")]
    if not given or tuple(given[0].shape) != place.seen.theirs.shape or list(call.module.parameters()):
        return
    for name, function in activations().items():
        gelu = "gelu" in name and "gelu" in type(call.module).__name__.lower()
        kind = "GELU form" if gelu else "activation"
        yield from _ending(place, kind, f"taking {name}", lambda x, f=function: f(given[0]))


def _behind(place: Place) -> Iterator[Change]:
    """Something more behind the last function."""
    endings: dict[str, Callable[..., Any]] = {
        **activations(),
        "softmax over the last axis": lambda x: x.softmax(-1),
        "log_softmax over the last axis": lambda x: x.log_softmax(-1),
        "softmax over axis 1": lambda x: x.softmax(1),
        "the opposite": lambda x: -x,
    }
    for name, function in endings.items():
        if name != "no activation":
            yield from _ending(place, "extra activation", f"taking {name} at the end", function)


def _ending(place: Place, kind: str, text: str, function: Callable[..., Any]) -> Iterator[Change]:
    call = place.seen.call
    index = next((i for i, t in enumerate(call.outputs) if t is place.seen.theirs), None)
    made = None if index is None else call.made_by[index]
    if made is not None:
        yield Change(kind, text, (made[0],), _on_result(made[1], function), where=call.name)


def _on_result(place: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A replacement that changes one of a function's results."""

    def replacement(func: Any, args: Any, kwargs: Any) -> Any:
        found = func(*args, **kwargs)
        if not isinstance(found, list | tuple):
            return function(found)
        results = list(found)
        results[place] = function(results[place])
        return tuple(results)

    return replacement


def passed(place: Place, ours: np.ndarray) -> Change | None:
    """PyTorch's model given the port's own tensor where it differs, so that what stands behind can be compared."""
    seen = place.seen
    if ours.size != seen.theirs.size or not np.isfinite(ours).all():
        return None
    axes = gap(ours, seen.theirs).axes
    turned = ours.reshape([seen.theirs.shape[axis] for axis in axes]).transpose(np.argsort(axes))
    name = seen.call.name or "the whole model"
    text = f"giving PyTorch the port's own output of {name}"
    return next(_ending(place, "", text, lambda x: _tensor(turned)), None)


def _tensor(array: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(array.copy())
