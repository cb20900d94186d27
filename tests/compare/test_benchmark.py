"""The benchmark: no time without agreement, a reason for every mode that cannot run, the frameworks interleaved."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from jaxdl import compare, experiment, parity
from jaxdl.compare import benchmark, machine, timing, worker
from jaxdl.compare.process import Worker, WorkerError
from jaxdl.parity.ladder import Ladder, Row
from jaxdl.report import speed, wording

LINEAR = experiment.find("linear_regression")


@pytest.fixture(scope="module")
def result(torch):
    """A whole benchmark of the smallest experiment, without torch.compile, which takes half a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "modes_for", lambda *_: ["jax", "eager"])
        patch.setattr(timing, "SECONDS_A_TURN", 0.01)
        heard = []
        outcome = compare.run([LINEAR], rounds=2, threads=1, tell=heard.append)
    return outcome, heard


@pytest.mark.torch
def test_parity_comes_first_then_times(result):
    outcome, heard = result
    (one,) = outcome["experiments"]
    assert one["parity"]["agrees"]
    assert one["score"]["holds"]
    assert {row["mode"] for row in one["timing"]} == {"jax", "eager"}
    for row in one["timing"]:
        assert len(row["step_ms"]) == 2
        assert min(row["step_ms"]) <= row["median_ms"] <= max(row["step_ms"])
        assert row["loss_difference"] < 1e-5
        assert all(row[figure] > 0 for figure in ("import_s", "first_step_s", "peak_mib", "median_ms"))
    assert heard[0].endswith("parity")
    assert heard[-1].endswith("round 2 of 2")
    assert outcome["settings"]["threads"] == 1
    assert outcome["versions"]["torch"]


@pytest.mark.torch
def test_each_process_holds_its_own_framework_alone(result):
    """Peak memory is a process's own, not its parent's: this one holds both frameworks and the tests."""
    outcome, _ = result
    peaks = {row["mode"]: row["peak_mib"] for row in outcome["experiments"][0]["timing"]}
    assert peaks["jax"] != peaks["eager"]
    code = "import sys; import jaxdl.compare.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"jax", "torch", "flax", "optax"} & set(loaded)


@pytest.mark.torch
def test_a_result_survives_json_as_it_is(result, tmp_path):
    compare.save(result[0], tmp_path / "deep" / "results.json")
    text = (tmp_path / "deep" / "results.json").read_text()
    assert json.loads(text)["experiments"][0]["name"] == "fundamentals/linear_regression"
    compare.save({"a": [math.inf, (math.nan, 1.5)]}, tmp_path / "odd.json")
    assert json.loads((tmp_path / "odd.json").read_text()) == {"a": [None, [None, 1.5]]}


@pytest.mark.torch
def test_a_pair_whose_parity_failed_gets_no_time(torch, monkeypatch):
    row = Row("seed", "float64", "loss", "loss", 1.0, 1.0, 1e-10)
    monkeypatch.setattr(parity, "check", lambda *_, **settings: Ladder("x", (row,)))
    monkeypatch.setattr(benchmark, "time_modes", None)  # calling it would fail
    (one,) = compare.run([LINEAR], rounds=1, threads=1)["experiments"]
    assert one["timing"] == []
    assert one["parity"]["failure"] == "loss · loss · 1.0e+00 > 1e-10 (float64, weights seed)"


def test_a_mode_with_other_losses_gets_no_time():
    rows = {
        "eager": {"losses": [1.0, 0.5]},
        "jax": {"losses": [1.0, 0.5]},
        "compile": {"losses": [1.0001, 0.5]},
        "channels_last": {"losses": [1.0, float("nan")]},
    }
    workers = dict.fromkeys(rows)
    timing._refuse_disagreement(rows, workers)
    assert set(workers) == {"eager", "jax"}
    assert "loss at step 1 differs from PyTorch eager's by 1.0e-04" in rows["compile"]["reason"]
    assert "loss at step 2" in rows["channels_last"]["reason"]


