"""Changes that fit any function: left out, scaled, with something before it, or with another tensor's numbers."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

from jaxdl.parity.divergence.causes.elementwise import activations
from jaxdl.parity.divergence.comparison import Comparison
from jaxdl.parity.divergence.endings import on_result, tensor_of
from jaxdl.parity.divergence.recording import Change, Op, Run

REWIRED = 24  # earlier results that are tried as a function's input
# What computes nothing: its result is found in the port whatever the order that it makes.
CARRIERS = frozenset(
    {"flatten", "reshape", "view", "unflatten", "permute", "transpose", "swapaxes", "t", "contiguous", "clone"}
    | {"squeeze", "unsqueeze", "expand", "chunk", "split", "select", "__getitem__", "cat", "stack", "dropout", "unbind"}
    | {"to"}
)


def left_out(ops: Sequence[Op], run: Run) -> Iterator[Change]:
    """Functions that the table may not know, left out."""
    for op in ops:
        first: Any = op.args[0] if op.args else None
        if not op.outputs or not hasattr(first, "clone") or tuple(first.shape) != op.outputs[0].shape:
            return
    if ops:
        sites = {op.site for op in ops}
        others = tuple(other.index for other in run.ops if other.site in sites)
        text = f"leaving {' and '.join(op.name for op in ops)} out"
        leave = lambda func, args, kwargs: args[0].clone()  # noqa: E731
        yield Change("missing operation", text, others, leave, all_or_nothing=len(ops) > 1)


def chain(ops: Sequence[Op]) -> list[Op]:
    """The first function and the one behind it that the port lacks too."""
    behind = [op for op in ops[1:] if ops[0].index in op.parents]
    return [ops[0], behind[0]] if behind else []


def scales(op: Op, comparison: Comparison) -> Iterator[Change]:
    """A factor that the port's numbers show: of a function's first argument, or of its result."""
    floats = [t for t in op.args[:1] if hasattr(t, "is_floating_point") and t.is_floating_point()]
    for tensor in floats:
        for factor in comparison.factors(tensor.numpy()):
            text = f"multiplying by {_number(factor)} before {op.name}"
            yield Change("scale", text, (op.index,), on_argument(0, lambda x, c=factor: c * x))
    for factor in comparison.factors(op.outputs[0]) if op.outputs else ():
        text = f"multiplying the result of {op.name} by {_number(factor)}"
        yield Change("scale", text, (op.index,), on_result(0, lambda x, c=factor: c * x))


def _number(factor: float) -> str:
    return f"{factor:.6g}" if f"{factor:.6g}" != "1" else f"{factor:.12g}"


def before(op: Op, run: Run) -> Iterator[Change]:
    """Something more, or something else, at a function's first argument."""
    if not op.args or not hasattr(op.args[0], "shape") or not op.args[0].is_floating_point():
        return
    for name, function in activations().items():
        if name != "no activation":
            yield Change("extra activation", f"taking {name} before {op.name}", (op.index,), on_argument(0, function))
    for module in {id(call.module): call for call in run.calls}.values():
        if "Norm" in type(module.module).__name__ and not list(module.module.children()):
            text = f"taking {module.name} before {op.name}"
            yield Change("extra normalisation", text, (op.index,), on_argument(0, module.module))
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
        yield Change("other input", text, (op.index,), on_argument(place, lambda x, o=other: tensor_of(o.outputs[0])))


def on_argument(place: int, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda func, args, kwargs: func(*args[:place], function(args[place]), *args[place + 1 :], **kwargs)


def crossed(ops: Sequence[Op], run: Run) -> Iterator[Change]:
    """Two tensors that the first functions take, in each other's place; the factors of a product, if that is square."""
    for op in ops:
        if "matmul" in op.name and op.outputs[0].shape[-2:] == (op.outputs[0].shape[-1],) * 2:
            text = "exchanging the two factors of the matrix product, which transposes it,"
            yield Change("order of parts", text, (op.index,), on_result(0, lambda x: x.transpose(-1, -2)))
    taken = sorted({parent for op in ops[:3] for parent in op.parents})
    for i, j in combinations(taken, 2):
        one, two = run.ops[i], run.ops[j]
        if one.outputs and two.outputs and one.outputs[0].shape == two.outputs[0].shape and i not in two.parents:
            names = [f"{op.name} in {run.module_of(op)}" if run.module_of(op) else op.name for op in (one, two)]
            first, second = tensor_of(one.outputs[0]), tensor_of(two.outputs[0])
            other = lambda x, a=first, b=second: b if x.shape == a.shape and (x == a).all() else a  # noqa: E731
            yield Change(
                "order of parts", f"exchanging the results of {' and '.join(names)}", (i, j), on_result(0, other)
            )
