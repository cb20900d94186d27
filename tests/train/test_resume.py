"""Checkpoints: a run that is stopped anywhere goes on bit for bit, and what cannot be gone on from says so."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.train.checkpoint import integrity
from jaxdl.train.checkpoint.saved import Saved, digest

X = np.random.RandomState(0).randn(70, 3).astype(np.float32)
LABELS = (X.sum(axis=1) > 0).astype(np.int32)
OFTEN = train.Checkpoints(every_steps=4, keep=2)
EPOCHS = 5


class Net(nn.Module):
    def __init__(self, *, rngs, classes=2):
        self.fc1 = nn.Linear(3, 8, rngs=rngs)
        self.bn = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(8, classes, rngs=rngs)

    def __call__(self, x):
        return self.fc2(self.drop(functional.relu(self.bn(self.fc1(x)))))


def classifier(learning_rate=1e-2, classes=2):
    return train.supervised(
        lambda rngs: Net(rngs=rngs, classes=classes),
        functional.cross_entropy,
        optim.adam(learning_rate),
        metrics={"accuracy": metrics.accuracy},
    )


PROGRAM = classifier()
SOURCE = data.ArraySource((X, LABELS), 16, shuffle=True)
TEST = data.ArraySource((X, LABELS), 35)


class Halt(train.Callback):
    """Ends a run as a crash would: after a step, without a word to anybody."""

    def __init__(self, step=10**9):
        self.step = step

    def call_ended(self, run):
        if run.step >= self.step:
            raise RuntimeError("crash")


def fit(directory=None, epochs=EPOCHS, program=PROGRAM, source=SOURCE, **settings):
    if directory is not None:
        settings = {"directory": directory, "checkpoints": OFTEN, **settings}
    return train.fit(program, source, epochs, **{"evaluation": TEST, "progress": False, **settings})


def crashed(directory, step, **settings):
    with pytest.raises(RuntimeError, match="crash"):
        fit(directory, callbacks=[Halt(step)], **settings)


def numbers(result):
    """All that a run ends in, its times left out."""
    state, history = result
    leaves = [
        np.asarray(jax.random.key_data(leaf) if leaf.dtype == state.key.dtype else leaf)
        for leaf in jax.tree.leaves(state)
    ]
    epochs = [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in history.epochs]
    return [*leaves, history["loss"]], epochs


def assert_same(one, other):
    (leaves, epochs), (other_leaves, other_epochs) = numbers(one), numbers(other)
    for leaf, other_leaf in zip(leaves, other_leaves, strict=True):
        np.testing.assert_array_equal(leaf, other_leaf)
    assert epochs == other_epochs


@pytest.fixture(scope="module")
def unbroken():
    return fit()


@pytest.fixture
def saved(tmp_path):
    """A directory in which a run crashed at step 18; its checkpoints are of steps 12 and 16."""
    crashed(tmp_path / "run", 18, steps_per_call=1)
    assert Saved(tmp_path / "run" / "checkpoints").steps() == [12, 16]
    return tmp_path / "run"


@pytest.mark.slow
def test_twenty_kills_leave_no_trace(tmp_path):
    """SIGKILL at twenty moments, half of them while a checkpoint is being written; every time the run goes on, and in
    the end parameters, buffers, the optimiser's state, the average and the history are those of the unbroken run."""
    script = Path(__file__).with_name("killed_runs.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def script_says(*arguments):
        command = [sys.executable, script, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    script_says(tmp_path / "whole", "whole")
    outcome = json.loads(script_says(tmp_path, 20, np.random.randint(2**31)))
    assert outcome["killed"] == 20
    assert outcome["status"] == 0
    assert outcome["in_writing"] >= 3
    with np.load(tmp_path / "whole" / "run.npz") as whole, np.load(tmp_path / "run.npz") as found:
        assert sorted(whole) == sorted(found)
        for name in whole:
            np.testing.assert_array_equal(whole[name], found[name], err_msg=name)
    lines = train.History.load(tmp_path / "killed" / "history.jsonl")
    with np.load(tmp_path / "whole" / "run.npz") as whole:
        np.testing.assert_array_equal(lines["loss"], whole["losses"])


@pytest.mark.parametrize("step", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (5, 15, 18, 23))])
@pytest.mark.parametrize("steps_per_call", [None, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))])
def test_a_crash_changes_nothing(step, steps_per_call, tmp_path, unbroken):
    crashed(tmp_path, step, steps_per_call=steps_per_call)
    assert_same(fit(tmp_path, resume=True, callbacks=[Halt()]), unbroken)


