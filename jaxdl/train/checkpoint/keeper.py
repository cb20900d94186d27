"""Checkpoints: a run's whole state on disk, written in the background, and read again bit for bit."""

import json
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal

import jax

from jaxdl.random import TorchGenerator
from jaxdl.train.checkpoint.identity import Identity, difference, first_difference, signature_of
from jaxdl.train.checkpoint.saved import FORMAT, CheckpointError, Saved
from jaxdl.train.checkpoint.storage import Storage, reason_of
from jaxdl.train.placement import Placement
from jaxdl.train.program import Program, State
from jaxdl.train.run import Run


@dataclass(frozen=True)
class Checkpoints:
    """When checkpoints are written and which are kept. One is always written at the end of a run, and on Ctrl-C.

    Args:
        every_seconds: after so many seconds, at the end of a device call; None: not by the clock.
        every_steps: after so many steps.
        every_epochs: after so many epochs.
        keep: how many of the newest are kept, at least 1.
        best: a metric of the epochs' records, such as 'test_loss': whenever it is better than ever after an epoch, a
            checkpoint is written, and the best one is kept beside the newest.
        mode: whether a smaller ('min') or a larger ('max') one is better.

    Raises:
        TypeError: a number that is none, or not a whole one.
        ValueError: a number below 1 (seconds below 0), or another mode.

    >>> Checkpoints(every_epochs=1, best="test_accuracy", mode="max").keep
    2
    """

    every_seconds: float | None = 60.0
    every_steps: int | None = None
    every_epochs: int | None = None
    keep: int = 2
    best: str | None = None
    mode: str = "min"

    def __post_init__(self) -> None:
        for name, least in (("every_seconds", 0), ("every_steps", 1), ("every_epochs", 1), ("keep", 1)):
            value: Any = getattr(self, name)
            if value is None and name != "keep":
                continue
            kind, words = (Real, "a number") if name == "every_seconds" else (Integral, "an integer")
            known = isinstance(value, kind) and not isinstance(value, bool)
            if not known:
                raise TypeError(f"Checkpoints: {name} must be {words}, given {value!r}")
            if not value >= least:
                raise ValueError(f"Checkpoints: {name} must be at least {least}, given {value}")
        if self.mode not in ("min", "max"):
            raise ValueError(f"Checkpoints: mode must be 'min' or 'max', given {self.mode!r}")

    def better(self, new: float, old: float | None) -> bool:
        """Whether a metric is better than the best so far; NaN never is."""
        if math.isnan(new):
            return False
        return old is None or (new < old if self.mode == "min" else new > old)


