"""How far a run is: a bar on a terminal, a line now and then elsewhere, from numbers that are there already."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console

from jaxdl.train.run import Run

if TYPE_CHECKING:  # only where a bar is drawn
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 2.0
SECONDS_BETWEEN_LOOKS = 0.1


class Display:
    """A run's progress on stderr."""

    def __init__(self, run: Run, show: bool) -> None:
        self._run, self._show = run, show
        self._begun_at = run.step
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._started = self._looked = self._printed = time.monotonic()

    def __enter__(self) -> Self:
        if self._show and self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
            total = self._run.epochs * len(self._run.source)
            self._task = self._bar.add_task("compiling", total=total, completed=self._begun_at, note="")
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

    def show(self, steps: int, loss: float) -> None:
        """Show the loss after so many steps of the run."""
        now, length = time.monotonic(), len(self._run.source)
        epoch = f"epoch {(steps - 1) // length + 1}/{self._run.epochs}"
        rate = (steps - self._begun_at) / max(now - self._started, 1e-9)
        note = f"{rate:,.0f} steps/s  loss {loss:.4g}"
        if self._bar is not None:
            self._bar.update(self._task, completed=steps, description=epoch, note=note)
        elif self._show and now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            print(f"{epoch}  step {steps}/{self._run.epochs * length}  {note}", file=sys.stderr, flush=True)