def test_a_run_can_be_prolonged(tmp_path, unbroken):
    fit(tmp_path, epochs=2)
    assert_same(fit(tmp_path, resume=True), unbroken)
    assert_same(fit(tmp_path, resume=True), unbroken)  # it was at its end


@pytest.mark.slow
def test_from_an_older_checkpoint_and_back(saved, unbroken):
    assert_same(fit(saved, resume=12, callbacks=[Halt()]), unbroken)
    assert (saved / "checkpoints" / "aside-000000016").is_dir()
    assert_same(fit(saved, resume=True, callbacks=[Halt()]), unbroken)


def test_the_newest_and_the_best_are_kept(tmp_path):
    rates = iter([1e-2, 1e-2, 10.0, 10.0, 10.0, 10.0])

    class Worse(train.Callback):
        """Puts noise on the parameters, more of it each epoch, so that the first is the best."""

        def epoch_ended(self, run, record):
            record["quality"] = next(rates)

    settings = train.Checkpoints(every_epochs=1, keep=2, best="quality")
    fit(tmp_path, epochs=6, checkpoints=settings, callbacks=[Worse()])
    assert Saved(tmp_path / "checkpoints").steps() == [5, 25, 30]
    assert int(train.restore(tmp_path, PROGRAM, "best").step) == 5
    assert int(train.restore(tmp_path, PROGRAM).step) == 30


def test_the_best_where_none_was_kept(saved):
    with pytest.raises(train.CheckpointError, match=r"is the best of its run; .*Checkpoints\(best='test_loss'\)"):
        train.restore(saved, PROGRAM, "best")


def test_nan_is_never_the_best(tmp_path):
    values = iter([np.nan, 3.0, 1.0, np.nan, 2.0])

    class Measure(train.Callback):
        def epoch_ended(self, run, record):
            record["quality"] = next(values)

    settings = train.Checkpoints(every_seconds=None, keep=1, best="quality")
    fit(tmp_path, checkpoints=settings, callbacks=[Measure()])
    assert Saved(tmp_path / "checkpoints").steps() == [15, 25]


def test_the_best_of_another_metric_begins_anew(tmp_path):
    fit(tmp_path, epochs=2, checkpoints=train.Checkpoints(keep=1, best="test_loss"))
    settings = train.Checkpoints(keep=1, best="test_accuracy", mode="max")
    _, history = fit(tmp_path, checkpoints=settings, resume=True)
    later = [epoch["test_accuracy"] for epoch in history.epochs[2:]]
    best = 3 + later.index(max(later))
    assert Saved(tmp_path / "checkpoints").steps() == sorted({5 * best, 25})


def test_the_history_on_disk_is_that_of_the_run(saved):
    """What was written after the checkpoint is written again, not twice; a torn last line is nobody's problem."""
    with (saved / "history.jsonl").open("a") as file:
        file.write('{"step": 99, "lo')
    _, history = fit(saved, resume=True, callbacks=[Halt()])
    loaded = train.History.load(saved / "history.jsonl")
    np.testing.assert_array_equal(loaded["loss"], history["loss"])
    assert loaded.epochs == history.epochs


def test_restore_gives_the_state(saved, unbroken):
    state = train.restore(saved, PROGRAM)
    assert int(state.step) == 16
    assert int(train.restore(saved, PROGRAM, step=12).step) == 12
    with pytest.raises(train.CheckpointError, match=r"another model: params/fc2.bias was float32\[2\] and"):
        train.restore(saved, classifier(classes=3))


def test_what_callbacks_remember_goes_with_it(tmp_path):
    class Count(Halt):
        epochs = 0

        def epoch_ended(self, run, record):
            self.epochs += 1

        def state_dict(self):
            return {"epochs": self.epochs}

        def load_state_dict(self, state):
            self.epochs = state["epochs"]

    with pytest.raises(RuntimeError, match="crash"):
        fit(tmp_path, callbacks=[Count(18)])
    counting = Count()
    fit(tmp_path, resume=True, callbacks=[counting])
    assert counting.epochs == EPOCHS
    with pytest.raises(train.CheckpointError, match=r"was written with callbacks \['Count'\], and here are \[\]"):
        fit(tmp_path, resume=True)


