"""DataLoader: PyTorch's batches, and the generators' states at every moment of a loop."""

from typing import Any

import numpy as np
import pytest

from jaxdl import data
from jaxdl.random import TorchGenerator, data_loader_order

SIZES = [(1, 1), (5, 2), (6, 3), (33, 8), (70, 64), (4, 9)]
WEIGHTS = np.random.RandomState(0).rand(20)
SAMPLERS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("RandomSampler", (20,), {"num_samples": 7}),
    ("RandomSampler", (20,), {"num_samples": 45}),
    ("RandomSampler", (20,), {"replacement": True, "num_samples": 70}),
    ("SubsetRandomSampler", ([3, 17, 2, 2, -1],), {}),
    ("WeightedRandomSampler", (WEIGHTS, 33), {}),
    ("WeightedRandomSampler", (WEIGHTS, 6), {"replacement": False}),
]


class Loaders:
    """A loader of either kind over the same rows; every step compares batches and states."""

    def __init__(
        self, pair: Any, rows: int, *arguments: Any, theirs: Any = None, ours: Any = None, **shared: Any
    ) -> None:
        torch, x = pair.torch, np.arange(3 * rows, dtype=np.float32).reshape(rows, 3)
        dataset = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.arange(rows, dtype=torch.int32))
        self.pair = pair
        self.theirs = torch.utils.data.DataLoader(dataset, *arguments, **shared, **(theirs or {}))
        arrays = (x, np.arange(rows, dtype=np.int32))
        self.ours = data.DataLoader(arrays, *arguments, **shared, **(ours or {}), default_generator=pair.default)
        assert len(self.ours) == len(self.theirs)

    def epoch(self, stop: int | None = None) -> None:
        """One loop, broken off after `stop` batches."""
        theirs, ours = iter(self.theirs), iter(self.ours)
        self.pair.assert_same_state()
        for index in range(len(self.theirs) + 1):
            if index == stop:
                break
            expected, batch = next(theirs, None), next(ours, None)
            self.pair.assert_same_state()
            assert (expected is None) == (batch is None)
            for tensor, array in zip(expected or (), batch or (), strict=True):
                np.testing.assert_array_equal(array, tensor.numpy(), strict=True)


@pytest.mark.torch
@pytest.mark.parametrize("drop_last", [False, True], ids=["", "drop_last"])
@pytest.mark.parametrize("shuffle", [False, True], ids=["", "shuffle"])
@pytest.mark.parametrize("own", [False, True], ids=["default", "own"])
def test_epochs(seeded, shuffle, drop_last, own):
    for rows, batch_size in SIZES:
        pair = seeded(17)
        generators = pair.own(99) if own else (None, None)
        both = Loaders(
            pair, rows, batch_size, shuffle, drop_last=drop_last,
            theirs={"generator": generators[0]}, ours={"generator": generators[1]},
        )  # fmt: skip
        for stop in (None, None, 0, 1, 2, None):
            both.epoch(stop)
            if own:
                pair.assert_same_state(*generators)


@pytest.mark.torch
@pytest.mark.parametrize("own", [False, True], ids=["default", "own"])
@pytest.mark.parametrize(("name", "arguments", "keywords"), SAMPLERS)
def test_samplers(torch, seeded, name, arguments, keywords, own):
    for batch_size, drop_last in ((1, False), (4, True), (5, False), (40, False), (100, True)):
        pair = seeded(3)
        generators = pair.own(8) if own else (None, None)
        rows = [range(a) if isinstance(a, int) and a == 20 else a for a in arguments]
        theirs = getattr(torch.utils.data, name)(*rows, **keywords, generator=generators[0])
        ours = getattr(data, name)(*arguments, **keywords, generator=generators[1])
        both = Loaders(pair, 20, batch_size, drop_last=drop_last, theirs={"sampler": theirs}, ours={"sampler": ours})
        for stop in (None, 1, 2, None):
            both.epoch(stop)
            if own:
                pair.assert_same_state(*generators)


@pytest.mark.torch
def test_two_loaders_and_what_else_draws(torch, seeded):
    """A training loop as people write it: dropout between batches, an evaluation after each epoch."""
    pair = seeded(5)
    training, evaluation = Loaders(pair, 23, 4, True), Loaders(pair, 9, 4)
    for _ in range(3):
        theirs, ours = iter(training.theirs), iter(training.ours)
        for expected, batch in zip(theirs, ours, strict=True):
            np.testing.assert_array_equal(batch[1], expected[1].numpy())
            kept = torch.nn.functional.dropout(torch.ones(4, 5), 0.2) != 0
            np.testing.assert_array_equal(pair.default.bernoulli(0.8, (4, 5)), kept.numpy())
        evaluation.epoch()
    pair.assert_same_state()


@pytest.mark.torch
def test_distributed_shares(torch, seeded):
    pair = seeded(1)
    theirs = torch.utils.data.DistributedSampler(range(11), 3, 1)
    ours = data.DistributedSampler(11, 3, 1)
    both = Loaders(pair, 11, 2, theirs={"sampler": theirs}, ours={"sampler": ours})
    for epoch in range(3):
        theirs.set_epoch(epoch)
        ours.set_epoch(epoch)
        both.epoch()


def test_a_generator_of_its_own_is_enough():
    own = TorchGenerator(0)
    shuffled = data.DataLoader((np.arange(5),), 5, True, generator=own)
    sampled = data.DataLoader((np.arange(5),), 5, sampler=data.RandomSampler(5, generator=own), generator=own)
    for epoch, loader in enumerate((shuffled, sampled, shuffled)):
        ((rows,),) = loader
        expected = data_loader_order(TorchGenerator(0), 5, epoch, own_generator=True)
        np.testing.assert_array_equal(rows, expected)


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "message"),
    [
        (((np.ones(3),),), {}, ValueError, "pass default_generator=random.TorchGenerator.seed., the one that"),
        (
            ((np.ones(3),),),
            {"sampler": data.RandomSampler(3), "generator": TorchGenerator(0)},
            ValueError,
            "pass default_generator",
        ),
        ((5,), {}, TypeError, "DataLoader needs a tuple or list of arrays, given 5"),
        (((),), {}, ValueError, "DataLoader needs arrays of one length above 0"),
        (((np.ones(3),), 0), {}, ValueError, r"`batch_size` \(=0\) must be an integer from 1"),
        (((np.ones(3),), 1.0), {}, TypeError, r"`batch_size` \(=1.0\) must be an integer"),
        (
            ((np.ones(3),), 1, True, data.SequentialSampler(3)),
            {},
            ValueError,
            "`shuffle` must be False where there is a `sampler`",
        ),
        (((np.ones(3),), 1, False, range(3)), {}, TypeError, "`sampler` .* must be a sampler of jaxdl.data"),
        (((np.ones(3),),), {"generator": 5}, TypeError, r"`generator` \(=5\) must be a TorchGenerator"),
    ],
)
def test_refused(arguments, keywords, error, message):
    with pytest.raises(error, match=message):
        data.DataLoader(*arguments, **keywords)


def test_a_row_that_is_not_there():
    sampler = data.SubsetRandomSampler([0, 3])
    loader = data.DataLoader((np.ones(3),), sampler=sampler, default_generator=TorchGenerator(0))
    with pytest.raises(IndexError, match="the sampler gives row 3 of arrays that have 3 rows"):
        list(loader)
