"""train.TensorBoard: the event files hold the history's numbers, each once, also where a run was broken off."""

import importlib.util
import struct

import numpy as np
import pytest

from jaxdl import data, functional, nn, optim, train

pytest.importorskip("tensorboardX")
LENGTH = 5  # batches an epoch


@pytest.fixture
def fit():
    """A small run of 3 epochs, tested after each."""
    x = np.linspace(-1, 1, 10, dtype=np.float32)[:, None]
    model = lambda rngs: nn.Linear(1, 1, rngs=rngs)  # noqa: E731
    program = train.supervised(model, functional.mse_loss, optim.sgd(0.1), metrics={"error": functional.l1_loss})
    source, test = data.ArraySource((x, 2 * x), batch_size=2, shuffle=True), data.ArraySource((x, x), batch_size=10)

    def run(**how):
        return train.fit(program, source, 3, evaluation=test, progress=False, **how)

    return run


def events(folder):
    """The events of a folder's files, file by file as they were begun."""
    from tensorboardX.proto.event_pb2 import Event

    for file in sorted(folder.glob("events.out.tfevents.*"), key=lambda file: file.stat().st_mtime_ns):
        content = file.read_bytes()
        while content:
            (size,) = struct.unpack("<Q", content[:8])
            yield Event.FromString(content[12 : 12 + size])
            content = content[16 + size :]


def scalars(folder):
    """Values by tag and step: what a session log says to forget is forgotten, and nothing stands twice."""
    found = {}
    for event in events(folder):
        if event.HasField("session_log"):
            found = {tag: {s: v for s, v in values.items() if s < event.step} for tag, values in found.items()}
        for value in event.summary.value:
            values = found.setdefault(value.tag, {})
            assert event.step not in values, f"{value.tag} stands twice at step {event.step}"
            values[event.step] = value.simple_value
    return found


def expected(history):
    """What the files of a run with this history must hold."""
    steps = {f"train/{name}": dict(enumerate(history[name], 1)) for name in history.steps}
    tags = {name: f"test/{name[5:]}" if name.startswith("test_") else f"epoch/{name}" for name in history.final}
    ends = {
        tag: {record["epoch"] * LENGTH: record[name] for record in history.epochs}
        for name, tag in tags.items()
        if name != "epoch"
    }
    return steps | ends


def assert_equal(found, wanted, clock=True):
    names = {tag for tag in wanted if clock or tag != "epoch/seconds"}
    assert names <= {*found} <= {*wanted}
    for tag in names:
        assert [*found[tag]] == [*wanted[tag]], tag
        np.testing.assert_array_equal(np.float32([*found[tag].values()]), np.float32([*wanted[tag].values()]))


@pytest.mark.parametrize("steps_per_call", [1, 3])
def test_it_holds_every_number_of_the_history(fit, tmp_path, steps_per_call):
    _, history = fit(callbacks=[train.TensorBoard(tmp_path)], steps_per_call=steps_per_call)
    assert len(history) == 3 * LENGTH
    assert_equal(scalars(tmp_path), expected(history))


class Broken(train.Callback):
    """Ends the process's part of a run, as a kill would; the device has made more steps than were saved."""

    def __init__(self, step):
        self.step = step

    def call_ended(self, run):
        run.newest_loss()
        if run.step == self.step:
            raise RuntimeError("broken off")


def test_a_resumed_run_goes_on_and_nothing_stands_twice(fit, tmp_path):
    _, unbroken = fit()
    how = {"directory": tmp_path, "steps_per_call": 1, "checkpoints": train.Checkpoints(every_steps=3)}
    with pytest.raises(RuntimeError, match="broken off"):
        fit(callbacks=[train.TensorBoard(tmp_path), Broken(8)], **how)
    assert max(scalars(tmp_path)["train/loss"]) > 6
    _, history = fit(callbacks=[train.TensorBoard(tmp_path)], resume=True, **how)
    assert history["loss"].tolist() == unbroken["loss"].tolist()
    assert len([*tmp_path.glob("events*")]) == 2
    assert_equal(scalars(tmp_path), expected(history))
    assert_equal(scalars(tmp_path), expected(unbroken), clock=False)


def test_asked_for_later_it_holds_what_came_before(fit, tmp_path):
    how = {"directory": tmp_path, "checkpoints": train.Checkpoints(every_steps=3), "steps_per_call": 1}
    with pytest.raises(RuntimeError, match="broken off"):
        fit(callbacks=[Broken(8)], **how)
    _, history = fit(callbacks=[train.TensorBoard(tmp_path)], resume=True, **how)
    assert_equal(scalars(tmp_path), expected(history))


@pytest.mark.filterwarnings("ignore")  # of TensorBoard's own imports
@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="TensorBoard, the reader, is not installed")
def test_tensorboard_itself_reads_the_same(fit, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    how = {"directory": tmp_path, "steps_per_call": 1, "checkpoints": train.Checkpoints(every_steps=3)}
    with pytest.raises(RuntimeError):
        fit(callbacks=[train.TensorBoard(tmp_path), Broken(8)], **how)
    _, history = fit(callbacks=[train.TensorBoard(tmp_path)], resume=True, **how)
    read = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0})
    read.Reload()
    found = {tag: {event.step: event.value for event in read.Scalars(tag)} for tag in read.Tags()["scalars"]}
    assert sum(len(read.Scalars(tag)) for tag in found) == sum(len(values) for values in found.values())
    assert_equal(found, expected(history))


def test_between_calls_it_only_reads_what_is_there(fit, tmp_path, monkeypatch):
    """Nothing but the end of an epoch waits for the device."""
    waits = []
    fetch = train.engine.Run.fetch
    monkeypatch.setattr(train.engine.Run, "fetch", lambda run: waits.append(run.step) or fetch(run))
    fit(callbacks=[train.TensorBoard(tmp_path)], steps_per_call=1)
    assert waits == [LENGTH, 2 * LENGTH, 3 * LENGTH]


def test_without_tensorboardx_it_says_what_would_help(monkeypatch, capsys):
    from experiments.__main__ import main

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'jaxdl\[tensorboard\]'"):
        train.TensorBoard("anywhere")
    with pytest.raises(SystemExit, match="1"):
        main(["run", "linear_regression", "--tensorboard"])
    assert len(capsys.readouterr().err.splitlines()) == 1