@pytest.mark.slow
@pytest.mark.parametrize("changed", [{"metric": "test_accuracy", "mode": "max"}, {"patience": 9}])
@pytest.mark.parametrize("callback", [train.EarlyStopping, train.ReduceLROnPlateau])
def test_a_callback_goes_on_with_the_settings_it_began_with(callback, changed, tmp_path):
    tx = optim.adjustable(optim.sgd, learning_rate=0.01)
    settings = {"program": train.supervised(Net, functional.cross_entropy, tx, metrics={"accuracy": metrics.accuracy})}
    fit(tmp_path, epochs=1, callbacks=[callback("test_loss", patience=2)], **settings)
    name = next(iter(changed))
    with pytest.raises(train.CheckpointError, match=rf"of step 5 .*{callback.__name__}: .*{name} was .* and is "):
        fit(
            tmp_path, resume=True, callbacks=[callback(**{"metric": "test_loss", "patience": 2, **changed})], **settings
        )
    fit(tmp_path, resume=True, callbacks=[callback("test_loss", patience=2)], **settings)


def files(directory, step=16):
    return sorted(path for path in (directory / "checkpoints" / f"{step:09d}").rglob("*") if path.is_file())


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def alter(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [truncate, alter, Path.unlink], ids=["truncated", "altered", "missing"])
def test_every_damaged_file_is_found(harm, saved, unbroken):
    """In the last checkpoint, one file after the other; the older one is named, whole, and can be gone on from."""
    intact = {path: path.read_bytes() for path in [*files(saved), saved / "checkpoints" / "000000016.json"]}
    assert len(intact) > 8
    for path in intact:
        if harm == Path.unlink and path.suffix == ".json":
            continue  # without it there is no checkpoint
        harm(path)
        with pytest.raises(train.CheckpointError, match=r"of step 16 .* is damaged: .*step 12 is good: resume=12"):
            fit(saved, resume=True, callbacks=[Halt()])
        path.write_bytes(intact[path])
    harm(files(saved)[-1])
    assert_same(fit(saved, resume=12, callbacks=[Halt()]), unbroken)


@pytest.mark.parametrize(("field", "value"), [("epoch", "2"), ("files", []), ("remembered", None)])
def test_a_checkpoint_that_says_something_else_than_it_should_is_damaged(field, value, saved):
    file = saved / "checkpoints" / "000000016.json"
    record = {**json.loads(file.read_text()), field: value}
    del record["checksum"]
    file.write_text(json.dumps({**record, "checksum": digest(record)}))
    with pytest.raises(train.CheckpointError, match=rf"damaged: .* lacks the {field}.* step 12 is good"):
        fit(saved, resume=True, callbacks=[Halt()])


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, "1" * 5000, '"step"', '{"step": 1, "loss": [1]}', '{"step": 1}', f'{{"epoch": {"9" * 400}}}'],
    ids=["deep", "long", "text", "list", "other metrics", "huge"],
)
def test_a_strange_line_of_the_history_is_named(line, tmp_path):
    (tmp_path / "history.jsonl").write_text('{"step": 0, "loss": 1.0}\n' + line + "\n")
    with pytest.raises(ValueError, match=r"history.jsonl, line 2: not a record of a run: "):
        train.History.load(tmp_path / "history.jsonl")


@pytest.mark.parametrize("name", ["\N{SUPERSCRIPT TWO}.json", "99.json", "latest.json"])
def test_only_what_was_written_here_counts_as_a_checkpoint(name, saved):
    (saved / "checkpoints" / name).write_text("{}", encoding="utf-8")
    assert Saved(saved / "checkpoints").steps() == [12, 16]


