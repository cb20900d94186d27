"""How far a gradient reaches is what its definition says, and PyTorch's; a step reads as the whole network does."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxdl import data, experiment, functional, random
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = experiment.find("characters")
CELLS = list(FOUND.module.CELLS)
EXACT = FOUND.config(width=16, length=12, dtype="float64", seed=3)


@pytest.fixture
def exact():
    with experiment.precision("float64"):
        yield


@pytest.fixture(scope="module")
def shown():
    """Of networks that were not trained: what is said of the exhibits holds for any parameters."""
    config = FOUND.config(width=16, length=16)

    def untrained(config):
        return FOUND.program(config).init(random.TorchGenerator(config.seed))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FOUND.shown, "trained", untrained)
        return FOUND.exhibits(config, untrained(config))


def beginning(cell):
    """A configuration, its first parameters, and windows of the text to test on."""
    config = dataclasses.replace(EXACT, cell=cell)
    state = FOUND.program(config).init(random.TorchGenerator(config.seed))
    return config, state, [array[:5] for array in FOUND.evaluation(config).arrays]


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_reads_as_the_whole_network_does(exact, cell):
    config, state, (characters, following) = beginning(cell)
    whole = FOUND.program(config).predict(state, (characters, following))
    hx = FOUND.shown.rest(state.params, cell, len(characters))
    for place in range(config.length):
        hx, logits = FOUND.shown.read(state.params, cell, hx, characters[:, place])
        np.testing.assert_allclose(logits, whole[:, place], atol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_is_that_of_the_loss_by_a_state_on_the_way(exact, cell):
    """From a state that is held fast four characters before the end, the rest is read and differentiated."""
    _, state, (characters, following) = beginning(cell)
    hx = FOUND.shown.rest(state.params, cell, len(characters))
    for character in characters[:, :-4].T:
        hx, _ = FOUND.shown.read(state.params, cell, hx, character)

    def loss(hx):
        for character in characters[:, -4:].T:
            hx, logits = FOUND.shown.read(state.params, cell, hx, character)
        return functional.cross_entropy(logits, following[:, -1], reduction="sum")

    gradient = jnp.concatenate(jax.tree.leaves(jax.grad(loss)(hx)), axis=-1)
    found = FOUND.shown.reach(state.params, cell, characters, following)
    assert found.shape == (12,)
    assert found[3] == pytest.approx(float(jnp.linalg.norm(gradient, axis=-1).mean()), rel=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize("cell", CELLS)
def test_it_is_pytorchs(torch, exact, cell):
    config, state, windows = beginning(cell)
    theirs = experiment.twin(FOUND.module.__name__).reach(config, *windows)
    np.testing.assert_allclose(FOUND.shown.reach(state.params, cell, *windows), theirs, rtol=1e-11)


def test_at_first_every_gradient_fades_and_a_gate_keeps_more(shown):
    """PyTorch draws small weights, and a gate that is half open halves what it carries."""
    kept = {cell: float(at_first) for cell, at_first, *_ in shown[0].rows}
    assert list(kept) == CELLS
    assert kept["rnn"] < min(kept["gru"], kept["lstm"]) < max(kept["gru"], kept["lstm"]) < 0.8


def test_what_is_left_of_a_gradient():
    assert FOUND.shown.fading(np.array([8.0, 4.0, 2.0])) == ["0.50", "2e-01"]


@pytest.mark.slow
def test_the_other_cells_are_trained_as_a_run_trains():
    config = FOUND.config(cell="rnn", width=8, length=8, batch_size=1000, epochs=1, seed=2)
    run, _ = FOUND.run(config, progress=False)
    for name, value in FOUND.shown.trained(config).params.items():
        np.testing.assert_array_equal(value, run.params[name])


def test_counting_and_the_cells_are_measured_on_the_same_text(shown):
    bits = {name: float(value) for name, value in shown[1].rows}
    assert list(bits)[-3:] == CELLS
    assert next(iter(bits.values())) == pytest.approx(np.log2(96), abs=5e-4)
    text, tested = data.python_help(16)[0].ravel(), data.python_help(16)[2:]
    pairs = data.ngram_bits(text, *tested, 2, 96).mean()
    assert bits["of pairs"] == pytest.approx(pairs, abs=5e-4)
    assert all(abs(bits[cell] - bits["all 96 alike"]) < 0.3 for cell in CELLS)  # nothing was learned


def test_it_writes_on_from_the_prompt(shown):
    assert [row[0] for row in shown[2].rows] == ["0.5", "0.75", "1"]
    assert all(text.startswith("The ") and len(text) == 304 for _, text in shown[2].rows)


def test_its_picture_is_drawn(shown, tmp_path):
    shown[0].picture(tmp_path / "drawn.png", DARK)
    with Image.open(tmp_path / "drawn.png") as picture:
        assert picture.width == 1000
