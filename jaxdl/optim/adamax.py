"""Adamax as torch.optim.Adamax has it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, require_betas, require_non_negative, scalar_rate
from jaxdl.optim._leaves import by_rule, zeros
from jaxdl.optim._scalars import bias_correction, lerp


class AdamaxState(NamedTuple):
    """Steps taken, the running mean and the decaying maximum."""

    step: jax.Array
    exp_avg: optax.Updates
    exp_inf: optax.Updates


def scale_by_adamax(betas: tuple[Any, Any], eps: Any) -> optax.GradientTransformation:
    """m / (1 - β₁ᵗ) / u with u = max(β₂ u, |g| + eps)."""
    beta1, beta2 = betas

    def rule(step: Any, g: Any, mean: Any, largest: Any) -> tuple[Any, ...]:
        mean = lerp(mean, g, beta1)
        largest = jnp.maximum(beta2 * largest, jnp.abs(g) + eps)
        return mean / (bias_correction(beta1, step).astype(g.dtype) * largest), mean, largest

    return by_rule(AdamaxState, rule, {"exp_avg": zeros, "exp_inf": zeros})


def adamax(
    learning_rate: optax.ScalarOrSchedule = 2e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Adam with the infinity norm: the running mean of the gradient over a decaying maximum of its size.

    g ← ±g + weight_decay · p; m ← β₁ m + (1 - β₁) g; u ← max(β₂ u, |g| + eps);
    p ← p - learning_rate · m / ((1 - β₁ᵗ) u).

    **Matches** `torch.optim.Adamax`, PyTorch 2.13: every keyword that is mathematics, real and imaginary parts of
    complex parameters as numbers of their own.
    **Differs**: the keywords that choose an implementation (foreach, capturable, differentiable) do not exist.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        betas: how much of the mean and of the maximum is kept a step, each in [0, 1).
        eps: added to the gradient's size.
        weight_decay: factor of the L2 term that is added to the gradient.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `exp_avg` and `exp_inf`.

    Raises:
        ValueError: a negative learning rate, eps or weight decay; a beta outside [0, 1).

    Kingma and Ba 2015, "Adam: a method for stochastic optimization", section 7.1.

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.adamax(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.9
    """
    learning_rate = scalar_rate("adamax", learning_rate)
    require_non_negative("adamax", eps=eps, weight_decay=weight_decay)
    require_betas("adamax", betas)
    return optax.chain(
        *gradient_first(maximize, weight_decay),
        scale_by_adamax(betas, eps),
        optax.scale_by_learning_rate(learning_rate),
    )
