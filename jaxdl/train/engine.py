"""The one training loop."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
from jax.sharding import Mesh

from jaxdl.data import Source
from jaxdl.random import TorchGenerator
from jaxdl.train.callbacks.callback import Callback
from jaxdl.train.calls import Calls
from jaxdl.train.checkpoint import Checkpoints, Directory
from jaxdl.train.contract import (
    begun,
    require_callbacks,
    require_count,
    require_in_place,
    require_like_drawn,
    require_program,
    require_scalars,
    require_source,
)
from jaxdl.train.failure import Snapshots, memory_explained
from jaxdl.train.history import History
from jaxdl.train.interrupt import Interrupted, deferred_interrupt
from jaxdl.train.placement import Placement
from jaxdl.train.program import Program, State
from jaxdl.train.progress import Display
from jaxdl.train.run import Run


def fit(
    program: Program,
    source: Source,
    epochs: int,
    *,
    evaluation: Source | None = None,
    seed: int = 0,
    state: State | None = None,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    steps_per_call: int | None = None,
    directory: str | Path | None = None,
    checkpoints: Checkpoints | None = None,
    resume: bool | int | Literal["auto"] = False,
    config: Mapping[str, Any] | None = None,
    mesh: Mesh | None = None,
) -> tuple[State, History]:
    """Train: `epochs` times through `source`, compiled and donated steps.

    The seed is all that decides a run. As in a PyTorch script that begins with `torch.manual_seed(seed)`, the
    parameters are drawn first and the order of the batches continues from there. How many steps share a device call,
    how often a checkpoint is written, whether the run was killed and resumed: none of it changes a number.

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
        callbacks: called between device calls and after each epoch.
        steps_per_call: how many steps share a device call: 1, or more for a loop on the device; None chooses, by a rule
            that docs/training.md defends, and then measures how many fill a twentieth of a second.
        directory: where the run leaves its history (`history.jsonl`, as it goes) and its checkpoints; None: nowhere.
        checkpoints: when they are written and which are kept; None: every minute, the last two.
        resume: go on from the newest checkpoint of the directory, or from that of a step; 'auto' begins anew where
            there is none. More `epochs` than before prolong a run.
        config: settings that decide the run, as JSON can hold them; a checkpoint of others is refused.
        mesh: devices to share the work, with axes 'data' (rows of a batch) and 'fsdp' (rows, and parts of the state);
            docs/scaling.md.

    Returns:
        The trained state and the history.

    Raises:
        TypeError: an argument of another kind, a callback that puts something else in `run.state`, or a step that does
            not give back the state's form and the metrics that `Program` asks for.
        ValueError: epochs or steps_per_call below 1, another `resume`, a source whose epochs have another number of
            batches than its `len()`, a given state of another form, one that a callback puts back after it was used up,
            a directory that holds checkpoints of an earlier run, or one whose name Orbax cannot use.
        NonFiniteLossError: a number became NaN or infinite; it names the step and the first tensor that held it.
        OutOfMemoryError: the device has too little memory; the sentence says what would need less.
        CheckpointError: a checkpoint could not be written, or not be resumed from; it names the last good one.
        DirectoryInUseError: another run writes into the directory.
        Interrupted: Ctrl-C came; it holds state and history so far. (A second Ctrl-C stops at once.)

    Warns:
        RecompilationWarning: a step was compiled again because a batch had another shape.

    An example stands at `train.supervised`.
    """
    require_program(program)
    require_source("source", source)
    if evaluation is not None:
        require_source("evaluation", evaluation, "draws")
    require_count("epochs", epochs)
    require_callbacks(callbacks)
    if directory is None and (resume or checkpoints is not None):
        raise ValueError("checkpoints and resume need directory=..., where they are kept")
    if (isinstance(resume, str) and resume != "auto") or not isinstance(resume, (bool, Integral, str)):
        raise ValueError(f"resume must be True, False, 'auto' or the step of a checkpoint, given {resume!r}")
    placement, generator = Placement(mesh), TorchGenerator(seed)
    drawn = begun(program, generator)  # always: the batches' order starts where the parameters' draws end
    if state is not None:
        require_like_drawn(state, drawn)
    first = placement.put_state(drawn if state is None else state)
    run = Run(program, source, evaluation, epochs, generator, placement, first)
    calls = Calls(run, steps_per_call)
    with ExitStack() as stack:
        interrupted = stack.enter_context(deferred_interrupt(also_term=directory is not None))
        kept = None
        if directory is not None:
            kept = stack.enter_context(Directory(run, Path(directory), checkpoints, config, callbacks, calls))
            kept.begin(resume)
        display = stack.enter_context(Display(run, progress and jax.process_index() == 0))
        loop = _Loop(run, calls, callbacks, display, kept, interrupted)
        stack.enter_context(_finishing(callbacks, run))
        for callback in callbacks:
            callback.start(run)
        with memory_explained(run):
            while run.goes_on:
                loop.epoch()
        if kept is not None:
            kept.end()
    return run.state, run.history


class _Loop:
    """What happens in an epoch, call by call."""

    def __init__(
        self,
        run: Run,
        calls: Calls,
        callbacks: Sequence[Callback],
        display: Display,
        kept: Directory | None,
        interrupted: Callable[[], bool],
    ) -> None:
        self._run, self._calls, self._callbacks, self._display = run, calls, callbacks, display
        self._kept, self._interrupted = kept, interrupted
        self._snapshots = Snapshots(run, kept.last_good if kept is not None else str)

    def epoch(self) -> None:
        """The rest of the run's epoch: its steps, its evaluation, its record."""
        run, began, length = self._run, time.perf_counter(), len(self._run.source)
        first = run.epoch * length
        until_due = self._kept.steps_until_due if self._kept else lambda: 2**31
        for measured in self._calls.epoch(run.start_of(run.epoch), until_due):
            run.measured(measured)
            for callback in self._callbacks:
                self._steered(callback.call_ended)
            if self._display.wants_look():
                self._look()
            if self._kept is not None and self._kept.due():
                self._save()
            if self._interrupted() or run.stopped is not None:
                break
        self._sound()
        if self._interrupted():
            raise self._interruption()
        if run.stopped is None or run.batch >= length:
            self._end_epoch(first, began)

    def _end_epoch(self, first: int, began: float) -> None:
        run = self._run
        record = {"epoch": run.epoch + 1, **run.history.means(first), "seconds": time.perf_counter() - began}
        if run.evaluation is not None:
            record |= {f"test_{k}": v for k, v in evaluate(run.program, run.state, run.evaluation).items()}
        for callback in self._callbacks:
            self._steered(callback.epoch_ended, record)
        run.history.add_epoch(record)
        run.epoch, run.batch = run.epoch + 1, 0
        if self._kept is not None and self._kept.epoch_ended(record):
            self._save()
        self._snapshots.look(last=not run.goes_on)

    def _steered(self, hook: Any, *arguments: Any) -> None:
        """A callback; where it put another state in place, the search for a bad number must not begin before it."""
        before = self._run.state
        name = type(hook.__self__).__name__
        try:
            hook(self._run, *arguments)
        except OSError as error:
            last = self._kept.last_good() if self._kept is not None else ""
            raise OSError(f"{name} could not read or write a file ({error}){last}") from error
        if self._run.state is not before:
            require_in_place(hook.__self__, before, self._run.state)
            self._snapshots.renew(name)

    def _look(self) -> None:
        newest = self._run.newest_loss()
        if newest is None:
            return
        step, loss = newest
        if not np.isfinite(loss):
            self._sound()
        self._display.show(step, loss)
        if self._kept is not None:
            self._kept.write_history()

    def _sound(self) -> None:
        """Wait for all steps; raise for the first that is not finite."""
        bad = self._run.fetch()
        if bad is not None:
            raise self._snapshots.explain(bad + 1)

    def _save(self) -> None:
        assert self._kept is not None
        self._sound()
        self._snapshots.check()
        self._kept.save()

    def _interruption(self) -> Interrupted:
        run = self._run
        if self._kept is None:
            return Interrupted(run.state, run.history, run.step, None)
        self._save()
        self._kept.end()
        return Interrupted(run.state, run.history, run.step, self._kept.path)


