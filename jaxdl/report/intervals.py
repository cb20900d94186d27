"""How far a ratio of two times can be believed: a bootstrap interval of its median."""

from collections.abc import Sequence

import numpy as np

SHARE = 0.95
RESAMPLES = 2_000


def interval(ratios: Sequence[float], seed: int = 0) -> tuple[float, float]:
    r"""The percentile bootstrap interval, 95 %, of the median of per-round ratios.

    .. math:: [q_{0.025}, q_{0.975}] \text{ of } \operatorname{median}(r^*_1 \ldots r^*_n),
        \quad r^*_i \text{ drawn from } r \text{ with replacement}

    A round's two sides ran one after the other, so that what disturbs a round disturbs both: the ratios are drawn,
    not the times. With few rounds the ends are the outermost ratios; one round says nothing of its spread, and both
    ends are that ratio.

    Args:
        ratios: of each round, finite.
        seed: of the 2,000 resamples: the same ratios give the same interval.

    Returns:
        Its two ends. Where they span 1, the two sides tie (`verdict`).

    Raises:
        ValueError: no ratio, or one that is not finite.

    >>> interval([0.9, 0.8, 1.0, 0.85, 0.9, 0.95, 0.9])
    (0.85, 0.95)
    """
    given = np.asarray(ratios, np.float64)
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"ratios must be a list of at least one number, given shape {given.shape}")
    if not np.isfinite(given).all():
        raise ValueError(f"ratios must be finite, given {given.tolist()}")
    drawn = np.random.RandomState(seed).randint(0, given.size, (RESAMPLES, given.size))
    medians = np.median(given[drawn], axis=1)
    low, high = np.quantile(medians, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)


def verdict(ends: tuple[float, float]) -> str:
    """What an interval of ours / theirs says: 'faster', 'slower', or 'tie' where it spans 1.

    >>> verdict((0.85, 0.95)), verdict((0.9, 1.0)), verdict((1.1, 1.2))
    ('faster', 'tie', 'slower')
    """
    low, high = ends
    return "faster" if high < 1 else "slower" if low > 1 else "tie"
