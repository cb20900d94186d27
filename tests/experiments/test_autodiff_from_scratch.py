"""Four networks trained by jaxdl.autodiff: their losses are those of jax.grad and of PyTorch, step by step."""

import dataclasses
from itertools import islice

import numpy as np
import pytest

from jaxdl import parity, random
from jaxdl.experiment import find, precision
from jaxdl.parity.reference import threads, twin_of

FOUND = find("autodiff_from_scratch")
CONFIG = FOUND.config(dtype="float64")
NETWORKS = ("mlp", "lenet", "lstm", "transformer")
STEPS = 100


def losses(engine, model="all", steps=STEPS):
    """The losses of each of the steps, by name."""
    with precision("float64"):
        config = dataclasses.replace(CONFIG, engine=engine, model=model)
        program, generator = FOUND.program(config), random.TorchGenerator(config.seed)
        state, measured = program.init(generator), []
        for batch in islice(visited(FOUND.source(config), generator), steps):
            state, metrics = program.compiled_step(state, batch)
            measured.append({name: float(value) for name, value in metrics.items()})
    return measured


def visited(source, generator):
    """The batches of the first steps."""
    epochs = range(STEPS // len(source) + 1)
    yield from islice((batch for epoch in epochs for batch in source.batches(epoch, generator)), STEPS)


@pytest.fixture(scope="module")
def of_jax():
    return losses("jax")


@pytest.fixture(scope="module")
def of_torch(torch):
    """A PyTorch script's losses."""
    twin, measured = twin_of(FOUND, CONFIG), []
    with torch.random.fork_rng(devices=[]), threads(1):
        torch.manual_seed(CONFIG.seed)
        model = twin.model().double()
        tensors = [torch.from_numpy(array) for array in FOUND.source(CONFIG).arrays]
        dataset = torch.utils.data.TensorDataset(*tensors)
        loader = torch.utils.data.DataLoader(dataset, CONFIG.batch_size, shuffle=True)
        optimizer = twin.optimizer(model)
        for images, characters, target in islice((batch for _ in range(STEPS) for batch in loader), STEPS):
            optimizer.zero_grad()
            outputs = model(images, characters)
            loss = twin.loss(outputs, target)
            loss.backward()
            optimizer.step()
            own = {f"{name}_loss": twin.metrics[f"{name}_loss"](outputs, target).item() for name in NETWORKS}
            measured.append({"loss": loss.item(), **own})
    return measured


def assert_same_curves(ours, theirs):
    assert [set(step) for step in ours] == [{"loss", *(f"{name}_loss" for name in NETWORKS)}] * STEPS
    gaps = {name: max(abs(a[name] - b[name]) for a, b in zip(ours, theirs, strict=True)) for name in theirs[0]}
    assert max(gaps.values()) < 1e-12, gaps  # seen: 4e-15


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_the_first_losses_of_the_mlp_are_those_of_jax(engine):
    ours, of_jax = (losses(each, "mlp", steps=5) for each in (engine, "jax"))
    for a, b in zip(ours, of_jax, strict=True):
        assert abs(a["mlp_loss"] - b["mlp_loss"]) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_the_engines_losses_are_those_of_jax(engine, of_jax):
    assert_same_curves(losses(engine), of_jax)


@pytest.mark.torch
@pytest.mark.slow
def test_and_those_of_jax_are_pytorchs(of_jax, of_torch):
    assert_same_curves(of_jax, of_torch)
    assert all(of_torch[-1][name] < of_torch[0][name] for name in of_torch[0])  # and they learn


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize("engine", ["xla", "jax"])  # tests/parity/test_ladder.py has the default one, numpy
def test_every_tensor_agrees_over_the_whole_run(torch, engine):
    parity.check(FOUND, FOUND.config(engine=engine), reference="live").assert_agreement()


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_one_network_trains_as_it_does_beside_the_others(name):
    """Its gradient is the same: they share no parameter."""
    config = FOUND.config(model=name, engine="jax", dtype="float64")
    with precision("float64"):
        alone, all_four = (FOUND.program(each) for each in (config, dataclasses.replace(config, model="all")))
        state = all_four.init(random.TorchGenerator(0))
        own = {key: value for key, value in state.params.items() if key.startswith(f"{name}.")}
        batch = next(FOUND.source(config).batches(0, random.TorchGenerator(0)))
        assert set(alone.init(random.TorchGenerator(0)).params) == set(own)
        gradients, whole = alone.probe(state._replace(params=own), batch).gradients, all_four.probe(state, batch)
        for key, value in gradients.items():
            np.testing.assert_allclose(value, whole.gradients[key], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "gru"}, "model must be one of all, mlp, lenet, lstm, transformer, given 'gru'"),
        ({"engine": "torch"}, "engine must be one of numpy, xla, jax, given 'torch'"),
    ],
)
def test_another_name_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        FOUND.config(**given)