class Keeper:
    """Writes the checkpoints of one run, and reads one.

    Args:
        run: the run.
        folder: of its checkpoints.
        settings: when to write, what to keep.
        identity: what the run is, for later ones that resume it.
        remembered: what else to write, when asked: the callbacks' memories and the like, as JSON can hold it.
    """

    def __init__(self, run: Run, folder: Path, settings: Checkpoints, identity: Identity, remembered: Any) -> None:
        self._run, self._settings, self._identity, self._remembered = run, settings, identity, remembered
        self.saved = Saved(folder.resolve())
        self.saved.folder.mkdir(parents=True, exist_ok=True)
        self._first = jax.process_index() == 0
        self._written_at = time.monotonic()
        self._newest: int | None = None
        self.best: tuple[int, float] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None
        self._storage = Storage(self.saved.folder)

    def steps_until_due(self) -> int:
        """How many steps the next call may hold."""
        every = self._settings.every_steps
        return every - self._run.step % every if every else 2**31

    def due(self) -> bool:
        """Whether a checkpoint should be written in the middle of an epoch, now."""
        settings, run = self._settings, self._run
        self._raise_failure(wait=False)
        if run.batch >= len(run.source):
            return False  # the end of the epoch writes it
        by_clock = settings.every_seconds is not None and jax.process_count() == 1
        if by_clock and time.monotonic() - self._written_at >= (settings.every_seconds or 0):
            return self._writing is None or self._writing.done()
        return settings.every_steps is not None and run.step % settings.every_steps == 0

    def epoch_ended(self, record: dict[str, float]) -> bool:
        """Whether a checkpoint should be written after an epoch with this record."""
        settings, run = self._settings, self._run
        if settings.best is not None:
            if settings.best not in record:
                raise ValueError(f"Checkpoints: best must be one of {', '.join(record)}, given {settings.best!r}")
            value = float(record[settings.best])
            if settings.better(value, self.best[1] if self.best else None):
                self.best = run.step, value
                return True
        if settings.every_epochs is not None and run.epoch % settings.every_epochs == 0:
            return True
        if settings.every_steps is not None and run.step % settings.every_steps == 0:
            return True
        passed = time.monotonic() - self._written_at
        return settings.every_seconds is not None and jax.process_count() == 1 and passed >= settings.every_seconds

    def save(self) -> None:
        """Write a checkpoint; returns when the state has been copied, the rest happens in the background.

        Raises:
            CheckpointError: the one before could not be written.
        """
        run = self._run
        self._raise_failure(wait=True)
        if self._newest == run.step:
            return
        record = {
            "format": FORMAT,
            "step": run.step,
            "epoch": run.epoch,
            "batch": run.batch,
            "stopped": run.stopped,
            "epochs": run.history.epochs,
            "measures": list(run.history.steps),
            "best": self.best,
            "best_of": [self._settings.best, self._settings.mode],
            "tensors": signature_of(run.state),
            "identity": self._identity.describe(),
            "remembered": self._remembered(),
        }
        self._written_at, self._newest = time.monotonic(), run.step
        if self._first and run.step in self.saved.steps():
            self.saved.remove(run.step)
        # As it is now: what the run appends meanwhile is not of this checkpoint.
        self._writing = self._write(run.step, json.loads(json.dumps(record)))

    def _write(self, step: int, record: dict[str, Any]) -> Future[None]:
        def finish() -> None:
            self._storage.wait()
            if self._first:
                self.saved.commit(step, record)
                self._prune()

        try:
            self._storage.write(self.saved.place(step), self._run.state, self._run.history.steps)
        except Exception as error:
            raise self._unwritten(step, error) from error
        return self._pool.submit(finish)

    def _prune(self) -> None:
        steps = self.saved.steps()
        kept = {*steps[-self._settings.keep :], self.best[0] if self.best else -1}
        for step in steps:
            if step not in kept:
                self.saved.remove(step)

    def _raise_failure(self, wait: bool) -> None:
        if self._writing is None or not (wait or self._writing.done()):
            return
        writing, self._writing = self._writing, None
        error = writing.exception()
        if error is not None:
            raise self._unwritten(self._newest or 0, error) from error

    def _unwritten(self, step: int, error: BaseException) -> CheckpointError:
        self._newest = None
        good = [found for found in self.saved.steps() if found != step]
        last = (
            f"the last good one is that of step {good[-1]}, {self.saved.place(good[-1])}" if good else "none was before"
        )
        return CheckpointError(
            f"the checkpoint of step {step} could not be written into {self.saved.folder} ({reason_of(error)}); {last}"
        )

    def last_good(self) -> str:
        """Which checkpoint is the last good one, to follow another sentence; what is being written is waited for."""
        self._raise_failure(wait=True)
        good = self.saved.steps()
        if not good:
            return "; there is no checkpoint yet"
        return f"; the last good checkpoint is that of step {good[-1]}, {self.saved.place(good[-1])}"

    def finish(self) -> None:
        """Wait until the last checkpoint is on disk.

        Raises:
            CheckpointError: it could not be written.
        """
        try:
            self._raise_failure(wait=True)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=True)
        self._storage.close()

    def restore(self, wanted: int | None) -> dict[str, Any]:
        """Put the run where a checkpoint left it: the newest, or that of a step; what it says of itself.

        Raises:
            CheckpointError: there is none, it is damaged, or it is one of another model, program, data or
                configuration.
        """
        step, record = self.saved.choose(wanted)
        other = difference(record, signature_of(self._run.state), self._identity)
        if other is not None:
            raise CheckpointError(f"the checkpoint of step {step} in {self.saved.folder} is of {other}")
        self._reach(step, record)
        self._read(step, record)
        if record["best"] and record["best_of"] == [self._settings.best, self._settings.mode]:
            self.best = tuple(record["best"])
        self._newest = step
        return record

    def _reach(self, step: int, record: dict[str, Any]) -> None:
        begun = record["epoch"] + (record["batch"] > 0)
        if begun > self._run.epochs:
            raise CheckpointError(
                f"the checkpoint of step {step} in {self.saved.folder} stands in epoch {begun}, and epochs="
                f"{self._run.epochs} would end before it; give at least {begun}, or the step of an earlier checkpoint"
            )

    def _read(self, step: int, record: dict[str, Any]) -> None:
        run = self._run
        try:
            run.state, steps = self._storage.read(self.saved.place(step), run.state, record["measures"], run.placement)
        except Exception as error:
            raise CheckpointError(
                f"the checkpoint of step {step} in {self.saved.folder} cannot be read: {reason_of(error)}"
            ) from error
        run.history.add_steps(steps)
        for epoch in record["epochs"]:
            run.history.add_epoch(epoch)
        run.epoch, run.batch, run.stopped = record["epoch"], record["batch"], record["stopped"]


def restore(directory: str | Path, program: Program, step: int | Literal["best"] | None = None) -> State:
    """The state that a checkpoint of `fit(..., directory=...)` holds, on one device, whatever wrote it.

    Args:
        directory: the run's.
        program: one whose states have the same arrays.
        step: of the checkpoint; None is the newest, 'best' the one that `Checkpoints(best=...)` kept.

    Raises:
        CheckpointError: there is none, it is damaged, or its arrays are not those of the program's states.

    >>> import tempfile
    >>> import numpy as np
    >>> from jaxdl import data, functional, nn, optim, train
    >>> program = train.supervised(lambda rngs: nn.Linear(1, 1, rngs=rngs), functional.mse_loss, optim.sgd(0.1))
    >>> x = np.ones((8, 1), np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     state, _ = train.fit(program, data.ArraySource((x, x), 4), epochs=2, directory=folder, progress=False)
    ...     again = train.restore(folder, program)
    >>> bool(again.params["weight"] == state.params["weight"]), int(again.step)
    (True, 4)
    """
    saved = Saved((Path(directory) / "checkpoints").resolve())
    number, record = saved.choose(None if step == "best" else step)
    if step == "best":
        if record["best"] is None:
            raise CheckpointError(
                f"no checkpoint in {saved.folder} is the best of its run; fit(..., checkpoints=train.Checkpoints("
                "best='test_loss')) keeps one"
            )
        number, record = saved.choose(record["best"][0])
    template = program.init(TorchGenerator(0))
    if record["tensors"] != signature_of(template):
        different = first_difference(record["tensors"], signature_of(template))
        raise CheckpointError(f"the checkpoint of step {number} in {saved.folder} is of another model: {different}")
    storage = Storage(saved.folder)
    try:
        return storage.read(saved.place(number), template, record["measures"], Placement())[0]
    except Exception as error:
        raise CheckpointError(
            f"the checkpoint of step {number} in {saved.folder} cannot be read: {reason_of(error)}"
        ) from error
    finally:
        storage.close()
