"""Pytrees: nested dicts, lists, tuples and None as a list of leaves and a structure.

flatten(tree) = (leaves, structure),   unflatten(structure, leaves) = tree
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Structure:
    """What a tree is without its leaves: the type of each container, its keys, and its children; no kind is a leaf."""

    kind: Any = None
    keys: tuple[Any, ...] = ()
    children: "tuple[Structure, ...]" = ()

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return 1 if self.kind is None else sum(child.size for child in self.children)


LEAF = Structure()


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves, dicts in the order of their keys, and the structure that holds them.

    >>> leaves, structure = flatten({"w": [1, 2], "b": 3})
    >>> leaves, unflatten(structure, [10, 20, 30])
    ([3, 1, 2], {'b': 10, 'w': [20, 30]})
    """
    named, structure = flatten_named(tree)
    return [leaf for _, leaf in named], structure


def flatten_named(tree: Any, name: str = "") -> tuple[list[tuple[str, Any]], Structure]:
    """As `flatten`, each leaf with its name: the way to it, as one would write it behind `name`."""
    if not isinstance(tree, dict | list | tuple | None):
        return [(name, tree)], LEAF
    named, children = [], []
    entries = list(_entries(tree))
    for key, child in entries:
        own = f"{name}.{key}" if isinstance(tree, tuple) and hasattr(tree, "_fields") else f"{name}[{key!r}]"
        below, structure = flatten_named(child, own)
        named += below
        children.append(structure)
    return named, Structure(type(tree), tuple(key for key, _ in entries), tuple(children))


def _entries(tree: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(tree, dict):
        try:
            yield from sorted(tree.items(), key=lambda entry: entry[0])
        except TypeError:  # keys of several types have no order
            yield from tree.items()
    elif tree is not None:
        yield from zip(getattr(tree, "_fields", range(len(tree))), tree, strict=True)


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """The tree of that structure with these leaves."""
    return _build(structure, iter(leaves))


def _build(structure: Structure, leaves: Iterator[Any]) -> Any:
    if structure.kind is None:
        return next(leaves)
    children = [_build(child, leaves) for child in structure.children]
    if structure.kind is type(None):
        return None
    if issubclass(structure.kind, dict):
        return dict(zip(structure.keys, children, strict=True))
    return structure.kind(*children) if hasattr(structure.kind, "_fields") else structure.kind(children)


def map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """The function of each leaf, and of those of other trees at its place.

    Raises:
        ValueError: another tree has another structure.

    >>> map(lambda w, g: w - 0.5 * g, {"w": 3.0, "b": (1.0, 2.0)}, {"w": 2.0, "b": (0.0, 4.0)})
    {'b': (1.0, 0.0), 'w': 2.0}
    """
    leaves, structure = flatten(tree)
    rows = [leaves]
    for other in others:
        found, shape = flatten(other)
        if shape != structure:
            raise ValueError(f"tree.map: the trees differ in structure: {tree!r} and {other!r}")
        rows.append(found)
    return unflatten(structure, [function(*row) for row in zip(*rows, strict=True)])
