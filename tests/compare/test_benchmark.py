"""The benchmark: no time without agreement, a reason for every mode that cannot run, the frameworks interleaved."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jaxdl import compare, experiment, parity
from jaxdl.compare import benchmark, machine, proof, timing, worker, workload
from jaxdl.compare.agreement import proof_fails
from jaxdl.compare.modes import MODES, modes_for
from jaxdl.compare.process import Worker, WorkerError
from jaxdl.compare.runners import ours
from jaxdl.parity.ladder import Ladder, Row
from jaxdl.report import speed, wording

LINEAR = experiment.find("linear_regression")
WORK = workload.training(LINEAR)
TRAIN = WORK.tasks[0]
FAST = compare.Settings(rounds=2, turn=0.01, threads=1)


def run(work=WORK, settings=FAST, names=("jax", "eager"), tell=lambda text: None):
    """A benchmark without torch.compile, which takes half a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmark, "modes_for", lambda *_: [replace(MODES[name], caches=False) for name in names])
        return compare.run([work], settings, tell)


@pytest.fixture(scope="module")
def result(torch):
    heard = []
    return run(tell=heard.append), heard


@pytest.mark.torch
def test_parity_comes_first_then_times(result):
    outcome, heard = result
    (one,) = outcome["experiments"]
    assert one["parity"]["agrees"]
    assert {rung["rung"] for rung in one["parity"]["rungs"]} >= {"initial", "forward", "loss", "gradient", "step 10"}
    assert {row["mode"] for row in one["timing"]} == {"jax", "eager"}
    for row in one["timing"]:
        assert len(row["step_ms"]) == 2
        assert min(row["step_ms"]) <= row["median_ms"] <= max(row["step_ms"])
        assert row["difference"] < 1e-5
        assert all(row[figure] > 0 for figure in ("import_s", "first_cold_s", "start_cold_s", "peak_mib", "median_ms"))
    assert heard[0].endswith("parity")
    assert outcome["settings"]["threads"] == 1
    assert outcome["versions"]["torch"]


@pytest.mark.torch
def test_all_take_the_same_steps_and_come_to_the_same_loss(result):
    jax, eager = result[0]["experiments"][0]["timing"]
    assert jax["steps_a_turn"] == eager["steps_a_turn"]
    assert jax["after"]["flops"] > 0
    assert math.isclose(jax["after"]["loss"], eager["after"]["loss"], rel_tol=1e-3)
    assert jax["after"]["samples"]["kind"] == "numbers"
    assert set(jax["after"]["final"]) == {"loss"}


def test_two_classes_are_counted_as_classes_not_drawn_as_numbers():
    inputs, target = np.zeros((4, 30)), np.array([0.0, 1.0, 1.0, 0.0])
    found = ours.samples(inputs, target, np.array([-3.0, 2.0, -0.5, 0.0]))
    assert found == {"kind": "classes", "mistakes": 1, "rows": 4, "target": [1, 0, 1, 0], "prediction": [0, 0, 1, 0]}
    assert ours.samples(inputs, target + 0.5, target)["kind"] == "numbers"


@pytest.mark.torch
def test_each_process_holds_its_own_framework_alone(result):
    """Peak memory is a process's own, not its parent's: this one holds both frameworks and the tests."""
    outcome, _ = result
    peaks = {row["mode"]: row["peak_mib"] for row in outcome["experiments"][0]["timing"]}
    assert peaks["jax"] != peaks["eager"]
    code = "import sys; import jaxdl.compare.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"jax", "torch", "flax", "optax", "numpy"} & set(loaded)


@pytest.mark.torch
def test_a_result_survives_json_as_it_is(result, tmp_path):
    compare.save(result[0], tmp_path / "deep" / "results.json")
    text = (tmp_path / "deep" / "results.json").read_text()
    assert json.loads(text)["experiments"][0]["name"] == "supervised/linear_regression"
    compare.save({"a": [math.inf, (math.nan, 1.5)]}, tmp_path / "odd.json")
    assert json.loads((tmp_path / "odd.json").read_text()) == {"a": [None, [None, 1.5]]}


