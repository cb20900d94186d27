"""Micro-batches: the gradient of the whole batch, PyTorch's loop, the memory of a part."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional, nn, optim, random, train
from tests.train.nets import Net, assert_same, batches, plain, run, twin


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


def contrast(outputs, target):
    """Every row against every other: no sum over rows."""
    del target
    near = functional.normalize(outputs, dim=1)
    return functional.cross_entropy(near @ near.T / 0.5, jnp.arange(len(near))[::-1])


LOSSES = {
    "mean": functional.cross_entropy,
    "sum": lambda outputs, target: functional.cross_entropy(outputs, target, reduction="sum"),
    "ignored": lambda outputs, target: functional.cross_entropy(outputs, target, ignore_index=2),
    "weighted": lambda outputs, target: functional.cross_entropy(outputs, target, weight=jnp.array([0.1, 2.0, 5.0])),
    "contrast": contrast,
}


@pytest.mark.slow
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("rows", [12, 13, 3], ids=["even", "uneven", "fewer rows than parts"])
@pytest.mark.parametrize("loss", [*LOSSES, "row mean"])
def test_micro_batches_give_the_large_batch_s_gradient(loss, rows):
    function = LOSSES.get(loss, functional.cross_entropy)
    settings = {"dtype": "float64"}
    large = train.supervised(plain, function, optim.sgd(0.1), **settings)
    small = train.supervised(
        plain, function, optim.sgd(0.1), accumulate=5, loss_is_row_mean=loss == "row mean", **settings
    )
    state = large.init(random.TorchGenerator(0))
    expected, found = (jax.jit(program.probe)(state, batches(rows)[0]) for program in (large, small))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14), found, expected)


@pytest.mark.torch
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("by_rows", [False, True])
def test_accumulation_with_batch_norm_is_pytorch_s_loop(torch, by_rows):
    """Statistics are a micro-batch's, running ones go through all of them in order: 13 rows as 5, 4 and 4."""
    model = twin(torch)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    program = train.supervised(
        Net,
        functional.cross_entropy,
        optim.sgd(0.1, momentum=0.9),
        dtype="float64",
        accumulate=3,
        loss_is_row_mean=by_rows,
    )
    state, losses = run(program, 12)
    expected = []
    for number in range(12):
        x, y = (torch.tensor(np.array(array)) for array in batches()[number % 3])
        optimizer.zero_grad()
        total = 0.0
        for part, target in zip(x.tensor_split(3), y.tensor_split(3), strict=True):
            loss = torch.nn.functional.cross_entropy(model(part), target) * len(part) / len(x)
            loss.backward()
            total += loss.item()
        optimizer.step()
        expected.append(total)
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
    assert_same({**state.params, **state.buffers}, model.state_dict(), 1e-12)


def test_each_micro_batch_draws_its_own_masks():
    program = train.supervised(
        lambda rngs: nn.Dropout(0.5), lambda outputs, target: jnp.sum(outputs), optim.sgd(), accumulate=4
    )
    output = program.probe(program.init(random.TorchGenerator(0)), (jnp.ones((8, 64)), jnp.ones(8))).output
    parts = np.asarray(output).reshape(4, 2, 64)
    assert len({part.tobytes() for part in parts}) == 4
    assert 0.4 < (parts == 0).mean() < 0.6


def memory(program, batch):
    """Temporary memory of the compiled step, in bytes."""
    lowered = jax.jit(program.step, donate_argnums=0).lower(program.init(random.TorchGenerator(0)), batch)
    apart = {"xla_disable_hlo_passes": "cse_barrier_expander"}  # see tests/nn/test_remat.py
    return lowered.compile(apart).memory_analysis().temp_size_in_bytes


def deep(rngs, blocks=4, layers=4):
    def block():
        return nn.Sequential(*(layer for _ in range(layers) for layer in (nn.Linear(64, 64, rngs=rngs), nn.Tanh())))

    return nn.Sequential(*(block() for _ in range(blocks)))


@pytest.mark.slow
def test_memory_falls_with_micro_batches_and_with_recomputation():
    """Sixteen layers of 64 over 16,384 rows, MB of temporary memory: 75.6 at once, 12.9 in 16 micro-batches, 5.3 with
    the promise of a row mean, 33.7 with every block recomputed.
    """
    batch = (jnp.ones((16384, 64)), jnp.ones((16384, 64)))
    plain, parts, by_rows, recomputed, both = (
        memory(train.supervised(deep, functional.mse_loss, optim.sgd(0.1), **options), batch)
        for options in (
            {},
            {"accumulate": 16},
            {"accumulate": 16, "loss_is_row_mean": True},
            {"remat": ("*",)},
            {"accumulate": 16, "remat": ("*",)},
        )
    )
    assert parts < 0.3 * plain
    assert by_rows < 0.1 * plain
    assert recomputed < 0.7 * plain
    assert both <= parts
