"""Which runs a sweep has: every combination of the values in its lists, and the program that belongs to each."""

import inspect
import itertools
import math
import numbers
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.train.program import Program

Number = int | float
Values = Mapping[str, Any]
SEED = "seed"
MOST = 1_000_000
COLUMNS = ("run", "loss", "diverged")  # of a sweep's table


@dataclass(frozen=True)
class Grid:
    """The runs of a sweep, the last list's values changing fastest.

    Attributes:
        program: gives the Program of some hyperparameters' values.
        over: each list, by name; the seeds' among them.
    """

    program: Callable[..., Any]
    over: dict[str, list[Number]]

    @property
    def names(self) -> list[str]:
        """The swept hyperparameters: all but the seed."""
        return [name for name in self.over if name != SEED]

    @property
    def rows(self) -> list[dict[str, Number]]:
        """Every run's values, its seed among them."""
        return [dict(zip(self.over, values, strict=True)) for values in itertools.product(*self.over.values())]

    def values(self, row: Values) -> dict[str, Number]:
        """The hyperparameters of a run, without its seed."""
        return {name: row[name] for name in self.names}

    def build(self, values: Values) -> Program:
        """The program of some values, which may be traced.

        Raises:
            TypeError: what the function gives is none.
        """
        built = self.program(**values)
        if not isinstance(built, Program):
            raise TypeError(f"sweep: program must return a Program, as train.supervised does, given {built!r}")
        return built


def grid(program: Any, over: Any, default_seed: int = 0) -> Grid:
    """The runs that `program` and `over` describe, checked.

    Raises:
        TypeError: `over` is no mapping of lists of numbers, or its names are not the arguments of `program`.
        ValueError: an empty list, or a value that stands in it twice.
    """
    if not isinstance(over, Mapping) or not over:
        raise TypeError(
            f"sweep: over must be a dict of names and lists of values, such as "
            f"{{'learning_rate': [1e-3, 1e-2], 'seed': range(8)}}, given {over!r}"
        )
    unnamed = [name for name in over if not isinstance(name, str)]
    if unnamed:
        raise TypeError(f"sweep: over must have the names of program's arguments as keys, given {unnamed[0]!r}")
    lists = {name: _seeds(given) if name == SEED else _numbers(name, given) for name, given in over.items()}
    lists.setdefault(SEED, [default_seed])
    if math.prod(map(len, lists.values())) > MOST:
        product = " × ".join(str(len(values)) for values in lists.values())
        raise ValueError(f"sweep: over must make at most {MOST:,} runs, given {product}")
    names = [name for name in lists if name != SEED]
    taken = [name for name in names if name in COLUMNS or name.startswith("test_")]
    if taken:
        raise ValueError(f"sweep: {taken[0]!r} is a column of the table; the argument of program needs another name")
    if isinstance(program, Program):
        if names:
            raise TypeError(
                f"sweep: over names {names[0]!r}, and a Program has it built in; pass a function that builds one: "
                f"lambda {', '.join(names)}: train.supervised(...)"
            )
        return Grid(lambda: program, lists)
    _require_arguments(program, names)
    return Grid(program, lists)


def stacked(values: Iterable[Values]) -> dict[str, jax.Array]:
    """Several runs' hyperparameters, an array each: weakly typed, as Python's numbers are, so that a rate does not
    decide the parameters' dtype."""
    rows = list(values)
    return {name: jnp.stack([jnp.asarray(row[name]) for row in rows]) for name in rows[0]}


def arrays(values: Values) -> dict[str, jax.Array]:
    """A run's hyperparameters as scalars whose number is known."""
    return {name: jnp.asarray(value) for name, value in values.items()}


def require_traceable(consequence: Callable[[Values], Any], values: Values) -> None:
    """Trace `consequence(values)` with the values unknown, as the one program for all of them has to.

    Raises:
        TypeError: a value has to be known; its name is given, and what asked for it.
    """
    try:
        _trace(consequence, values, list(values))
    except Exception as error:
        _trace(consequence, values, [])  # what goes wrong with known values, too, is an error of its own
        guilty, reason = next(_failures(consequence, values), (None, error))
        if guilty is None:
            raise
        lines = str(reason).strip().splitlines() or [""]
        raise TypeError(
            f"sweep: {guilty!r} cannot be swept, because the program has to know its value when it is compiled "
            f"({type(reason).__name__}: {lines[0][:200]}); a value that decides shapes, or what Python does, needs a "
            "run or a sweep of its own for each"
        ) from error


def _failures(consequence: Callable[[Values], Any], values: Values) -> Any:
    for name in values:
        try:
            _trace(consequence, values, [name])
        except Exception as error:
            yield name, error


def _trace(consequence: Callable[[Values], Any], values: Values, unknown: list[str]) -> None:
    known = {name: value for name, value in values.items() if name not in unknown}
    given = arrays({name: values[name] for name in unknown})
    jax.eval_shape(lambda traced: consequence({**known, **traced}), given)


def _require_arguments(program: Any, names: list[str]) -> None:
    if not callable(program):
        raise TypeError(
            "sweep: program must be a function of the swept hyperparameters that returns a Program, or a Program where "
            f"only seeds are swept, given {program!r}"
        )
    parameters = inspect.signature(program).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    known = [n for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    for name in names:
        if name not in known and not takes_all:
            raise TypeError(
                f"sweep: program must have an argument {name!r} to sweep over it; it has {', '.join(known) or 'none'}"
            )
    for name in known:
        if parameters[name].default is inspect.Parameter.empty and name not in names:
            why = (
                "it is not given to program: parameters are drawn with it" if name == SEED else "over does not name it"
            )
            raise TypeError(f"sweep: program needs an argument {name!r}, and {why}")


def _listed(name: str, given: Any) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable) or getattr(given, "shape", None) == ():
        raise TypeError(f"sweep: over[{name!r}] must be a list of numbers, given {given!r}")
    values = [value.item() if hasattr(value, "item") and np.size(value) == 1 else value for value in given]
    if not values:
        raise ValueError(f"sweep: over[{name!r}] is empty; it needs at least one value")
    return values


def _numbers(name: str, given: Any) -> list[Number]:
    values = _listed(name, given)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or value != value:
            raise TypeError(
                f"sweep: over[{name!r}] must hold numbers, given {value!r}; what is not a number (a model, a switch, a "
                "name) decides what is compiled: run a sweep of its own for each, and add their tables"
            )
    together = values if all(isinstance(value, int) for value in values) else [float(value) for value in values]
    _require_distinct(name, together)
    return together


def _seeds(given: Any) -> list[Number]:
    values = _listed(SEED, given)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"sweep: over['seed'] must hold integers, such as range(8), given {value!r}")
    _require_distinct(SEED, values)
    return values


def _require_distinct(name: str, values: list[Number]) -> None:
    twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
    if twice is not None:
        raise ValueError(
            f"sweep: over[{name!r}] holds {twice} twice; each value is a run, or a column of runs, of its own"
        )
