"""How far a sweep is, on stderr: nothing in the first seconds, then a bar, or a line now and then."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console

if TYPE_CHECKING:  # before a bar is drawn nobody waits for it: the slowest import of jaxdl's own
    from rich.progress import Progress

SECONDS_OF_SILENCE = 2.0
SECONDS_BETWEEN_LINES = 2.0


class SweepDisplay:
    """A sweep's progress in steps of all its runs."""

    def __init__(self, total: int, show: bool) -> None:
        self._total, self._show = total, show
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._started = time.monotonic()
        self._next = self._started + SECONDS_OF_SILENCE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, loss: float) -> None:
        """So many steps are done, and this is the newest loss."""
        now = time.monotonic()
        if not self._show or now < self._next:
            return
        note = f"{done / max(now - self._started, 1e-9):,.0f} steps/s  loss {loss:.4g}"
        if not self._console.is_terminal:
            self._next = now + SECONDS_BETWEEN_LINES
            print(f"sweep  step {done}/{self._total} of all runs  {note}", file=sys.stderr, flush=True)
            return
        if self._bar is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("sweep"), BarColumn(), MofNCompleteColumn(), TextColumn("steps  {task.fields[note]}"))
            self._bar = Progress(*columns, TimeRemainingColumn(), console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total, note="")
        self._bar.update(self._task, completed=done, note=note)
