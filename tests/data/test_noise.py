"""Labels that are partly drawn: how many, from where, and what is refused."""

import numpy as np
import pytest

from jaxdl import data
from jaxdl.random import TorchGenerator

LABELS = np.arange(10_000) % 10


def test_a_share_is_drawn_from_all_classes_alike():
    noisy = data.noisy_labels(LABELS, 0.4, 10, TorchGenerator(0))
    assert noisy.dtype == LABELS.dtype
    assert (noisy != LABELS).mean() == pytest.approx(0.4 * 9 / 10, abs=0.02)
    assert np.bincount(noisy[noisy != LABELS], minlength=10).min() > 300


def test_none_and_all_are_the_ends():
    np.testing.assert_array_equal(data.noisy_labels(LABELS, 0, 10, TorchGenerator(0)), LABELS)
    assert (data.noisy_labels(LABELS, 1, 10, TorchGenerator(0)) == LABELS).mean() == pytest.approx(0.1, abs=0.02)


def test_the_generator_decides_them_and_moves_on():
    generator = TorchGenerator(0)
    first, second = (data.noisy_labels(LABELS, 0.4, 10, generator) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(first, data.noisy_labels(LABELS, 0.4, 10, TorchGenerator(0)))


@pytest.mark.parametrize(
    ("share", "classes", "error", "message"),
    [
        (1.5, 10, ValueError, r"`share` \(=1.5\) must be between 0 and 1"),
        (-0.1, 10, ValueError, "must be between 0 and 1"),
        ("half", 10, TypeError, "`share` .* must be one number"),
        (0.5, 0, ValueError, r"`classes` \(=0\) must be an integer from 1"),
    ],
)
def test_what_is_no_share_is_refused(share, classes, error, message):
    with pytest.raises(error, match=message):
        data.noisy_labels(LABELS, share, classes, TorchGenerator(0))
