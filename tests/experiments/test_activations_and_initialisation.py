"""Variances through fifty layers are PyTorch's; what theory says of them holds; a unit that sleeps has no gradient."""

import pytest
from PIL import Image

from jaxdl.experiment import find
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = find("activations_and_initialisation")


@pytest.fixture(scope="module")
def shown():
    return FOUND.exhibits(FOUND.config(), None)


def test_the_right_variance_keeps_signal_and_gradient(shown):
    rows = {tuple(row[:2]): [float(cell) for cell in row[2:6]] for row in shown[0].rows}
    assert len(rows) == 16
    for kept in (("tanh", "xavier"), ("relu", "kaiming")):
        assert all(1e-3 < value < 1e3 for value in rows[kept])
    for lost in (("tanh", "default"), ("relu", "xavier"), ("sigmoid", "xavier")):
        assert rows[lost][1] < 1e-10
        assert rows[lost][3] < 1e-10


@pytest.mark.torch
def test_pytorch_finds_the_same(torch, shown):
    assert all(float(row[-1]) < 1e-12 for row in shown[0].rows)


def test_a_dead_layer_of_relu_learns_nothing_and_a_leaky_one_does(shown):
    pushes = {row[0]: [float(cell.removesuffix("%")) for cell in row[1:]] for row in shown[1].rows}
    before, after, accuracy, _, leaky_after, leaky_accuracy = pushes["8"]
    assert before == after == 100
    assert accuracy < 15
    assert leaky_after < 100
    assert leaky_accuracy > 70


def test_it_draws_both(shown, tmp_path):
    for exhibit in shown:
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"activation": "step"}, "activation must be one of sigmoid, tanh, relu, leaky_relu, gelu, given 'step'"),
        ({"initialiser": "big"}, "initialiser must be one of small, default, xavier, kaiming, given 'big'"),
        ({"depth": 1}, "depth must be at least 2, given 1"),
    ],
)
def test_what_makes_no_run_is_one_sentence(given, message):
    with pytest.raises(ValueError, match=message):
        FOUND.config(**given)