@pytest.mark.torch
@pytest.mark.slow
def test_every_kind_of_task_in_every_kind_of_mode(torch):
    """Two starts where programs are kept, the second without compiling; inference and a sweep agree as well."""
    mlp = experiment.find("mlp")
    work = workload.Workload(mlp, mlp.config(hidden=8), "MLP", (("train", 64), ("infer", 3), ("sweep", 4)))
    trained, answered, swept = compare.run([work], FAST)["experiments"]
    for entry in (trained, answered, swept):
        assert not [row["reason"] for row in entry["timing"] if "reason" in row]
        assert {"jax", "flax", "eager", "compile"} <= {row["mode"] for row in entry["timing"]}
    rows = {row["mode"]: row for row in trained["timing"]}
    for mode in ("jax", "flax", "compile"):
        assert rows[mode]["first_warm_s"] < rows[mode]["first_cold_s"]
    assert "first_warm_s" not in rows["eager"]
    assert rows["flax"]["proof_difference"] < 1e-12
    assert max(row["difference"] for row in answered["timing"]) < 1e-5
    assert answered["parity"]["curves"] == {}


@pytest.mark.torch
def test_a_pair_whose_parity_failed_gets_no_time(torch, monkeypatch):
    row = Row("seed", "float64", "loss", "loss", 1.0, 1.0, 1e-10)
    monkeypatch.setattr(parity, "ladder", lambda *_, **settings: Ladder("x", (row,)))
    monkeypatch.setattr(benchmark, "Timing", None)  # calling it would fail
    (one,) = compare.run([WORK], FAST)["experiments"]
    assert one["timing"] == []
    assert one["parity"]["failure"] == "loss · loss · 1.0e+00 > 1e-10 (float64, weights seed)"


class Turns:
    """A worker that takes note of its turns, and may break in one."""

    def __init__(self, name, log, breaks_at=None, seconds=1e-3):
        self.name, self.log, self.breaks_at, self.seconds = name, log, breaks_at, seconds

    def turn(self, task, count):
        self.log.append((self.name, count))
        if [name for name, _ in self.log].count(self.name) == self.breaks_at:
            raise WorkerError("out of memory")
        return self.seconds * count, count

    def finish(self):
        return {"peak_mib": 100.0, "after": {"steps": 3, "loss": 0.5}}


def timed(names, monkeypatch, tasks=WORK.tasks, **settings):
    """A Timing whose modes have started, and gave what they are given here."""
    monkeypatch.setattr(timing, "PAUSE", 0)
    work = replace(WORK, tasks=tasks)
    given = {"rounds": 3, "turn": 0.1, "settings": {}, "tell": lambda text: None} | settings
    return timing.Timing(work, [MODES[name] for name in names], **given)


def started(names, values, monkeypatch, differs=None, tasks=WORK.tasks):
    clock = timed(names, monkeypatch, tasks)
    clock._workers = {name: Turns(name, []) for name in values}
    clock._values = {(name, tasks[0]): np.array(value) for name, value in values.items()}
    clock._differs = dict.fromkeys(names, "") | (differs or {})
    return clock


def test_a_mode_with_other_losses_gets_no_time(monkeypatch):
    losses = {"jax": [1.0, 0.5], "eager": [1.0, 0.5], "compile": [1.0001, 0.5], "channels_last": [1.0, math.nan]}
    clock = started([*losses], losses, monkeypatch)
    clock._compare()
    rows = clock.rows[TRAIN]
    assert set(clock._workers) == {"eager", "jax"}
    assert "loss at step 1 differs from PyTorch eager's by 1.0e-04" in rows["compile"]["reason"]
    assert "loss at step 2" in rows["channels_last"]["reason"]


def test_other_answers_and_another_number_of_losses_too(monkeypatch):
    clock = started(["jax", "eager"], {"jax": [[1.0, 2.0]], "eager": [[1.0, 2.1]]}, monkeypatch, tasks=(("infer", 1),))
    clock._compare()
    assert "its answers differ from PyTorch eager's by 4.8e-02" in clock.rows["infer", 1]["jax"]["reason"]
    clock = started(["jax", "eager"], {"jax": [1.0], "eager": [1.0, 0.5]}, monkeypatch)
    clock._compare()
    assert "it gave 1 losses, and PyTorch eager 2" in clock.rows[TRAIN]["jax"]["reason"]


def test_a_stock_model_whose_proof_failed_is_not_started(monkeypatch):
    reason = "in float64 its fc.weight differs from PyTorch's by 1.0e-04 of its scale"
    clock = timed(["eager", "flax"], monkeypatch, proofs={"flax": (1e-4, reason)})
    begun = []
    monkeypatch.setattr(clock, "_start", lambda mode, *_: begun.append(mode.name))
    clock.take()
    assert begun == ["eager"]
    assert clock.rows[TRAIN]["flax"] | {"label": ""} == {
        "mode": "flax",
        "label": "",
        "proof_difference": 1e-4,
        "reason": reason,
    }