def test_an_empty_file_that_nobody_wrote_is_found(saved):
    (saved / "checkpoints" / "000000016" / "more").touch()
    with pytest.raises(train.CheckpointError, match="its file more does not belong to it"):
        fit(saved, resume=True, callbacks=[Halt()])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"program": classifier(0.1)}, "of another program"),
        ({"program": classifier(classes=3)}, r"another model or optimiser: params/fc2.bias was float32\[2\]"),
        ({"seed": 1}, "another seed: it was 0 and is 1"),
        ({"source": data.ArraySource((X, LABELS), 10, shuffle=True)}, "other data: 5 batches an epoch"),
        ({"source": data.ArraySource((X + 1, LABELS), 16, shuffle=True)}, "same shapes with other numbers"),
        ({"source": data.ArraySource((X, LABELS), 16)}, "the same rows in another order"),
        ({"source": data.ArraySource((X, LABELS), 16, shuffle=True, seed=3)}, "the same rows in another order"),
        ({"evaluation": None}, r"another evaluation: it was 2 batches with checksum \w+ and is none"),
        ({"evaluation": data.ArraySource((X + 1, LABELS), 35)}, r"another evaluation: .* is 2 batches with checksum"),
        ({"evaluation": data.ArraySource((X, LABELS), 40)}, "another evaluation: .* its batch size"),
        ({"evaluation": data.ArraySource((X, LABELS), 35, shuffle=True)}, "another evaluation: .* their order"),
        ({"epochs": 3}, "stands in epoch 4, and epochs=3 would end before it; give at least 4"),
        ({"config": {"width": 8}}, "another configuration: width was 'nothing' and is 8"),
        ({"resume": 3}, r"no checkpoint of step 3 .* there are those of steps 12, 16"),
        ({"resume": False}, r"holds the checkpoints of an earlier run, up to step 16: resume=True"),
    ],
)
def test_another_run_s_checkpoint_is_refused(settings, message, saved):
    before = {path: path.read_bytes() for path in saved.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(train.CheckpointError, match=message):
        fit(saved, **{"resume": True, "callbacks": [Halt()], **settings})
    assert before == {path: path.read_bytes() for path in before}


def test_a_changed_setting_is_named(tmp_path):
    fit(tmp_path, epochs=1, config={"learning_rate": 0.01, "epochs": 1})
    with pytest.raises(train.CheckpointError, match=r"configuration: learning_rate was 0.01 and is 0.1; give it"):
        fit(tmp_path, resume=True, config={"learning_rate": 0.1, "epochs": 9})
    fit(tmp_path, epochs=2, resume=True, config={"learning_rate": 0.01, "epochs": 2})


def test_nothing_to_resume(tmp_path):
    with pytest.raises(train.CheckpointError, match=r"there is no checkpoint in .* there is none"):
        fit(tmp_path, resume=True)
    fit(tmp_path, epochs=1, resume="auto")
    with pytest.raises(ValueError, match="need directory="):
        fit(resume=True)


def test_two_runs_in_one_directory(tmp_path):
    began, go_on = threading.Event(), threading.Event()

    class Wait(train.Callback):
        def start(self, run):
            began.set()
            go_on.wait(60)

    first = threading.Thread(target=lambda: fit(tmp_path, epochs=1, callbacks=[Wait()]))
    first.start()
    assert began.wait(60)
    try:
        with pytest.raises(train.DirectoryInUseError, match=rf"another run \(process {os.getpid()}\) writes into"):
            fit(tmp_path, epochs=1)
    finally:
        go_on.set()
        first.join()
    assert len(train.History.load(tmp_path / "history.jsonl")) == 5


def test_a_full_disk(saved, monkeypatch, unbroken):
    def full(handle, offset, size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(
        train.CheckpointError,
        match=r"step 20 could not be written .*No space left on device.* good one is that of step 16",
    ):
        fit(saved, resume=True, callbacks=[Halt()], steps_per_call=1)
    monkeypatch.undo()
    assert Saved(saved / "checkpoints").steps() == [12, 16]
    assert_same(fit(saved, resume=True, callbacks=[Halt()]), unbroken)


def test_a_history_that_cannot_be_written_whole_ends_in_a_whole_line(saved, monkeypatch):
    monkeypatch.setattr(integrity, "LARGEST_TRIAL", 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    class Shrink(Halt):
        def call_ended(self, run):
            if run.step == 18:
                resource.setrlimit(resource.RLIMIT_FSIZE, ((saved / "history.jsonl").stat().st_size + 30, hard))

    try:
        with pytest.raises(train.CheckpointError, match=r"history could not be written .*too large.* of step 16"):
            fit(saved, resume=True, callbacks=[Shrink()], steps_per_call=1, checkpoints=train.Checkpoints())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert (saved / "history.jsonl").read_text().endswith("}\n")


def test_the_first_error_counts_and_names_the_last_good_checkpoint(saved):
    class Writes(train.Callback):
        def call_ended(self, run):
            raise OSError(errno.ENOSPC, "No space left on device")

        def finish(self, run):
            raise OSError("again")

    with pytest.raises(OSError, match=r"Writes could not .*No space left.*; the last good checkpoint is .* step 16"):
        fit(saved, resume=True, callbacks=[Writes(), Halt()])


def test_a_disk_that_fills_while_orbax_writes(saved, monkeypatch, unbroken):
    """Every file that is written may hold a few bytes only: a limit of the system stands for the full disk."""
    monkeypatch.setattr(integrity, "LARGEST_TRIAL", 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    class Shrink(Halt):
        def call_ended(self, run):
            if run.step == 18:
                resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))

    try:
        with pytest.raises(
            train.CheckpointError, match=r"could not be written .*[Ff]ile too large.*good .* of step 16"
        ):
            fit(saved, resume=True, callbacks=[type("Halt", (Shrink,), {})()], steps_per_call=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert_same(fit(saved, resume=True, callbacks=[Halt()]), unbroken)


@pytest.mark.parametrize("step", [13, 15], ids=["in an epoch", "at its end"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run_goes_on(number, step, tmp_path, unbroken):
    class Press(Halt):
        def call_ended(self, run):
            if run.step == step:
                os.kill(os.getpid(), number)

    press = type("Halt", (Press,), {})()
    with pytest.raises(train.Interrupted, match=r"after step 1\d; resume=True \(--resume\) goes on") as caught:
        fit(tmp_path, callbacks=[press], steps_per_call=1)
    assert caught.value.step == len(caught.value.history)
    assert_same(fit(tmp_path, resume=True, callbacks=[Halt()]), unbroken)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keep": 0}, "keep must be at least 1, given 0"),
        ({"every_steps": 0}, "every_steps must be at least 1"),
        ({"every_seconds": -1.0}, "every_seconds must be at least 0"),
        ({"mode": "best"}, "mode must be 'min' or 'max', given 'best'"),
        ({"keep": "a"}, "keep must be an integer, given 'a'"),
        ({"keep": None}, "keep must be an integer, given None"),
        ({"every_steps": 2.5}, "every_steps must be an integer, given 2.5"),
        ({"every_seconds": "1"}, "every_seconds must be a number, given '1'"),
    ],
)
def test_settings(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        train.Checkpoints(**settings)


@pytest.mark.parametrize("resume", ["latest", None, 1.5])
def test_resume_is_a_step_or_a_word(resume, saved):
    with pytest.raises(ValueError, match=rf"resume must be True, False, 'auto' or the step .*, given {resume!r}"):
        fit(saved, resume=resume)


def test_a_configuration_comes_back_from_json_as_it_was(tmp_path):
    config = {"betas": (0.9, 0.99), 1: {"nothing": float("nan")}}
    fit(tmp_path, epochs=1, config=config)
    fit(tmp_path, epochs=2, config=config, resume=True)
    with pytest.raises(TypeError, match="config must be a dict that JSON can hold"):
        fit(tmp_path, config={"path": tmp_path}, resume=True)


@pytest.mark.parametrize("name", ["lr=[0.1]", "a*", "what?", "a\\b", "\udcff"])
def test_a_directory_that_orbax_could_not_read_from_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="a run's directory must have a path without"):
        fit(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["file", "file/run", "nowhere"])
def test_what_is_no_directory_is_named(name, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    with pytest.raises(OSError, match=rf"a run cannot write into .*{name} \(.*another directory \(--out\) would do"):
        fit(tmp_path / name)


def test_a_callback_may_go_elsewhere(tmp_path, monkeypatch, unbroken):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    class Go(train.Callback):
        def call_ended(self, run):
            monkeypatch.chdir(tmp_path / "elsewhere")

    assert_same(fit("run", callbacks=[Go()]), unbroken)
    assert len(train.History.load(tmp_path / "run" / "history.jsonl")) == len(unbroken[1])


def test_the_best_of_what(tmp_path):
    with pytest.raises(ValueError, match=r"best must be one of epoch, loss, .*, given 'acc'"):
        fit(tmp_path, checkpoints=train.Checkpoints(best="acc"))
