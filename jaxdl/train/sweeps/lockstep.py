"""Runs in lockstep: one compiled program moves several at once, and groups of them share the processor."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxdl.train.calls import signature
from jaxdl.train.program import State
from jaxdl.train.sweeps.beginnings import Beginnings
from jaxdl.train.sweeps.call import CAPACITY, Trials, advance, evaluate, window
from jaxdl.train.sweeps.grid import Grid, Values, stacked
from jaxdl.train.sweeps.grouping import Plan, processors, stacked_states
from jaxdl.train.sweeps.orders import Orders

SECONDS_A_CALL = 0.05
SECONDS_BETWEEN_LOOKS = 0.1

Numbers = dict[str, np.ndarray]


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
        orders, (nothing, _) = self._several(self._orders(group), 1), window(self._trials, 0, 0, 0)
        train = jax.jit(advance(self._grid, self._trials, self._plan), donate_argnums=1)
        self._train = train.lower(values, states, self._arrays, orders, nothing).compile()
        test = jax.jit(evaluate(self._grid, self._plan))
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
        runs, trials, steps, tests = self._filled(group), self._trials, [], []
        (values, states), each, done = self._begin(runs), self._orders(runs), 0
        while done < trials.epochs:
            epochs = max(1, min(trials.epochs_a_call, trials.epochs - done, self._pace // len(trials.source)))
            orders, first, done = self._several(each, epochs), 0, done + epochs
            while first < trials.whole:
                if self._stop.is_set():
                    raise InterruptedError("the sweep was stopped")
                count = trials.whole if epochs > 1 else min(self._pace, trials.whole - first)
                part, made = window(trials, epochs, first, count)
                began = time.perf_counter()
                states, rows = self._train(values, states, self._arrays, orders, part)
                steps.append({name: np.asarray(row, np.float64)[:made] for name, row in rows.items()})
                self._count(steps[-1]["loss"], len(group), time.perf_counter() - began)
                first += count
            if trials.tests:
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

    def _several(self, orders: Iterator[np.ndarray], epochs: int) -> np.ndarray:
        """The next epochs' orders, filled up to as many as a call can hold."""
        drawn = [next(orders) for _ in range(epochs)]
        return np.stack(drawn + drawn[-1:] * (self._trials.epochs_a_call - epochs))

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
