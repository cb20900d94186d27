"""Submodules whose insides are computed a second time for the gradient, instead of being kept until then."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import jax
import numpy as np
from flax import nnx

from jaxdl.nn.tree import named_modules


def chosen(model: nnx.Module, patterns: Sequence[str]) -> tuple[str, ...]:
    """The names of the submodules to rematerialise: of those that match and can be called, the outermost.

    Raises:
        TypeError: the patterns are one string.
        ValueError: a pattern that no submodule with a `__call__` matches.
    """
    if isinstance(patterns, str):
        raise TypeError(f"remat must be a tuple of patterns, given the string {patterns!r}; write ({patterns!r},)")
    names = [name for name, module in named_modules(model).items() if name and callable(module)]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            known = ", ".join(names) or "none"
            raise ValueError(f"remat: pattern {pattern!r} must match a submodule that is called; they are {known}")
    outermost: list[str] = []
    for name in names:  # a module stands before those in it
        inside = any(name.startswith(f"{outer}.") for outer in outermost)
        if not inside and any(fnmatchcase(name, pattern) for pattern in patterns):
            outermost.append(name)
    return tuple(outermost)


def rematerialise(model: nnx.Module, names: Sequence[str]) -> None:
    """From now on calls of these submodules keep their arguments alone for the gradient. The model is changed."""
    modules = named_modules(model) if names else {}
    for name in names:
        # A call is looked up on the class, so this one module gets a class of its own; isinstance still holds.
        object.__setattr__(modules[name], "__class__", _recomputing(type(modules[name])))


@cache
def _recomputing(kind: Any) -> Any:
    """The same class, its call under jax.checkpoint."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _recomputed(kind.__call__, self, args, kwargs)

    return type(kind)(
        kind.__name__, (kind,), {"__call__": call, "__doc__": kind.__doc__, "__module__": kind.__module__}
    )


def _recomputed(call: Callable[..., Any], module: nnx.Module, args: Any, kwargs: Any) -> Any:
    """`call(module, *args, **kwargs)` under jax.checkpoint, on a copy whose changed variables are put back."""
    structure: Any
    graph, state = nnx.split(module)
    variables, structure = jax.tree.flatten(state)
    given, arguments = _parted((args, kwargs))
    results: Callable[[list[Any]], Any]
    changed: list[int]

    def pure(variables: list[Any], given: list[Any]) -> tuple[list[Any], list[Any]]:
        nonlocal results, changed
        copy = nnx.merge(graph, structure.unflatten(variables))
        args, kwargs = arguments(given)
        arrays, results = _parted(call(copy, *args, **kwargs))
        after = jax.tree.leaves(nnx.split(copy)[1])
        changed = [place for place, (old, new) in enumerate(zip(variables, after, strict=True)) if new is not old]
        return arrays, [after[place] for place in changed]

    arrays, after = jax.checkpoint(pure)(variables, given)
    if changed:
        for place, new in zip(changed, after, strict=True):
            variables[place] = new
        nnx.update(module, structure.unflatten(variables))
    return results(arrays)


def _parted(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The arrays of a tree, and the function that makes the tree of them again; the rest is Python's and stays."""
    structure: Any
    leaves, structure = jax.tree.flatten(tree)
    are_arrays = [isinstance(leaf, jax.Array | np.ndarray) for leaf in leaves]
    rest = [None if is_array else leaf for leaf, is_array in zip(leaves, are_arrays, strict=True)]

    def whole(arrays: list[Any]) -> Any:
        next_array = iter(arrays)
        return structure.unflatten(
            next(next_array) if is_array else leaf for leaf, is_array in zip(rest, are_arrays, strict=True)
        )

    return [leaf for leaf, is_array in zip(leaves, are_arrays, strict=True) if is_array], whole
