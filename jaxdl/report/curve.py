"""A metric's values as a picture can hold them: in groups of neighbours, and smoothed."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

MOST = 500  # groups: a figure's axes are 860 pixels wide
FALLS, RISES = ("loss", "error", "perplexity"), ("accuracy", "return", "score")  # what is better when it does so
WINDOW = 30  # a smoothed value is the mean of one part in so many


class Curve(NamedTuple):
    """Values of neighbouring steps, `[groups]` each; NaN where a group has no finite value."""

    size: int  # steps a group
    steps: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    smooth: np.ndarray


def curve(values: np.ndarray, most: int = MOST) -> Curve:
    """A metric of the steps, counted from 1, in at most `most` groups.

    >>> curve(np.array([4.0, 2.0, 1.0, np.nan]), most=2).mean.tolist()
    [3.0, 1.0]
    """
    size = -(-len(values) // most)
    padded = np.full(-(-len(values) // size) * size, np.nan)
    padded[: len(values)] = values
    groups = padded.reshape(-1, size)
    known = np.isfinite(groups)
    count = known.sum(axis=1)
    first = np.arange(len(groups)) * size
    steps = (first + 1 + np.minimum(first + size, len(values))) / 2
    low, high = np.where(known, groups, np.inf).min(axis=1), np.where(known, groups, -np.inf).max(axis=1)
    total = np.where(known, groups, 0.0).sum(axis=1)
    window = np.ones(max(1, len(groups) // WINDOW) | 1)
    smooth = _ratio(np.convolve(total, window, "same"), np.convolve(count, window, "same"))
    empty = count == 0
    return Curve(size, steps, *(np.where(empty, np.nan, part) for part in (low, high, _ratio(total, count), smooth)))


def _ratio(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return found


def limits(curves: Sequence[Curve], bounded: bool = False) -> tuple[bool, float, float]:
    """Whether the axis should be logarithmic, and where it begins and ends: what is smoothed is always inside, a spike
    need not be. A metric that is bounded above, such as an accuracy, never has a logarithmic one.

    >>> limits([curve(np.array([30.0, 3.0, 1.5]))])
    (True, 1.0, 45.0)
    """
    whole = (
        np.concatenate([np.empty(0), *(getattr(one, name) for one in curves)]) for name in ("smooth", "low", "high")
    )
    smooth, low, high = (part[np.isfinite(part)] for part in whole)
    if not smooth.size:
        return False, 0.0, 1.0
    if not bounded and smooth.min() > 0 and smooth.max() > 10 * smooth.min():
        bottom, top = max(low.min(), smooth.min() / 10), min(high.max(), smooth.max() * 10)
        return True, float(bottom / 1.5), float(top * 1.5)
    bottom, top = np.percentile(low, 2), np.percentile(high, 98)
    margin = 0.5 * (top - bottom)
    bottom, top = (
        min(smooth.min(), max(low.min(), bottom - margin)),
        max(smooth.max(), min(high.max(), top + margin)),
    )
    edge = 0.05 * (top - bottom) or 0.05 * abs(top) or 1.0
    return False, float(bottom - edge), float(top + edge)


def better(metric: str) -> Callable[..., Any] | None:
    """Where a metric's best value is, by its name; None where the name does not say.

    >>> better("test_accuracy") is np.nanargmax, better("entropy")
    (True, None)
    """
    if metric.endswith(FALLS):
        return np.nanargmin
    return np.nanargmax if metric.endswith(RISES) else None
