"""Adadelta as torch.optim.Adadelta has it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, require_between, require_non_negative, scalar_rate
from jaxdl.optim._leaves import by_rule, zeros


class AdadeltaState(NamedTuple):
    """Steps taken, and the running means of the squared gradient and of the squared step."""

    step: jax.Array
    square_avg: optax.Updates
    acc_delta: optax.Updates


def scale_by_adadelta(rho: Any, eps: Any) -> optax.GradientTransformation:
    """Δ = sqrt(d + eps) / sqrt(v + eps) · g, v and d the running means of g² and Δ²."""

    def rule(step: Any, g: Any, square: Any, accumulated: Any) -> tuple[Any, ...]:
        del step
        square = rho * square + (1 - rho) * g * g
        delta = jnp.sqrt(accumulated + eps) / jnp.sqrt(square + eps) * g
        return delta, square, rho * accumulated + (1 - rho) * delta * delta

    return by_rule(AdadeltaState, rule, {"square_avg": zeros, "acc_delta": zeros})


def adadelta(
    learning_rate: optax.ScalarOrSchedule = 1.0,
    rho: float = 0.9,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Steps in the parameters' own units: the gradient times the root mean square of past steps over its own.

    g ← ±g + weight_decay · p; v ← rho v + (1 - rho) g²; Δ = sqrt(d + eps) / sqrt(v + eps) · g;
    d ← rho d + (1 - rho) Δ²; p ← p - learning_rate · Δ.

    **Matches** `torch.optim.Adadelta`, PyTorch 2.13: every keyword that is mathematics, real and imaginary parts of
    complex parameters as numbers of their own.
    **Differs**: the keywords that choose an implementation (foreach, capturable, differentiable) do not exist.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        rho: how much of the two means is kept a step, in [0, 1].
        eps: added under both roots.
        weight_decay: factor of the L2 term that is added to the gradient.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `square_avg` and `acc_delta`.

    Raises:
        ValueError: a negative learning rate, eps or weight decay; rho outside [0, 1].

    Zeiler 2012, "ADADELTA: an adaptive learning rate method".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.adadelta(eps=1e-2)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 4)
    0.6877
    """
    learning_rate = scalar_rate("adadelta", learning_rate)
    require_between("adadelta", "rho", rho, 0, 1)
    require_non_negative("adadelta", eps=eps, weight_decay=weight_decay)
    return optax.chain(
        *gradient_first(maximize, weight_decay),
        scale_by_adadelta(rho, eps),
        optax.scale_by_learning_rate(learning_rate),
    )
