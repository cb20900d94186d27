"""How fast a mode is: the rows of one experiment's timing, compared with the best PyTorch mode."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jaxdl.report.intervals import interval

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Speed:
    """A mode beside another one.

    Attributes:
        ratio: the other's time over this one's, the median over the rounds: above 1 this one is faster.
        low, high: the 95 % bootstrap interval of that median.
    """

    ratio: float
    low: float
    high: float

    @property
    def tie(self) -> bool:
        """Whether the interval spans 1, so that the ratio may be chance."""
        return self.low <= 1 <= self.high


def timing(experiment: Mapping[str, Any]) -> list[Row]:
    """An experiment's modes; none where the numbers differ, for no time is shown before they agree."""
    return list(experiment.get("timing") or []) if experiment["parity"]["agrees"] else []


def is_jax(row: Row) -> bool:
    """Whether a mode is jax's."""
    return bool(row.get("mode") == "jax")


def framework(row: Row) -> str:
    """Whose a mode is: 'jax', 'torch', 'flax' for stock jax, 'tensorflow', or 'engine' for jaxdl.autodiff, which
    counts as none of them.

    >>> framework({"mode": "channels_last"}), framework({"mode": "autodiff_numpy"})
    ('torch', 'engine')
    """
    mode = str(row.get("mode"))
    if mode in ("jax", "flax"):
        return mode
    return "engine" if mode.startswith("autodiff") else "tensorflow" if mode.startswith("tensorflow") else "torch"


def label(row: Row) -> str:
    """A mode's name for people."""
    return str(row.get("label") or row.get("mode") or "?")


def rounds(row: Row) -> list[float]:
    """Milliseconds a step in each round; none for a mode that has a reason instead.

    >>> rounds({"step_ms": [2.0, 3.0]}), rounds({"step_ms": [], "reason": "no compiler"})
    ([2.0, 3.0], [])
    """
    times = [] if row.get("reason") else row.get("step_ms") or []
    return [float(time) for time in times if time is not None and math.isfinite(time) and time > 0]


def median(row: Row) -> float:
    """The median of a mode's rounds, in milliseconds."""
    return statistics.median(rounds(row))


def best_torch(rows: Sequence[Row]) -> Row | None:
    """The PyTorch mode with the lowest median, if any has a time."""
    timed = [row for row in rows if framework(row) == "torch" and rounds(row)]
    return min(timed, key=median, default=None)


def beside(row: Row, other: Row | None) -> Speed | None:
    """`row` beside another mode, round by round; None where one of the two has no time.

    >>> beside({"step_ms": [1.0, 1.0]}, {"step_ms": [2.0, 2.0]})
    Speed(ratio=2.0, low=2.0, high=2.0)
    """
    if other is None:
        return None
    ratios = [theirs / mine for mine, theirs in zip(rounds(row), rounds(other), strict=False)]
    return Speed(statistics.median(ratios), *interval(ratios)) if ratios else None


def speed(row: Row, rows: Sequence[Row]) -> Speed | None:
    """`row` beside the best PyTorch mode of `rows`; None where one of the two has no time."""
    return beside(row, best_torch(rows))


def of_jax(experiment: Mapping[str, Any]) -> Speed | None:
    """What an experiment found: jax beside the best PyTorch mode."""
    rows = timing(experiment)
    return next((speed(row, rows) for row in rows if is_jax(row)), None)


def of_stock(experiment: Mapping[str, Any]) -> Speed | None:
    """And beside stock Flax and optax."""
    rows = timing(experiment)
    stock = next((row for row in rows if framework(row) == "flax"), None)
    return next((beside(row, stock) for row in rows if is_jax(row)), None)


def title(experiment: Mapping[str, Any]) -> str:
    """What an entry of the result is about.

    >>> title({"name": "vision/lenet", "label": "LeNet", "task": {"kind": "infer", "number": 128}})
    'LeNet, inference of 128'
    """
    task = experiment.get("task") or {}
    name = str(experiment.get("label") or experiment["name"])
    return f"{name}, inference of {task['number']}" if task.get("kind") == "infer" else name


def unit(experiment: Mapping[str, Any]) -> str:
    """What one of the timed things is called.

    >>> unit({"task": {"kind": "sweep", "number": 64}}), unit({})
    ('step of all 64', 'step')
    """
    task = experiment.get("task") or {}
    words = {"infer": "call", "sweep": f"step of all {task.get('number')}"}
    return words.get(str(task.get("kind")), "step")
