"""The bootstrap interval of a median of ratios."""

import numpy as np
import pytest

from jaxdl.report.intervals import interval, verdict


def test_the_same_ratios_give_the_same_interval_and_it_holds_their_median():
    ratios = np.random.RandomState(3).lognormal(0.1, 0.1, 9).tolist()
    low, high = interval(ratios)
    assert interval(ratios) == (low, high)
    assert min(ratios) <= low <= np.median(ratios) <= high <= max(ratios)


def test_one_outlier_among_many_does_not_widen_it():
    calm = [0.9, 0.91, 0.89, 0.9, 0.92, 0.9, 0.88, 0.91, 0.9]
    assert interval([*calm, 5.0])[1] < 0.93


def test_it_covers_the_true_median_about_as_often_as_it_says():
    rng = np.random.RandomState(0)
    ends = [interval(rng.lognormal(0.0, 0.2, 15).tolist()) for _ in range(200)]
    assert 0.88 <= np.mean([low <= 1 <= high for low, high in ends]) <= 1.0


def test_more_rounds_narrow_it():
    rng = np.random.RandomState(1)
    few, many = (interval(rng.lognormal(0.0, 0.2, rounds).tolist()) for rounds in (9, 400))
    assert many[1] - many[0] < 0.5 * (few[1] - few[0])


def test_one_round_has_no_width():
    assert interval([0.7]) == (0.7, 0.7)


def test_a_tie_is_what_spans_one():
    assert [verdict(ends) for ends in ((0.9, 1.1), (1.0, 1.0), (0.5, 0.999), (1.001, 2.0))] == [
        "tie",
        "tie",
        "faster",
        "slower",
    ]


@pytest.mark.parametrize("bad", [[], [1.0, float("nan")], [float("inf")]])
def test_what_cannot_be_a_ratio_is_refused(bad):
    with pytest.raises(ValueError, match="ratios must be"):
        interval(bad)
