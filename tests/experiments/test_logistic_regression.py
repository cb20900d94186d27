"""Logistic regression with a penalty has one lowest point: scikit-learn's Newton finds it, and descent ends on it."""

from dataclasses import replace

import numpy as np
import pytest

from jaxdl import data
from jaxdl.experiment import find
from jaxdl.report.theme import DARK, LIGHT

FOUND = find("logistic_regression")


@pytest.fixture(scope="module")
def run():
    config = FOUND.config(epochs=2)
    state, _ = FOUND.run(config, progress=False)
    return config, state


def test_descent_on_all_rows_ends_on_newtons_answer():
    config = FOUND.config()
    path = FOUND.shown.way(config.learning_rate, config.weight_decay)
    np.testing.assert_allclose(path[-1], np.append(*FOUND.module.newton(config)), atol=1e-10)


def test_the_table_stands_beside_newtons_and_the_picture_counts_what_is_wrong(run, tmp_path):
    config, state = run
    beside, answers = FOUND.exhibits(config, state)
    own, descended, newton = beside.rows
    assert float(own[1]) > float(newton[1])
    assert descended[1:4] == newton[1:4]
    weight, bias = (np.asarray(state.params[f"linear.{name}"], float) for name in ("weight", "bias"))
    _, _, x, y = data.breast_cancer()
    wrong = int((((x @ weight[0] + bias) > 0) != y).sum())
    assert f"{wrong} of {len(y)} lie on the wrong side" in answers.caption
    for shown in (beside, answers):
        for theme in (LIGHT, DARK):
            shown.picture(tmp_path / "x.png", theme)
            assert (tmp_path / "x.png").stat().st_size > 5_000


def test_without_a_penalty_there_may_be_no_lowest_point_and_none_is_shown(run):
    config, state = run
    (answers,) = FOUND.exhibits(replace(config, weight_decay=0.0), state)
    assert answers.title == "What it says of each tumour"
