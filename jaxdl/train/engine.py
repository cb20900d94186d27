"""The one training loop."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from types import FrameType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.data import Source
from jaxdl.random import TorchGenerator
from jaxdl.train.history import History
from jaxdl.train.program import Metrics, Program, State
from jaxdl.train.progress import Display

# Enough that the device never waits for the host, few enough that memory, Ctrl-C and the display keep up.
STEPS_IN_FLIGHT = 64


class NonFiniteLossError(FloatingPointError):
    """The loss became NaN or infinite; `step` is the step of the run, counted from 1, that made it so."""

    def __init__(self, step: int, loss: float, place: str, cause: str) -> None:
        super().__init__(f"the loss became {loss} at step {step} ({place}) and the run was stopped: {cause}")
        self.step = step


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; `state` and `history` are those after the last whole step."""

    def __init__(self, state: State, history: History) -> None:
        self.step = int(state.step)
        super().__init__(f"interrupted after step {self.step}")
        self.state, self.history = state, history


def fit(
    program: Program,
    source: Source,
    epochs: int,
    *,
    evaluation: Source | None = None,
    seed: int = 0,
    state: State | None = None,
    progress: bool = True,
) -> tuple[State, History]:
    """Train: `epochs` times through `source`, one compiled and donated `program.step` a batch.

    The seed is all that decides a run. As in a PyTorch script that begins with `torch.manual_seed(seed)`, the
    parameters are drawn first and the order of the batches continues from there.

    **Matches** the batches of such a script in PyTorch 2.13 that goes through its `DataLoader` of training data and
    then, with `evaluation`, once through that of test data, epoch by epoch: a loader that does not shuffle takes two
    draws from the default generator as well, which moves every later order.
    **Differs**: dropout's masks are drawn from a key of their own, where PyTorch's take draws between the orders.

    Args:
        program: what to train, e.g. from `train.supervised`.
        source: where batches come from, e.g. a `data.ArraySource`.
        epochs: times through the data, at least 1.
        evaluation: a source to evaluate on after each epoch, recorded as `test_...`.
        seed: as for `torch.manual_seed`.
        state: start from here instead of from drawn parameters; it is copied, not consumed.
        progress: whether to show progress on stderr.

    Returns:
        The trained state and the history.

    Raises:
        ValueError: epochs below 1.
        NonFiniteLossError: the loss became NaN or infinite; it names the step.
        Interrupted: Ctrl-C came; it holds state and history so far. (A second Ctrl-C stops at once.)

    An example stands at `train.supervised`.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, given {epochs}")
    generator = TorchGenerator(seed)
    drawn = program.init(generator)  # always: the batches' order starts where the parameters' draws end
    # A copy: the steps consume what they are given, and no two of its arrays may share memory.
    state = jax.tree.map(jnp.copy, drawn if state is None else state)
    history = History()
    with _deferred_interrupt() as interrupted, Display(epochs, len(source), progress) as display:
        for epoch in range(epochs):
            started = time.perf_counter()
            start = _after_evaluations(generator, epoch, evaluation)
            run = _Epoch(epoch, source, start, display)
            for batch in source.batches(epoch, start):
                state, metrics = program.compiled_step(state, batch)
                run.record(metrics)
                if interrupted():
                    break
            steps = run.fetch()
            record = {"epoch": epoch + 1, **{name: float(values.mean()) for name, values in steps.items()}}
            record["seconds"] = time.perf_counter() - started
            if evaluation is not None and not interrupted():
                record |= {f"test_{name}": value for name, value in evaluate(program, state, evaluation).items()}
            history.add_epoch(steps, record)
            if interrupted():
                raise Interrupted(state, history)
    return state, history


def _after_evaluations(generator: TorchGenerator, epoch: int, evaluation: Source | None) -> TorchGenerator:
    """The run's generator, less what the evaluations of the epochs before took; a source skips its own draws."""
    start = generator.clone()
    start.skip(epoch * evaluation.draws if evaluation is not None else 0)
    return start