def test_without_the_reference_nothing_is_timed():
    rows = {"eager": {"reason": "it broke"}, "jax": {"losses": [1.0]}}
    workers = {"jax": None}
    timing._refuse_disagreement(rows, workers)
    assert not workers
    assert "it broke" in rows["jax"]["reason"]


class Turns:
    """A worker that takes note of its turns, and may break in one."""

    def __init__(self, name, log, breaks_at=None):
        self.name, self.log, self.breaks_at = name, log, breaks_at

    def turn(self, steps):
        self.log.append(self.name)
        if self.log.count(self.name) == self.breaks_at:
            raise WorkerError("out of memory")
        return 1e-6 * steps

    def finish(self):
        return 100.0


def test_turns_are_interleaved_and_a_broken_mode_says_why(monkeypatch):
    monkeypatch.setattr(timing, "PAUSE", 0)
    log = []
    modes = ["jax", "eager", "compile"]
    workers = {mode: Turns(mode, log, breaks_at=3 if mode == "compile" else None) for mode in modes}
    rows = {mode: {"mode": mode} for mode in modes}
    timing._take_turns(rows, workers, 3, lambda text: None)
    assert log[3:] == ["jax", "eager", "compile", "eager", "compile", "jax", "jax", "eager"]
    assert rows["compile"]["reason"] == "out of memory"
    assert "median_ms" not in rows["compile"]
    assert rows["jax"]["median_ms"] == pytest.approx(1e-3)


def test_a_worker_that_cannot_start_says_why(tmp_path):
    job = {"cores": [0], "experiment": "nonsense", "twin": "no_such_twin", "config": {"seed": 0}, "batches": "none.npz"}
    with (
        Worker("jax", job | {"arrays": 2, "count": 1}, tmp_path) as process,
        pytest.raises(WorkerError, match="nonsense"),
    ):
        process.start()


def test_a_compilers_own_words_reach_the_reason():
    error = RuntimeError(
        "C++ compile error\n\nCommand: g++ x.cpp\nOutput:\nx.cpp:1: fatal error: Python.h: No such file\n"
    )
    assert worker.reason(error) == "RuntimeError: C++ compile error · x.cpp:1: fatal error: Python.h: No such file"
    assert worker.reason(ValueError()) == "ValueError: no message"


@pytest.mark.torch
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rounds": 0, "threads": 1}, "rounds must be at least 1, given 0"),
        ({"rounds": 1, "threads": 10**6}, "threads must be between 1"),
    ],
)
def test_mistakes_are_named(torch, settings, message):
    with pytest.raises(ValueError, match=message):
        compare.run([LINEAR], **settings)


def test_the_machine_is_described():
    described = machine.describe()
    assert described["machine"]["cores"] >= 1
    assert described["versions"]["jax"]
    assert described["created"].endswith("+00:00")


@pytest.mark.torch
def test_no_threads_does_not_mean_all_of_them(torch):
    root = Path(__file__).parents[2]
    arguments = [sys.executable, "-m", "experiments.compare_frameworks", "mlp", "--threads", "0"]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=root)
    assert done.returncode == 1
    assert "threads must be between 1" in done.stderr
    assert "given 0" in done.stderr


def test_an_engine_of_our_own_is_timed_beside_both_and_counts_as_neither():
    found = experiment.find("autodiff_from_scratch")
    own = ["autodiff_numpy", "autodiff_xla"]
    assert timing.modes_for(found, found.config())[-2:] == own
    assert not set(own) & set(timing.modes_for(LINEAR, LINEAR.config()))
    job = {"config": {"engine": "numpy", "seed": 0}}
    engines = {mode: timing._differentiated_in(mode, job)["config"]["engine"] for mode in ("jax", *own)}
    assert engines == {"jax": "jax", "autodiff_numpy": "numpy", "autodiff_xla": "xla"}
    rows = [{"mode": mode, "step_ms": [step]} for mode, step in (("jax", 3.0), ("eager", 2.0), ("autodiff_xla", 1.0))]
    assert speed.best_torch(rows) is rows[1]
    assert speed.of_jax({"timing": rows, "parity": {"agrees": True}}).ratio == pytest.approx(2 / 3)
    assert wording.verdict(rows[2], rows) == "2.0× faster"
