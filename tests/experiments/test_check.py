"""`check` and `freeze`, as the command line has them."""

import dataclasses
import json
import sys
from types import SimpleNamespace

import pytest

from experiments.__main__ import main
from jaxdl import experiment
from jaxdl.parity import frozen

EXPERIMENTS = experiment.discover()
SMALL = EXPERIMENTS["fundamentals/same_seed"]


def called(*arguments):
    """The exit status of `python -m experiments ...`."""
    with pytest.raises(SystemExit) as done:
        main(arguments)
    return done.value.code


def wrong(name):
    """The small experiment under another name, its momentum forgotten: jax's first step is another one."""
    parts = {part: getattr(SMALL.module, part) for part in ("__name__", "__file__", "Config", "source", "evaluation")}

    def program(config):
        return SMALL.program(dataclasses.replace(config, learning_rate=0.1))

    return dataclasses.replace(SMALL, name=name, module=SimpleNamespace(**parts, program=program))


def unreachable(name):
    def never(config):
        raise AssertionError(f"{name} came after the first failure")

    return dataclasses.replace(SMALL, name=name, module=SimpleNamespace(Config=never))


@pytest.fixture
def found(monkeypatch):
    """Sets which experiments there are."""
    monkeypatch.setenv("COLUMNS", "80")

    def put(**experiments):
        monkeypatch.setattr(experiment, "discover", lambda: experiments)

    return put


@pytest.mark.slow
def test_all_are_checked_and_shown_in_one_table(found, capsys):
    found(**{name: EXPERIMENTS[name] for name in ("fundamentals/same_seed", "supervised/linear_regression")})
    assert called("check", "--all", "--reference", "frozen") == 0
    shown = capsys.readouterr()
    assert not shown.err
    rows = [
        line.split() for line in shown.out.splitlines() if line.strip().startswith(("fundamentals/", "supervised/"))
    ]
    assert [row[:3] for row in rows] == [
        ["fundamentals/same_seed", "frozen", "13"],
        ["supervised/linear_regression", "frozen", "13"],
    ]
    assert all(row[-1] == "agrees" and float(row[3]) < 1e-10 for row in rows)
    assert "frozen numbers of PyTorch 2.13.0" in shown.out


@pytest.mark.slow
def test_the_first_failure_ends_it_and_is_named(found, capsys):
    found(**{"a/one": wrong("a/one"), "b/two": unreachable("b/two")})
    assert called("check", "--all", "--reference", "frozen") == 1
    shown = capsys.readouterr()
    assert "DIFFERS" in shown.out
    assert "b/two" not in shown.out + shown.err
    (sentence,) = shown.err.splitlines()
    assert sentence.startswith("python -m experiments check: a/one: step 1 · layers.0.weight · ")
    assert sentence.endswith(" > 1e-10 (float64, weights seed)")


def test_one_that_cannot_be_checked_ends_it_too(found, capsys, tmp_path):
    lost = wrong("a/one")
    lost.module.__file__ = str(tmp_path / "one.py")
    found(**{"a/one": lost, "b/two": unreachable("b/two")})
    assert called("check", "--all", "--reference", "frozen") == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "a/one: experiments/fundamentals/same_seed.reference.json is missing" in sentence


def test_one_without_a_twin_is_listed_as_such(found, capsys):
    found(**{"a/one": dataclasses.replace(SMALL, twin=None)})
    assert called("check", "--all") == 0
    assert "no twin" in capsys.readouterr().out


def test_without_torch_the_frozen_numbers_are_taken_and_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "result.json"
    assert called("check", "same_seed", "--rung", "step", "--json", str(file)) == 0
    shown = capsys.readouterr().out
    assert "against frozen numbers of PyTorch 2.13.0" in shown
    assert [f"step {count}" in shown for count in (1, 10, 225)] == [True] * 3
    assert "layers.4.bias" in shown
    assert "losses" not in shown
    saved = json.loads(file.read_text())
    assert saved["agrees"]
    assert saved["reference"]["kind"] == "frozen"
    assert len(saved["curves"]["float32"]["jax"]) == 225
    assert called("check", "same_seed", "--reference", "live") == 1
    assert "PyTorch, the reference, is not installed" in capsys.readouterr().err


@pytest.mark.torch
def test_with_torch_it_is_live_and_every_tensor_has_a_line(torch, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert called("check", "same_seed", "--tensors", "--epochs", "1") == 0
    shown = capsys.readouterr().out
    assert f"against PyTorch {torch.__version__}, live" in shown
    titles = [f"fundamentals/same_seed · {rung}" for rung in ("initial", "gradient", "step 225", "evaluation")]
    assert all(title in shown for title in titles)
    assert shown.count("layers.2.weight") >= 4 * 5


@pytest.mark.torch
def test_freeze_writes_the_file_beside_the_experiment(torch, found, capsys, tmp_path):
    here = dataclasses.replace(SMALL, module=SimpleNamespace(**vars(SMALL.module)))
    here.module.__file__ = str(tmp_path / "same_seed.py")
    found(**{"fundamentals/same_seed": here})
    assert called("freeze", "--all") == 0
    shown = capsys.readouterr()
    assert "same_seed.reference.json" in shown.out
    assert not shown.err
    written, kept = (json.loads(frozen.path(one).read_text()) for one in (here, SMALL))
    assert written.keys() == kept.keys()
    assert written["machine"].keys() == {"processor", "architecture", "system", "vectors"}
    assert str(tmp_path) not in frozen.path(here).read_text()
