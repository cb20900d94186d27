"""random_split(): PyTorch's parts, and its generator's state."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import data
from jaxdl.random import TorchGenerator

SPLITS = [
    (10, [7, 3]), (10, [10]), (10, [0, 10]), (1, [1]), (5, [1, 0]), (1009, [1000, 5, 4]), (0, [0, 0]),
    (10, [0.7, 0.3]), (10, [0.75, 0.25]), (10, [0.5, 0.3, 0.2]), (13, [1 / 3, 1 / 3, 1 / 3]), (101, [0.9, 0.05, 0.05]),
    (100, [0.1] * 10), (3, [0.5, 0.5, 0.0]), (7, [1.0]),
]  # fmt: skip


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:Length of split at index:UserWarning", "ignore:random_split. part:UserWarning")
@pytest.mark.parametrize(("rows", "lengths"), SPLITS, ids=str)
def test_as_in_torch(torch, seeded, rows, lengths):
    for seed in (0, 42):
        pair = seeded(seed)
        expected = torch.utils.data.random_split(range(rows), lengths)
        parts = data.random_split(rows, lengths, pair.default)
        assert [part.tolist() for part in parts] == [list(part.indices) for part in expected]
        pair.assert_same_state()


def test_arrays():
    x, y = np.arange(12.0).reshape(6, 2), jnp.arange(6)
    parts = data.random_split((x, y), [4, 2], TorchGenerator(0))
    rows = data.random_split(6, [4, 2], TorchGenerator(0))
    for (part_x, part_y), part in zip(parts, rows, strict=True):
        np.testing.assert_array_equal(part_x, x[part])
        np.testing.assert_array_equal(part_y, part)


def test_a_part_without_rows_is_a_warning():
    with pytest.warns(UserWarning, match="random_split: part 1 of the 3 rows has none") as caught:
        data.random_split(3, [1.0, 0.0], TorchGenerator(0))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((10, [5, 4]), ValueError, r"`lengths` \(=\[5, 4\]\) must sum to 1 or to the 10 rows; they sum to 9"),
        ((10, [0.5, 0.6]), ValueError, r"`lengths` \(=\[0.5, 0.6\]\) must sum to 1 or to the 10 rows; they sum to 1.1"),
        ((10, [4.5, 5.5]), TypeError, r"`length` \(=4.5\) must be an integer"),
        ((10, 5), TypeError, r"`lengths` \(=5\) must be a list of numbers: rows a part, or fractions that sum to 1"),
        ((10, "ab"), TypeError, r"`lengths` \(='ab'\) must be a list of numbers"),
        ((10, [5, None]), TypeError, r"`lengths` \(=\[5, None\]\) must be a list of numbers"),
        ((10, [11, -1]), ValueError, r"`length` \(=11\) must be an integer from 0 to 10"),
        ((10, [1.5, -0.5]), ValueError, r"`lengths` \(=\[1.5, -0.5\]\) must not be negative"),
        (((np.zeros(3), np.zeros(2)), [2, 1]), ValueError, r"arrays of one length, given lengths \[3, 2\]"),
        (((1, 2), [2, 1]), ValueError, r"arrays of one length, given lengths \[None, None\]"),
        ((2.5, [2, 1]), TypeError, r"`n` \(=2.5\) must be an integer"),
    ],
)
def test_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        data.random_split(*arguments, TorchGenerator(0))


def test_a_generator_is_needed():
    with pytest.raises(TypeError, match=r"`generator` \(=None\) must be a TorchGenerator"):
        data.random_split(3, [2, 1], None)
