"""Runs in lockstep: one compiled program moves several at once, and groups of them share the processor."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.data import ArraySource
from jaxdl.data.table import Cut, Resident
from jaxdl.train.calls import signature, unchanged_types
from jaxdl.train.program import Metrics, State
from jaxdl.train.sweeps.beginnings import Beginnings
from jaxdl.train.sweeps.grid import Grid, Values, stacked
from jaxdl.train.sweeps.grouping import Plan, processors, stacked_states
from jaxdl.train.sweeps.orders import Orders

CAPACITY = 512  # steps that a call can hold
SECONDS_A_CALL = 0.05
SECONDS_BETWEEN_LOOKS = 0.1

Numbers = dict[str, np.ndarray]


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


class Trained(NamedTuple):
    """What the runs of a group have become: their states, and metrics `[runs, steps]` and `[runs, epochs]`."""

    states: State
    steps: Numbers
    tests: Numbers


class Lockstep:
    """A sweep's groups of runs, trained by one compiled program.

    Groups know nothing of each other and take turns on the processors, so what goes together changes no number but by
    rounding.
    """

    def __init__(self, grid: Grid, trials: Trials, beginnings: Beginnings, plan: Plan) -> None:
        self._grid, self._trials, self._beginnings, self._plan = grid, trials, beginnings, plan
        self._values = [grid.values(row) for row in grid.rows]
        self._arrays = trials.source.resident(0, beginnings[plan.groups[0][0]].generator).arrays
        self._pace, self._stop = min(16, CAPACITY), threading.Event()
        self.done, self.loss = 0, float("nan")  # steps of all runs so far, and the newest loss, the mean of a group

    def compile(self) -> None:
        """Compile what the groups run: a program that trains, and one for each shape of the batches to test on."""
        group = self._filled(self._plan.groups[0])
        values, states = self._begin(group)
        window = (np.int32(0), np.int32(0), np.bool_(False))
        orders = next(self._orders(group))
        advance = jax.jit(self._advance(), donate_argnums=1)
        self._train = advance.lower(values, states, self._arrays, orders, *window).compile()

        def evaluate(values: Values, state: State, batch: Any) -> Metrics:
            return self._grid.build(values).evaluate(state, batch)

        test = jax.jit(jax.vmap(evaluate, in_axes=(0, 0, None)))
        shapes = {signature(batch): batch for batch in self._trials.tests}
        self._test = {shape: test.lower(values, states, batch).compile() for shape, batch in shapes.items()}

    def train(self, looked: Callable[[], None]) -> list[Trained]:
        """Train every group; `looked()` is called now and then meanwhile. What one of them raises ends all."""
        wide = bool(jax.config.read("jax_enable_x64"))

        def trained(group: list[int]) -> Trained:
            with jax.enable_x64(wide):  # a thread does not inherit it
                return self._trained(group)

        with ThreadPoolExecutor(min(processors(), len(self._plan.groups)), "sweep") as pool:
            futures: list[Future[Trained]] = [pool.submit(trained, group) for group in self._plan.groups]
            try:
                left: Any = futures
                while left:
                    ended, left = wait(left, SECONDS_BETWEEN_LOOKS, FIRST_EXCEPTION)
                    for future in ended:
                        future.result()
                    looked()
            except BaseException:  # Ctrl-C as well: the groups end after the calls under way
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [future.result() for future in futures]

    def _trained(self, group: list[int]) -> Trained:
        """A group after all its epochs."""
        runs, steps, tests = self._filled(group), [], []
        values, states = self._begin(runs)
        for orders in islice(self._orders(runs), self._trials.epochs):
            begin = 0
            while begin < self._trials.whole:
                if self._stop.is_set():
                    raise InterruptedError("the sweep was stopped")
                began, count = time.perf_counter(), min(self._pace, self._trials.whole - begin)
                ends = begin + count == self._trials.whole
                window = (np.int32(begin), np.int32(count), np.bool_(ends))
                states, rows = self._train(values, states, self._arrays, orders, *window)
                made = count + (ends and self._trials.rest > 0)
                steps.append({name: np.asarray(row, np.float64)[:made] for name, row in rows.items()})
                self._count(steps[-1]["loss"], len(group), time.perf_counter() - began)
                begin += count
            if self._trials.tests:
                tests.append(self._tested(values, states))
        joined = {name: np.concatenate([part[name] for part in steps]).T for name in steps[0]}
        tested = {name: np.stack([part[name] for part in tests], axis=1) for name in (tests[0] if tests else ())}
        return Trained(states, joined, tested)

    def _count(self, losses: np.ndarray, runs: int, seconds: float) -> None:
        self.done += len(losses) * runs
        self.loss = float(losses[-1].mean())
        self._pace = max(1, min(CAPACITY, round(SECONDS_A_CALL * len(losses) / max(seconds, 1e-9))))

    def _tested(self, values: Values, states: State) -> Numbers:
        """Each metric's mean over the rows of all batches, `[runs]`, as `train.evaluate` has it."""
        measured, rows = [], []
        for batch in self._trials.tests:
            leaves = jax.tree.leaves(batch)
            rows.append(len(leaves[-1]) if leaves else 1)
            measured.append(self._test[signature(batch)](values, states, batch))
        return {
            name: np.average([np.asarray(m[name], np.float64) for m in measured], axis=0, weights=rows)
            for name in measured[0]
        }

    def _filled(self, group: list[int]) -> list[int]:
        return group + group[-1:] * (self._plan.size - len(group))

    def _begin(self, runs: list[int]) -> tuple[Values, State]:
        states: State = stacked_states([self._beginnings[run].state for run in runs])
        return stacked(self._values[run] for run in runs), states

    def _orders(self, runs: list[int]) -> Iterator[np.ndarray]:
        """The order of each epoch's rows in each run, `[runs, rows]`; `[rows]` where they share it."""
        generators = [self._beginnings[run].generator for run in runs[: 1 if self._plan.shared else None]]
        once = list({id(generator): generator for generator in generators}.values())
        places = [next(i for i, other in enumerate(once) if other is generator) for generator in generators]
        orders = Orders(self._trials.source, once, self._trials.skipped)
        while True:
            drawn = orders.next()
            yield drawn[0] if self._plan.shared else np.stack([drawn[place] for place in places])

    def _advance(self) -> Callable[..., tuple[State, Metrics]]:
        """`count` whole batches from number `first` on, and the shorter last one if the epoch `ends`, of all runs."""
        size, whole, rest = self._trials.source.batch_size, self._trials.whole, self._trials.rest
        many, shorter = self._many(Cut(size)), self._many(Cut(rest, whole * size)) if rest else None
        capacity = min(CAPACITY, whole) + 1

        def advance(
            values: Any, states: State, arrays: Any, orders: Any, first: Any, count: Any, ends: Any
        ) -> tuple[State, Metrics]:
            def made(step: Any, number: Any, index: Any, carried: Any) -> Any:
                states, metrics = step(values, carried[0], arrays, orders, index)
                return states, {name: row.at[number].set(metrics[name]) for name, row in carried[1].items()}

            _, shapes = jax.eval_shape(many, values, states, arrays, orders, first)
            rows = {name: jnp.zeros((capacity, *shape.shape), shape.dtype) for name, shape in shapes.items()}
            carried = jax.lax.fori_loop(0, count, lambda i, carried: made(many, i, first + i, carried), (states, rows))
            if shorter is not None:
                carried = jax.lax.cond(ends, lambda c: made(shorter, count, jnp.int32(0), c), lambda c: c, carried)
            return carried

        return advance

    def _many(self, cut: Cut) -> Callable[..., tuple[State, Metrics]]:
        """A step of all runs of a group."""

        @jax.jit  # traced once, however often it is named below
        def step(values: Values, state: State, arrays: Any, order: Any, index: Any) -> tuple[State, Metrics]:
            new, metrics = self._grid.build(values).step(state, cut(Resident(arrays, order), index))
            if "loss" not in metrics or any(jnp.ndim(value) for value in metrics.values()):
                shapes = {name: jnp.shape(value) for name, value in metrics.items()}
                raise TypeError(f"a step's metrics must be scalars, 'loss' among them, given shapes {shapes}")
            return unchanged_types(state, new), metrics

        return jax.vmap(step, in_axes=(0, 0, None, None if self._plan.shared else 0, None))
