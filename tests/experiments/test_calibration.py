"""The network is over-confident, one temperature mends it, the diagram's points are scikit-learn's and T PyTorch's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxdl import data, functional, metrics
from jaxdl.experiment import find, precision, twin
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = find("calibration")


@pytest.fixture(scope="module")
def trained():
    return FOUND.run(FOUND.config(), progress=False)


@pytest.fixture(scope="module")
def shown(trained):
    return FOUND.exhibits(FOUND.config(), trained[0])


def drawn(rows=4_000, classes=6):
    """Logits, and targets drawn from their probabilities: calibrated."""
    generator = np.random.default_rng(0)
    logits = 2 * generator.normal(size=(rows, classes))
    return logits, (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)


@pytest.fixture(scope="module")
def undone():
    logits, target = drawn()
    with precision("float64"):
        return FOUND.shown.temperature(jnp.asarray(3 * logits), jnp.asarray(target))


def test_the_temperature_undoes_a_factor_of_the_logits(undone):
    """The search ends where the loss changes by no more than 1e-9."""
    logits, target = drawn()
    with precision("float64"):
        slope = jax.grad(lambda t: functional.cross_entropy(3 * logits / t, target))(undone)
    assert undone == pytest.approx(3, rel=0.05)
    assert abs(float(slope)) < 1e-5


@pytest.mark.torch
def test_the_temperature_is_pytorchs(torch, undone):
    logits, target = drawn()
    assert twin(FOUND.module.__name__).temperature(3 * logits, target) == pytest.approx(undone, rel=1e-10)


@pytest.mark.slow
def test_one_number_mends_the_probabilities_and_leaves_the_answers(shown):
    table = {name: [float(cell) for cell in cells] for name, *cells in shown[0].rows}
    before, after = (dict(zip(table, column, strict=True)) for column in zip(*table.values(), strict=True))
    assert before["accuracy"] == after["accuracy"]
    assert before["confidence"] > before["accuracy"] + 0.15
    assert after["expected calibration error"] < before["expected calibration error"] / 4
    assert after["negative log-likelihood"] < before["negative log-likelihood"] - 0.2
    assert max(before["points, apart from scikit-learn's"], after["points, apart from scikit-learn's"]) < 1e-12


@pytest.mark.slow
def test_the_loss_held_apart_is_lowest_at_the_temperature(shown):
    (found, _, _, before, after), grid = shown[1].rows[0], FOUND.shown.TEMPERATURES
    heights = shown[1].picture.args[0]["held apart"][0]
    nearest = grid[np.argmin(heights)]
    assert abs(np.log(nearest / float(found))) <= np.log(grid[1] / grid[0])
    assert float(after) <= float(heights.min()) + 5e-5
    assert float(after) < float(before)


def test_confidence_leaves_accuracy_behind_as_it_learns(trained):
    epochs = trained[1].epochs
    gaps = [record["test_confidence"] - record["test_accuracy"] for record in epochs]
    assert gaps[-1] > gaps[len(gaps) // 2] > gaps[0]
    assert epochs[-1]["test_loss"] > 1.1 * min(record["test_loss"] for record in epochs)
    assert epochs[-1]["test_calibration_error"] == pytest.approx(gaps[-1], abs=0.03)


def test_every_window_is_in_one_part():
    x, _, rest, _ = data.python_help(6, test_fraction=0.5)
    dealt = np.concatenate([part for part, _ in FOUND.module.parts()])
    np.testing.assert_array_equal(np.unique(dealt, axis=0), np.unique(np.concatenate([x, rest]), axis=0))
    assert [len(part) for part, _ in FOUND.module.parts()] == [3055, 2291, 2290]
    assert len(dealt) == len(x) + len(rest)


@pytest.mark.slow
def test_its_pictures_are_drawn(shown, tmp_path):
    for number, exhibit in enumerate(shown):
        exhibit.picture(tmp_path / f"{number}.png", DARK)
        with Image.open(tmp_path / f"{number}.png") as picture:
            assert picture.width == 1000


def test_the_error_of_the_run_is_that_of_the_metric(trained):
    state, history = trained
    x, y = FOUND.module.parts()[2]
    logits = jax.jit(FOUND.program(FOUND.config()).predict)(state, (x, y))
    assert metrics.expected_calibration_error(logits, y).item() == pytest.approx(
        history.final["test_calibration_error"], rel=1e-3
    )


@pytest.mark.parametrize("given", [{"width": 0}, {"bins": 0}])
def test_what_makes_no_run_is_one_sentence(given):
    with pytest.raises(ValueError, match=r"(width|bins) must be at least 1, given 0"):
        FOUND.config(**given)
