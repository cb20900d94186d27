"""The noise of a gradient has its formula; a falling learning rate comes to rest where a constant one does not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxdl import experiment
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = experiment.find("sgd")
EXACT = FOUND.config(dtype="float64")


@pytest.fixture(scope="module")
def least():
    with experiment.precision("float64"):
        return FOUND.shown.least_loss(EXACT)


def test_the_gradient_vanishes_at_the_lowest_point(least):
    found = FOUND.module
    with experiment.precision("float64"):
        order = np.broadcast_to(np.arange(1438), (1000, 1438))
        data = found.rows(EXACT)[0]
        path = FOUND.shown.descend(FOUND.shown.start(EXACT, 0.9), np.full(1000, 0.5), order, *data, EXACT, momentum=0.9)
        end = jax.tree.map(lambda way: way[-1], path)
        gradients = jax.grad(FOUND.shown.objective)(end, EXACT, *map(jnp.asarray, data))
        assert max(float(abs(g).max()) for g in gradients.values()) < 1e-8
        assert FOUND.shown.objective(end, EXACT, *data) == pytest.approx(least, rel=1e-14)


def test_the_noise_falls_as_its_formula_says():
    with experiment.precision("float64"):
        _, measured, formula, signal = FOUND.shown.noise(EXACT)
    np.testing.assert_allclose(measured, formula, rtol=0.15)
    assert formula[0] > signal > formula[-1]


def test_a_falling_rate_comes_to_rest(least):
    found = FOUND.module
    with experiment.precision("float64"):
        constant, falling = (
            FOUND.shown.course(EXACT, rate, 8, 5, least).above[-5:].mean()
            for rate in (0.5, lambda t: 0.5 * found.falling(t))
        )
    assert 0 < falling < constant / 2


def test_its_pictures_are_drawn(tmp_path):
    shown = FOUND.exhibits(FOUND.config(), None)
    assert len(shown) == 3
    assert len(shown[1].rows) == 11
    for number, exhibit in enumerate(shown):
        exhibit.picture(tmp_path / f"{number}.png", DARK)
        with Image.open(tmp_path / f"{number}.png") as picture:
            assert picture.width == 1000
