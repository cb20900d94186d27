"""Each layer alone has PyTorch's value and gradients, and does to the photograph what its formula says."""

import numpy as np
import pytest
from PIL import Image

from jaxdl.experiment import find, precision
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = find("layers")


@pytest.fixture(scope="module")
def shown():
    return FOUND.exhibits(FOUND.config(), None)


@pytest.mark.torch
def test_values_and_gradients_are_pytorchs(torch, shown):
    rows = [row for exhibit in shown for row in exhibit.rows]
    assert len(rows) == 9 * 2 + 3 * 2
    assert all(row[2] == row[3] and float(row[4]) < 1e-12 for row in rows)


def test_without_pytorch_its_columns_say_so():
    assert FOUND.shown.row("y", np.ones((2, 2)), None) == ["y", "2 × 2", "2", "", "not installed"]


def test_they_do_what_their_formulas_say():
    with precision("float64"):
        layers = FOUND.shown.layers()
        of = {name: FOUND.shown.measured(layer) for name, layer in layers.items()}
        x = {name: layer.x for name, layer in layers.items()}
    np.testing.assert_array_equal(of["Linear"][0], x["Linear"][..., ::-1])
    np.testing.assert_allclose(of["ReLU"][1]["x"], np.maximum(x["ReLU"], 0) ** 2, rtol=1e-15)
    np.testing.assert_array_equal(of["Flatten"][0].ravel(), x["Flatten"].ravel())
    np.testing.assert_allclose(of["BatchNorm2d"][0].mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(of["Softmax"][0].sum(axis=-1), 1, rtol=1e-12)
    y, mask = of["Dropout"][0], layers["Dropout"].others["mask"]
    np.testing.assert_array_equal(y, 2 * x["Dropout"] * mask)
    assert np.count_nonzero(of["MaxPool2d"][1]["x"]) <= of["MaxPool2d"][0].size


def test_it_draws_each(shown, tmp_path):
    assert [exhibit.title for exhibit in shown] == list(FOUND.shown.layers())
    for exhibit in shown:
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000
