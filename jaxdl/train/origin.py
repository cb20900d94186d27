"""Where a number that is not finite rose in a step: for programs that do not name their tensors."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from os import sep
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

# Folders: where the frames of a trace are not the user's own. Each ends in a separator, as a user's may stand in
# `jaxdl_port`; they are compared as text, since a trace has many frames.
OTHERS = tuple(
    f"{Path(spec.origin).parent}{sep}" for name in ("jax", "flax", "jaxdl") if (spec := find_spec(name)) and spec.origin
)


class Origin(NamedTuple):
    """An operation that turned finite numbers into others: how many came before it, its name and line, its result."""

    number: int
    operation: str
    value: Any


class _Known(NamedTuple):
    value: Any
    origin: Origin | None = None


def origin(function: Callable[..., Any], *arguments: Any) -> Origin | None:
    """The first operation that made what is not finite in `function(*arguments)`; None where all of that is finite.

    The function is evaluated operation by operation, into compiled parts, branches and scans. What a mask takes away
    again does not count.

    >>> def loss(x):
    ...     return jnp.where(x > 5, jnp.log(x), 0.0).sum() + jnp.sqrt(x - 2.0).sum()
    >>> origin(loss, jnp.arange(4.0)).operation.split()[0]
    'sqrt'
    """
    closed = jax.make_jaxpr(function)(*arguments)
    results = _Evaluation().closed(closed, [_seen(leaf) for leaf in jax.tree.leaves(arguments)])
    return min((known.origin for known in results if known.origin is not None), key=lambda o: o.number, default=None)


class _Evaluation:
    def __init__(self) -> None:
        self._made = 0

    def closed(self, closed: Any, inputs: Sequence[_Known]) -> list[_Known]:
        """A jaxpr with its constants."""
        return self.open(closed.jaxpr, [_Known(const) for const in closed.consts], inputs)

    def open(self, jaxpr: Any, consts: Sequence[_Known], inputs: Sequence[_Known]) -> list[_Known]:
        """Its equations, one after the other; what no later one reads is let go."""
        known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *inputs], strict=True))
        last = {atom: number for number, e in enumerate(jaxpr.eqns) for atom in e.invars if not hasattr(atom, "val")}
        kept = {atom for atom in jaxpr.outvars if not hasattr(atom, "val")}

        def read(atom: Any) -> _Known:
            return _Known(atom.val) if hasattr(atom, "val") else known[atom]

        for number, equation in enumerate(jaxpr.eqns):
            results = self._results(equation, [*map(read, equation.invars)])
            for atom in equation.invars:
                if not hasattr(atom, "val") and last[atom] == number and atom not in kept:
                    known.pop(atom, None)
            known.update(zip(equation.outvars, results, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _results(self, equation: Any, inputs: list[_Known]) -> list[_Known]:
        name, parameters = equation.primitive.name, equation.params
        if name == "scan":
            return self._scan(parameters, inputs)
        if name == "cond":
            branches = parameters["branches"]
            return self.closed(branches[min(max(int(inputs[0].value), 0), len(branches) - 1)], inputs[1:])
        inner = parameters.get("jaxpr", parameters.get("call_jaxpr"))
        if inner is not None and name != "while":
            return self.closed(inner, inputs) if hasattr(inner, "consts") else self.open(inner, (), inputs)
        self._made += 1
        results = equation.primitive.bind(*(known.value for known in inputs), **parameters)
        return [
            self._known(equation, inputs, result)
            for result in (results if equation.primitive.multiple_results else [results])
        ]

    def _scan(self, parameters: Any, inputs: list[_Known]) -> list[_Known]:
        fixed, carried = scan_parts(parameters)
        consts, carry, slices = inputs[:fixed], inputs[fixed : fixed + carried], inputs[fixed + carried :]
        rows: list[list[_Known]] = []
        order = range(parameters["length"])
        for index in reversed(order) if parameters["reverse"] else order:
            given = [_Known(known.value[index], known.origin) for known in slices]
            results = self.closed(parameters["jaxpr"], [*consts, *carry, *given])
            carry = results[:carried]
            rows.append(results[carried:])
        if parameters["reverse"]:
            rows.reverse()
        return [*carry, *map(_stacked, zip(*rows, strict=True))]

    def _known(self, equation: Any, inputs: list[_Known], value: Any) -> _Known:
        if _finite(value):
            return _Known(value)
        earlier = [known.origin for known in inputs if known.origin is not None]
        if earlier:
            return _Known(value, min(earlier, key=lambda origin: origin.number))
        if not all(_finite(known.value) for known in inputs):  # a constant that is infinite, as a mask's
            return _Known(value)
        place = line(equation.source_info)
        return _Known(value, Origin(self._made, f"{equation.primitive.name}{place and f' at {place}'}", value))


def _seen(value: Any) -> _Known:
    return _Known(value if isinstance(value, jax.Array) else jnp.asarray(value))


def _stacked(column: Sequence[_Known]) -> _Known:
    origins = [known.origin for known in column if known.origin is not None]
    first = min(origins, key=lambda origin: origin.number, default=None)
    return _Known(jnp.stack([known.value for known in column]), first)


def _finite(value: Any) -> bool:
    return not jnp.issubdtype(jnp.result_type(value), jnp.inexact) or bool(jnp.isfinite(value).all())


def scan_parts(parameters: Any) -> tuple[int, int]:
    """How many of a scan's inputs are constants, and how many are carried from step to step; the rest are sliced."""
    if "ft_in" in parameters:  # jax 0.12
        fixed, carried, _ = (len(part) for part in parameters["ft_in"].unpack())
        return fixed, carried
    return parameters["num_consts"], parameters["num_carry"]


def line(source: Any) -> str:
    """The user's own line in a trace: not one of jax's, Flax's or jaxdl's."""
    for frame in source.traceback.frames if source.traceback else ():
        if not frame.file_name.startswith(OTHERS):
            return f"{Path(frame.file_name).name}:{frame.line_num}"
    return ""
