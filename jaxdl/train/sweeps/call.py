"""What a device call does: a window of steps of all runs of a group."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.data import ArraySource
from jaxdl.data.table import Cut, Resident
from jaxdl.train.contract import require_scalars, stepped
from jaxdl.train.program import Metrics, State
from jaxdl.train.sweeps.grid import Grid, Values
from jaxdl.train.sweeps.grouping import Plan

CAPACITY = 512  # steps that a call can hold


class Trials(NamedTuple):
    """What all runs have in common: their batches, what they are tested on, for how many epochs.

    `skipped`: the draws that PyTorch's loader of test data would take between two epochs.
    """

    source: ArraySource
    tests: list[Any]
    skipped: int
    epochs: int

    @property
    def whole(self) -> int:
        """Batches of full size in an epoch."""
        return len(self.source.sampler) // self.source.batch_size

    @property
    def rest(self) -> int:
        """Rows of a shorter last batch, which counts unless it is dropped."""
        return 0 if self.source.drop_last else len(self.source.sampler) % self.source.batch_size

    @property
    def steps(self) -> int:
        """Steps of a run."""
        return self.epochs * len(self.source)

    @property
    def epochs_a_call(self) -> int:
        """How many epochs a call can hold: one, if something happens between them."""
        return 1 if self.tests else max(1, min(self.epochs, CAPACITY // len(self.source)))


class Window(NamedTuple):
    """The steps of a call: so many epochs, and of each so many whole batches from a first one on, and the shorter last
    batch where it `ends`."""

    epochs: np.int32
    first: np.int32
    batches: np.int32
    ends: np.bool_


def window(trials: Trials, epochs: int, first: int, batches: int) -> tuple[Window, int]:
    """Such a window, and how many steps it has."""
    ends = first + batches == trials.whole
    steps = epochs * (batches + (ends and trials.rest > 0))
    return Window(np.int32(epochs), np.int32(first), np.int32(batches), np.bool_(ends)), steps


def advance(grid: Grid, trials: Trials, plan: Plan) -> Callable[..., tuple[State, Metrics]]:
    """`(values, states, arrays, orders, window) -> (states, metrics)`, the metrics `[steps, runs]`.

    `orders` are those of as many epochs as a call can hold, `[epochs, runs, rows]`; `[epochs, rows]` if they share it.
    """
    size, rest = trials.source.batch_size, trials.rest
    many = _many(grid, Cut(size), plan)
    shorter = _many(grid, Cut(rest, trials.whole * size), plan) if rest else None
    capacity = max(trials.epochs_a_call * len(trials.source), min(CAPACITY, trials.whole) + 1)

    def advance(values: Any, states: State, arrays: Any, orders: Any, window: Window) -> tuple[State, Metrics]:
        def made(step: Any, order: Any, number: Any, index: Any, carried: Any) -> Any:
            states, metrics = step(values, carried[0], arrays, order, index)
            return states, {name: row.at[number].set(metrics[name]) for name, row in carried[1].items()}

        def epoch(number: Any, carried: Any) -> Any:
            order = jax.lax.dynamic_index_in_dim(orders, number, keepdims=False)
            begin = number * len(trials.source)  # of the rows; a window of a part of an epoch is one epoch's
            carried = jax.lax.fori_loop(
                0, window.batches, lambda i, c: made(many, order, begin + i, window.first + i, c), carried
            )
            if shorter is None:
                return carried
            last = begin + window.batches
            return jax.lax.cond(
                window.ends, lambda c: made(shorter, order, last, jnp.int32(0), c), lambda c: c, carried
            )

        _, shapes = jax.eval_shape(many, values, states, arrays, orders[0], window.first)
        rows = {name: jnp.zeros((capacity, *shape.shape), shape.dtype) for name, shape in shapes.items()}
        return jax.lax.fori_loop(0, window.epochs, epoch, (states, rows))

    return advance


def evaluate(grid: Grid, plan: Plan) -> Callable[..., Metrics]:
    """`(values, states, batch) -> metrics`, `[runs]` each."""

    def evaluate(values: Values, state: State, batch: Any) -> Metrics:
        metrics = grid.build(values).evaluate(state, batch)
        require_scalars("an evaluation", metrics)
        return metrics

    return _over_runs(evaluate, (0, 0, None), plan.size)


def _many(grid: Grid, cut: Cut, plan: Plan) -> Callable[..., tuple[State, Metrics]]:
    """A step of all runs of a group."""

    @jax.jit  # traced once, however often it is named
    def step(values: Values, state: State, arrays: Any, order: Any, index: Any) -> tuple[State, Metrics]:
        return stepped(state, grid.build(values).step(state, cut(Resident(arrays, order), index)))

    return _over_runs(step, (0, 0, None, None if plan.shared else 0, None), plan.size)


def _over_runs(function: Callable[..., Any], axes: tuple[int | None, ...], runs: int) -> Callable[..., Any]:
    """jax.vmap; for a single run what it would give, without it: XLA does not see through the form that it gives
    convolutions."""
    if runs > 1:
        return jax.vmap(function, axes)

    @wraps(function)
    def alone(*given: Any) -> Any:
        pairs = zip(given, axes, strict=True)
        inputs = [tree if axis is None else jax.tree.map(lambda array: array[0], tree) for tree, axis in pairs]
        return jax.tree.map(lambda array: array[None], function(*inputs))

    return alone
