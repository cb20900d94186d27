"""The benchmark's stock peers: PyTorch's output, loss and gradients in float64, and its first losses; or no time."""

import warnings
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from jaxdl import experiment
from jaxdl.compare import agreement, benchmark, layouts, workload
from jaxdl.compare.modes import MODES
from jaxdl.compare.runners import configured, keras, ours, pytorch
from jaxdl.compare.workload import Workload

SMALL = {
    "supervised/logistic_regression": {},
    "supervised/mlp": {"hidden": 16},
    "vision/lenet": {"batch_size": 8},
    "vision/resnet": {"batch_size": 4},
    "vision/vgg": {"batch_size": 4},
    "sequence/characters": {"batch_size": 4, "length": 8, "width": 16},
    "sequence/gpt": {"batch_size": 4, "length": 8, "layers": 2, "width": 16, "heads": 2},
}
QUICK = ("supervised/logistic_regression", "supervised/mlp")
WITHOUT = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed: jaxdl[tensorflow]")
MODE_MARKS = {"flax": (), "tensorflow": (WITHOUT,), "tensorflow_xla": (WITHOUT, pytest.mark.slow)}
OTHERS = {"gru": ("sequence/characters", {"cell": "gru"}), "rnn": ("sequence/characters", {"cell": "rnn"})}
CASES = [
    pytest.param(name, {}, mode, marks=(*marks, *([] if name in QUICK else [pytest.mark.slow])), id=f"{name}-{mode}")
    for mode, marks in MODE_MARKS.items()
    for name in SMALL
] + [
    pytest.param(*OTHERS[cell], mode, marks=(*MODE_MARKS[mode], pytest.mark.slow), id=f"{cell}-{mode}")
    for cell, mode in (("rnn", "flax"), ("rnn", "tensorflow"), ("gru", "tensorflow"))
]


@pytest.fixture
def job(tmp_path, monkeypatch):
    """What the benchmark gives the modes of an experiment, small."""
    monkeypatch.setenv("JAXDL_TUNE", "0")  # which a worker does to its own process, not to that of the tests

    def made(name, changes=()):
        found = experiment.find(name)
        config = replace(found.config(), **{**SMALL[name], **dict(changes)})
        work = Workload(found, config, name, (("train", found.source(config).batch_size),))
        return configured(workload.given(work, tmp_path) | {"cores": [0], "scratch": str(tmp_path)})

    return made


def runner(job, mode):
    found = MODES[mode]
    module = import_module(f"jaxdl.compare.runners.{found.runner}")
    stem = experiment.find(job["experiment"]).module.__name__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library says of itself as it is imported
        module.load(job)
    return module.build(job | {"mode": mode, "peer": f"{stem}{found.suffix}"})


def arrays(values):
    return {name: np.asarray(value) for name, value in values.items()}


def first_losses(runner, batch_size):
    task = runner.task("train", batch_size)
    task.first()
    return np.asarray(task.check())


@pytest.mark.torch
@pytest.mark.parametrize(("name", "changes", "mode"), CASES)
def test_a_peer_computes_what_pytorch_computes(torch, job, name, changes, mode):
    given = job(name, changes)
    reference, peer = pytorch.build(given | {"mode": "eager"}), runner(given, mode)
    assert agreement.proof_fails(arrays(peer.agree()), arrays(reference.agree()))[1] is None
    losses = [first_losses(each, given["config"].batch_size) for each in (peer, reference)]
    assert agreement.losses_differ(*losses, *([1] if peer.differs else []))[1] is None
    if not name.startswith("sequence"):
        assert peer.differs == ""
    answers = [each.task("infer", 3).check() for each in (peer, reference)]
    assert agreement.outputs_differ(*map(np.asarray, answers))[1] is None


def test_every_experiment_of_the_suite_has_both_peers():
    for name in SMALL:
        stem = experiment.find(name).module.__name__
        assert find_spec(f"{stem}_flax")
        assert find_spec(f"{stem}_keras")
    assert not [name for name in experiment.discover() if name.endswith(("_flax", "_keras"))]


