"""Changes of what PyTorch's modules and functions give: turned, exchanged, replaced, or with something more behind."""

from collections.abc import Callable, Iterator
from itertools import combinations, islice
from typing import Any

import numpy as np

from jaxdl.parity.divergence.causes.elementwise import activations
from jaxdl.parity.divergence.comparison import Comparison, Place
from jaxdl.parity.divergence.match import gap
from jaxdl.parity.divergence.recording import Change, Run

SUBSETS = 100  # of a model's outputs that a port may give


def turned(place: Place) -> Iterator[Change]:
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


def exchanged(place: Place, comparison: Comparison) -> Iterator[Change]:
    """Two results of PyTorch's in each other's place."""
    if place.seen.call is not comparison.run.root:
        return
    count = len(place.seen.call.outputs)
    for i, j in combinations(range(count), 2):
        order = [j if k == i else i if k == j else k for k in range(count)]
        text = f"exchanging the outputs {i + 1} and {j + 1}"
        yield Change("order of outputs", text, outputs=tuple(order), where="")
    left = len(comparison.port_outputs)
    for kept in islice(combinations(range(count), left), SUBSETS) if 0 < left < count else ():
        gone = [str(i + 1) for i in range(count) if i not in kept]
        text = f"leaving out the output{'s' if len(gone) > 1 else ''} {' and '.join(gone)}"
        yield Change("missing output", text, outputs=kept, where="")


def instead(place: Place, run: Run) -> Iterator[Change]:
    """Another activation for a module that computes one in several functions, as PyTorch users' own GELUs do."""
    call = place.seen.call
    given = [x for op in run.ops[call.start : call.end][:1] for x in op.args if hasattr(x, "shape")]
    if not given or tuple(given[0].shape) != place.seen.theirs.shape or list(call.module.parameters()):
        return
    for name, function in activations().items():
        gelu = "gelu" in name and "gelu" in type(call.module).__name__.lower()
        kind = "GELU form" if gelu else "activation"
        yield from _ending(place, kind, f"taking {name}", lambda x, f=function: f(given[0]))


def behind(place: Place) -> Iterator[Change]:
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


def passed(place: Place, ours: np.ndarray) -> Change | None:
    """PyTorch's model given the port's own tensor where it differs, so that what stands behind can be compared."""
    seen = place.seen
    if ours.size != seen.theirs.size or not np.isfinite(ours).all():
        return None
    axes = gap(ours, seen.theirs).axes
    turned = ours.reshape([seen.theirs.shape[axis] for axis in axes]).transpose(np.argsort(axes))
    name = seen.call.name or "the whole model"
    text = f"giving PyTorch the port's own output of {name}"
    return next(_ending(place, "", text, lambda x: tensor_of(turned)), None)


def _ending(place: Place, kind: str, text: str, function: Callable[..., Any]) -> Iterator[Change]:
    call = place.seen.call
    index = next((i for i, t in enumerate(call.outputs) if t is place.seen.theirs), None)
    made = None if index is None else call.made_by[index]
    if made is not None:
        yield Change(kind, text, (made[0],), on_result(made[1], function), where=call.name)


def on_result(place: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A replacement that changes one of a function's results."""

    def replacement(func: Any, args: Any, kwargs: Any) -> Any:
        found = func(*args, **kwargs)
        if not isinstance(found, list | tuple):
            return function(found)
        results = list(found)
        results[place] = function(results[place])
        return tuple(results)

    return replacement


def tensor_of(array: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(array.copy())
