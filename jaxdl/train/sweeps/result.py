"""What a sweep leaves: a table with a row a run, the curves, and every run's state."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

from jaxdl.train.program import Program, State
from jaxdl.train.sweeps.grid import SEED, Grid, Number, arrays
from jaxdl.train.sweeps.grouping import Plan, on_host
from jaxdl.train.sweeps.lockstep import Numbers, Trained
from jaxdl.train.sweeps.table import drawn

Row = dict[str, Any]


class Sweep:
    """Every run of a `sweep`, in the order of the lists, the last one's values changing fastest.

    Attributes:
        over: the lists of values, by name, the seeds among them.
        table: a dict a run: its number `run`, its values, its `seed`; what `fit` records of its last epoch (`loss`, the
            mean over the epoch's steps, and `test_...`); and `diverged`, the first step (counted from 1) whose loss or
            parameters were not finite, None where all were.
        steps: each metric of each step, `[runs, steps]` float64.
        tests: each metric of the evaluation after each epoch, `[runs, epochs]` float64.
        seconds: for drawing parameters, training and evaluation, without those for compiling.
        compile_seconds: for tracing and compiling.
    """

    def __init__(
        self,
        grid: Grid,
        plan: Plan,
        trained: Sequence[Trained],
        steps_an_epoch: int,
        seconds: float,
        compile_seconds: float,
    ) -> None:
        self.over, self._grid, self._trained = grid.over, grid, trained
        self._places = {run: (g, i) for g, group in enumerate(plan.groups) for i, run in enumerate(group)}
        self.steps: Numbers = self._gathered([each.steps for each in trained])
        self.tests: Numbers = self._gathered([each.tests for each in trained])
        self.seconds, self.compile_seconds = seconds, compile_seconds
        self.table = [self._row(run, values, steps_an_epoch) for run, values in enumerate(grid.rows)]

    def _gathered(self, parts: list[Numbers]) -> Numbers:
        order = range(len(self._places))
        return {
            name: np.stack([parts[self._places[r][0]][name][self._places[r][1]] for r in order]) for name in parts[0]
        }

    def _row(self, run: int, values: Mapping[str, Number], steps_an_epoch: int) -> Row:
        last = {name: float(np.mean(steps[run, -steps_an_epoch:])) for name, steps in self.steps.items()}
        tests = {f"test_{name}": float(values[run, -1]) for name, values in self.tests.items()}
        return {"run": run, **values, **last, **tests, "diverged": self._diverged(run)}

    def _diverged(self, run: int) -> int | None:
        bad = np.flatnonzero(~np.isfinite(self.losses[run]))
        if len(bad):
            return int(bad[0]) + 1
        group, place = self._places[run]
        finite = all(np.isfinite(np.asarray(a)[place]).all() for a in self._trained[group].states.params.values())
        return None if finite else self.losses.shape[1]

    @property
    def losses(self) -> np.ndarray:
        """The training loss of every step, `[runs, steps]` float64."""
        return self.steps["loss"]

    @property
    def names(self) -> list[str]:
        """The swept hyperparameters: all but the seed."""
        return self._grid.names

    @property
    def metrics(self) -> list[str]:
        """The columns of the table that were measured."""
        return [*self.steps, *(f"test_{name}" for name in self.tests)]

    @cached_property
    def states(self) -> State:
        """All runs' states as one, the runs as the first axis of every array."""
        groups, places = zip(*(self._places[run] for run in range(len(self))), strict=True)
        size = len(np.asarray(self._trained[0].states.step))
        rows = np.array(groups) * size + np.array(places)
        return jax.device_put(
            jax.tree.map(lambda *a: on_host(lambda *b: np.concatenate(b)[rows], *a), *(t.states for t in self._trained))
        )

    def state(self, run: int) -> State:
        """One run's state, such as `fit` would have given it.

        Raises:
            IndexError: there is no such run.
        """
        group, place = self._places[self._number(run)]
        return jax.device_put(jax.tree.map(lambda a: on_host(lambda b: b[place], a), self._trained[group].states))

    def program(self, run: int) -> Program:
        """One run's program, for its state: `train.evaluate(sweep.program(run), sweep.state(run), source)`.

        Its hyperparameters are arrays, as in the sweep: an optimiser may keep more of such than of a plain 0.

        Raises:
            IndexError: there is no such run.
        """
        return self._grid.build(arrays(self._grid.values(self.table[self._number(run)])))

    def _number(self, run: int) -> int:
        if not -len(self) <= run < len(self):
            raise IndexError(f"the sweep has runs 0 to {len(self) - 1}, given {run}")
        return run % len(self)

    def best(self, metric: str, mode: Literal["min", "max"]) -> Row:
        """The row of the run with the lowest or highest metric; one that diverged never is.

        Raises:
            KeyError: no such metric.
            ValueError: another mode, or all runs diverged.
        """
        self._require(metric, mode)
        rows = [row for row in self.table if row["diverged"] is None and np.isfinite(row[metric])]
        if not rows:
            raise ValueError(f"no run has a finite {metric}: all {len(self)} diverged; smaller learning rates may not")
        return (min if mode == "min" else max)(rows, key=lambda row: float(row[metric]))

    def _require(self, metric: str, mode: str) -> None:
        if metric not in self.metrics:
            raise KeyError(f"the sweep measured {', '.join(self.metrics)}, not {metric!r}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', given {mode!r}")

    @property
    def summary(self) -> list[Row]:
        """A dict for each combination of hyperparameters: the number of its `runs`, how many `diverged`, and over the
        others each metric's mean and, as `..._std`, standard deviation (n - 1 in the denominator)."""
        made = []
        for values in Grid(self._grid.program, {**self.over, SEED: self.over[SEED][:1]}).rows:
            point = self._grid.values(values)
            rows = [row for row in self.table if all(row[name] == value for name, value in point.items())]
            sound = [row for row in rows if row["diverged"] is None]
            row: Row = {**point, "runs": len(rows), "diverged": len(rows) - len(sound)}
            for name in self.metrics:
                numbers = [run[name] for run in sound]
                row[name] = float(np.mean(numbers)) if numbers else None
                row[f"{name}_std"] = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
            made.append(row)
        return made

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table: `.csv`, or `.jsonl` with a JSON object a line. What is not finite becomes empty, or null.

        Raises:
            ValueError: another kind of file.
        """
        file = Path(path)
        rows = [{name: _writable(value) for name, value in row.items()} for row in self.table]
        if file.suffix == ".jsonl":
            text = "".join(json.dumps(row) + "\n" for row in rows)
        elif file.suffix == ".csv":
            lines = io.StringIO()
            writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            text = lines.getvalue()
        else:
            raise ValueError(f"a sweep's table is saved as .csv or .jsonl, given {file.name!r}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def print(self) -> None:
        """Print the table: a row for each combination of hyperparameters, with mean ± deviation over its seeds."""
        Console().print(self)

    def __rich__(self) -> Table:
        return drawn(self)

    def __str__(self) -> str:
        console = Console(file=io.StringIO(), width=120, color_system=None)
        console.print(self)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue().rstrip()

    def __repr__(self) -> str:
        lists = " × ".join(f"{len(values)} {name}" for name, values in self.over.items())
        return f"Sweep({len(self)} runs: {lists})"

    def __len__(self) -> int:
        return len(self._places)


def _writable(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