def test_a_stock_model_must_give_pytorchs_gradients_in_float64():
    right = {"output": np.ones(3), "loss": np.ones(()), "fc.weight": np.ones(4)}
    wrong = right | {"fc.weight": np.array([1.0, 1.0, 1.0, 1.0001])}
    assert proof_fails(right, right) == (0.0, None)
    assert proof_fails(wrong, right)[1] == "in float64 its fc.weight differs from PyTorch's by 1.0e-04 of its scale"
    assert proof_fails({"loss": np.ones(())}, right)[1] == "it lacks PyTorch's output, fc.weight"


@pytest.mark.torch
def test_a_stock_model_that_cannot_be_built_says_why(torch):
    """Flax has no GRU as PyTorch's."""
    found = experiment.find("characters")
    work = workload.training(found, found.config(cell="gru", width=4, length=4, batch_size=2))
    job = {"cores": [0], "device": "cpu", "tf32": False, "bf16": False}
    gap, reason = proof._peers(work, [MODES["flax"]], job)["flax"]
    assert gap == math.inf
    assert "Flax has no gru as PyTorch's" in reason


def test_what_a_stock_model_cannot_have_is_said_and_its_first_step_compared(monkeypatch):
    losses = {"eager": [1.0, 0.5], "flax": [1.0, 0.9]}
    clock = started([*losses], losses, monkeypatch, differs={"flax": "one bias a gate"})
    clock._compare()
    assert clock.rows[TRAIN]["flax"]["note"] == "one bias a gate"
    assert "flax" in clock._workers
    losses["flax"] = [1.1, 0.9]
    clock = started([*losses], losses, monkeypatch, differs={"flax": "one bias a gate"})
    clock._compare()
    assert "loss at step 1" in clock.rows[TRAIN]["flax"]["reason"]


def test_without_the_reference_nothing_is_timed(monkeypatch):
    clock = started(["jax", "eager"], {"jax": [1.0]}, monkeypatch)
    clock.rows[TRAIN]["eager"]["reason"] = "it broke"
    clock._compare()
    assert not clock._workers
    assert "it broke" in clock.rows[TRAIN]["jax"]["reason"]


def test_turns_are_interleaved_and_a_broken_mode_says_why(monkeypatch):
    log, names = [], ["jax", "eager", "compile"]
    clock = timed(names, monkeypatch)
    clock._workers = {name: Turns(name, log, breaks_at=5 if name == "compile" else None) for name in names}
    clock._interleave(TRAIN)
    order = [name for name, _ in log]
    assert order[-8:] == ["jax", "eager", "compile", "eager", "compile", "jax", "jax", "eager"]
    rows = clock.rows[TRAIN]
    assert rows["compile"]["reason"] == "out of memory"
    assert "median_ms" not in rows["compile"]
    assert rows["jax"]["median_ms"] == pytest.approx(1.0)


def test_every_mode_takes_as_many_steps_and_the_slowest_not_too_long(monkeypatch):
    log, names = [], ["jax", "eager", "autodiff_numpy"]
    clock = timed(names, monkeypatch)
    seconds = {"jax": 1e-3, "eager": 2e-3, "autodiff_numpy": 0.1}
    clock._workers = {name: Turns(name, log, seconds=seconds[name]) for name in names}
    clock._interleave(TRAIN)
    assert {count for _, count in log[-9:]} == {4}  # 0.4 s of the slowest, four times a turn of 0.1 s


def test_a_worker_that_cannot_start_says_why(tmp_path):
    job = {"cores": [0], "experiment": "nonsense", "twin": "no_such_twin", "config": {"seed": 0}, "batches": "none.npz"}
    with (
        Worker(MODES["jax"], job | {"arrays": 2, "count": 1}, tmp_path, tmp_path) as process,
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
        ({"rounds": 0}, "rounds must be at least 1, given 0"),
        ({"threads": 10**6}, "threads must be between 1"),
        ({"threads": 0}, "threads must be between 1"),
        ({"frameworks": ("jax",)}, "frameworks must be jax,torch or jax,torch,tensorflow, given jax"),
        ({"frameworks": ("jax", "torch", "keras")}, "given jax,torch,keras"),
        ({"device": "tpu"}, "device must be cpu or gpu, given 'tpu'"),
        ({"tf32": True}, "tf32 is a GPU's"),
    ],
)
def test_mistakes_are_named(torch, settings, message):
    with pytest.raises(ValueError, match=message):
        compare.run([WORK], compare.Settings(**settings))


