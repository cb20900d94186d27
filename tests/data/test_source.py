"""Batches: their order is PyTorch's, their content the data's."""

import numpy as np
import pytest

from jaxdl import data, random
from jaxdl.random import TorchGenerator


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


def samplers(own):
    """Every sampler; those that draw have `own` as their generator."""
    weights = np.linspace(0.1, 1, 20)
    return [
        data.SequentialSampler(20),
        data.RandomSampler(20, generator=own),
        data.RandomSampler(20, True, 70, own),
        data.RandomSampler(20, num_samples=7, generator=own),
        data.SubsetRandomSampler([3, 17, 2, 2, -1, 0, 5, 9, 9], own),
        data.WeightedRandomSampler(weights, 33, generator=own),
        data.WeightedRandomSampler(weights, 20, False, own),
        data.DistributedSampler(20, 3, 1),
    ]


@pytest.mark.parametrize("own", [False, True], ids=["default", "own"])
@pytest.mark.parametrize("drop_last", [False, True], ids=["", "drop_last"])
@pytest.mark.parametrize("index", range(8))
def test_the_source_is_the_loader_as_a_function(index, drop_last, own):
    """Its epochs, asked for in any order, are those of a DataLoader, which test_loader.py holds to PyTorch's."""
    x, default, seed = np.arange(20), TorchGenerator(7), TorchGenerator(5)
    default.normal(3)
    source = data.ArraySource((x,), 5, sampler=samplers(seed if own else None)[index], drop_last=drop_last)
    start = default.clone()
    late = [[rows.tolist() for (rows,) in source.batches(epoch, start)] for epoch in (2, 0, 1)]
    np.testing.assert_array_equal(start.get_state(), default.get_state())
    np.testing.assert_array_equal(seed.get_state(), TorchGenerator(5).get_state())
    sampler = samplers(seed if own else None)[index]
    loader = data.DataLoader((x,), 5, sampler=sampler, drop_last=drop_last, default_generator=default)
    assert len(source) == len(loader) == len(late[0])
    for epoch, expected in enumerate((late[1], late[2], late[0])):
        if isinstance(sampler, data.DistributedSampler):
            sampler.set_epoch(epoch)
        assert [rows.tolist() for (rows,) in loader] == expected
        start.skip(source.draws)
        np.testing.assert_array_equal(start.get_state(), default.get_state())


def test_shuffling_is_a_random_sampler():
    generator = TorchGenerator(3)
    shuffled = data.ArraySource((np.arange(9),), 4, shuffle=True)
    sampled = data.ArraySource((np.arange(9),), 4, sampler=data.RandomSampler(9))
    assert (shuffled.draws, sampled.draws, data.ArraySource((np.arange(9),), 4).draws) == (4, 4, 2)
    for epoch in range(3):
        expected = random.data_loader_order(generator, 9, epoch)
        np.testing.assert_array_equal(shuffled.order(epoch, generator), expected)
        np.testing.assert_array_equal(sampled.order(epoch, generator), expected)


def test_a_batch_may_hold_a_whole_pass_of_the_sampler():
    sampler = data.RandomSampler(4, num_samples=10)
    (batch,) = data.ArraySource((np.arange(4),), 10, sampler=sampler, seed=0).batches(0)
    assert batch[0].shape == (10,)
    with pytest.raises(ValueError, match="between 1 and the 10 rows of the sampler, given 11"):
        data.ArraySource((np.arange(4),), 11, sampler=sampler)


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


class Small:
    """A device that says how much memory it has."""

    def __init__(self, stats):
        self.stats = stats

    def memory_stats(self):
        return self.stats


def test_arrays_larger_than_the_device(monkeypatch):
    """Counted in the types that they have there: 8 GB of float64 are 4 GB of float32."""
    arrays = (np.broadcast_to(0.0, (10, 10**8)), np.broadcast_to(np.uint8(0), (10, 10**8)))
    source = data.ArraySource(arrays, 8)
    monkeypatch.setattr("jax.local_devices", lambda: [Small({"bytes_limit": 4_900_000_000})])
    with pytest.raises(
        MemoryError, match=r"take 5.0 GB and the device has 4.9 GB .* data.StreamSource\(arrays, batch_size"
    ):
        next(source.batches(0))
    with pytest.raises(MemoryError, match="StreamSource"):
        source.resident(0)


@pytest.mark.parametrize("stats", [None, {}, {"bytes_limit": 24}])
def test_arrays_that_fit_or_may(monkeypatch, stats):
    monkeypatch.setattr("jax.local_devices", lambda: [Small(stats)])
    assert next(data.ArraySource((np.zeros(6),), 2).batches(0))[0].shape == (2,)


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
