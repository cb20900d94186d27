"""The gradients by hand are those of every engine; what a run shows besides its curves comes to the screen and page."""

import base64
import json
import re
import sys
from itertools import islice

import jax
import numpy as np
import pytest
from PIL import Image

from experiments import exhibits
from experiments.__main__ import main
from jaxdl import experiment, random, report
from jaxdl.experiment import Exhibit
from jaxdl.report.theme import LIGHT

FOUND = experiment.find("backpropagation")
EPSILON = 1e-14  # of a gradient's largest number: some tens of roundings in float64


@pytest.fixture(scope="module")
def shown():
    """What the experiment shows, by title."""
    return FOUND.exhibits(FOUND.config(), None)


def called(*arguments):
    with pytest.raises(SystemExit) as done:
        main(arguments)
    return done.value.code


def test_each_way_gives_the_gradients_by_hand(shown):
    table = shown[0]
    assert table.headings == ("gradient of", "norm", "jaxdl.autodiff", "jax.grad", "PyTorch")
    assert [row[0] for row in table.rows] == ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
    for _, norm, *ways in table.rows:
        assert float(norm) > 0
        assert all(float(way) < EPSILON for way in ways if way != "not installed")


@pytest.mark.torch
def test_pytorch_is_one_of_them(torch, shown):
    assert all(float(row[-1]) < EPSILON for row in shown[0].rows)


def test_without_pytorch_its_column_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, f"{FOUND.module.__name__}_torch", raising=False)
    table = FOUND.exhibits(FOUND.config(), None)[0]
    assert {row[-1] for row in table.rows} == {"not installed"}


def test_the_drawing_is_the_chain_rule(shown, tmp_path):
    shown[1].picture(tmp_path / "graph.png", LIGHT)
    with Image.open(tmp_path / "graph.png") as picture:
        assert picture.height > picture.width > 300


def test_training_is_the_same_whence_ever_the_gradients_come(monkeypatch):
    """Ten steps in float64, with momentum; and nothing of jax's differentiates for those by hand."""
    losses = {}
    with experiment.precision("float64"):
        generator = random.TorchGenerator(0)
        state = FOUND.program(FOUND.config(dtype="float64")).init(generator)
        batches = list(islice(FOUND.source(FOUND.config(dtype="float64")).batches(0, generator), 10))
        for way in ("jax", "autodiff", "hand"):
            if way == "hand":
                refuse_differentiation(monkeypatch)
            reached, step = state, jax.jit(FOUND.program(FOUND.config(dtype="float64", gradients=way)).step)
            for batch in batches:
                reached, measured = step(reached, batch)
                losses.setdefault(way, []).append(float(measured["loss"]))
    assert losses["hand"][-1] < 0.9 * losses["hand"][0]
    for way in ("autodiff", "jax"):
        np.testing.assert_allclose(losses[way], losses["hand"], rtol=1e-13, atol=0)


def refuse_differentiation(monkeypatch):
    def never(*_, **__):
        raise AssertionError("jax differentiated")

    for name in ("grad", "value_and_grad", "vjp", "jvp", "linearize"):
        monkeypatch.setattr(jax, name, never)


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="gradients must be one of hand, autodiff, jax, given 'torch'"):
        FOUND.config(gradients="torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """That of a short run."""
    place = tmp_path_factory.mktemp("runs") / "short"
    assert called("run", "backpropagation", "--epochs", "2", "--out", str(place)) == 0
    return place


def test_a_run_leaves_its_exhibits(folder, capsys):
    entries = json.loads((folder / "exhibits.json").read_text())["exhibits"]
    assert [entry["picture"] for entry in entries] == [None, "exhibit-2.png"]
    assert len(entries[0]["rows"]) == 4
    assert (folder / "exhibit-2.png").read_bytes().startswith(b"\x89PNG")
    shown = Exhibit("A table", ("name", "value"), [["weight", "1.5e-16"]], caption="Small: y[i, j].")
    exhibits.leave([shown], folder / "..")
    out = capsys.readouterr().out
    assert "A table" in out
    assert re.search("weight.*1.5e-16", out)
    assert "Small: y[i, j]." in out  # no markup


def test_the_page_shows_them_below_the_curves(folder):
    text = report.run_page([folder]).read_text(encoding="utf-8")
    assert text.index("Step by step") < text.index("The first step&#39;s gradients") < text.index("The chain rule at")
    assert '<th scope="row">hidden.weight</th>' in text
    assert base64.b64encode((folder / "exhibit-2.png").read_bytes()).decode() in text
    assert "The first step" not in report.run_page([folder, folder], folder / "both.html").read_text(encoding="utf-8")


def test_a_new_run_does_not_keep_an_earlier_one_s(tmp_path):
    (tmp_path / "exhibits.json").write_text("{}")
    (tmp_path / "exhibit-7.png").write_bytes(b"")
    exhibits.clear(tmp_path)
    exhibits.leave([], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"title": "A"}, "holds no exhibits of a run"),
        ({"title": "A", "caption": "", "headings": ["a"], "rows": [["1", "2"]]}, "holds no exhibits of a run"),
        (
            {"title": "A", "caption": "", "headings": [], "rows": [], "picture": "../x.png"},
            "holds no exhibits of a run",
        ),
        ({"title": "A", "caption": "", "headings": [], "rows": [], "picture": "x.png"}, "is not a picture"),
    ],
)
def test_broken_exhibits_are_one_sentence(folder, tmp_path, entry, words):
    for name in ("history.jsonl", "run.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "exhibits.json").write_text(json.dumps({"exhibits": [entry]}))
    with pytest.raises(ValueError, match=words):
        report.run_page([tmp_path])


def test_an_exhibit_is_a_whole_table():
    with pytest.raises(ValueError, match="exhibit 'A': 2 headings, and a row of 1"):
        Exhibit("A", ("name", "value"), [["weight"]])


def test_experiments_without_the_hook_show_nothing():
    other = experiment.find("autodiff_from_scratch")
    assert other.exhibits(other.config(), None) == []
