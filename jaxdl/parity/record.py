"""What a training run shows on the way, rung by rung: the same record from either framework."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from jaxdl import optim, train
from jaxdl.data import ArraySource, Batch
from jaxdl.random import TorchGenerator

STEPS = 200  # in which a difference of meaning shows itself

Tensors = dict[str, np.ndarray]


@dataclass
class Record:
    """Tensors by rung and name.

    The rungs: `initial` parameters and buffers, `batches` (the rows in the order in which they were visited, epoch by
    epoch), `forward`, `loss` and `gradient` of the first step, `step 1`, `step k` and the last (parameters, buffers
    and the optimiser's state after that many steps), `loss curve` (the loss of every step), and `evaluation` (the
    loss and each metric on test data in evaluation mode, after each epoch that was gone through to its end).
    """

    rungs: dict[str, Tensors] = field(default_factory=dict)


class Ordered:
    """A source that keeps the orders it was asked for, as far as a run of so many steps goes through them."""

    def __init__(self, source: ArraySource, steps: int) -> None:
        self._source, self._steps = source, steps
        self.orders: Tensors = {}

    @property
    def draws(self) -> int:
        """As the source's."""
        return self._source.draws

    def __len__(self) -> int:
        return len(self._source)

    def batches(self, epoch: int, generator: TorchGenerator | None = None, start: int = 0) -> Iterator[Batch]:
        """As the source's."""
        left = min(self._steps - epoch * len(self), len(self))
        order = self._source.order(epoch, generator)
        self.orders[f"epoch {epoch + 1}"] = order[: left * self._source.batch_size]
        return self._source.batches(epoch, generator, start)


class Until(train.Callback):
    """Ends a run after a number of steps, which then must not share a call."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def call_ended(self, run: Any) -> None:
        """Stop it."""
        if run.step == self._steps:
            run.stop(f"{self._steps} steps were asked for")


def looks(steps: int) -> list[int]:
    """After how many steps a run is looked at: the first, the tenth, the last."""
    return sorted({1, min(10, steps), steps})


def epochs_for(steps: int, batches: int) -> int:
    """How many epochs hold that many steps."""
    return math.ceil(steps / batches)


def whole_run(epochs: int, batches: int) -> int:
    """How many steps an experiment's run is compared over: its epochs, or as many as hold 200 steps, to their ends.

    >>> whole_run(20, 23), whole_run(3, 23)
    (460, 207)
    """
    return batches * max(epochs, epochs_for(STEPS, batches))


def record_program(
    program: train.Program,
    source: ArraySource,
    *,
    steps: int,
    seed: int,
    evaluation: ArraySource | None = None,
    weights: Tensors | None = None,
) -> Record:
    """Train a program with `train.fit` and record every rung.

    Args:
        program: what to train.
        source: its training data.
        steps: of the whole run.
        seed: of the run.
        evaluation: test data.
        weights: parameters and buffers to start from; None draws them from the seed.

    Returns:
        The record, as NumPy arrays.
    """
    generator = TorchGenerator(seed)
    initial = program.init(generator)
    if weights is not None:
        initial = initial._replace(
            params={name: jax.numpy.asarray(weights[name]) for name in initial.params},
            buffers={name: jax.numpy.asarray(weights[name], value.dtype) for name, value in initial.buffers.items()},
        )
    record = Record()
    record.rungs["initial"] = _host({**initial.params, **initial.buffers})
    if program.probe is not None:
        probe = jax.jit(program.probe)(initial, next(source.batches(0, generator)))
        record.rungs["forward"] = _host(named_outputs(probe.output))
        record.rungs["loss"] = {"loss": np.asarray(probe.loss)}
        record.rungs["gradient"] = _host(probe.gradients)
    for count in looks(steps):
        ordered = Ordered(source, count)
        state, history = train.fit(
            program,
            ordered,
            epochs_for(count, len(source)),
            evaluation=evaluation,
            seed=seed,
            state=initial if weights is not None else None,
            progress=False,
            steps_per_call=1,
            callbacks=[Until(count)],
        )
        record.rungs[f"step {count}"] = _host({**state.params, **state.buffers, **optim.named_state(state.opt_state)})
    record.rungs["batches"] = ordered.orders
    record.rungs["loss curve"] = {"loss": history["loss"]}
    if evaluation is not None:
        record.rungs["evaluation"] = _evaluations(history.epochs[: steps // len(source)])
    return record


def initial_tensors(program: train.Program, seed: int) -> Tensors:
    """The parameters and buffers that a program draws from a seed."""
    initial = program.init(TorchGenerator(seed))
    return _host({**initial.params, **initial.buffers})


def _evaluations(epochs: list[dict[str, float]]) -> Tensors:
    """The test loss and metrics after each epoch, `[epochs]` each."""
    names = [name for name in (epochs[0] if epochs else {}) if name.startswith("test_")]
    return {name.removeprefix("test_"): np.array([record[name] for record in epochs]) for name in names}


def named_outputs(given: Any) -> dict[str, Any]:
    """What a model gives, by name: a dict is several outputs.

    >>> named_outputs(1.0), named_outputs({"lines": 1.0, "faces": 2.0})
    ({'output': 1.0}, {'lines': 1.0, 'faces': 2.0})
    """
    return given if isinstance(given, dict) else {"output": given}


def _host(tensors: dict[str, jax.Array]) -> Tensors:
    return {name: np.asarray(value) for name, value in tensors.items()}
