"""A run's numbers for TensorBoard, beside the history."""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path
from typing import Any

import jax

from jaxdl.train.callbacks.callback import Callback
from jaxdl.train.run import Run

TEST = "test_"
SECONDS_BETWEEN_FLUSHES = 10.0


class TensorBoard(Callback):
    """Writes event files that `tensorboard --logdir` shows, as the run goes.

    Every metric of every step is `train/<metric>`, what an epoch's record holds `epoch/<metric>` or `test/<metric>`; a
    value stands at the number of steps that the run had made. Nothing waits for the device: what is written between
    device calls is what the history holds already. A resumed run goes on in a file of its own, and what a killed one
    had written after the checkpoint counts no more.

    tensorboardX writes the files (it imports PyTorch where that is installed); a step costs some 20 µs.

    Args:
        folder: where the event files go; a folder a run.

    Raises:
        ModuleNotFoundError: tensorboardX is not installed.

    >>> import tempfile
    >>> from jaxdl import data, functional, nn, optim
    >>> from jaxdl.train import TensorBoard, fit, supervised
    >>> program = supervised(lambda rngs: nn.Linear(1, 1, rngs=rngs), functional.mse_loss, optim.sgd(0.1))
    >>> source = data.ArraySource((jax.numpy.ones((4, 1)), jax.numpy.ones((4, 1))), batch_size=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = fit(program, source, epochs=1, progress=False, callbacks=[TensorBoard(folder)])
    ...     [file.name[:20] for file in Path(folder).iterdir()]
    ['events.out.tfevents.']
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if importlib.util.find_spec("tensorboardX") is None:
            raise ModuleNotFoundError(
                "train.TensorBoard writes with tensorboardX, which is not installed; pip install 'jaxdl[tensorboard]' "
                "adds it",
                name="tensorboardX",
            )
        self.folder = Path(folder)
        self._events: _Events | None = None
        self._steps = self._epochs = 0

    def start(self, run: Run) -> None:
        """Go on where the run does; where no file is there yet, with what it had measured before."""
        begun = any(self.folder.glob("events.out.tfevents.*"))
        self._steps, self._epochs = (run.step, run.epoch) if begun else (0, 0)
        if jax.process_index() == 0:
            self._events = _Events(self.folder, self._steps + 1)

    def call_ended(self, run: Run) -> None:
        """Write what has come to the history."""
        self._write(run)

    def epoch_ended(self, run: Run, record: dict[str, float]) -> None:
        """Write the epoch's steps; its record, which others may still add to, comes with the next call."""
        self._write(run)

    def finish(self, run: Run) -> None:
        """Write the rest."""
        if self._events is not None:
            self._write(run)
            self._events.close()
            self._events = None

    def _write(self, run: Run) -> None:
        history, length = run.history, len(run.source)
        if self._events is None or (len(history) <= self._steps and len(history.epochs) <= self._epochs):
            return
        for line in history.step_lines(self._steps):
            self._events.add(line.pop("step") + 1, {f"train/{name}": value for name, value in line.items()})
        for number, record in enumerate(history.epochs[self._epochs :], self._epochs + 1):
            self._events.add(number * length, {_tag(name): value for name, value in record.items() if name != "epoch"})
        self._steps, self._epochs = max(self._steps, len(history)), len(history.epochs)
        self._events.show()


def _tag(name: str) -> str:
    return f"test/{name.removeprefix(TEST)}" if name.startswith(TEST) else f"epoch/{name}"


class _Events:
    """One event file, begun with the word that values from step `start` on, in files before it, count no more.

    One event holds all metrics of a step: a seventh of the time of tensorboardX's `add_scalar` for each of two.
    """

    def __init__(self, folder: Path, start: int) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.proto.summary_pb2 import Summary

        folder.mkdir(parents=True, exist_ok=True)
        self._event, self._summary = Event, Summary
        # tensorboardX names a file by the second, and a run may be resumed within one.
        self._writer: Any = EventsWriter(str(folder / "events"), f".{os.getpid()}.{time.monotonic_ns()}")
        begun = SessionLog(status=SessionLog.START)
        self._writer.write_event(Event(wall_time=time.time(), step=start, session_log=begun))
        self._flushed = time.monotonic()

    def add(self, step: int, values: dict[str, Any]) -> None:
        """Metrics by tag."""
        entries = [self._summary.Value(tag=tag, simple_value=float(value)) for tag, value in values.items()]
        self._writer.write_event(self._event(wall_time=time.time(), step=step, summary=self._summary(value=entries)))

    def show(self) -> None:
        """Now and then, let TensorBoard see what is there."""
        if time.monotonic() - self._flushed > SECONDS_BETWEEN_FLUSHES:
            self._writer.flush()
            self._flushed = time.monotonic()

    def close(self) -> None:
        """Put everything on disk."""
        self._writer.close()