@pytest.mark.torch
def test_a_gpu_that_is_not_there_is_said_before_anything_is_run(torch):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(OSError, match=r"--gpu: .*PyTorch can use no GPU here"):
        compare.run([WORK], compare.Settings(device="gpu"))


def test_a_framework_that_is_not_installed_is_named_with_the_cure(monkeypatch):
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"make compare FRAMEWORKS=jax,torch,tensorflow"):
        machine.require(("jax", "torch", "tensorflow"))


def test_the_machine_is_described():
    described = machine.describe()
    assert described["machine"]["cores"] >= 1
    assert described["versions"]["jax"]
    assert described["created"].endswith("+00:00")


@pytest.mark.slow
@pytest.mark.torch
def test_the_command_refuses_in_one_line(torch):
    root = Path(__file__).parents[2]
    for arguments, message in (
        (["mlp", "--threads", "0"], "threads must be between 1"),
        (["--against", "no_such.json"], "no_such.json"),
        (["--frameworks", "jax,theano"], "given jax,theano"),
        (["--quick", "--full"], "give one of them"),
        (["--full", "mlp"], "--full is of the suite"),
    ):
        command = [sys.executable, "-m", "experiments.compare_frameworks", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=root)
        assert done.returncode != 0
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def test_an_engine_of_our_own_is_timed_beside_both_and_counts_as_neither():
    found = experiment.find("autodiff_from_scratch")
    own = ["autodiff_numpy", "autodiff_xla"]
    assert [mode.name for mode in modes_for(found, found.config())][-2:] == own
    assert not set(own) & {mode.name for mode in modes_for(LINEAR, LINEAR.config())}
    assert {name: MODES[name].engine for name in ("jax", *own)} == {
        "jax": "jax",
        "autodiff_numpy": "numpy",
        "autodiff_xla": "xla",
    }
    rows = [{"mode": mode, "step_ms": [step]} for mode, step in (("jax", 3.0), ("eager", 2.0), ("autodiff_xla", 1.0))]
    assert speed.best_torch(rows) is rows[1]
    assert speed.of_jax({"timing": rows, "parity": {"agrees": True}}).ratio == pytest.approx(2 / 3)
    assert wording.verdict(rows[2], rows) == "2.0× faster"


def test_the_suite_has_what_it_promises():
    known = experiment.discover()
    assert all(entry.name in known for entry in workload.SUITE)
    works = workload.suite()
    labels = {depth: [work.label for work in workload.suite(depth)] for depth in workload.DEPTHS}
    assert set(labels["quick"]) < set(labels["default"]) < set(labels["full"]) == {work.label for work in works}
    assert {task for work in workload.suite("quick") for task in work.tasks if task[0] == "infer"} == {("infer", 1)}
    tasks = [(work.label, kind) for work in works for kind, _ in work.tasks]
    assert len(set(tasks)) == len({(label, kind) for label, kind in tasks})
    assert {kind for _, kind in tasks} == {"train", "infer", "sweep"}
    for work in works:
        names = {mode.name for mode in modes_for(work.experiment, work.config)}
        assert {"jax", "flax", "eager", "compile"} <= names


def test_a_quick_run_starts_every_mode_once_and_compiles_nothing_with_torch():
    work = workload.training(LINEAR)
    full, quick = (benchmark.stages([work], benchmark.Settings(quick=quick)) for quick in (False, True))
    modes = benchmark._modes(work, benchmark.Settings(quick=True))
    assert [mode.name for mode in modes] == ["jax", "eager"]
    assert (full, quick) == (2 + 2 + 1 + 2, 2 + 2)  # parity and training; two starts of jax and torch.compile


@pytest.mark.slow
@pytest.mark.torch
def test_a_function_without_data_and_with_a_derived_step_size_is_compared():
    quick = compare.Settings(rounds=1, turn=0.01, quick=True)
    (entry,) = compare.run([compare.training(experiment.find("gradient_descent"))], quick)["experiments"]
    assert [row["mode"] for row in entry["timing"] if "median_ms" in row] == ["jax", "eager"]
