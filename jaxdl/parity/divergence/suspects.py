"""What is tried for a difference, the likeliest first."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from jaxdl.parity.divergence import causes
from jaxdl.parity.divergence.comparison import Comparison, Place
from jaxdl.parity.divergence.counterparts import Relation
from jaxdl.parity.divergence.endings import behind, exchanged, instead, turned
from jaxdl.parity.divergence.guesses import CARRIERS, before, chain, crossed, left_out, scales
from jaxdl.parity.divergence.recording import Change, Op, Run
from jaxdl.parity.divergence.sight import Narrow

LIKE = 8  # modules of the same kind whose parameters are tried
LATER = 12  # functions behind the first that the port lacks
WHOLE = ("other values", "dtype")  # of tensors: what was done to one was done to all of them


def tiers(
    place: Place,
    comparison: Comparison,
    relations: Sequence[Relation],
    narrow: Sequence[Narrow],
    tensors: Mapping[str, np.ndarray],
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
        yield turned(place)
        yield exchanged(place, comparison)
    yield (change for op in ops for change in _candidates(op, run))
    yield (change for op in ops[:3] for change in left_out([op], run))
    yield left_out(chain(ops), run)
    yield _of_other_modules(ops[0], run, tensors) if ops else iter(())
    yield instead(place, run)
    yield _orders_of_modules(place, run)
    if place.op is None or not ops:
        yield behind(place)
    yield crossed(ops, run)
    yield (change for op in ops[:3] for change in scales(op, comparison))
    yield (change for op in ops[:3] for change in before(op, run))
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
    users = [op for op in ops[call.end :] if place.op.index in op.parents and op.outputs]
    near = ops[place.reached] if place.op.index < place.reached < call.end else place.op  # the block's own
    carriers = dict.fromkeys([*_carriers(place.op, comparison), *_carriers(near, comparison)])
    return list(dict.fromkeys([place.op, *carriers, *later[:LATER], near, *users[:2]]))


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


def _of_other_modules(op: Op, run: Run, tensors: Mapping[str, np.ndarray]) -> Iterator[Change]:
    """The parameters of another module of the same kind, for one of them or in exchange."""
    own = run.module_of(op)
    kinds = {call.name: type(call.module) for call in run.calls}
    parts = {name.rpartition(".")[2]: tensors[name] for name in tensors if name.rpartition(".")[0] == own}
    for other in [name for name, kind in kinds.items() if kind is kinds.get(own) and name != own][:LIKE]:
        theirs = {leaf: tensors.get(f"{other}.{leaf}") for leaf in parts}
        if not parts or any(t is None or t.shape != parts[leaf].shape for leaf, t in theirs.items()):
            continue
        given = {f"{own}.{leaf}": value for leaf, value in theirs.items() if value is not None}
        back = {f"{other}.{leaf}": value for leaf, value in parts.items()}
        kind = "another module's parameters"
        yield Change(kind, f"giving {own} the parameters of {other}", tensors=given)
        yield Change(kind, f"exchanging the parameters of {own} and {other}", tensors=given | back)
        for name, value in given.items():
            yield Change(kind, f"giving {name} the values of {other}'s", tensors={name: value})


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
