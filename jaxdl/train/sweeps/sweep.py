"""Many runs at once: every combination of learning rates, seeds and other numbers, in one compiled program."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import Literal

from jaxdl.data import ArraySource, Source
from jaxdl.random import TorchGenerator
from jaxdl.train.contract import begun, require_source
from jaxdl.train.failure import OutOfMemoryError
from jaxdl.train.program import Program
from jaxdl.train.sweeps.beginnings import Beginnings
from jaxdl.train.sweeps.call import Trials
from jaxdl.train.sweeps.display import SweepDisplay
from jaxdl.train.sweeps.grid import SEED, Grid, Number, Values, arrays, grid, require_traceable
from jaxdl.train.sweeps.grouping import Plan, available_memory, chosen_together, planned
from jaxdl.train.sweeps.lockstep import Lockstep
from jaxdl.train.sweeps.orders import decided_by_run
from jaxdl.train.sweeps.result import Sweep


def sweep(
    program: Program | Callable[..., Program],
    source: ArraySource,
    over: Mapping[str, Iterable[Number]],
    epochs: int,
    *,
    evaluation: Source | None = None,
    progress: bool = True,
    together: int | None = None,
) -> Sweep:
    """Train every combination of some hyperparameters' values and seeds, several at a time.

    A run is what `fit(program(learning_rate=...), source, epochs, evaluation=evaluation, seed=...)` makes of it: its
    own parameters, order of batches and dropout, and equal to that to rounding. What it does not have: checkpoints,
    callbacks, and an end when a number is not finite; such a run goes on beside the others, and its row says so.

    The program is compiled once for all of them, with the hyperparameters as its arguments, and `jax.vmap` over runs.
    On an accelerator all go at once. On the CPU groups of up to eight do, one group a core, each kept in the core's own
    cache. All runs' states are in memory together.

    Args:
        program: a function of the swept hyperparameters (all but the seed) that returns a Program, e.g. `lambda
            learning_rate: train.supervised(Net, functional.cross_entropy, optim.adam(learning_rate))`; or a Program,
            where only seeds are swept. The numbers are traced: they may be used wherever arrays may, as an optimiser's
            numbers, a schedule's rate or a factor in a loss, but decide nothing in Python, as shapes do, and what is
            checked when a program is built: a schedule's `gamma` and `step_size`, `label_smoothing`.
        source: the training data, which all runs share on the device.
        over: by name a list of numbers, e.g. `{"learning_rate": [1e-3, 1e-2], "seed": range(8)}`. Without "seed" the
            seed is 0.
        epochs: times through the data, at least 1.
        evaluation: a source to evaluate on after each epoch; its batches stay on the device.
        progress: whether to show progress on stderr, after two seconds.
        together: how many runs share a device call; None chooses.

    Returns:
        A `Sweep`: `.table` has a row a run, `.losses` every step's, `.state(i)` a run's state; `print` shows it,
        `.save("table.csv")` keeps it, and `report.sweep_picture(sweep, "sweep.png")` draws it.

    Raises:
        TypeError: a source whose rows do not live on the device, a name that is no argument of `program`, values that
            are not numbers, a hyperparameter whose value has to be known when the program is compiled.
        ValueError: an empty list, a value that stands in it twice, epochs or together below 1, or what a part of the
            program refuses, such as a negative learning rate.
        OutOfMemoryError: the states of all runs need more memory than there is.

    >>> import numpy as np
    >>> from jaxdl import data, functional, nn, optim, train
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> def program(learning_rate):
    ...     model = lambda rngs: nn.Linear(1, 1, rngs=rngs)
    ...     return train.supervised(model, functional.mse_loss, optim.sgd(learning_rate))
    >>> source = data.ArraySource((x, 3 * x), batch_size=16, shuffle=True)
    >>> runs = train.sweep(program, source, {"learning_rate": [1e-3, 0.1], "seed": range(2)}, epochs=40)
    >>> runs, runs.best("loss", "min")["learning_rate"]
    (Sweep(4 runs: 2 learning_rate × 2 seed), 0.1)
    """
    made = prepared(program, source, over, epochs, evaluation=evaluation, together=together)
    began = time.perf_counter()
    with SweepDisplay(len(made.beginnings) * made.trials.steps, progress) as display:
        trained = made.lockstep.train(lambda: display.show(made.lockstep.done, made.lockstep.loss))
    seconds = made.seconds + time.perf_counter() - began
    return Sweep(made.runs, made.plan, trained, len(source), seconds=seconds, compile_seconds=made.compile_seconds)


class Prepared(NamedTuple):
    """A sweep that has been checked and compiled: `lockstep.train` trains it, from the beginning each time.

    `seconds`: what drawing the first states took; `compile_seconds`: tracing and compiling.
    """

    runs: Grid
    trials: Trials
    beginnings: Beginnings
    plan: Plan
    lockstep: Lockstep
    seconds: float
    compile_seconds: float


def prepared(
    program: Program | Callable[..., Program],
    source: ArraySource,
    over: Mapping[str, Iterable[Number]],
    epochs: int,
    *,
    evaluation: Source | None = None,
    together: int | None = None,
) -> Prepared:
    """What `sweep` does before it trains; arguments and errors are its."""
    runs = grid(program, over)
    trials = _trials(source, evaluation, epochs)
    if together is not None and (isinstance(together, bool) or not isinstance(together, int) or together < 1):
        raise ValueError(f"sweep: together must be at least 1, or None to choose, given {together!r}")
    clock = [time.perf_counter()]
    with _explained(runs, trials):
        trace = _traced(runs, trials)
        clock.append(time.perf_counter())
        beginnings = Beginnings(runs, trace.state_depends)
        _require_memory(beginnings)
        clock.append(time.perf_counter())
        plan = _plan(trials, beginnings, together or chosen_together(len(beginnings), trace.convolves))
        lockstep = Lockstep(runs, trials, beginnings, plan)
        lockstep.compile()
        clock.append(time.perf_counter())
    traced, drew, compiled = (end - begin for begin, end in itertools.pairwise(clock))
    return Prepared(runs, trials, beginnings, plan, lockstep, drew, traced + compiled)


def _trials(source: Any, evaluation: Source | None, epochs: int) -> Trials:
    """What all runs have in common, checked; the batches to test on are those of `train.evaluate`."""
    if not isinstance(source, ArraySource) or type(source).batches is not ArraySource.batches:
        raise TypeError(
            f"sweep: source must be a data.ArraySource, whose rows stay on the device and are shared by all runs, "
            f"given {type(source).__name__}; with another source, call train.fit for one run after the other"
        )
    if evaluation is not None:
        require_source("evaluation", evaluation, "draws")
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"sweep: epochs must be an integer, at least 1, given {epochs!r}")
    if evaluation is None:
        return Trials(source, [], 0, epochs)
    return Trials(source, list(evaluation.batches(0, TorchGenerator(0))), evaluation.draws, epochs)


def _consequence(runs: Grid, trials: Trials) -> Callable[[Values], Any]:
    """All that a program computes of its hyperparameters' values: a state, a step and an evaluation."""

    arrays = trials.source.resident(0, TorchGenerator(0)).arrays  # here: inside a trace they would not be numbers

    def consequence(values: Values) -> Any:
        program = runs.build(values)
        state = begun(program, TorchGenerator(int(runs.over[SEED][0])))
        batch = tuple(jnp.zeros((trials.source.batch_size, *array.shape[1:]), array.dtype) for array in arrays)
        tested = program.evaluate(state, jax.tree.map(jnp.zeros_like, trials.tests[0])) if trials.tests else {}
        return jax.tree.leaves(state), program.step(state, batch), tested

    return consequence


