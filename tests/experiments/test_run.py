"""`python -m experiments run` and its folder: killed, resumed, replaced or refused, and never half of each."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from experiments import proof, runs
from experiments.__main__ import main
from jaxdl import experiment, train

ROOT = Path(__file__).parents[2]
LONG = ["supervised/mlp", "--epochs", "300", "--batch-size", "256"]  # 6 steps an epoch


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in an empty folder; its exit status and what it said on stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        return ended.value.code, capsys.readouterr().err

    return call


def contents(folder):
    """Every file of a run's folder but its lock."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != ".lock"
    }


def outcome(folder):
    """What a run computed: its parameters, and its history without the clock's part."""
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    epochs = [{name: value for name, value in line.items() if name != "seconds"} for line in lines if "epoch" in line]
    return (folder / "model.safetensors").read_bytes(), [line for line in lines if "epoch" not in line], epochs


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folder of a run that was killed, with the system's hardest signal, once a checkpoint was there."""
    folder = tmp_path_factory.mktemp("killed")
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments", "run", *LONG, "--checkpoint-steps", "250", "--out", str(folder)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    with process:
        while not [*(folder / "checkpoints").glob("*.json")]:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not json.loads((folder / "run.json").read_text())["finished"]
    assert not (folder / "model.safetensors").exists()
    return folder


@pytest.mark.slow
def test_killed_and_resumed_it_ends_bitwise_where_the_unbroken_run_ends(run, killed, tmp_path):
    resumed = tmp_path / "resumed"
    shutil.copytree(killed, resumed)
    assert run("run", *LONG, "--out", "resumed", "--resume")[0] == 0
    assert run("run", *LONG, "--out", "unbroken", "--steps-per-call", "1")[0] == 0
    assert outcome(resumed) == outcome(tmp_path / "unbroken")
    told, earlier = (json.loads((folder / "run.json").read_text()) for folder in (resumed, killed))
    assert told["started"] == earlier["started"]


@pytest.mark.slow
def test_an_unfinished_run_is_not_replaced_unasked(run, killed, tmp_path):
    there = tmp_path / "there"
    shutil.copytree(killed, there)
    before = contents(there)
    status, said = run("run", *LONG, "--out", "there")
    assert status == 1
    assert "there holds an unfinished run, up to step " in said
    assert "--resume goes on with it, --fresh begins anew in its place" in said
    assert run("run", *LONG, "--out", "there", "--fresh", "--learning-rate", "-1")[0] == 1
    assert contents(there) == before
    assert run("run", "supervised/mlp", "--epochs", "1", "--out", "there", "--fresh")[0] == 0
    assert len((there / "history.jsonl").read_text().splitlines()) == 23 + 1


def test_a_finished_run_is_replaced_once_nothing_is_wrong_with_the_new_one(run, tmp_path):
    folder = tmp_path / "runs/supervised/linear_regression"
    assert run("run", "linear_regression", "--epochs", "2", "--tensorboard")[0] == 0
    (folder / "mine.txt").touch()
    before = contents(folder)
    for wrong in (
        *(["--epochs", "0"], ["--batch-size", "9999"], ["--learning-rate", "-1"], ["--keep", "0"]),
        *(["--mesh", "data=4096"], ["--checkpoint-every", "nan"]),
    ):
        assert run("run", "linear_regression", *wrong)[0] != 0
        assert contents(folder) == before
    assert run("run", "linear_regression", "--epochs", "1")[0] == 0
    assert {file.name for file in folder.iterdir()} == {
        *("checkpoints", "history.jsonl", "model.safetensors", "run.json", ".lock", "mine.txt"),
        *("exhibits.json", "exhibit-1.png", "exhibit-1-dark.png", "exhibit-3.png", "exhibit-3-dark.png"),
    }
    assert [file.name for file in (folder / "checkpoints").glob("*.json")] == ["000000012.json"]


def test_run_json_says_what_was_run_and_how_it_ended(run, tmp_path):
    assert run("run", "linear_regression", "--epochs", "2", "--out", "a")[0] == 0
    first = json.loads((tmp_path / "a/run.json").read_text())
    assert first["experiment"] == "supervised/linear_regression"
    assert (first["config"]["epochs"], first["seed"], first["steps_per_epoch"]) == (2, 0, 12)
    assert {"python", "jax", "jaxlib", "flax", "optax", "numpy", "jaxdl"} <= {*first["versions"]}
    assert {"device", "cores"} <= {*first["machine"]}
    assert (first["parameters"], first["bound"], first["reached"]) == (11, "test_loss <= 0.55", False)
    assert first["finished"]
    assert first["final"]["epoch"] == 2
    assert run("run", "linear_regression", "--epochs", "40", "--out", "a", "--resume")[0] == 0
    then = json.loads((tmp_path / "a/run.json").read_text())
    assert then["started"] == first["started"]
    assert then["seconds"] > first["seconds"]
    assert (then["config"]["epochs"], then["final"]["epoch"]) == (40, 40)


