"""Adam's correction, the race on which it is one of nine, and the function on which it fails."""

import numpy as np
import pytest
from PIL import Image

from jaxdl import experiment, optim
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = experiment.find("adam")


@pytest.fixture(scope="module")
def shown():
    return FOUND.exhibits(FOUND.config(), None)


def test_adagrad_is_ahead_of_sgd_where_features_are_rare(shown):
    table = shown[0]
    assert table.headings == ("optimiser", "dense", "noisy", "sparse")
    ends = {name: [float(cell.split()[0]) for cell in cells] for name, *cells in table.rows}
    assert list(ends) == list(FOUND.module.OPTIMIZERS)
    assert ends["adagrad"][2] < ends["sgd"][2] / 2
    assert all(dense < sparse < noisy for dense, noisy, sparse in ends.values())


def test_its_pictures_are_drawn(shown, tmp_path):
    for number, exhibit in enumerate(shown):
        exhibit.picture(tmp_path / f"{number}.png", DARK)
        with Image.open(tmp_path / f"{number}.png") as picture:
            assert picture.width == 1000


def test_the_correction_makes_the_first_steps_as_long_as_the_learning_rate():
    found = FOUND.shown
    with experiment.precision("float64"):
        np.testing.assert_allclose(found.lengths(optim.adam(1.0)), 1, rtol=1e-6)
        without = np.asarray(found.lengths(found.uncorrected(1.0)))
    steps = np.arange(1, 5_001)
    mean, square = 1 - 0.9**steps, 1 - 0.999**steps  # of gradients that are 1, from 0 on
    np.testing.assert_allclose(without, mean / np.sqrt(square), rtol=1e-6)


def test_adam_ends_at_the_worst_point_and_amsgrad_at_the_best():
    found = FOUND.shown
    with experiment.precision("float64"):
        ways = {
            name: found.reddi(found.FORGETFUL(amsgrad=amsgrad))
            for name, amsgrad in (("adam", False), ("amsgrad", True))
        }
        sgd = found.reddi(optim.sgd(found.slowing))
    assert ways["adam"][-100:].min() > 0.95
    assert max(ways["amsgrad"][-100:].max(), sgd[-100:].max()) < -0.95


@pytest.mark.parametrize("problem", ["noisy", "sparse"])
def test_the_other_problems_are_learned(problem):
    _, history = FOUND.run(FOUND.config(problem=problem, learning_rate=0.03), progress=False)
    assert history.final["test_accuracy"] > 0.6


@pytest.mark.parametrize(
    ("given", "message"),
    [({"optimizer": "lion"}, "optimizer must be one of sgd, .*, given 'lion'"), ({"problem": "x"}, "problem must be")],
)
def test_what_is_unknown_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        FOUND.config(**given)
