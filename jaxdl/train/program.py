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
    batch)` names and gives the tensors of a step one after the other, for whoever looks for the first bad one;
    `computing_in(dtype) -> Program` is the same program in mixed precision.
    The engine runs any Program and never learns which.

    `train.supervised`, `train.minimise` and `train.adversarial` build the usual ones. By hand, without a gradient:

    >>> import jax.numpy as jnp, numpy as np
    >>> from jaxdl import data, train
    >>> def init(generator):  # two centres, drawn as any parameters are
    ...     centres = {"centres": jnp.asarray(generator.normal((2,)))}
    ...     return State(centres, {}, (), jax.random.key(0), jnp.zeros((), jnp.int32))
    >>> def distances(state, batch):
    ...     return jnp.abs(batch[0][:, None] - state.params["centres"])
    >>> def evaluate(state, batch):
    ...     return {"loss": jnp.mean(distances(state, batch).min(axis=1))}
    >>> def step(state, batch):  # Lloyd's: every centre goes to the mean of the points that are nearest to it
    ...     nearest = jnp.argmin(distances(state, batch), axis=1)[:, None] == jnp.arange(2)
    ...     means = jnp.sum(nearest * batch[0][:, None], 0) / jnp.maximum(jnp.sum(nearest, 0), 1)
    ...     return state._replace(params={"centres": means}, step=state.step + 1), evaluate(state, batch)
    >>> points = np.array([-2.0, -1.0, 4.0, 5.0, 6.0], np.float32)
    >>> state, _ = train.fit(Program(init, step, evaluate), data.ArraySource((points,), 5), epochs=9, progress=False)
    >>> sorted(state.params["centres"].tolist())
    [-1.5, 5.0]
    """

    init: Callable[[TorchGenerator], State]
    step: Callable[[State, Batch], tuple[State, Metrics]]
    evaluate: Callable[[State, Batch], Metrics]
    probe: Callable[[State, Batch], Probe] | None = None
    predict: Callable[[State, Batch], Any] | None = None
    inspect: Callable[[State, Batch], Iterator[tuple[str, Any]]] | None = None
    computing_in: Callable[[Any], "Program"] | None = None

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
