"""Adagrad as torch.optim.Adagrad has it."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, require_non_negative, scalar_rate
from jaxdl.optim._leaves import by_rule, filled
from jaxdl.optim._scalars import scalar


class AdagradState(NamedTuple):
    """Steps taken and the sum of squares, which PyTorch calls sum."""

    step: jax.Array
    sum: optax.Updates


def scale_by_adagrad(initial_accumulator_value: Any, lr_decay: Any, eps: Any) -> optax.GradientTransformation:
    """g / (sqrt(Σ g²) + eps) / (1 + (t - 1) lr_decay); optax.scale_by_rss adds eps inside the root."""

    def rule(step: Any, g: Any, squares: Any) -> tuple[Any, ...]:
        squares = squares + g * g
        slowing = (1 + (scalar(step) - 1) * lr_decay).astype(g.dtype)
        return g / (jnp.sqrt(squares) + eps) / slowing, squares

    return by_rule(AdagradState, rule, {"sum": partial(filled, value=initial_accumulator_value)})


def adagrad(
    learning_rate: optax.ScalarOrSchedule = 1e-2,
    lr_decay: float = 0.0,
    weight_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Steps divided by the root of the sum of all squared gradients so far.

    g ← ±g + weight_decay · p; s ← s + g²; p ← p - learning_rate / (1 + (t - 1) lr_decay) · g / (sqrt(s) + eps).

    **Matches** `torch.optim.Adagrad`, PyTorch 2.13: every keyword that is mathematics, a sum that begins at 0
    (optax.adagrad's at 0.1), real and imaginary parts of complex parameters as numbers of their own.
    **Differs**: the keywords that choose an implementation (foreach, fused, differentiable) and sparse gradients do
    not exist.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        lr_decay: how fast the learning rate falls with the steps.
        weight_decay: factor of the L2 term that is added to the gradient.
        initial_accumulator_value: what the sum begins at.
        eps: added to the root.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step` and `sum`.

    Raises:
        ValueError: a negative argument.

    Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.adagrad(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.9
    """
    learning_rate = scalar_rate("adagrad", learning_rate)
    require_non_negative(
        "adagrad",
        lr_decay=lr_decay,
        weight_decay=weight_decay,
        initial_accumulator_value=initial_accumulator_value,
        eps=eps,
    )
    return optax.chain(
        *gradient_first(maximize, weight_decay),
        scale_by_adagrad(initial_accumulator_value, lr_decay, eps),
        optax.scale_by_learning_rate(learning_rate),
    )
