"""Samplers: PyTorch's rows in PyTorch's order, and both generators where PyTorch leaves them."""

from typing import Any

import numpy as np
import pytest

from jaxdl import data
from jaxdl.random import TorchGenerator

WEIGHTS = np.random.RandomState(0).rand(50)
INDICES = np.random.RandomState(1).randint(0, 100, 37)

# name, arguments, keywords; those that draw
DRAWING: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *(("RandomSampler", (n,), {}) for n in (1, 2, 5, 33, 1009)),
    ("RandomSampler", (10,), {"num_samples": 3}),
    ("RandomSampler", (10,), {"num_samples": 10}),
    ("RandomSampler", (10,), {"num_samples": 20}),
    ("RandomSampler", (10,), {"num_samples": 47}),
    ("RandomSampler", (10,), {"replacement": True}),
    *(("RandomSampler", (10,), {"replacement": True, "num_samples": k}) for k in (1, 31, 32, 33, 64, 200)),
    ("SubsetRandomSampler", (INDICES.tolist(),), {}),
    ("SubsetRandomSampler", ([7],), {}),
    ("SubsetRandomSampler", ([],), {}),
    ("WeightedRandomSampler", (WEIGHTS, 120), {}),
    ("WeightedRandomSampler", (WEIGHTS.tolist(), 1), {}),
    ("WeightedRandomSampler", (WEIGHTS, 1), {"replacement": False}),
    ("WeightedRandomSampler", (WEIGHTS, 20), {"replacement": False}),
    ("WeightedRandomSampler", (WEIGHTS, 50), {"replacement": False}),
]
SHARES = [(n, replicas, drop) for n in (1, 5, 12, 100) for replicas in (1, 3, 4, 7) for drop in (False, True)]


def build(torch: Any, name: str, arguments: Any, keywords: Any, generators: Any = (None, None)) -> tuple[Any, Any]:
    """PyTorch's and ours; a number of rows becomes a range."""
    theirs = [range(a) if name == "RandomSampler" else a for a in arguments]
    reference = getattr(torch.utils.data, name)(*theirs, **keywords, generator=generators[0])
    return reference, getattr(data, name)(*arguments, **keywords, generator=generators[1])


@pytest.mark.torch
@pytest.mark.parametrize(("name", "arguments", "keywords"), DRAWING)
@pytest.mark.parametrize("own", [False, True], ids=["default", "own"])
def test_passes(torch, seeded, name, arguments, keywords, own):
    pair = seeded(2**40 + 3)
    generators = pair.own(9) if own else (None, None)
    reference, sampler = build(torch, name, arguments, keywords, generators)
    assert len(sampler) == len(reference)
    counted = pair.default.clone()
    for _ in range(3):
        rows = sampler.draw(pair.default)
        assert rows.dtype == np.int64
        assert rows.tolist() == list(reference)
        pair.assert_same_state()
        counted.skip(sampler.draws)
        pair.assert_same_state(ours=counted)
        if own:
            pair.assert_same_state(*generators)
    assert (sampler.draws == 0) is (own or (name == "SubsetRandomSampler" and len(sampler) < 2))


@pytest.mark.parametrize(("name", "arguments", "keywords"), DRAWING)
def test_later_passes_are_found_without_the_ones_before(name, arguments, keywords):
    own = TorchGenerator(4)
    own.normal(1)
    sampler = getattr(data, name)(*arguments, **keywords, generator=own)
    start, before = sampler.at_epoch(0), own.get_state()
    later = [start.at_epoch(epoch) for epoch in range(4)]
    np.testing.assert_array_equal(own.get_state(), before)
    for one in later:
        np.testing.assert_array_equal(one.draw(), sampler.draw())


@pytest.mark.torch
@pytest.mark.parametrize(("n", "replicas", "drop"), SHARES)
def test_distributed(torch, n, replicas, drop):
    for rank in range(replicas):
        for shuffle in (True, False):
            arguments = (replicas, rank, shuffle, 2**33 + 5, drop)
            reference = torch.utils.data.DistributedSampler(range(n), *arguments)
            sampler = data.DistributedSampler(n, *arguments)
            assert len(sampler) == len(reference)
            assert sampler.draws == 0
            for epoch in (0, 3):
                reference.set_epoch(epoch)
                assert sampler.at_epoch(epoch).draw().tolist() == list(reference)
                assert sampler.epoch == 0
            sampler.set_epoch(3)
            assert sampler.draw().tolist() == list(reference)


def test_sequential():
    sampler = data.SequentialSampler(range(4))
    assert sampler.draw().tolist() == [0, 1, 2, 3]
    assert (len(sampler), sampler.draws, data.SequentialSampler(0).draw().size) == (4, 0, 0)
    assert sampler.at_epoch(7).draw().tolist() == [0, 1, 2, 3]


def test_what_has_a_length_is_a_number_of_rows():
    expected = data.RandomSampler(6).draw(TorchGenerator(0))
    for n in (range(6), np.zeros((6, 2)), np.int64(6)):
        np.testing.assert_array_equal(data.RandomSampler(n).draw(TorchGenerator(0)), expected)


def test_pieces_are_drawn_when_they_are_asked_for():
    own = TorchGenerator(0)
    blocks = data.RandomSampler(10, replacement=True, num_samples=40, generator=own).blocks()
    assert next(blocks).size == 32
    expected = TorchGenerator(0)
    expected.skip(32)
    np.testing.assert_array_equal(own.get_state(), expected.get_state())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: data.RandomSampler(0), ValueError, r"`n` \(=0\) must be an integer from 1"),
        (lambda: data.RandomSampler(2.0), TypeError, r"`n` \(=2.0\) must be an integer"),
        (lambda: data.RandomSampler(2, num_samples=0), ValueError, r"`num_samples` \(=0\)"),
        (lambda: data.RandomSampler(2, replacement=1), TypeError, r"`replacement` \(=1\) must be True or False"),
        (lambda: data.RandomSampler(2, generator=0), TypeError, r"`generator` \(=0\) must be a TorchGenerator"),
        (lambda: data.RandomSampler(2).draw(), ValueError, "RandomSampler draws; give it generator="),
        (lambda: data.RandomSampler(2).draw(3), TypeError, r"`generator` \(=3\) must be a TorchGenerator"),
        (lambda: data.RandomSampler(2).at_epoch(-1), ValueError, r"`epoch` \(=-1\)"),
        (lambda: data.SequentialSampler(-1), ValueError, r"`n` \(=-1\) must be an integer from 0"),
        (lambda: data.SubsetRandomSampler([[1]]), ValueError, r"`indices` \(of shape \(1, 1\)\) must be one list"),
        (lambda: data.SubsetRandomSampler([0.5]), TypeError, r"`indices` \(of dtype float64\) must be integers"),
        (
            lambda: data.WeightedRandomSampler([[1.0]], 1),
            ValueError,
            r"`weights` \(of shape \(1, 1\)\) must be one list",
        ),
        (lambda: data.WeightedRandomSampler([0, 0], 1), ValueError, "`weights` must be finite and not negative"),
        (lambda: data.WeightedRandomSampler([1, 1], 3, False), ValueError, r"`num_samples` \(=3\) .* from 1 to 2"),
        (lambda: data.DistributedSampler(5, 2, 2), ValueError, r"`rank` \(=2\) must be an integer from 0 to 1"),
        (lambda: data.DistributedSampler(5, 0, 0), ValueError, r"`num_replicas` \(=0\)"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
