"""Which parameters are trained."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

T = TypeVar("T")


def require_patterns(where: str, patterns: Any) -> tuple[str, ...]:
    """The patterns as a tuple.

    Raises:
        TypeError: one string, which would be taken letter by letter, or something that is not a string.
    """
    if isinstance(patterns, str):
        raise TypeError(f"{where} must be a tuple of patterns, given the string {patterns!r}; write ({patterns!r},)")
    if not isinstance(patterns, Sequence):
        raise TypeError(f"{where} must be a tuple of patterns, () for none, given {patterns!r}")
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"{where} must hold patterns of names, given {pattern!r}")
    return tuple(patterns)


def unfrozen(params: Mapping[str, T], frozen: Sequence[str]) -> dict[str, T]:
    """The parameters that no pattern matches.

    Raises:
        ValueError: a pattern that matches none, or patterns that leave none.

    >>> unfrozen({"conv1.weight": 1, "fc.weight": 2}, ("conv1.*",))
    {'fc.weight': 2}
    """
    names = ", ".join(params)
    for pattern in frozen:
        if not any(fnmatchcase(name, pattern) for name in params):
            raise ValueError(f"frozen: pattern {pattern!r} must match a parameter; the names are {names}")
    left = {name: value for name, value in params.items() if not any(fnmatchcase(name, p) for p in frozen)}
    if frozen and not left:
        raise ValueError(
            f"frozen: {', '.join(map(repr, frozen))} must leave a parameter to train; the names are {names}"
        )
    return left
