"""Curves and landscapes are drawn by day and night, whatever numbers they are given."""

import numpy as np
import pytest
from PIL import Image

from jaxdl import report
from jaxdl.report.theme import DARK, LIGHT

X = np.linspace(1, 9, 5)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("logarithmic", ["", "x", "y", "xy"])
def test_curves_are_drawn_on_every_kind_of_axes(logarithmic, theme, tmp_path):
    lines = [
        report.Line("$a_b$", X, [1.0, 0.0, np.nan, np.inf, -1.0]),
        report.Line("nothing", [], [], 0.5, "--"),
        report.Line("", X, X**3, 1.0, "", "o"),
    ]
    plots = [report.Plot("loss", lines, "step", logarithmic, marks={"here": 3.0}), report.Plot("none", [], "step")]
    report.plots_picture(plots, tmp_path / "new" / "plots.png", theme)
    with Image.open(tmp_path / "new" / "plots.png") as picture:
        assert picture.size == (1000, 1040)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_paths_are_drawn_over_a_landscape(theme, tmp_path):
    path = np.array([[-1.0, 1.0], [0.5, 0.2], [np.inf, np.nan]])
    landscape = report.Landscape(
        "bowl", lambda x, y: x**2 + y**2, (-2, 2), (-1, 1), {"SGD": path, "": X[:, None] * [1, 1]}, (0, 0)
    )
    report.landscapes_picture([landscape], tmp_path / "bowl.png", theme)
    with Image.open(tmp_path / "bowl.png") as picture:
        assert picture.size == (1000, 480)
