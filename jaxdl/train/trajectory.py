"""A run as a path: the parameters of every step, for whoever draws or measures them."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxdl.train.program import Batch, Metrics, Program, State


def trajectory(
    program: Program, state: State, batches: Batch = (), *, steps: int | None = None
) -> tuple[dict[str, jax.Array], Metrics]:
    """Train, and keep every step's parameters: for small models, whose way is to be seen.

    One `jax.lax.scan`, and pure: `jax.vmap` runs it for many learning rates or starts at once.

    Args:
        program: what to train.
        state: where to begin, as `program.init` gives it.
        batches: arrays whose first axis counts the steps; empty for a function that takes no data.
        steps: how many, where there are no batches to count.

    Returns:
        The parameters before each step and after the last, `[steps + 1, ...]` each, and the metrics of each step.

    Raises:
        ValueError: neither batches nor steps, or as many of the one as not of the other.

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim, random, train
    >>> program = train.minimise(lambda x: jnp.sum(x**2), jnp.ones(1), optim.sgd(0.25))
    >>> path, measured = train.trajectory(program, program.init(random.TorchGenerator(0)), steps=2)
    >>> path["x"][:, 0].tolist(), measured["loss"].tolist()
    ([1.0, 0.5, 0.25], [1.0, 0.25])
    """
    if steps is None and not batches:
        raise ValueError("trajectory: give batches, or how many steps to make without")

    def step(state: State, batch: Batch) -> tuple[State, Any]:
        after, measured = program.step(state, batch)
        return after, (state.params, measured)

    last, (path, measured) = jax.lax.scan(step, state, tuple(batches), length=steps)
    return jax.tree.map(lambda way, end: jnp.concatenate([way, end[None]]), path, last.params), measured
