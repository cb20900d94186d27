"""What may look at a run and steer it: between device calls, never inside one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxdl.train.run import Run


class Callback:
    """Methods that `fit` calls between device calls; each does nothing until it is overridden.

    A callback reads `run` (its `state`, `history`, `epoch`, `step`), may put another state in its place
    (`run.state = run.state._replace(...)`, with the same shapes and dtypes) and may end it: `run.stop("why")`. A step
    consumes the state that it is given: one that is to be put back later is kept as a copy. What a callback remembers
    from epoch to epoch goes through `state_dict`, so that a resumed run goes on as the unbroken one would.

    >>> class EveryEpoch(Callback):
    ...     def epoch_ended(self, run, record):
    ...         print(run.epoch, record["loss"] < 10)
    """

    def start(self, run: Run) -> None:
        """The run begins, or goes on from a checkpoint."""

    def call_ended(self, run: Run) -> None:
        """A device call was handed to the device; its results may not be there yet: reading them would wait."""

    def epoch_ended(self, run: Run, record: dict[str, float]) -> None:
        """An epoch is over; `record` is its entry in the history and may be added to."""

    def finish(self, run: Run) -> None:
        """The run is over, whether it was completed, stopped or failed."""

    def state_dict(self) -> dict[str, Any]:
        """What it remembers, as JSON can hold it, from the beginning on; a resumed run needs it again."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Remember what `state_dict` gave."""
