"""How fast a mode is: the rows of one experiment's timing, compared with the best PyTorch mode."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Speed:
    """A mode beside the best PyTorch mode.

    Attributes:
        ratio: the best PyTorch mode's median time over this one's: above 1 this one is faster.
        tie: the ranges of their rounds overlap, so that the ratio may be chance.
    """

    ratio: float
    tie: bool


def timing(experiment: Mapping[str, Any]) -> list[Row]:
    """An experiment's modes; none where the numbers differ, for no time is shown before they agree."""
    return list(experiment.get("timing") or []) if experiment["parity"]["agrees"] else []


def is_jax(row: Row) -> bool:
    """Whether a mode is jax's."""
    return bool(row.get("mode") == "jax")


def framework(row: Row) -> str:
    """Whose a mode is: 'jax', 'torch', or 'engine' for jaxdl.autodiff, which counts as neither.

    >>> framework({"mode": "channels_last"}), framework({"mode": "autodiff_numpy"})
    ('torch', 'engine')
    """
    if is_jax(row):
        return "jax"
    return "engine" if str(row.get("mode")).startswith("autodiff") else "torch"


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


def speed(row: Row, rows: Sequence[Row]) -> Speed | None:
    """`row` beside the best PyTorch mode of `rows`; None where one of the two has no time.

    >>> rows = [{"mode": "jax", "step_ms": [1.0, 1.1]}, {"mode": "eager", "step_ms": [2.0, 2.2]}]
    >>> speed(rows[0], rows)
    Speed(ratio=2.0, tie=False)
    """
    best = best_torch(rows)
    if best is None or not rounds(row):
        return None
    mine, theirs = rounds(row), rounds(best)
    overlap = min(mine) <= max(theirs) and min(theirs) <= max(mine)
    return Speed(median(best) / median(row), overlap)


def of_jax(experiment: Mapping[str, Any]) -> Speed | None:
    """What an experiment found: jax beside the best PyTorch mode."""
    rows = timing(experiment)
    return next((speed(row, rows) for row in rows if is_jax(row)), None)
