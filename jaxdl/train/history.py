"""What a run leaves behind in numbers."""

import json
import os
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


class History:
    """Every step's metrics and every epoch's record, as plain arrays.

    `history["loss"]` is the training loss of each step, `[steps]` float64; `history.epochs` is a list of dicts:
    epoch, seconds, the mean of each training metric, and `test_`... for each metric of the evaluation.

    >>> history = History()
    >>> history.add_steps({"loss": np.array([2.0, 1.0])})
    >>> history.add_epoch({"epoch": 1, "loss": 1.5})
    >>> history["loss"].tolist(), history.epochs[-1]["loss"]
    ([2.0, 1.0], 1.5)
    """

    def __init__(self) -> None:
        self._steps: dict[str, array[float]] = {}  # one growing block each, not an array a call
        self.epochs: list[dict[str, float]] = []
        self._good = 0  # steps whose loss was looked at and was finite

    def add_steps(self, steps: Mapping[str, np.ndarray]) -> None:
        """Append the metrics of some steps, `[steps]` each.

        Raises:
            ValueError: other metrics than those of the steps before.
        """
        if self._steps and steps.keys() != self._steps.keys():
            raise ValueError(f"a step must measure {sorted(self._steps)} as those before, given {sorted(steps)}")
        for name, values in steps.items():
            self._steps.setdefault(name, array("d")).extend(np.asarray(values, np.float64).tolist())

    def add_epoch(self, record: Mapping[str, float]) -> None:
        """Append an epoch's record."""
        self.epochs.append(dict(record))

    def means(self, start: int) -> dict[str, float]:
        """Each metric's mean over the steps from `start` on."""
        return {name: float(np.mean(values[start:])) for name, values in self._steps.items() if len(values) > start}

    def last(self, name: str) -> float:
        """The newest step's."""
        return self._steps[name][-1]

    def first_bad(self, name: str) -> int | None:
        """The first step, counted from 0, at which a metric is NaN or infinite."""
        bad = np.flatnonzero(~np.isfinite(np.array(self._steps.get(name, ())[self._good :])))
        if len(bad):
            return self._good + int(bad[0])
        self._good = len(self)
        return None

    def cut(self, steps: int) -> None:
        """Forget every step from number `steps` (counted from 0) on."""
        for values in self._steps.values():
            del values[steps:]

    @property
    def steps(self) -> dict[str, np.ndarray]:
        """Every metric of every step, `[steps]` float64."""
        return {name: np.array(values) for name, values in self._steps.items()}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._steps:
            raise KeyError(f"the run recorded {sorted(self._steps)} at each step, not {name!r}")
        return np.array(self._steps[name])

    def __len__(self) -> int:
        return len(next(iter(self._steps.values()), ()))

    @property
    def final(self) -> dict[str, float]:
        """The last epoch's record."""
        return self.epochs[-1] if self.epochs else {}

    def lines(self, start: int = 0) -> Iterable[dict[str, Any]]:
        """One record a step from `start` on, then one an epoch, as JSON can hold them."""
        yield from self.step_lines(start)
        yield from self.epochs

    def step_lines(self, start: int = 0) -> Iterable[dict[str, Any]]:
        """One record a step from `start` on."""
        names = list(self._steps)
        rows = zip(*(self._steps[name][start:].tolist() for name in names), strict=True)
        for step, values in enumerate(rows, start):
            yield {"step": step, **dict(zip(names, values, strict=True))}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the history as JSON lines."""
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(line) + "\n" for line in self.lines()), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "History":
        """The history that a file of JSON lines holds; a last line that was cut off in writing is left out.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a line that is not a step's or an epoch's record; it is named.
        """
        history = cls()
        steps: list[dict[str, float]] = []
        text = Path(path).read_text(encoding="utf-8")
        lines = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
        for number, line in enumerate(lines, 1):
            try:
                record = _record(line)
                if "epoch" in record:
                    history.epochs.append(record)
                    continue
                steps.append({name: float(value) for name, value in record.items() if name != "step"})
                if steps[-1].keys() != steps[0].keys():
                    raise ValueError(f"every step must measure {sorted(steps[0])}, and it has {sorted(steps[-1])}")
            except (ValueError, TypeError, OverflowError, RecursionError) as error:
                raise ValueError(f"{path}, line {number}: not a record of a run: {error}") from None
        if steps:
            history.add_steps({name: np.array([record[name] for record in steps], np.float64) for name in steps[0]})
        return history


def _record(line: str) -> dict[str, Any]:
    record = json.loads(line)
    if not isinstance(record, dict) or not record.keys() & {"step", "epoch"}:
        raise ValueError(f"neither a step's nor an epoch's record: {line[:80]}")
    for value in record.values():
        if isinstance(value, int):
            float(value)  # or it is too large for one
    return record
