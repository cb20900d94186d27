"""What the tour of automatic differentiation says: gradients at a fixed point, two tables, a trace and a tape."""

import dataclasses
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from experiments.fundamentals import autograd, autograd_exhibits
from jaxdl import experiment, random
from jaxdl.report.theme import DARK, LIGHT

EXACT = autograd.Config(dtype="float64")
FEW = (2, 4, 8)
# torch.func.jvp compiles rules of its own, as PyTorch advises against.
pytestmark = [
    pytest.mark.slow,  # what a run shows takes ten seconds and more to compute
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def start():
    """The state that a run begins with: what holds there holds after it."""
    with experiment.precision("float64"):
        return autograd.program(EXACT).init(random.TorchGenerator(0))


@pytest.fixture(scope="module")
def shown(start):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(autograd_exhibits, "TURNS", FEW)
        return autograd_exhibits.exhibits(autograd.Config(), start)


def gradients(config, start):
    with experiment.precision("float64"):
        batch = next(autograd.evaluation(config).batches(0))
        return jax.jit(autograd.program(config).probe)(start, batch).gradients


def test_the_gradient_at_the_fixed_point_is_that_through_every_turn(start):
    at_rest, unrolled = (
        gradients(dataclasses.replace(EXACT, unrolled=unrolled, turns=60), start) for unrolled in (False, True)
    )
    for name, value in unrolled.items():
        np.testing.assert_allclose(at_rest[name], value, rtol=1e-11, atol=1e-13)
    assert all(np.abs(value).max() > 1e-3 for value in at_rest.values())


def test_the_loop_rests_at_the_fixed_point_and_no_sooner():
    generator = np.random.RandomState(0)
    with experiment.precision("float64"):
        W, u = jnp.asarray(generator.randn(8, 8)), jnp.asarray(generator.randn(5, 8))
        W = 0.9 * W / jnp.linalg.norm(W)
        z = autograd.settle(W, u)
        assert jnp.abs(autograd.turn(W, u, z) - z).max() < 1e-15
        with pytest.raises(ValueError, match=r"Reverse-mode differentiation does not work for lax\.while_loop"):
            jax.grad(lambda u: autograd.rest(lambda z: autograd.turn(W, u, z), jnp.zeros_like(u)).sum())(u)


@pytest.mark.torch
def test_what_the_tables_say(shown):
    _, same, apart, *_ = shown
    assert len(same.rows) == len(autograd.SAME) > 30
    assert len(apart.rows) == len(autograd.APART) == 13
    agreed = {row[0]: row[3] for row in same.rows}
    assert agreed["while, forwards"] == "448.0"
    assert agreed["a gradient of one's own"] == "1.0"
    assert (agreed["NaN behind a where"], agreed["two wheres, no NaN"]) == ("nan", "0.0")
    answers = {topic: (ours, theirs) for topic, _, ours, _, theirs in apart.rows}
    assert answers["while, backwards"][0].startswith("ValueError: Reverse-mode differentiation does not work")
    assert answers["while, backwards"][1] == "448.0"
    assert answers["asked twice: gradients add up"] == ("[4.0, 4.0]", "[4.0, 8.0]")
    assert answers["what has no part in the result"] == ("0.0", "None")
    assert answers["a limit, right there"] == ("0.5", "1.0")
    refused = {topic for topic, (_, theirs) in answers.items() if theirs.startswith("RuntimeError: ")}
    assert refused == {"a second time over one pass", "second order needs a tape of the first", "written over"}


@pytest.mark.torch
def test_the_trace_holds_what_could_be_done_and_the_tape_what_was(shown):
    rows = {name: (trace, tape) for name, trace, tape in shown[3].rows}
    trace, tape = rows["sin x if x > 0, else cos x"]
    assert "cond[cos | sin]" in trace
    assert "Sin" in tape
    assert "Cos" not in tape
    assert [name.partition("[")[0] for name, _ in rows.values()][2:] == ["scan", "while"]
    assert rows["x ← x · x, four times"][1].startswith("4 × Mul")
    assert rows["y ← x · y, while y < 100"][1].startswith("6 × Mul")  # 2, 4, 8 ... 128


@pytest.mark.torch
def test_the_derivatives_are_those_of_tanh_and_pytorchs(shown):
    t = np.tanh(np.linspace(-3, 3, 241))
    fourth = 8 * t * (1 - t**2) * (2 - 3 * t**2)
    assert shown[0].rows[4][1] == f"{np.abs(fourth).max():.4f}"
    assert all(float(row[2]) < 1e-13 for row in shown[0].rows)


@pytest.mark.torch
def test_an_unrolled_loop_keeps_every_turn_and_nears_the_gradient_at_rest(shown):
    rows = {row[0]: row[1:] for row in shown[4].rows}
    off = [float(rows[f"{turns} turns"][0]) for turns in FEW]
    assert off == sorted(off, reverse=True)
    assert off[-1] < 1e-2 * off[0]
    for kept in (1, 2):
        at_rest, *numbers = (int(row[kept].replace(",", "")) for row in rows.values())
        assert (numbers[2] - numbers[1]) == 2 * (numbers[1] - numbers[0]) > 0
        assert at_rest < numbers[-1]
    assert all(float(row[3]) < 1e-12 for row in rows.values())


@pytest.mark.torch
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_its_pictures_are_drawn(shown, theme, tmp_path, monkeypatch):
    monkeypatch.setattr(autograd_exhibits, "TURNS", FEW)
    pictures = [exhibit.picture for exhibit in shown if exhibit.picture]
    assert [shown.index(exhibit) for exhibit in shown if exhibit.picture] == [0, 4]
    for number, picture in enumerate(pictures):
        picture(tmp_path / f"{number}.png", theme)
        with Image.open(tmp_path / f"{number}.png") as drawn:
            assert drawn.width == 1000


def test_without_pytorch_there_is_jax_alone(start, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, f"{autograd.__name__}_torch", raising=False)
    monkeypatch.setattr(autograd_exhibits, "TURNS", FEW[:1])
    for name, few in {"SAME": autograd.SAME[:3], "APART": autograd.APART[:3]}.items():
        monkeypatch.setattr(autograd, name, few)
    orders, same, apart, trace, loops = autograd_exhibits.exhibits(autograd.Config(), start)
    assert {row[2] for row in orders.rows} == {row[2] for row in same.rows} == {"not installed"}
    assert {row[4] for row in apart.rows} == {row[4] for row in loops.rows} == {"not installed"}
    assert {row[2] for row in trace.rows} == {""}
    for exhibit in (orders, loops):
        exhibit.picture(tmp_path / "picture.png", LIGHT)


@pytest.mark.parametrize("given", [{"hidden": 0}, {"turns": 0}])
def test_a_loop_without_turns_or_units_is_refused(given):
    with pytest.raises(ValueError, match="hidden and turns must be at least 1, given "):
        autograd.Config(**given)
