"""Batching: a function of one example becomes that of many, each operation done once for all of them.

vmap(f)(X)ₙ = f(Xₙ)
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.arguments import as_array, own
from jaxdl.autodiff.engine.primitive import Primitive
from jaxdl.autodiff.engine.trace import Params, Trace, Tracer, require_function
from jaxdl.autodiff.numpy_protocol import as_arraylike, kind


class BatchTracer(Tracer):
    """One example's array; `values` holds all of them along its first axis."""

    __slots__ = ("values",)

    def __init__(self, trace: Trace, values: Any) -> None:
        super().__init__(trace, values.shape[1:], values.dtype)
        self.values = values


class BatchTrace(Trace):
    """Does each operation for all examples."""

    def __init__(self, size: int) -> None:
        super().__init__("vmap")
        self.size = size

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Params) -> Any:
        """The operation's batch rule."""
        batched = [isinstance(arg, Tracer) and arg.trace is self for arg in args]
        values = [arg.values if own else arg for arg, own in zip(args, batched, strict=True)]
        made = primitive.rule("batch")(self.size, batched, *values, **params)
        self.refuse_captured(made, params)
        return [BatchTracer(self, one) for one in made] if isinstance(made, list) else BatchTracer(self, made)

    def whole(self, value: Any) -> Any:
        """A result of the function for all examples; one that does not depend on them is repeated."""
        value = as_array("vmap", value)
        if isinstance(value, BatchTracer) and value.trace is self:
            return value.values
        return np.broadcast_to(value, (self.size, *value.shape))


def vmap(function: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """The function of many examples at once, from that of one.

        vmap(f)(X)ₙ = f(Xₙ)

    Args:
        function: of arrays, or trees of them, to such.
        in_axes: for each argument the axis along which its examples lie, None where all have the same; one number for
            all arguments, or a tuple of one an argument, each a number or a tree of them.
        out_axes: where the examples are to lie in the results: a number, or a tree of them.

    Returns:
        The function.

    Raises:
        ValueError: when called: no argument has examples, their numbers differ, or an axis is not there.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> x = np.array([[3.0, 4.0], [6.0, 8.0]])
    >>> autodiff.vmap(lambda row: np.sqrt(np.sum(row**2)))(x)
    array([ 5., 10.])
    >>> autodiff.vmap(autodiff.grad(lambda w, row: w @ row), in_axes=(None, 0))(np.ones(2), x)
    array([[3., 4.],
           [6., 8.]])
    """

    require_function("vmap", function)

    def many(*args: Any) -> Any:
        if isinstance(in_axes, list | tuple) and len(in_axes) != len(args):
            raise ValueError(f"vmap: in_axes has {len(in_axes)} entries for {len(args)} arguments")
        named, structure = tree.flatten_named(args)
        named = [(f"argument {path[1:].replace(']', '', 1)}", leaf) for path, leaf in named]
        axes = _spread(tuple(in_axes) if isinstance(in_axes, list | tuple) else (in_axes,) * len(args), structure)
        leaves: list[Any] = [as_arraylike(leaf) for _, leaf in named]
        moved = [
            leaf if axis is None else np.moveaxis(leaf, _axis_of(leaf.shape, axis, f"vmap: {name}", leaf), 0)
            for (name, _), leaf, axis in zip(named, leaves, axes, strict=True)
        ]
        sizes = {
            name: each.shape[0] for (name, _), each, axis in zip(named, moved, axes, strict=True) if axis is not None
        }
        if len(set(sizes.values())) != 1:
            told = ", ".join(f"{name}: {size}" for name, size in sizes.items()) or "no argument has any (in_axes)"
            raise ValueError(f"vmap: the arguments must have as many examples each, given {told}")
        with BatchTrace(next(iter(sizes.values()))) as trace:
            inner = [each if axis is None else BatchTracer(trace, each) for each, axis in zip(moved, axes, strict=True)]
            outputs, out_structure = tree.flatten(function(*tree.unflatten(structure, inner)))
            whole = [trace.whole(output) for output in outputs]
        return tree.unflatten(
            out_structure,
            [
                own(np.moveaxis(each, 0, _axis_of(each.shape, axis, "vmap: out_axes, a result", each)))
                for each, axis in zip(whole, _spread(out_axes, out_structure), strict=True)
            ],
        )

    return many


def _spread(axes: Any, structure: tree.Structure) -> list[Any]:
    """An axis for each leaf, from a tree of axes that may stop above the leaves."""
    if axes is None or isinstance(axes, int):
        return [axes] * structure.size
    keys = list(structure.keys) if isinstance(axes, dict) else list(range(len(structure.keys)))
    if (
        not isinstance(axes, dict | list | tuple)
        or {*keys} != {*(axes if isinstance(axes, dict) else range(len(axes)))}
        or structure.kind is None
    ):
        raise ValueError(f"vmap: the axes {axes!r} do not fit the structure of what they are for")
    chosen = [axes[key] for key in keys]
    return [axis for each, child in zip(chosen, structure.children, strict=True) for axis in _spread(each, child)]


def _axis_of(shape: tuple[int, ...], axis: int, name: str, array: Any) -> int:
    if axis is None:
        raise ValueError(f"{name} must have an axis of the examples, given None")
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{name} has no axis {axis}: it is {kind(array)}")
    return axis % len(shape)
