"""Calibration: the diagram's points are scikit-learn's, the error is theirs weighted, and bad input is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from jaxdl import metrics


def answers(rows=2_000, classes=5, scale=2.0):
    """Logits, and targets that are right in some of the rows."""
    drawn = np.random.default_rng(0)
    logits = scale * drawn.normal(size=(rows, classes))
    target = np.where(drawn.uniform(size=rows) < 0.6, logits.argmax(axis=1), drawn.integers(0, classes, rows))
    return logits, target


@pytest.mark.parametrize("bins", [1, 7, 15])
def test_the_points_of_the_diagram_are_scikit_learns(bins):
    with jax.enable_x64(True):
        logits, target = map(jnp.asarray, answers())
        share, sure, right = map(np.asarray, metrics.reliability(logits, target, bins))
        largest = np.asarray(jax.nn.softmax(logits).max(axis=1))
        fraction, mean = calibration_curve(np.asarray(logits.argmax(axis=1) == target), largest, n_bins=bins)
    there = share > 0
    np.testing.assert_allclose(right[there], fraction, rtol=1e-12)
    np.testing.assert_allclose(sure[there], mean, rtol=1e-12)
    assert np.isnan(sure[~there]).all()
    assert float(share.sum()) == pytest.approx(1, abs=1e-12)


def test_the_error_is_the_weighted_distance_from_the_diagonal():
    with jax.enable_x64(True):
        logits, target = map(jnp.asarray, answers(scale=4.0))
        share, sure, right = metrics.reliability(logits, target)
        error = metrics.expected_calibration_error(logits, target).item()
        assert error == pytest.approx(float(jnp.nansum(share * jnp.abs(right - sure))), rel=1e-12)
        one = metrics.expected_calibration_error(logits, target, bins=1).item()
        gap = metrics.accuracy(logits, target) - metrics.confidence(logits, target)
        assert one == pytest.approx(abs(gap.item()), rel=1e-12)
    assert 0.1 < one <= error


def test_who_says_what_is_so_has_none():
    """Of ten rows that say 0.8 eight are right; a model that is always sure and right half the time is off by half."""
    logits = jnp.log(jnp.tile(jnp.array([0.8, 0.2]), (10, 1)))
    target = jnp.array([0] * 8 + [1] * 2)
    assert metrics.expected_calibration_error(logits, target).item() == pytest.approx(0, abs=1e-6)
    sure = jnp.tile(jnp.array([100.0, 0.0]), (10, 1))
    assert metrics.expected_calibration_error(sure, jnp.arange(10) % 2).item() == pytest.approx(0.5)


def test_rows_may_have_several_axes_and_the_functions_compile():
    logits, target = (jnp.asarray(array, dtype) for array, dtype in zip(answers(), (float, int), strict=True))
    for function in (metrics.expected_calibration_error, metrics.confidence):
        flat = jax.jit(function)(logits, target).item()
        assert function(logits.reshape(20, 100, 5), target.reshape(20, 100)).item() == pytest.approx(flat, rel=1e-5)


@pytest.mark.parametrize(
    ("logits", "target", "bins", "message"),
    [
        (np.zeros((4, 3)), np.zeros(4, int), 0, "bins must be an integer, at least 1, given 0"),
        (np.zeros((4, 3)), np.zeros(4, int), 2.0, "bins must be an integer, at least 1, given 2.0"),
        (np.zeros((4, 3)), np.zeros(3, int), 15, r"given \[4, 3\] and \[3\]"),
        (np.zeros((0, 3)), np.zeros(0, int), 15, r"at least one row, given \[0, 3\] and \[0\]"),
    ],
)
def test_what_has_no_bins_is_one_sentence(logits, target, bins, message):
    for function in (metrics.reliability, metrics.expected_calibration_error):
        with pytest.raises(ValueError, match=f"{function.__name__}: .*{message}"):
            function(logits, target, bins)