@contextmanager
def _explained(runs: Grid, trials: Trials) -> Iterator[None]:
    """Whatever fails because a hyperparameter's value is not known says which one it is."""
    try:
        yield
    except Exception:
        if runs.names:
            require_traceable(_consequence(runs, trials), runs.values(runs.rows[0]))
        raise


class _Trace(NamedTuple):
    """What one look at the program says: whether its first state depends on hyperparameters, whether it convolves."""

    state_depends: bool
    convolves: bool


def _traced(runs: Grid, trials: Trials) -> _Trace:
    values = arrays(runs.values(runs.rows[0]))
    jaxpr, shapes = jax.make_jaxpr(_consequence(runs, trials), return_shape=True)(values)
    reached = set(jaxpr.jaxpr.invars)
    for equation in jaxpr.jaxpr.eqns:
        if any(not isinstance(v, Literal) and v in reached for v in equation.invars):
            reached.update(equation.outvars)
    state = jaxpr.jaxpr.outvars[: len(shapes[0])]
    depends = any(not isinstance(v, Literal) and v in reached for v in state)
    return _Trace(depends, "conv_general_dilated[" in str(jaxpr))


def _plan(trials: Trials, beginnings: Beginnings, together: int) -> Plan:
    """Runs whose batches' order begins from one state of the generator visit their rows in one order."""
    drawn = decided_by_run(trials.source)
    return planned([beginnings.origin(run) if drawn else None for run in range(len(beginnings))], together)


def _require_memory(beginnings: Beginnings) -> None:
    one = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(beginnings[0].state))
    there = available_memory()
    if there is not None and one * len(beginnings) > there:
        raise OutOfMemoryError(
            f"sweep: {len(beginnings)} runs with a state of {one / 2**20:,.0f} MiB each need more than the "
            f"{there / 2**20:,.0f} MiB of memory that are free, activations not counted; sweep over fewer values at a "
            "time and add the tables"
        )
