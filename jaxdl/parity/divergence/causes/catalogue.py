"""What a port may do otherwise in a function of PyTorch's: a table of rules by the function's name.

A rule looks at one call and yields `Try`s: what is changed and PyTorch's function with that change. A try is no more
than a guess; the search keeps those that give the port's numbers.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from jaxdl.parity.divergence.recording import Change, Op

Arguments = SimpleNamespace


@dataclass(frozen=True)
class Try:
    """A guess.

    Attributes:
        kind: the cause in a few words.
        text: what is changed, as 'transposing the weight'.
        function: what gives the result instead, from the arguments by name.
    """

    kind: str
    text: str
    function: Callable[..., Any]


@dataclass(frozen=True)
class Given:
    """A call for which causes are sought.

    Attributes:
        a: its arguments by name; those that were not given have PyTorch's defaults.
        where: the module in whose code it stands.
        output: what PyTorch's gave.
    """

    a: Arguments
    where: str
    output: Any


Rule = Callable[[Given], Iterator[Try]]
RULES: dict[str, list[Rule]] = {}
SIGNATURES: dict[str, dict[str, Any]] = {}


def tries(names: str, signature: str) -> Callable[[Rule], Rule]:
    """Put a rule into the table: for functions of these names, which take arguments of this signature."""
    parsed = inspect.signature(eval(f"lambda {signature}: None"))
    defaults = {
        name: None if parameter.default is parameter.empty else parameter.default
        for name, parameter in parsed.parameters.items()
    }

    def add(rule: Rule) -> Rule:
        for name in names.split():
            RULES.setdefault(name, []).append(rule)
            SIGNATURES[name] = SIGNATURES.get(name, {}) | defaults
        return rule

    return add


def arguments(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    """A call's arguments by name."""
    known = SIGNATURES[name]
    return SimpleNamespace(**{**known, **dict(zip(known, args, strict=False)), **kwargs})


def candidates(op: Op, where: str, at: tuple[int, ...]) -> Iterator[Change]:
    """Every change of the table for a function, made at the calls of these numbers."""
    name = op.name.rstrip("_") if not op.name.startswith("__") else op.name
    for rule in RULES.get(name, []):
        given = Given(arguments(name, op.args, op.kwargs), where, op.outputs[0] if op.outputs else None)
        try:
            yield from (Change(one.kind, one.text, at, _replacement(name, one.function)) for one in rule(given))
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
            continue  # the function was called in a way that the rule does not know


def _replacement(name: str, function: Callable[[Arguments], Any]) -> Callable[..., Any]:
    return lambda func, args, kwargs: function(arguments(name, args, kwargs))


def tensor(given: Given, name: str) -> str:
    """How a sentence calls a module's tensor: 'fc1.weight'."""
    return f"{given.where}.{name}" if given.where else name
