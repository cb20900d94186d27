"""Gradient descent keeps to its theory: the bound 2/L, and the factor by which a step brings it nearer."""

import numpy as np
import pytest
from PIL import Image

from jaxdl import experiment
from jaxdl.report.theme import DARK

FOUND = experiment.find("gradient_descent")
NAMES = ("quadratic", "rosenbrock", "logistic")


@pytest.fixture(scope="module")
def shown():
    return FOUND.exhibits(FOUND.config(), None)


def test_the_measured_factor_is_the_theorys(shown):
    rows = shown[-1].rows
    assert len(rows) == 9
    for name, *_, theory, measured in rows:
        assert float(measured) == pytest.approx(float(theory), abs=1e-6 if name != "logistic" else 1e-3)


@pytest.mark.parametrize(("rate", "grows"), [(0.99, False), (1.01, True)])
def test_the_bowl_is_left_just_above_the_bound(rate, grows):
    path = FOUND.shown.paths("quadratic", [rate], 200)[0]
    assert (np.linalg.norm(path[-1]) > np.linalg.norm(path[0])) == grows


@pytest.mark.parametrize("name", NAMES)
def test_the_least_value_is_least(name):
    found = FOUND.module
    x, y = found.least(name)
    lowest = found.over(name)(x, y)
    around = [found.over(name)(x + dx, y + dy) for dx, dy in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3))]
    assert min(around) > lowest
    assert found.witnesses(FOUND.config(function=name))["Newton's method"]["test_loss"] == lowest
    m, L = found.curvature(name)
    assert 0 < m < L


@pytest.mark.parametrize("name", NAMES)
def test_every_function_is_minimised(name):
    config = FOUND.config(function=name)
    _, history = FOUND.run(config, progress=False)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.slow
def test_its_pictures_are_drawn(shown, tmp_path):
    for number, exhibit in enumerate(shown):
        exhibit.picture(tmp_path / f"{number}.png", DARK)
        with Image.open(tmp_path / f"{number}.png") as picture:
            assert picture.width == 1000


def test_an_unknown_function_is_refused():
    with pytest.raises(ValueError, match="function must be one of quadratic, rosenbrock, logistic, given 'bowl'"):
        FOUND.config(function="bowl")
