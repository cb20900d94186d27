"""Rprop as torch.optim.Rprop has it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, known, scalar_rate
from jaxdl.optim._leaves import by_rule, filled, zeros
from jaxdl.optim._scalars import rate_at


class RpropState(NamedTuple):
    """Steps taken, the gradients before (0 where they were left out), and every number's own step."""

    step: jax.Array
    prev: optax.Updates
    step_size: optax.Updates


def scale_by_rprop(
    learning_rate: Any, etas: tuple[Any, Any], step_sizes: tuple[Any, Any]
) -> optax.GradientTransformation:
    """sign(g) times a step size of each number, which grows while the sign stays and shrinks when it turns.

    optax.scale_by_rprop gives the update of the step before.
    """
    shrink, grow = etas

    def rule(step: Any, g: Any, before: Any, size: Any) -> tuple[Any, ...]:
        del step
        agreement = g * before
        factor = jnp.where(agreement > 0, grow, jnp.where(agreement < 0, shrink, 1.0)).astype(g.dtype)
        size = jnp.clip(size * factor, *step_sizes)
        g = jnp.where(agreement < 0, 0.0, g)
        return jnp.where(g > 0, size, jnp.where(g < 0, -size, 0.0)), g, size  # NaN stays, as torch.sign has it

    def first(params: optax.Params) -> optax.Updates:
        return filled(params, rate_at(learning_rate, jnp.zeros((), jnp.int32)))

    return by_rule(RpropState, rule, {"prev": zeros, "step_size": first})


def rprop(
    learning_rate: optax.ScalarOrSchedule = 1e-2,
    etas: tuple[float, float] = (0.5, 1.2),
    step_sizes: tuple[float, float] = (1e-6, 50),
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Resilient propagation: only the gradient's sign counts, and every number has a step size of its own.

    s ← clip(s · η, *step_sizes) with η = etas[1] where the gradient's sign stayed, etas[0] where it turned, 1 where
    one of the two was 0; p ← p - s · sign(g), but p stays where the sign turned, and g counts as 0 in the next step.

    **Matches** `torch.optim.Rprop`, PyTorch 2.13: every keyword that is mathematics, a NaN that moves nothing, real
    and imaginary parts of complex parameters as numbers of their own.
    **Differs**: the keywords that choose an implementation (foreach, capturable, differentiable) do not exist.

    Args:
        learning_rate: the step size to begin with; of a schedule only its first value counts, as in PyTorch.
        etas: factors of the step size where the sign turned, below 1, and where it stayed, above 1.
        step_sizes: the smallest and the largest.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `prev` and `step_size`.

    Raises:
        ValueError: a negative learning rate; etas that are not a number below 1 and one above.

    Riedmiller and Braun 1993, "A direct adaptive method for faster backpropagation learning".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.rprop(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.9
    """
    learning_rate = scalar_rate("rprop", learning_rate)
    for name, values in (("etas", etas), ("step_sizes", step_sizes)):
        if len(values) != 2:
            raise ValueError(f"rprop: {name} must be 2 numbers, given {values}")
    if all(map(known, etas)) and not 0 < etas[0] < 1 < etas[1]:
        raise ValueError(f"rprop: etas must be a number between 0 and 1 and one above 1, given {etas}")
    return optax.chain(
        *gradient_first(maximize, 0.0), scale_by_rprop(learning_rate, etas, step_sizes), optax.scale(-1.0)
    )
