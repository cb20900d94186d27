"""The classes come apart layer by layer, and the first layer learns where there is ink; scikit-learn reads as well."""

import numpy as np
import pytest
from PIL import Image

from jaxdl import parity, random
from jaxdl.experiment import find
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute
FOUND = find("mlp")
MLP = FOUND.module


def trained(**options):
    config = FOUND.config(**options)
    state, history = FOUND.run(config, progress=False)
    return config, state, history


@pytest.fixture(scope="module")
def digits():
    config, state, _ = trained(epochs=5)
    return config, state, {name: np.asarray(value, float) for name, value in state.params.items()}


@pytest.fixture(scope="module")
def shown(digits):
    """Without scikit-learn's network, which takes longest: a test of its own has it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(MLP, "classifier", lambda config: (1, 0.0, 0.0, 0.0, 0.0))
        return FOUND.exhibits(*digits[:2])


def test_its_layers_are_those_of_the_program(digits):
    config, state, params = digits
    (x, y), _ = MLP.flat(config)
    said = FOUND.program(config).predict(state, (x.astype("float32"), y))
    *_, last = FOUND.shown.activity(params, x)
    np.testing.assert_allclose(last @ params["5.weight"].T + params["5.bias"], said, rtol=1e-4, atol=1e-4)


def test_the_classes_come_apart_layer_by_layer(shown):
    rows = shown[0].rows
    assert [row[1] for row in rows] == ["64", "128", "128"]
    first, second, third = (float(row[2].removesuffix("%")) for row in rows)
    assert first + 10 < second < third - 5
    assert float(rows[0][3].removesuffix("%")) < float(rows[2][3].removesuffix("%"))


def test_likeness_is_above_zero_where_rows_are_near():
    rows = np.array([[0.0], [10.0], [1.0], [11.0]])
    found = FOUND.shown.likeness(rows, np.array([0, 1, 0, 1]))
    np.testing.assert_array_equal(found > 0, np.kron(np.eye(2), np.ones((2, 2))) > 0)
    np.testing.assert_array_equal(np.diag(found), 1)
    assert found.mean() == pytest.approx(0)


def test_what_no_digit_inks_stays_as_it_was_drawn(digits):
    """Adam divides a gradient of zero by its root and ε: zero."""
    config, _, params = digits
    (x, _), _ = MLP.flat(config)
    before = FOUND.program(config).init(random.TorchGenerator(config.seed)).params["1.weight"]
    moved, blank = params["1.weight"] - np.asarray(before, float), ~x.any(axis=0)
    assert blank.any()
    assert not moved[:, blank].any()
    assert (moved[:, ~blank] != 0).any(axis=0).all()


@pytest.mark.slow
def test_scikit_learns_network_reads_as_well():
    found = FOUND.witnesses(FOUND.config())["MLPClassifier"]
    assert FOUND.bound.holds(found)
    assert found["accuracy"] > found["test_accuracy"]


def test_its_pictures_are_drawn(shown, tmp_path):
    assert len(shown) == 3
    for exhibit in (shown[0], shown[2]):
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000


def test_it_tells_wines_apart(tmp_path):
    config, state, history = trained(data="wine")
    assert FOUND.bound.holds(history.final)
    layers, beside = FOUND.exhibits(config, state)
    layers.picture(tmp_path / "drawn.png", DARK)
    assert float(beside.rows[1][-1]) > 0.9
    assert float(beside.rows[0][-1]) == pytest.approx(history.final["test_accuracy"], abs=1e-4)


@pytest.mark.torch
@pytest.mark.slow
def test_wine_is_pytorchs(torch):
    parity.check(FOUND, FOUND.config(data="wine"), reference="live").assert_agreement()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": "beer"}, "data must be one of digits, wine, given 'beer'"),
        ({"hidden": 0}, "hidden must be at least 1, given 0"),
    ],
)
def test_what_makes_no_run_is_one_sentence(given, message):
    with pytest.raises(ValueError, match=message):
        FOUND.config(**given)
