"""data_loader_order(): the rows that a DataLoader visits, epoch by epoch."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator, data_loader_order

EPOCHS = 3
FROZEN = {  # PyTorch 2.13, manual_seed(3), 7 rows
    False: [[3, 2, 5, 4, 1, 0, 6], [3, 1, 6, 0, 2, 4, 5], [6, 4, 3, 2, 5, 1, 0]],
    True: [[3, 4, 2, 0, 1, 6, 5], [6, 1, 2, 3, 4, 0, 5], [4, 2, 6, 0, 3, 5, 1]],
}


@pytest.mark.parametrize("own_generator", [False, True])
def test_frozen(own_generator):
    generator = TorchGenerator(3)
    orders = [data_loader_order(generator, 7, epoch, own_generator=own_generator) for epoch in range(EPOCHS)]
    assert [order.tolist() for order in orders] == FROZEN[own_generator]
    assert orders[0].dtype == np.int64


@pytest.mark.torch
@pytest.mark.parametrize(("n", "batch_size"), [(1, 1), (2, 1), (5, 5), (10, 3), (100, 32), (1009, 64), (3, 8)])
@pytest.mark.parametrize("own_generator", [False, True])
def test_against_a_loader(torch, n, batch_size, own_generator):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2**32 + 17)
        torch.nn.Linear(7, 5)
        given = {"generator": torch.Generator().manual_seed(99)} if own_generator else {}
        loader = torch.utils.data.DataLoader(range(n), batch_size, shuffle=True, **given)
        epochs = [list(loader) for _ in range(EPOCHS)]
    generator = TorchGenerator(99 if own_generator else 2**32 + 17)
    if not own_generator:
        generator.skip(7 * 5 + 5)  # the layer's weight and bias
    for epoch, batches in enumerate(epochs):
        order = data_loader_order(generator, n, epoch, own_generator=own_generator)
        for index, batch in enumerate(batches):
            assert batch.tolist() == order[index * batch_size : (index + 1) * batch_size].tolist()


@pytest.mark.torch
def test_from_a_live_state(torch):
    """The state may be taken from PyTorch itself, in the midst of things."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        torch.randn(3)
        generator = TorchGenerator(0)
        generator.set_state(torch.get_rng_state())
        loader = torch.utils.data.DataLoader(range(50), shuffle=True)
        epochs = [[int(batch) for batch in loader] for _ in range(EPOCHS)]
    assert [data_loader_order(generator, 50, epoch).tolist() for epoch in range(EPOCHS)] == epochs


@pytest.mark.parametrize("own_generator", [False, True])
def test_it_is_pure(own_generator):
    generator = TorchGenerator(0)
    generator.normal(1)
    before = generator.get_state()
    late = data_loader_order(generator, 20, 9, own_generator=own_generator)
    np.testing.assert_array_equal(generator.get_state(), before)
    np.testing.assert_array_equal(data_loader_order(generator, 20, 9, own_generator=own_generator), late)
    assert sorted(late.tolist()) == list(range(20))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((0, 10, 0), TypeError, "`generator` .=0. must be a TorchGenerator"),
        ((TorchGenerator(0), 0, 0), ValueError, "`n` .=0. must be an integer from 1"),
        ((TorchGenerator(0), 2.0, 0), TypeError, "`n` .=2.0. must be an integer"),
        ((TorchGenerator(0), 2, -1), ValueError, "`epoch` .=-1. must be an integer from 0"),
    ],
)
def test_errors(arguments, error, match):
    with pytest.raises(error, match=match):
        data_loader_order(*arguments)
