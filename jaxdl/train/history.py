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
    >>> history.add_epoch({"loss": np.array([2.0, 1.0])}, {"epoch": 0, "loss": 1.5})
    >>> history["loss"].tolist(), history.epochs[-1]["loss"]
    ([2.0, 1.0], 1.5)
    """

    def __init__(self) -> None:
        self._steps: dict[str, array[float]] = {}  # one growing block each, not an array an epoch
        self.epochs: list[dict[str, float]] = []

    def add_epoch(self, steps: Mapping[str, np.ndarray], record: Mapping[str, float]) -> None:
        """Append an epoch: its steps' metrics and its record."""
        for name, values in steps.items():
            self._steps.setdefault(name, array("d")).extend(values.tolist())
        self.epochs.append(dict(record))

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

    def lines(self) -> Iterable[dict[str, Any]]:
        """One record a step, then one an epoch, as JSON can hold them."""
        names = list(self._steps)
        for step, values in enumerate(zip(*(self[name].tolist() for name in names), strict=True)):
            yield {"step": step, **dict(zip(names, values, strict=True))}
        yield from self.epochs

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the history as JSON lines."""
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(line) + "\n" for line in self.lines()), encoding="utf-8")
