"""What a training run shows on the way, rung by rung: the same record from either framework."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import jax
import numpy as np

from jaxdl import optim, train
from jaxdl.data import ArraySource, Batch
from jaxdl.random import TorchGenerator

Tensors = dict[str, np.ndarray]


@dataclass
class Record:
    """Tensors by rung and name, and the loss of every step.

    The rungs: `initial` parameters and buffers, `batches` (the order of the rows, epoch by epoch), `forward`, `loss`
    and `gradient` of the first step, `step 1`, `step k` and the last (parameters, buffers and the optimiser's state
    after that many steps), `loss curve`, and `evaluation` (the loss on test data in evaluation mode, after the last
    step).
    """

    rungs: dict[str, Tensors] = field(default_factory=dict)


class FirstSteps:
    """A source that ends after a number of steps, counted over epochs."""

    def __init__(self, source: ArraySource, steps: int) -> None:
        self._source, self._steps = source, steps

    @property
    def draws(self) -> int:
        """Those of the whole source."""
        return self._source.draws

    def __len__(self) -> int:
        return len(self._source)

    def batches(self, epoch: int, generator: TorchGenerator | None = None) -> Iterator[Batch]:
        """The epoch's batches up to the last step."""
        left = self._steps - epoch * len(self._source)
        for _, batch in zip(range(left), self._source.batches(epoch, generator), strict=False):
            yield batch


def looks(steps: int) -> list[int]:
    """After how many steps a run is looked at: the first, the tenth, the last."""
    return sorted({1, min(10, steps), steps})


def epochs_for(steps: int, batches: int) -> int:
    """How many epochs hold that many steps."""
    return math.ceil(steps / batches)


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
    epochs = epochs_for(steps, len(source))
    record.rungs["batches"] = {f"epoch {epoch + 1}": source.order(epoch, generator) for epoch in range(epochs)}
    if program.probe is not None:
        probe = jax.jit(program.probe)(initial, next(source.batches(0, generator)))
        record.rungs["forward"] = {"output": np.asarray(probe.output)}
        record.rungs["loss"] = {"loss": np.asarray(probe.loss)}
        record.rungs["gradient"] = _host(probe.gradients)
    state = initial
    for count in looks(steps):
        state, history = train.fit(
            program,
            FirstSteps(source, count),
            epochs_for(count, len(source)),
            seed=seed,
            state=initial if weights is not None else None,
            progress=False,
        )
        record.rungs[f"step {count}"] = _host({**state.params, **state.buffers, **optim.named_state(state.opt_state)})
    record.rungs["loss curve"] = {"loss": history["loss"]}
    if evaluation is not None:
        record.rungs["evaluation"] = {"loss": np.asarray(train.evaluate(program, state, evaluation)["loss"])}
    return record


def _host(tensors: dict[str, jax.Array]) -> Tensors:
    return {name: np.asarray(value) for name, value in tensors.items()}