def test_a_run_that_fails_says_why(run, tmp_path):
    status, said = run("run", "linear_regression", "--learning-rate", "1e9", "--out", "a")
    assert status == 1
    told = json.loads((tmp_path / "a/run.json").read_text())
    assert not told["finished"]
    assert told["failure"] in said
    assert run("report", "a") == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume"], "there is no checkpoint in"),
        (["--resume", "7", "--out", "done"], "there is no checkpoint of step 7 in"),
        (["--resume", "soon"], "'soon' is not latest, auto or the step of a checkpoint"),
        (["--resume", "--fresh"], "give --resume or --fresh, not both"),
        (["--resume", "--out", "done", "--seed", "1"], "of another configuration: seed was 0 and is 1"),
        (["--steps-per-call", "0"], "--steps-per-call"),
        (["--checkpoint-every", "-1"], "--checkpoint-every"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_sentence(run, arguments, words):
    if "done" in arguments:
        assert run("run", "linear_regression", "--epochs", "1", "--out", "done")[0] == 0
    status, said = run("run", "linear_regression", *arguments)
    assert status != 0
    assert words in said
    assert len(said.splitlines()) == 1


def test_another_experiment_s_folder_is_left_alone(run, tmp_path):
    assert run("run", "linear_regression", "--epochs", "1", "--out", "a")[0] == 0
    before = contents(tmp_path / "a")
    for how in ([], ["--resume"], ["--resume", "auto"]):
        status, said = run("run", "supervised/mlp", "--out", "a", *how)
        assert status == 1
        assert "a holds a run of supervised/linear_regression; --out names another folder" in said
    assert contents(tmp_path / "a") == before


def test_a_model_that_no_run_left_is_left_alone(run, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/model.safetensors").write_text("mine")
    for how in ([], ["--resume", "auto"]):
        status, said = run("run", "linear_regression", "--epochs", "1", "--out", "a", *how)
        assert status == 1
        assert "a holds a model.safetensors that no run left there; --out names another folder" in said
    assert (tmp_path / "a/model.safetensors").read_text() == "mine"


def test_a_ctrl_c_while_the_process_ends_is_not_shown():
    script = (
        "import atexit, os, signal\nfrom jaxdl.cli import leave\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)\nleave(130)"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "")


def test_out_of_memory_is_one_sentence(run, monkeypatch):
    def full(*arguments, **settings):
        raise train.OutOfMemoryError("the device ran out of memory")

    monkeypatch.setattr(train, "fit", full)
    assert run("run", "linear_regression") == (1, "python -m experiments: the device ran out of memory\n")


def test_auto_begins_or_goes_on(run, tmp_path):
    for epochs in (1, 2):
        how = ["--epochs", str(epochs), "--out", "a", "--resume", "auto"]
        assert run("run", "linear_regression", *how)[0] == 0
        assert len((tmp_path / "a/history.jsonl").read_text().splitlines()) == 13 * epochs


def test_no_config_takes_a_flag_of_the_command_line(tmp_path, monkeypatch):
    own = [option for option in (*runs.run_options(), *proof.check_options()) if isinstance(option, click.Option)]
    spelled = {flag.lstrip("-").replace("-", "_") for option in own for flag in option.opts}
    assert spelled | {option.name for option in own} <= experiment.TAKEN
    package = tmp_path / "clash"
    package.mkdir()
    (package / "__init__.py").touch()
    text = """
from dataclasses import dataclass
@dataclass
class Config:
    keep: int = 1
source = program = None
"""
    (package / "one.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match="one: its Config has a field 'keep', and --keep is a flag"):
        experiment.discover("clash")


def test_report_knows_experiments_and_folders(run, tmp_path, capsys):
    assert run("run", "linear_regression", "--epochs", "1")[0] == 0
    assert run("run", "linear_regression", "--epochs", "2", "--out", "other")[0] == 0
    assert run("report", "linear_regression", "other", "--out", "both.html")[0] == 0
    assert (tmp_path / "both.html").exists()
    assert "there is no folder lenet, and" not in run("report", "lenet")[1]
    assert "did you mean 'vision/lenet'?" in run("report", "lenett")[1]
