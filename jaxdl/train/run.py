"""A run under way: what the loop, its callbacks and its checkpoints share."""

from typing import NamedTuple

import jax
import numpy as np

from jaxdl.data import Source
from jaxdl.random import TorchGenerator
from jaxdl.train.history import History
from jaxdl.train.placement import Placement
from jaxdl.train.program import Metrics, Program, State


class Measured(NamedTuple):
    """What a device call measured: each metric of its steps, scalars or the beginning of an array."""

    metrics: Metrics
    steps: int

    @property
    def ready(self) -> bool:
        """Whether the numbers are there: reading them waits for nothing. (jax.Array's type lacks the method.)"""
        return all(bool(value.is_ready()) for value in self.metrics.values())  # type: ignore[attr-defined]

    def fetch(self) -> dict[str, np.ndarray]:
        """The numbers, `[steps]` each."""
        return {name: np.atleast_1d(np.asarray(value))[: self.steps] for name, value in self.metrics.items()}


class Run:
    """A run under way.

    Attributes:
        program, source, evaluation, epochs: as given to `fit`.
        state: as it is after the last device call; a callback may replace it by one of the same shapes and dtypes.
        history: the steps fetched and the epochs finished so far.
        epoch: of the next step, counted from 0.
        batch: of the next step within its epoch, counted from 0.
        stopped: why the run was stopped before its end; None while it goes on.
    """

    def __init__(
        self,
        program: Program,
        source: Source,
        evaluation: Source | None,
        epochs: int,
        generator: TorchGenerator,
        placement: Placement,
        state: State,
    ) -> None:
        self.program, self.source, self.evaluation, self.epochs = program, source, evaluation, epochs
        self.generator, self.placement = generator, placement
        self.state, self.history = state, History()
        self.epoch = self.batch = 0
        self.stopped: str | None = None
        self._pending: list[Measured] = []

    @property
    def step(self) -> int:
        """How many steps the run has made, those still under way on the device included."""
        return self.epoch * len(self.source) + self.batch

    @property
    def goes_on(self) -> bool:
        """Whether there are epochs left and nobody has stopped the run."""
        return self.stopped is None and self.epoch < self.epochs

    def stop(self, reason: str) -> None:
        """End the run after this device call, or after this epoch when it is asked for at its end."""
        self.stopped = reason

    def start_of(self, epoch: int) -> TorchGenerator:
        """The generator that an epoch's order begins from: a source skips its own draws of the epochs before; what
        the evaluations between them took is skipped here."""
        start = self.generator.clone()
        start.skip(epoch * self.evaluation.draws if self.evaluation is not None else 0)
        return start

    def place(self, step: int) -> str:
        """Where a step (counted from 0) stands, in words."""
        epoch, batch = divmod(step, len(self.source))
        return f"epoch {epoch + 1}, batch {batch + 1} of {len(self.source)}"

    def measured(self, measured: Measured) -> None:
        """Remember what a device call measures."""
        self._pending.append(measured)

    def newest_loss(self) -> tuple[int, float] | None:
        """The newest step (counted from 1) whose loss is there, and that loss; whatever is there is fetched."""
        ready = 0
        while ready < len(self._pending) and self._pending[ready].ready:
            ready += 1
        self._fetch(ready)
        steps = len(self.history)
        return (steps, self.history.last("loss")) if steps else None

    def fetch(self) -> int | None:
        """Wait for all that is under way; the first step since the run began (counted from 0) whose loss is NaN or
        infinite, if there is one."""
        jax.block_until_ready([measured.metrics for measured in self._pending])
        self._fetch(len(self._pending))
        return self.history.first_bad("loss")

    def _fetch(self, count: int) -> None:
        ready, self._pending = self._pending[:count], self._pending[count:]
        if ready:
            parts = [measured.fetch() for measured in ready]
            self.history.add_steps({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def discard_after(self, step: int) -> None:
        """Forget what was measured from this step (counted from 0) on."""
        self._pending.clear()
        self.history.cut(step)
