"""Rosenblatt's perceptron keeps Novikoff's bound to the bit in either precision; XOR takes a layer more."""

import numpy as np
import pytest
from PIL import Image

from jaxdl import parity
from jaxdl.experiment import find
from jaxdl.report.theme import DARK

FOUND = find("perceptron")


def test_the_widest_line_has_the_margin_that_it_says():
    """Two points: the line stands half way between; and XOR has none."""
    line, margin = FOUND.module.widest(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1, -1]))
    np.testing.assert_allclose(line, [1, 0, 0], atol=1e-12)
    assert margin == pytest.approx(1)
    assert FOUND.module.widest(*FOUND.module.xor()[:2]) is None


@pytest.mark.parametrize("points", ["irises", "digits"])
def test_its_mistakes_are_within_the_bound_and_equal_in_both_precisions(points):
    x, y, _, _ = FOUND.module.POINTS[points]()
    _, margin = FOUND.module.widest(x, y)
    bound = (np.sum(x**2, axis=1).max() + 1) / margin**2
    runs = [FOUND.run(FOUND.config(points=points, dtype=each), progress=False) for each in ("float32", "float64")]
    for state, history in runs:
        assert 1 + np.count_nonzero(history["loss"]) < bound
        assert not history["loss"][-len(x) :].any()
        for name, value in state.params.items():
            np.testing.assert_array_equal(value, runs[1][0].params[name])


def test_no_line_tells_xor_apart_and_a_layer_does():
    for hidden, rate in ((0, 1.0), (8, 0.2)):
        config = FOUND.config(points="xor", hidden=hidden, learning_rate=rate)
        _, history = FOUND.run(config, progress=False)
        assert (history.final["test_accuracy"] == 1) == bool(hidden)
        assert FOUND.witnesses(config) == {}


@pytest.mark.torch
@pytest.mark.slow
def test_the_net_with_a_layer_is_pytorchs(torch):
    parity.check(FOUND, FOUND.config(points="xor", hidden=8, learning_rate=0.2), reference="live").assert_agreement()


@pytest.mark.slow
def test_it_shows_the_boundaries_and_the_proof(tmp_path):
    lines, proof, bending = FOUND.exhibits(FOUND.config(), None)
    assert [row[0] for row in proof.rows] == ["irises", "digits", "xor"]
    assert all(float(row[5]) < float(row[4]) for row in proof.rows[:2])
    for exhibit in (lines, proof, bending):
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"points": "and"}, "points must be one of irises, digits, xor, given 'and'"),
        ({"hidden": -1}, "hidden must be at least 0, given -1"),
    ],
)
def test_what_makes_no_run_is_one_sentence(given, message):
    with pytest.raises(ValueError, match=message):
        FOUND.config(**given)