@pytest.mark.torch
def test_a_wrong_weight_is_refused_by_name(torch, job, monkeypatch):
    given = job("supervised/mlp")
    reference, peer = pytorch.build(given | {"mode": "eager"}), runner(given, "flax")
    values = {"flax": arrays(peer.agree()), "eager": arrays(reference.agree())}
    right = peer.peer.weights
    monkeypatch.setattr(peer.peer, "weights", lambda t: {("fc" + k if "3" in k else k): v for k, v in right(t).items()})
    with pytest.raises(ValueError, match=r"not the same: .*fclayers\.3\.kernel"):
        peer.made("float32")
    monkeypatch.setattr(peer.peer, "weights", lambda t: {k: v * (1 + 1e-6) for k, v in right(t).items()})
    assert "in float64 its output differs" in agreement.proof_fails(arrays(peer.agree()), values["eager"])[1]
    values["flax"]["3.weight"] = values["flax"]["3.weight"] * (1 + 1e-6)
    assert "its 3.weight differs from PyTorch's" in agreement.proof_fails(values["flax"], values["eager"])[1]


@pytest.mark.torch
def test_flax_has_no_gru_of_pytorchs_and_says_so(torch, job):
    with pytest.raises(ValueError, match="Flax has no gru as PyTorch's"):
        runner(job("sequence/characters", {"cell": "gru"}), "flax").made("float32")


@pytest.mark.parametrize("gates", [1, 3, 4])
def test_gradients_go_back_the_way_the_weights_came(gates):
    draw = np.random.default_rng(0).normal
    shapes = {
        "weight_ih_l0": (gates * 5, 3),
        "weight_hh_l0": (gates * 5, 5),
        "bias_ih_l0": gates * 5,
        "bias_hh_l0": gates * 5,
    }
    tensors = {f"r.{name}": draw(size=shape) for name, shape in shapes.items()}
    tensors |= {
        "c.weight": draw(size=(2, 3, 4, 4)),
        "c.bias": draw(size=2),
        "n.weight": draw(size=2),
        "n.bias": draw(size=2),
    }

    def weights(tensors):
        return layouts.keras(tensors) | layouts.keras_recurrence(tensors, "r")

    placed = weights(tensors)
    assert {"c.kernel", "c.bias", "n.gamma", "n.beta", "r.cell.kernel"} < set(placed)
    gradients = {path: draw(size=value.shape) for path, value in placed.items()}
    back = keras._back(weights, tensors, gradients)
    there = sum((placed[path] * gradients[path]).sum() for path in placed)
    assert sum((tensors[name] * back[name]).sum() for name in tensors) == pytest.approx(there, rel=1e-12)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize("name", ["supervised/mlp", "sequence/gpt"])
def test_in_bfloat16_jax_is_as_near_to_pytorch_as_bfloat16_can_be(torch, job, name):
    given = job(name) | {"bf16": True}
    reference, mine = (runner(given, mode) for mode in ("eager", "jax"))
    losses = [first_losses(each, given["config"].batch_size) for each in (mine, reference)]
    assert agreement.losses_differ(*losses, dtype="bfloat16")[1] is None
    answers = [np.asarray(each.task("infer", 3).check()) for each in (mine, reference)]
    assert agreement.outputs_differ(*answers, "bfloat16")[1] is None
    exact = first_losses(runner(job(name), "jax"), given["config"].batch_size)
    assert not np.array_equal(exact, losses[0])  # it was not float32 that was compared
    params = mine.run.state.params
    assert {array.dtype for array in params.values()} == {np.dtype("float32")}


def test_in_bfloat16_those_modes_run_that_know_it():
    work = Workload(
        experiment.find("supervised/mlp"), experiment.find("supervised/mlp").config(), "MLP", (("train", 32),)
    )
    modes = benchmark._modes(work, benchmark.Settings(bf16=True))
    assert [mode.name for mode in modes] == ["jax", "eager", "compile"]
    program = SimpleNamespace(computing_in=None)
    assert ours.mixed(program, {}) is program
    with pytest.raises(ValueError, match="no mixed precision"):
        ours.mixed(program, {"bf16": True})