def evaluate(program: Program, state: State, source: Source) -> dict[str, float]:
    """The program's metrics over a whole source: the mean over rows, whatever the batches' sizes.

    >>> import numpy as np
    >>> from jaxdl import data, functional, nn, optim, random, train
    >>> program = train.supervised(nn.Identity(), functional.mse_loss, optim.sgd(0.1))
    >>> state = program.init(random.TorchGenerator(0))
    >>> x = np.arange(3, dtype=np.float32)
    >>> train.evaluate(program, state, data.ArraySource((x, 0 * x), batch_size=2))["loss"]
    1.6666666666666667
    """
    rows, measured = [], []
    for batch in source.batches(0, TorchGenerator(0)):  # the order does not matter to a mean
        rows.append(len(batch[-1]))
        measured.append(program.compiled_evaluate(state, batch))
    return {name: float(np.average(values, weights=rows)) for name, values in _fetched(measured).items()}


class _Epoch:
    """The metrics of an epoch's steps: left on the device, looked at only where they are ready."""

    def __init__(self, epoch: int, source: Source, generator: TorchGenerator, display: Display) -> None:
        self._epoch, self._source, self._generator, self._display = epoch, source, generator, display
        self._metrics: list[Metrics] = []
        self._ready = 0

    def record(self, metrics: Metrics) -> None:
        self._metrics.append(metrics)
        if len(self._metrics) > STEPS_IN_FLIGHT:
            jax.block_until_ready(self._metrics[-STEPS_IN_FLIGHT]["loss"])
        if self._display.wants_look():
            self._look()

    def _look(self) -> None:
        while self._ready < len(self._metrics) and _is_ready(self._metrics[self._ready]["loss"]):
            self._ready += 1
        if self._ready:
            loss = float(jax.device_get(self._metrics[self._ready - 1]["loss"]))
            if not math.isfinite(loss):
                self.fetch()
            self._display.show(self._epoch, self._epoch * len(self._source) + self._ready - 1, loss)

    def fetch(self) -> dict[str, np.ndarray]:
        """Every metric of every step so far; raises for the first loss that is not finite."""
        steps = _fetched(self._metrics)
        bad = np.flatnonzero(~np.isfinite(steps.get("loss", np.empty(0))))
        if len(bad):
            index = int(bad[0])
            place = f"epoch {self._epoch + 1}, batch {index + 1} of {len(self._source)}"
            step = self._epoch * len(self._source) + index + 1
            raise NonFiniteLossError(step, float(steps["loss"][index]), place, self._cause(index))
        return steps

    def _cause(self, index: int) -> str:
        batch = next(islice(self._source.batches(self._epoch, self._generator), index, None))
        bad = [number for number, array in enumerate(batch) if not np.isfinite(jax.device_get(array)).all()]
        if bad:
            return f"that batch holds NaN or infinity in its array {', '.join(map(str, bad))} (counted from 0)"
        return "that batch is finite, so the parameters had grown too large; a smaller learning rate may help"


def _is_ready(array: Any) -> bool:
    """Whether an array's numbers are there: reading them waits for nothing. (jax.Array's type lacks the method.)"""
    return bool(array.is_ready())


def _fetched(measured: list[Metrics]) -> dict[str, np.ndarray]:
    # One array at a time once all are ready: jax.device_get takes 20 times as long over many scalars (37 against 1.7
    # µs each).
    jax.block_until_ready(measured)
    return {
        name: np.array([np.asarray(metrics[name]) for metrics in measured])
        for name in (measured[0] if measured else {})
    }


@contextmanager
def _deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Ctrl-C sets a flag that the loop reads between steps, since a step consumes the state that it is given."""
    pressed = threading.Event()

    def note(signum: int, frame: FrameType | None) -> Any:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    replaceable = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not replaceable:
        yield pressed.is_set
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
