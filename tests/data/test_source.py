"""Batches: their order is PyTorch's, their content the data's."""

import numpy as np
import pytest

from jaxdl import data, random


@pytest.mark.torch
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("rows", "batch_size"), [(1, 1), (7, 3), (64, 16), (1438, 64)])
def test_shuffled_batches_are_those_of_a_data_loader(torch, rows, batch_size, drop_last):
    x = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    source = data.ArraySource((x, x[:, 0]), batch_size, shuffle=True, drop_last=drop_last, seed=5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        dataset = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(x[:, 0].copy()))
        loader = torch.utils.data.DataLoader(dataset, batch_size, shuffle=True, drop_last=drop_last)
        assert len(loader) == len(source)
        for epoch in range(3):
            expected, computed = list(loader), list(source.batches(epoch))
            assert len(expected) == len(computed)
            for ours, theirs in zip(computed, expected, strict=True):
                for a, b in zip(ours, theirs, strict=True):
                    np.testing.assert_array_equal(a, b.numpy())


def test_the_order_starts_where_the_generator_stands():
    generator = random.TorchGenerator(0)
    generator.uniform(10)
    source = data.ArraySource((np.arange(9),), 4, shuffle=True)
    own = data.ArraySource((np.arange(9),), 4, shuffle=True, seed=generator)
    order = source.order(0, generator)
    np.testing.assert_array_equal(own.order(0), order)
    generator.uniform(1)
    np.testing.assert_array_equal(own.order(0), order)
    assert not np.array_equal(source.order(0, generator), order)
    assert not np.array_equal(own.order(1), order)


def test_without_shuffling_rows_come_as_they_are():
    batches = list(data.ArraySource((np.arange(5),), 2).batches(3))
    assert [b[0].tolist() for b in batches] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("arrays", "batch_size", "message"),
    [
        ((np.ones(4),), 5, "between 1 and the 4 rows of the data, given 5"),
        ((np.ones(4),), 0, "given 0"),
        ((np.ones(4), np.ones(3)), 1, r"arrays of one length above 0, given shapes \[\(4,\), \(3,\)\]"),
        ((np.ones(()),), 1, "arrays of one length"),
        ((), 1, "arrays of one length"),
        ((np.ones((0, 2)),), 1, "arrays of one length"),
    ],
)
def test_bad_data_is_refused(arrays, batch_size, message):
    with pytest.raises(ValueError, match=message):
        data.ArraySource(arrays, batch_size)


def test_shuffling_needs_a_seed():
    with pytest.raises(ValueError, match="needs a seed"):
        next(data.ArraySource((np.ones(4),), 2, shuffle=True).batches(0))


@pytest.mark.parametrize(
    ("load", "rows", "columns"),
    [(data.digits, 1797, (8, 8)), (data.diabetes, 442, (10,)), (data.breast_cancer, 569, (30,))],
)
def test_embedded_sets_are_whole_and_split_without_overlap(load, rows, columns):
    x_train, y_train, x_test, y_test = load()
    assert len(x_train) + len(x_test) == rows
    assert len(x_test) == round(0.2 * rows)
    assert x_train.shape[1:] == x_test.shape[1:] == columns
    assert len(x_train) == len(y_train)
    assert len(x_test) == len(y_test)
    assert all(np.isfinite(a).all() for a in (x_train, y_train, x_test, y_test))
    again = load()
    assert all(np.array_equal(a, b) for a, b in zip(again, (x_train, y_train, x_test, y_test), strict=True))
    assert not np.array_equal(load(seed=1)[0], x_train)
    with pytest.raises(ValueError, match="test_fraction must be between 0 and 1"):
        load(test_fraction=1.5)


def test_standardised_by_the_training_rows():
    x_train, y_train, _, _ = data.diabetes()
    np.testing.assert_allclose(x_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y_train.std(), 1, atol=1e-12)
