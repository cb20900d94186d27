"""Averaged stochastic gradient descent as torch.optim.ASGD has it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, require_non_negative, require_params, scalar_rate
from jaxdl.optim._leaves import per_leaf, zeros
from jaxdl.optim._scalars import rate_at, scalar


class ASGDState(NamedTuple):
    """Steps taken, the next step's size and weight in the average, and the averaged parameters."""

    step: jax.Array
    eta: jax.Array
    mu: jax.Array
    ax: optax.Params


def scale_by_asgd(learning_rate: Any, lambd: Any, alpha: Any, t0: Any) -> optax.GradientTransformation:
    """-η (g + lambd p), which is the whole update, and the average of the parameters after it."""

    def init(params: optax.Params) -> ASGDState:
        count = jnp.zeros((), jnp.int32)
        return ASGDState(count, scalar(rate_at(learning_rate, count)), scalar(1.0), zeros(params))

    def update(
        updates: optax.Updates, state: ASGDState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, ASGDState]:
        require_params("asgd", params)

        def rule(g: Any, average: Any, p: Any) -> tuple[Any, ...]:
            eta, mu = state.eta.astype(g.dtype), state.mu.astype(g.dtype)
            move = -lambd * eta * p - eta * g
            after = p + move
            return move, jnp.where(state.mu == 1, after, average + (after - average) * mu)

        new, average = per_leaf(rule, (updates, state.ax), (params,))
        step = optax.safe_increment(state.step)
        rate = scalar(rate_at(learning_rate, state.step))
        eta = rate / (1 + lambd * rate * step) ** alpha
        mu = 1 / jnp.maximum(1.0, step - scalar(t0))
        return new, ASGDState(step, eta.astype(state.eta.dtype), mu.astype(state.mu.dtype), average)

    return optax.GradientTransformation(init, update)


def asgd(
    learning_rate: optax.ScalarOrSchedule = 1e-2,
    lambd: float = 1e-4,
    alpha: float = 0.75,
    t0: float = 1e6,
    weight_decay: float = 0.0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Stochastic gradient descent that also keeps the average of the parameters it has passed.

    g ← ±g + weight_decay · p; p ← (1 - lambd · η) p - η g with η = learning_rate / (1 + lambd · learning_rate ·
    t)^alpha of the step before (the learning rate itself at first). `ax`, the average, is p up to step t0 + 2 and
    a running mean from then on: ax ← ax + (p - ax) / (t - 1 - t0).

    **Matches** `torch.optim.ASGD`, PyTorch 2.13: every keyword that is mathematics, complex parameters, and that a
    learning rate acts one step later.
    **Differs**: the keywords that choose an implementation (foreach, capturable, differentiable) do not exist;
    `maximize` is keyword-only. PyTorch keeps η and the average's weight in its default dtype, float32 for float64
    parameters too; here they are float64 wherever jax has 64-bit types on.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        lambd: decay of the parameters, and of the step size.
        alpha: power of the step size's decay.
        t0: after how many steps averaging begins.
        weight_decay: factor of the L2 term that is added to the gradient.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `eta`, `mu` and `ax`, the average.

    Raises:
        ValueError: a negative learning rate or weight decay; `update` without the parameters.

    Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.asgd(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.79999
    """
    learning_rate = scalar_rate("asgd", learning_rate)
    require_non_negative("asgd", weight_decay=weight_decay)
    return optax.chain(*gradient_first(maximize, weight_decay), scale_by_asgd(learning_rate, lambd, alpha, t0))
