"""What a training run computes: a Program, all of it pure functions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax

from jaxdl.random import TorchGenerator

Metrics = dict[str, jax.Array]
Batch = tuple[Any, ...]


class State(NamedTuple):
    """All that a run carries from step to step: a pytree of arrays.

    `extra` is whatever else a program carries, such as an average of the parameters.
    """

    params: dict[str, jax.Array]
    buffers: dict[str, jax.Array]
    opt_state: Any
    key: jax.Array
    step: jax.Array
    extra: Any = ()


class Probe(NamedTuple):
    """What one training step computes on the way, for whoever compares it: nothing of it is kept in a run."""

    output: Any
    loss: jax.Array
    gradients: dict[str, jax.Array]


@dataclass(frozen=True)
class Program:
    """Training as three pure functions, and two that show what the model computes.

    `init(generator) -> state` draws the parameters (and moves the generator); `step(state, batch) -> (state,
    metrics)` is one training step, its metrics holding at least `loss`; `evaluate(state, batch) -> metrics` gives
    means over the batch. Where the program has them: `probe(state, batch) -> Probe` gives a step's output, loss and
    gradients; `predict(state, batch) -> outputs` what the model says of a batch in evaluation mode; `inspect(state,
    batch)` names and gives the tensors of a step one after the other, for whoever looks for the first bad one.
    The engine runs any Program and never learns which.
    """

    init: Callable[[TorchGenerator], State]
    step: Callable[[State, Batch], tuple[State, Metrics]]
    evaluate: Callable[[State, Batch], Metrics]
    probe: Callable[[State, Batch], Probe] | None = None
    predict: Callable[[State, Batch], Any] | None = None
    inspect: Callable[[State, Batch], Iterator[tuple[str, Any]]] | None = None

    # Compiled once a program, so that a second fit of the same program compiles nothing.
    @cached_property
    def compiled_step(self) -> Callable[[State, Batch], tuple[State, Metrics]]:
        """`step`, jitted, the old state's memory given to the new one."""
        return jax.jit(self.step, donate_argnums=0)

    @cached_property
    def calls(self) -> dict[Any, Any]:
        """The compiled calls of `fit`, by what they cut batches from."""
        return {}

    @cached_property
    def compiled_evaluate(self) -> Callable[[State, Batch], Metrics]:
        """`evaluate`, jitted."""
        return jax.jit(self.evaluate)
