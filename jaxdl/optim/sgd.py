"""Stochastic gradient descent as torch.optim.SGD has it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, is_zero, require_non_negative, scalar_rate
from jaxdl.optim._leaves import by_rule, zeros


class MomentumState(NamedTuple):
    """Steps taken, and the buffer that PyTorch calls momentum_buffer."""

    step: jax.Array
    momentum_buffer: optax.Updates


def scale_by_momentum(momentum: Any, dampening: Any = 0.0, nesterov: bool = False) -> optax.GradientTransformation:
    """b ← momentum · b + (1 - dampening) · g, with b = g in the first step; the update is b, or g + momentum · b
    (Nesterov).

    optax.trace has no dampening: PyTorch leaves it out of the first step, so scaling the gradient does not give it.
    """

    def rule(step: Any, g: Any, buffer: Any) -> tuple[Any, ...]:
        buffer = momentum * buffer + jnp.where(step == 1, 1.0, 1.0 - dampening).astype(g.dtype) * g
        return (g + momentum * buffer if nesterov else buffer), buffer

    return by_rule(MomentumState, rule, {"momentum_buffer": zeros})


def sgd(
    learning_rate: optax.ScalarOrSchedule = 1e-3,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Stochastic gradient descent, with momentum.

    g ← ±g + weight_decay · p; b ← momentum · b + (1 - dampening) · g (b = g at first); p ← p - learning_rate · (b, or
    g + momentum · b with Nesterov, or g without momentum).

    **Matches** `torch.optim.SGD`, PyTorch 2.13: every keyword that is mathematics, and their order of application.
    **Differs**: the keywords that choose an implementation (foreach, fused, differentiable) do not exist.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        momentum: how much of the buffer is kept, at least 0.
        dampening: how much of the gradient is kept out of the buffer, from the second step on.
        weight_decay: factor of the L2 term that is added to the gradient.
        nesterov: look ahead by one momentum step; needs momentum and no dampening.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, and `momentum_buffer` where there is
        momentum.

    Raises:
        ValueError: a negative learning rate, momentum or weight decay; Nesterov without momentum or with dampening.

    Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.sgd(0.1, momentum=0.9)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.8
    """
    learning_rate = scalar_rate("sgd", learning_rate)
    require_non_negative("sgd", momentum=momentum, weight_decay=weight_decay)
    if nesterov and (is_zero(momentum) or not is_zero(dampening)):
        raise ValueError(
            f"sgd: nesterov=True needs momentum above 0 and dampening 0, "
            f"given momentum={momentum}, dampening={dampening}"
        )
    return optax.chain(
        *gradient_first(maximize, weight_decay),
        *([] if is_zero(momentum) else [scale_by_momentum(momentum, dampening, nesterov)]),
        optax.scale_by_learning_rate(learning_rate),
    )
