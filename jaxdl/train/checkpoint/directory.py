"""A run's directory: its history as it grows, its checkpoints, and that nobody else writes there."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Self

import jax

from jaxdl.train.callbacks.callback import Callback
from jaxdl.train.calls import Calls
from jaxdl.train.checkpoint.identity import Identity
from jaxdl.train.checkpoint.integrity import Lock
from jaxdl.train.checkpoint.keeper import Checkpoints, Keeper
from jaxdl.train.checkpoint.saved import CheckpointError
from jaxdl.train.run import Run


class Directory:
    """Where a run leaves what it makes: `history.jsonl`, `checkpoints/`.

    Raises:
        ValueError: a name that Orbax cannot use.
        DirectoryInUseError: another run writes there.
        OSError: it cannot be made.
    """

    def __init__(
        self,
        run: Run,
        path: Path,
        checkpoints: Checkpoints | None,
        config: Mapping[str, Any] | None,
        callbacks: Sequence[Callback],
        calls: Calls,
    ) -> None:
        self.path = path = path.absolute()  # wherever a callback may go
        self._run, self._callbacks, self._calls = run, callbacks, calls
        _require_plain(path.resolve())
        self._first = jax.process_index() == 0
        self._lock = Lock(path) if self._first else None
        try:
            identity = Identity(run, config)
            self._keeper = Keeper(run, path / "checkpoints", checkpoints or Checkpoints(), identity, self._remembered)
        except BaseException:
            self._release()
            raise
        self._written = self._epochs = 0
        self._begun = False

    def _remembered(self) -> dict[str, Any]:
        return {
            "looped": self._calls.looped,
            "callbacks": [[type(callback).__name__, callback.state_dict()] for callback in self._remembering()],
        }

    def _remembering(self) -> list[Callback]:
        """The callbacks that have something to remember; others may come and go."""
        return [callback for callback in self._callbacks if callback.state_dict()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        try:
            self._keeper.close()
            if self._begun:
                with suppress(CheckpointError) if kind is not None else nullcontext():  # the first error counts
                    self.write_history()
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def begin(self, resume: bool | int | str) -> None:
        """Go on from a checkpoint, or see that there is none that a new run would overwrite.

        Raises:
            CheckpointError: there is none to go on from, or it cannot be used.
            ValueError: there is one, and nobody asked to go on from it.
        """
        saved = self._keeper.saved
        if self._first:
            saved.clear_unfinished()
        _together("cleared")
        steps = saved.steps()
        if resume is False or (resume == "auto" and not steps):
            if steps:
                raise CheckpointError(
                    f"{self.path} holds the checkpoints of an earlier run, up to step {steps[-1]}: resume=True "
                    "(--resume) goes on from there; a new run needs another directory, or an empty one"
                )
        else:
            wanted = None if resume is True or resume == "auto" else int(resume)
            self._remember(self._keeper.restore(wanted))
            if self._first and wanted is not None:
                saved.set_aside_after(wanted)
        if self._first:  # as it was at the checkpoint: what a killed run wrote after it comes again
            (self.path / "history.jsonl").write_text("", encoding="utf-8")
        _together("begun")
        self._begun = True
        self.write_history()

    def _remember(self, record: Mapping[str, Any]) -> None:
        memories = record["remembered"]["callbacks"]
        callbacks = self._remembering()
        there, here = [name for name, _ in memories], [type(callback).__name__ for callback in callbacks]
        if there != here:
            raise CheckpointError(
                f"the checkpoint of step {record['step']} in {self.path} was written with callbacks {there}, and here "
                f"are {here}; a resumed run needs those that remember something, in the same order"
            )
        for callback, (_, memory) in zip(callbacks, memories, strict=True):
            try:
                callback.load_state_dict(memory)
            except (ValueError, TypeError, KeyError) as error:
                raise CheckpointError(
                    f"the checkpoint of step {record['step']} in {self.path} cannot be gone on from: {error}"
                ) from error
        if self._calls.looped is None:
            self._calls.looped = record["remembered"]["looped"]

    def write_history(self) -> None:
        """Append what is new: steps, and epochs that are over."""
        history = self._run.history
        lines = [*history.step_lines(self._written), *history.epochs[self._epochs :]]
        if self._first and lines:
            text = "".join(json.dumps(line) + "\n" for line in lines)
            file = self.path / "history.jsonl"
            whole = file.stat().st_size if file.exists() else 0
            try:
                with file.open("a", encoding="utf-8") as stream:
                    stream.write(text)
            except OSError as error:
                with suppress(OSError):
                    os.truncate(file, whole)  # no half line, which a later one would follow
                good = self._keeper.saved.steps()
                last = f"the last good checkpoint is that of step {good[-1]}" if good else "there is no checkpoint yet"
                raise CheckpointError(
                    f"the history could not be written to {file} ({error.strerror}); {last}"
                ) from error
        self._written, self._epochs = len(history), len(history.epochs)

    def steps_until_due(self) -> int:
        """How many steps the next device call may hold."""
        return self._keeper.steps_until_due()

    def due(self) -> bool:
        """Whether a checkpoint should be written now."""
        return self._keeper.due()

    def epoch_ended(self, record: dict[str, float]) -> bool:
        """Whether a checkpoint should be written after this epoch."""
        self.write_history()
        return self._keeper.epoch_ended(record)

    def last_good(self) -> str:
        """Which checkpoint is the last good one, to follow another sentence."""
        return self._keeper.last_good()

    def save(self) -> None:
        """Write a checkpoint."""
        self.write_history()
        self._keeper.save()

    def end(self) -> None:
        """Write the last checkpoint, and wait until it is on disk."""
        self.save()
        self._keeper.finish()


def _require_plain(path: Path) -> None:
    """Orbax takes `[*?` in a path for a pattern, a backslash for `/`, and would write what it cannot read."""
    strange = [character for character in str(path) if character in "[*?\\" or "\ud800" <= character <= "\udfff"]
    if strange:
        raise ValueError(
            f"a run's directory must have a path without {' or '.join(map(repr, dict.fromkeys(strange)))}, given "
            f"{str(path)!r}; another directory (--out) would do"
        )


def _together(moment: str) -> None:
    """Every process of a run waits for the others here: what one of them does to the directory all then see."""
    if jax.process_count() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(f"jaxdl: directory {moment}")
