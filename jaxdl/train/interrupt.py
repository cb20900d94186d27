"""Ctrl-C in the middle of a run."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from jaxdl.train.history import History
from jaxdl.train.program import State


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or SIGTERM; `state` and `history` are those after the last whole step."""

    def __init__(self, state: State, history: History, step: int, saved: Path | None) -> None:
        kept = f"; resume=True (--resume) goes on from {saved}" if saved is not None else ""
        super().__init__(f"interrupted after step {step}{kept}")
        self.state, self.history, self.step, self.saved = state, history, step, saved


@contextmanager
def deferred_interrupt(also_term: bool) -> Iterator[Callable[[], bool]]:
    """Ctrl-C sets a flag that the loop reads between calls, since a step consumes the state that it is given.

    A cluster that wants its machine back sends SIGTERM: with a directory to write into, that is a Ctrl-C.
    """
    pressed = threading.Event()

    def note(signum: int, frame: FrameType | None) -> Any:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    ours = {signal.SIGINT: signal.default_int_handler}
    if also_term:
        ours[signal.SIGTERM] = signal.SIG_DFL  # type: ignore[assignment]
    if threading.current_thread() is not threading.main_thread():
        ours = {}
    ours = {number: handler for number, handler in ours.items() if signal.getsignal(number) is handler}
    for number in ours:
        signal.signal(number, note)
    try:
        yield pressed.is_set
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
