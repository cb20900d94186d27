"""How far a run is: a bar on a terminal, a line now and then elsewhere, from numbers that are there already."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 2.0
SECONDS_BETWEEN_LOOKS = 0.1


class Display:
    """A run's progress on stderr."""

    def __init__(self, epochs: int, steps: int, show: bool) -> None:
        self._epochs, self._steps, self._show = epochs, steps, show
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._started = self._looked = self._printed = time.monotonic()

    def __enter__(self) -> Self:
        if self._show and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("steps  {task.fields[note]}"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("compiling", total=self._epochs * self._steps, note="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def wants_look(self) -> bool:
        """Whether enough time has passed for another look at the newest loss that is ready."""
        now = time.monotonic()
        if now - self._looked < SECONDS_BETWEEN_LOOKS:
            return False
        self._looked = now
        return True

    def show(self, epoch: int, step: int, loss: float) -> None:
        """Show the loss of `step` (counted over the whole run)."""
        note = f"loss {loss:.4g}"
        if self._bar is not None:
            self._bar.update(self._task, completed=step + 1, description=f"epoch {epoch + 1}/{self._epochs}", note=note)
        elif self._show and time.monotonic() - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = time.monotonic()
            rate = (step + 1) / (self._printed - self._started)
            print(
                f"epoch {epoch + 1}/{self._epochs}  step {step + 1}/{self._epochs * self._steps}  {note}  "
                f"{rate:.0f} steps/s",
                file=sys.stderr,
                flush=True,
            )
