"""The maps are the weights that the network's attention uses, and PyTorch's; its text is that of a naive loop."""

import jax
import numpy as np
import pytest
from PIL import Image

from jaxdl import bridge, data, experiment, metrics, nn, random
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = experiment.find("gpt")
SMALL = FOUND.config(length=8, layers=2, width=16, heads=2, dtype="float64")


@pytest.fixture(scope="module")
def state():
    """Not trained: what is said of the exhibits holds for any parameters."""
    with experiment.precision("float64"):
        return FOUND.program(SMALL).init(random.TorchGenerator(0))


@pytest.fixture(scope="module")
def shown(state):
    return FOUND.exhibits(SMALL, state)


@pytest.fixture
def exact():
    with experiment.precision("float64"):
        yield


def test_the_maps_are_what_the_attention_uses(exact, state):
    characters = FOUND.evaluation(SMALL).arrays[0][:3]
    weights = FOUND.shown.attention(state.params, SMALL, characters)
    assert weights.shape == (2, 3, 2, 8, 8)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-12)
    assert not np.triu(weights, 1).any()
    model, seen = FOUND.module.GPT(SMALL, rngs=random.TorchGenerator(0)), {}
    bridge.load_into(model, state.params)
    nn.observed(model, seen.__setitem__)(characters)
    for layer, block in enumerate(model.blocks):
        values = np.split(seen[f"blocks.{layer}.attention.qkv"], 3, axis=-1)[2].reshape(3, 8, 2, 8).swapaxes(1, 2)
        taken = (weights[layer] @ values).swapaxes(1, 2).reshape(3, 8, 16)
        np.testing.assert_allclose(block.attention.proj(taken), seen[f"blocks.{layer}.attention"], atol=1e-13)


@pytest.mark.torch
def test_the_maps_are_pytorchs(torch, exact, state):
    params = {name: np.asarray(value) for name, value in state.params.items()}
    characters = FOUND.evaluation(SMALL).arrays[0][:3]
    theirs = experiment.twin(FOUND.module.__name__).attention(params, SMALL, characters)
    np.testing.assert_allclose(FOUND.shown.attention(params, SMALL, characters), theirs, atol=1e-14)


def test_each_head_has_its_line(shown):
    assert [row[:2] for row in shown[0].rows] == [["1", "1"], ["1", "2"], ["2", "1"], ["2", "2"]]
    for _, _, distance, itself, before in shown[0].rows:
        assert 0 < float(distance) < 7
        assert float(itself.removesuffix("%")) + float(before.removesuffix("%")) <= 101


def test_contexts_are_compared_on_the_same_characters(exact, state, shown):
    assert [row[0] for row in shown[1].rows] == ["1", "2", "4", "8"]
    pairs = {row[2] for row in shown[1].rows}
    assert len(pairs) == 1  # a pair is all that they look at
    _, alone, _, five = shown[1].rows[0]
    assert five in pairs
    assert float(shown[1].rows[-1][3]) < float(five) - 0.5
    x, y = data.windows(data.python_help(1)[2].ravel(), 8, FOUND.shown.STRIDE)
    logits = FOUND.program(SMALL).predict(state, (x[:, -1:], None))[:, 0]
    assert metrics.bits(logits, y[:, -1]).item() == pytest.approx(float(alone), abs=0.03)  # some end beyond a window


def test_it_writes_what_a_naive_loop_writes(exact, state, shown):
    """Which reads the last 8 characters again for each."""
    predict = jax.jit(FOUND.program(SMALL).predict)
    tokens = data.PRINTABLE.encode("The ").tolist()
    for place in range(20):
        window = np.array(tokens[-8:])
        logits = predict(state, (window[None], None))[0, -1]
        key = jax.random.fold_in(jax.random.key(0), place)
        tokens.append(jax.random.categorical(key, logits / 0.75).item())
    assert shown[2].rows[1][1][:24] == data.PRINTABLE.decode(tokens)


def test_its_pictures_are_drawn(shown, tmp_path):
    for exhibit in shown[:2]:
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000