def evaluate(program: Program, state: State, source: Source) -> dict[str, float]:
    """The program's metrics over a whole source: the mean over rows, whatever the batches' sizes.

    Raises:
        TypeError: not a program, not a source, or metrics that are no scalars.
        ValueError: a source without batches.

    >>> import numpy as np
    >>> from jaxdl import data, functional, nn, optim, random, train
    >>> program = train.supervised(nn.Identity(), functional.mse_loss, optim.sgd(0.1))
    >>> state = program.init(random.TorchGenerator(0))
    >>> x = np.arange(3, dtype=np.float32)
    >>> train.evaluate(program, state, data.ArraySource((x, 0 * x), batch_size=2))["loss"]
    1.6666666666666667
    """
    require_program(program)
    require_source("source", source)
    mesh = _mesh_of(state)
    placement = Placement(mesh)
    rows, measured = [], []
    for batch in source.batches(0, TorchGenerator(0)):  # the order does not matter to a mean
        leaves = jax.tree.leaves(batch)
        rows.append(len(leaves[-1]) if leaves else 1)
        measured.append(program.compiled_evaluate(state, batch if mesh is None else placement.put_batch(batch)))
        require_scalars("an evaluation", measured[-1])
    # One array at a time once all are ready: jax.device_get takes 20 times as long over many scalars (37 against 1.7
    # µs each).
    jax.block_until_ready(measured)
    names = measured[0] if measured else {}
    return {name: float(np.average([np.asarray(m[name]) for m in measured], weights=rows)) for name in names}


def _mesh_of(state: State) -> Mesh | None:
    sharding = getattr(state.step, "sharding", None)
    mesh = sharding.mesh if isinstance(sharding, jax.sharding.NamedSharding) else None
    return mesh if isinstance(mesh, Mesh) else None


@contextmanager
def _finishing(callbacks: Sequence[Callback], run: Run) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for callback in callbacks:
            with suppress(Exception):  # the first error counts
                callback.finish(run)
        raise
    for callback in callbacks:
        callback.finish(run)
