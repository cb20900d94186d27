"""Softmax regression has one lowest point: scikit-learn's Newton finds it, and descent on all rows ends on it."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxdl import parity, random
from jaxdl.experiment import find, precision
from jaxdl.report.theme import DARK

FOUND = find("softmax_regression")
SOFTMAX = FOUND.module


def trained(**options):
    config = FOUND.config(**options)
    state, history = FOUND.run(config, progress=False)
    return config, state, history


@pytest.fixture(scope="module")
def digits():
    config, state, _ = trained(epochs=3)
    return config, state, {name: np.asarray(value, float) for name, value in state.params.items()}


@pytest.mark.parametrize("which", [pytest.param("digits", marks=pytest.mark.slow), "wine"])
def test_at_newtons_answer_the_loss_is_flat(which):
    """There the loss's gradient is what weight decay pulls against, and nothing pulls the biases."""
    config = FOUND.config(dtype="float64", data=which)
    found = SOFTMAX.newton(which, config.weight_decay)
    with precision("float64"):
        program = FOUND.program(config)
        params = {name: jnp.asarray(value) for name, value in found.items()}
        state = program.init(random.TorchGenerator(0))._replace(params=params)
        probe = program.probe(state, SOFTMAX.rows(config)[0])
        pull = -config.weight_decay * found["linear.weight"]
        np.testing.assert_allclose(probe.gradients["linear.weight"], pull, atol=1e-13)
        np.testing.assert_allclose(probe.gradients["linear.bias"], 0, atol=1e-13)
        best = FOUND.witnesses(config)["Newton's method"]
        assert float(probe.loss) == pytest.approx(best["train_loss"], rel=1e-12)


@pytest.mark.parametrize("which", [pytest.param("digits", marks=pytest.mark.slow), "wine"])
def test_descent_on_all_rows_ends_on_it(which):
    """The biases are those of scikit-learn but for a number that all share, which softmax takes away."""
    config = FOUND.config(data=which)
    own, found = FOUND.shown.descended(SOFTMAX.exact(config)), SOFTMAX.newton(which, config.weight_decay)
    np.testing.assert_allclose(own["linear.weight"], found["linear.weight"], atol=1e-10)
    shift = own["linear.bias"] - found["linear.bias"]
    np.testing.assert_allclose(shift, shift.mean(), atol=1e-10)


@pytest.mark.slow
def test_the_run_ends_within_a_hundredth_of_the_lowest_loss():
    config, state, _ = trained(dtype="float64")
    lowest = FOUND.witnesses(config)["Newton's method"]["penalised"]
    assert lowest < SOFTMAX.measured(state.params, config)["penalised"] < 1.01 * lowest


def test_it_tells_wines_apart():
    config, state, history = trained(data="wine")
    assert FOUND.bound.holds(history.final)
    weights, table = FOUND.exhibits(config, state)
    assert [row[0] for row in weights.rows] == list(FOUND.shown.WINE)
    assert [row[0] for row in table.rows][-1] == "scikit-learn, Newton's method"
    assert float(table.rows[1][-1]) < 1e-10 < float(table.rows[0][-1])


def test_the_pixels_votes_and_the_biases_make_the_odds(digits):
    config, _, params = digits
    pairs = list(FOUND.shown.misread(params, config))
    assert len(pairs) == 2 * FOUND.shown.MISREAD
    for digit, votes in zip(pairs[::2], pairs[1::2], strict=True):
        true, said = map(int, re.fullmatch(r"(\d), read as (\d)", digit.title).groups())
        assert true != said
        assert not votes.pixels[digit.pixels == 0].any()
        logarithm = votes.pixels.sum() + params["linear.bias"][said] - params["linear.bias"][true]
        assert float(votes.title.removesuffix(" to 1")) == pytest.approx(np.exp(logarithm), abs=0.051)


@pytest.mark.slow
def test_its_pictures_are_drawn(digits, tmp_path, monkeypatch):
    """What Newton's method and descent find of the digits takes longer than to draw it: a test of its own has it."""
    config, state, params = digits
    monkeypatch.setattr(FOUND.shown, "descended", lambda config: params)
    monkeypatch.setattr(SOFTMAX, "newton", lambda which, weight_decay: params)
    templates, _, wrong = FOUND.exhibits(config, state)
    for exhibit in (templates, wrong):
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000


def test_without_a_penalty_there_is_no_witness():
    config = FOUND.config(data="wine", weight_decay=0.0)
    assert FOUND.witnesses(config) == {}
    state = FOUND.program(config).init(random.TorchGenerator(0))
    rows = list(FOUND.shown.beside({"this run": state.params}, config))
    assert [(row[0], row[-1]) for row in rows] == [("this run", "")]


@pytest.mark.torch
@pytest.mark.slow
def test_wine_and_momentum_are_pytorchs(torch):
    parity.check(FOUND, FOUND.config(data="wine", momentum=0.9), reference="live").assert_agreement()


def test_other_data_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="data must be one of digits, wine, given 'beer'"):
        FOUND.config(data="beer")
