"""What a run asks of those who take part in it: a program, its sources, callbacks, what a step gives back."""

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.random import TorchGenerator
from jaxdl.train.callbacks.callback import Callback
from jaxdl.train.program import Metrics, Program, State


def require_count(name: str, value: Any, hint: str = "") -> None:
    """Raise unless it is an integer, at least 1."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer{hint}, given {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1{hint}, given {value}")


def require_program(program: Any) -> None:
    """Raise TypeError unless it is a Program."""
    if not isinstance(program, Program):
        raise TypeError(
            f"program must be a train.Program, as train.supervised(model, loss, optimizer) gives one, given {program!r}"
        )


def require_source(name: str, source: Any, *needed: str) -> None:
    """Raise unless it is a `data.Source` of at least one batch, as far as that can be seen."""
    for method in ("batches", "__len__", *needed):
        if not hasattr(source, method):
            raise TypeError(
                f"{name} must be a data.Source, such as data.ArraySource((inputs, targets), batch_size), given "
                f"{type(source).__name__}, which has no {method}"
            )
    if len(source) < 1:
        raise ValueError(f"{name} must have at least one batch an epoch, given {len(source)}")


def require_callbacks(callbacks: Any) -> None:
    """Raise TypeError unless they are a list of callbacks."""
    if not isinstance(callbacks, Sequence):
        raise TypeError(f"callbacks must be a list of train.Callback, given {type(callbacks).__name__}")
    for callback in callbacks:
        if not isinstance(callback, Callback):
            given = f"the class {callback.__name__}" if isinstance(callback, type) else type(callback).__name__
            raise TypeError(f"callbacks must hold objects of a subclass of train.Callback, given {given}")


def begun(program: Program, generator: TorchGenerator) -> State:
    """The program's first state, checked.

    Raises:
        TypeError: it is no `State`.
    """
    state = program.init(generator)
    if not isinstance(state, State):
        raise TypeError(
            f"a program's init must give a train.State(params, buffers, opt_state, key, step), gave {_kind(state)}"
        )
    return state


def require_like_drawn(state: Any, drawn: State) -> None:
    """Raise unless a state given to `fit` has the arrays of one that its program draws."""
    if not isinstance(state, State):
        raise TypeError(f"state must be a train.State, as fit or program.init gives one, given {_kind(state)}")
    different = _form(drawn, state)
    if different:
        raise ValueError(f"state must have the arrays that this program's init makes, but {different}")


def require_in_place(callback: Any, before: State, after: Any) -> None:
    """Raise for a state that a callback put in place and that the run cannot go on from."""
    owner = type(callback).__name__
    if not isinstance(after, State):
        raise TypeError(f"{owner} must put a train.State in run.state, given {_kind(after)}")
    different = _form(before, after) or _types(before, after)
    if different:
        raise TypeError(f"{owner} must put a state with the same arrays in run.state, but {different}")
    if any(isinstance(leaf, jax.Array) and leaf.is_deleted() for leaf in jax.tree.leaves(after)):
        raise ValueError(
            f"{owner} put a state in run.state that the run has used up: a step consumes the state that it is given; "
            "what a callback keeps must be a copy, jax.tree.map(jax.numpy.copy, run.state)"
        )


def stepped(state: State, given: Any) -> tuple[State, Metrics]:
    """What a step gave back, checked: a state with the arrays of the old one, and numbers, the loss among them.

    Raises:
        TypeError: it is not that.
    """
    whole = isinstance(given, tuple) and not isinstance(given, State) and len(given) == 2
    if not (whole and isinstance(given[0], State) and isinstance(given[1], Mapping)):
        raise TypeError(
            "a step must give back (state, metrics), a train.State and a dict of scalars with 'loss' among them, gave "
            f"{_kind(given)}"
        )
    new, metrics = given
    require_scalars("a step", metrics, ", 'loss' among them")
    return unchanged_types(state, new), metrics


def require_scalars(owner: str, metrics: Any, and_so: str = "") -> None:
    """Raise TypeError unless metrics are a dict of real scalars, with a loss where that is asked for."""
    if not isinstance(metrics, Mapping):
        raise TypeError(f"{owner}'s metrics must be a dict of scalars{and_so}, given {_kind(metrics)}")
    if not all(map(_is_number, metrics.values())) or (and_so and "loss" not in metrics):
        shapes = {name: np.shape(value) for name, value in metrics.items()}
        strange = [value for value in metrics.values() if np.shape(value) == () and not _is_number(value)]
        what = f"{_kind(strange[0])} in " if strange else ""
        raise TypeError(f"{owner}'s metrics must be scalars{and_so}, given {what}shapes {shapes}")


def unchanged_types(before: Any, after: Any) -> Any:
    """`after`, its types strong: a step gives back the shapes and dtypes that it was given, or it would compile anew.

    Raises:
        TypeError: it does not; the first array is named.
    """
    form = _form(before, after)
    if form:
        raise TypeError(f"a step must give back a state of the form it was given, but {form}")
    types = _types(before, after)
    if types:
        raise TypeError(f"a step must give back the shapes and dtypes that it was given, but {types}")
    return jax.tree.map(_strong, after)


def _form(before: Any, after: Any) -> str:
    """How two trees differ, the names of their arrays alone; empty where they do not."""
    form: Any = jax.tree.structure(before)
    other: Any = jax.tree.structure(after)
    if form == other:
        return ""
    old, new = (
        [f"state{jax.tree_util.keystr(path)}" for path, _ in jax.tree_util.tree_leaves_with_path(tree)]
        for tree in (before, after)
    )
    lost = [f"{name} is missing" for name in old if name not in new]
    added = [f"{name} is new" for name in new if name not in old]
    return next(iter([*lost, *added]), f"{form} became {other}")


def _types(before: Any, after: Any) -> str:
    """The first array of another shape or dtype, in words; empty where there is none."""
    pairs = zip(jax.tree_util.tree_leaves_with_path(before), jax.tree.leaves(after), strict=True)
    for (path, old), new in pairs:
        known = [(list(np.shape(leaf)), jax.dtypes.result_type(leaf)) for leaf in (old, new)]
        if known[0] != known[1]:
            (was, kind), (became, other) = known
            return f"state{jax.tree_util.keystr(path)} was {kind}{was} and became {other}{became}"
    return ""


def _strong(value: Any) -> jax.Array:
    array = jnp.asarray(value)
    extended = jax.dtypes.issubdtype(array.dtype, jax.dtypes.extended)
    return array if extended else jax.lax.convert_element_type(array, array.dtype)


def _is_number(value: Any) -> bool:
    """Whether it is a scalar that is real, or a truth value."""
    if isinstance(value, numbers.Real):
        return True
    is_array = isinstance(value, jax.Array | np.ndarray | np.generic) and value.shape == ()
    return is_array and (jnp.issubdtype(value.dtype, np.number) or value.dtype == bool) and not jnp.iscomplexobj(value)


def _kind(given: Any) -> str:
    """What something is, in words."""
    if isinstance(given, tuple) and not isinstance(given, State):
        return f"a tuple of {len(given)} ({', '.join(type(part).__name__ for part in given)})"
    if isinstance(given, jax.Array | np.ndarray):
        return f"{given.dtype}{list(given.shape)}"
    return type(given).__name__
