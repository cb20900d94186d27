"""What the transformations are given and give: checked, in one form, with errors that name the argument."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.engine.trace import Tracer, innermost
from jaxdl.autodiff.numpy_protocol import as_arraylike, kind

Function = Callable[..., Any]


def by_arguments(
    purpose: str, function: Function, argnums: Any, args: tuple[Any, ...], settings: dict[str, Any]
) -> tuple[tuple[Any, ...], Function]:
    """The arguments to differentiate by, and the function of those alone.

    Raises:
        TypeError: argnums is no number.
        ValueError: there is no such argument.
    """
    whole = isinstance(argnums, int) or (
        isinstance(argnums, list | tuple) and all(isinstance(place, int) for place in argnums)
    )
    if not whole:
        raise TypeError(f"{purpose}: argnums must be the number of an argument, or a tuple of them, given {argnums!r}")
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for place in places:
        if not -len(args) <= place < len(args):
            raise ValueError(f"{purpose}: argnums={argnums}, but the function was given {len(args)} arguments by place")
    places = tuple(place % len(args) for place in places)
    if len(set(places)) < len(places):
        raise ValueError(f"{purpose}: argnums={argnums} names an argument twice")

    def of_chosen(*chosen: Any) -> Any:
        replaced = dict(zip(places, chosen, strict=True))
        return function(*(replaced.get(i, arg) for i, arg in enumerate(args)), **settings)

    return tuple(args[place] for place in places), of_chosen


def arguments(purpose: str, chosen: tuple[Any, ...], argnums: Any = None) -> tuple[list[Any], tree.Structure]:
    """What is differentiated by, as arrays.

    Raises:
        TypeError: one is not floating point.
    """
    named, structure = tree.flatten_named(chosen, "")
    leaves = []
    for name, leaf in named:
        array = as_arraylike(leaf)
        if not np.issubdtype(array.dtype, np.floating):
            place, _, rest = name[1:].partition("]")
            number = place if argnums is None else (argnums if isinstance(argnums, int) else argnums[int(place)])
            given = kind(array) if array.dtype != object else f"a {type(leaf).__name__}"
            cure = "; x.astype(float) makes it so" if array.dtype.kind in "iub" else ""
            raise TypeError(
                f"{purpose}: argument {number}{rest} must be real floating point to be differentiated by, given {given}"
                f"{cure}"
            )
        leaves.append(array)
    return leaves, structure


def alike(what: str, given: Any, leaves: list[Any], structure: tree.Structure) -> list[Any]:
    """The leaves of a tangent or cotangent, in the dtypes of what it belongs to.

    Raises:
        ValueError: its structure or shapes are others.
    """
    found, own_structure = tree.flatten(given)
    if own_structure != structure:
        raise ValueError(f"{what} must have the form of what it belongs to, which {given!r} has not")
    arrays = []
    for each, leaf in zip(found, leaves, strict=True):
        array = as_arraylike(each)
        if array.shape != leaf.shape:
            raise ValueError(f"{what} must have the shape of what it belongs to, {kind(leaf)}, given {kind(array)}")
        arrays.append(array if array.dtype == leaf.dtype else array.astype(leaf.dtype))
    return arrays


def as_array(purpose: str, output: Any) -> Any:
    """A function's result as an array.

    Raises:
        TypeError: it is none.
    """
    if isinstance(output, Tracer):
        innermost((output,))
        return output
    array = np.asarray(output)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{purpose}: the function must give arrays, or trees of them, given a {type(output).__name__}")
    return array


def with_aux(purpose: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise TypeError(f"{purpose}: with has_aux=True the function must give a pair, given {type(result).__name__}")
    return result


def own(value: Any) -> Any:
    """A result for the user: an array of its own, which may be written."""
    return value if isinstance(value, Tracer) or not isinstance(value, np.ndarray | np.generic) else np.array(value)
