"""Descent goes where the closed form is, with and without a penalty; stopped early it is much like a penalty."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxdl import data, random, train
from jaxdl.experiment import find, precision
from jaxdl.report.theme import DARK

FOUND = find("linear_regression")
LINEAR = FOUND.module
X, Y, X_TEST, Y_TEST = data.diabetes()


@pytest.fixture(scope="module")
def shown():
    config = FOUND.config()
    return FOUND.exhibits(config, FOUND.program(config).init(random.TorchGenerator(0)))


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_at_the_closed_form_the_loss_is_flat(weight_decay):
    """There the loss's gradient is what weight decay pulls against, and nothing pulls the bias."""
    config = FOUND.config(dtype="float64", weight_decay=weight_decay)
    weight, bias = LINEAR.closed(weight_decay, X, Y)
    with precision("float64"):
        program = FOUND.program(config)
        params = {"linear.weight": jnp.asarray(weight[None]), "linear.bias": jnp.asarray([bias])}
        probe = program.probe(program.init(random.TorchGenerator(0))._replace(params=params), (X, Y))
        np.testing.assert_allclose(probe.gradients["linear.weight"][0], -weight_decay * weight, atol=1e-13)
        assert abs(probe.gradients["linear.bias"].item()) < 1e-13
        (best,) = FOUND.witnesses(config).values()
        assert float(probe.loss) == pytest.approx(best["train_loss"], rel=1e-12)


def test_the_run_ends_within_a_hundredth_of_least_squares():
    config = FOUND.config(dtype="float64")
    best = FOUND.witnesses(config)["least squares"]
    with precision("float64"):
        state, _ = FOUND.run(config, progress=False)
        reached = train.evaluate(FOUND.program(config), state, data.ArraySource((X, Y), batch_size=len(X)))["loss"]
    assert best["train_loss"] < reached < 1.01 * best["train_loss"]


def test_the_sweep_ends_on_scikit_learns_ridge_path():
    exact = np.array([LINEAR.closed(penalty, X, Y)[0] for penalty in FOUND.shown.PENALTIES])
    np.testing.assert_allclose(FOUND.shown.swept(), exact, atol=1e-9)
    assert (np.diff(np.linalg.norm(exact, axis=1)) < 0).all()


def test_a_descent_that_stops_early_is_much_like_ridge_regression():
    """Its weights after k steps have a formula, and are close to those of a λ that is 0.3 to 1 times 1 / (rate × k)."""
    path, (best, _) = FOUND.shown.way(), LINEAR.closed(0.0, X, Y)
    curvature, axes = np.linalg.eigh(2 * X.T @ X / len(X))
    for steps in (20, 60, 200, 600, 2000, 6000):
        expected = axes @ ((1 - (1 - FOUND.shown.RATE * curvature) ** steps) * (axes.T @ best))
        np.testing.assert_allclose(path[steps], expected, atol=1e-9)
        ridges = [LINEAR.closed(factor / (FOUND.shown.RATE * steps), X, Y)[0] for factor in np.geomspace(0.3, 1, 9)]
        nearest = min(np.linalg.norm(path[steps] - ridge) for ridge in ridges)
        assert nearest < 0.08 * np.linalg.norm(path[steps])


def test_a_penalty_costs_training_loss_and_is_worth_more_with_few_rows():
    for count, worth in ((len(X), -0.01), (FOUND.shown.FEW, 0.35)):
        training, test = map(np.array, FOUND.shown.errors(count))
        assert (np.diff(training) > 0).all()
        without = LINEAR.loss(*LINEAR.closed(0.0, X[:count], Y[:count]), X_TEST, Y_TEST)
        assert worth < 1 - test.min() / without < worth + 0.1


def test_it_shows_paths_weights_and_losses(shown, tmp_path):
    paths, table, losses = shown
    assert [row[0] for row in losses.rows] == ["354", "30"]
    assert [row[0] for row in table.rows] == list(FOUND.shown.MEASURED)
    assert float(table.rows[2][2]) == pytest.approx(LINEAR.closed(0.0, X, Y)[0][2], abs=1e-4)
    for exhibit in (paths, losses):
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000


@pytest.mark.torch
@pytest.mark.slow
def test_ridge_regression_is_pytorchs(torch):
    from jaxdl import parity

    parity.check(FOUND, FOUND.config(weight_decay=0.1), reference="live").assert_agreement()
