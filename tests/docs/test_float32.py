"""docs/float32.md: the law encloses what was measured, and jax's runs are among PyTorch's own."""

import importlib
import json

import numpy as np

page = importlib.import_module("docs.float32.__main__")
DATA = json.loads(page.DATA.read_text(encoding="utf-8"))


def test_every_run_keeps_the_law_of_today():
    assert page.broken(DATA) == []


def test_the_page_is_drawn_from_the_data():
    assert page.PAGE.read_text(encoding="utf-8") == page.render(DATA)
    assert page.PICTURE.stat().st_size > 10_000


def test_it_holds_every_experiment():
    assert {name for name, _, _ in page.cases()} == {run["case"] for run in DATA["runs"]}


def test_jax_is_inside_the_spread_of_pytorch_itself():
    """Of all runs of LeNet: at every step but the first few PyTorch's furthest from itself is further than jax's."""
    furthest = {}
    for run in DATA["runs"]:
        if run["case"].startswith("vision/lenet"):
            who = "jax" if run["run"] == "jax" else "torch"
            losses = np.array(run["loss"])
            furthest[who] = np.maximum(furthest.get(who, np.zeros_like(losses)), losses)
    rounding = 3e-7  # before anything grows: a few units in the last place of the loss
    assert (furthest["jax"] <= np.maximum(furthest["torch"], rounding)).all()
    assert furthest["torch"][-1] > 1e-2
