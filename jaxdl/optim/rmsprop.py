"""RMSprop as torch.optim.RMSprop has it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, is_zero, require_non_negative, scalar_rate
from jaxdl.optim._leaves import by_rule, zeros
from jaxdl.optim._scalars import lerp


class RMSpropState(NamedTuple):
    """Steps taken and the means; `momentum_buffer` is None without momentum, `grad_avg` unless centered."""

    step: jax.Array
    square_avg: optax.Updates
    momentum_buffer: optax.Updates
    grad_avg: optax.Updates


def scale_by_rmsprop(alpha: Any, eps: Any, momentum: Any, centered: bool) -> optax.GradientTransformation:
    """g / (sqrt(v) + eps), v the running mean of g² (less the squared mean of g), and momentum over that.

    optax.rmsprop applies the learning rate before the momentum: another trajectory under a schedule.
    """
    has_momentum = not is_zero(momentum)

    def rule(step: Any, g: Any, square: Any, buffer: Any, mean: Any) -> tuple[Any, ...]:
        del step
        square = alpha * square + (1 - alpha) * g * g
        mean = lerp(mean, g, alpha) if centered else None
        update = g / (jnp.sqrt(square - mean * mean if centered else square) + eps)
        buffer = momentum * buffer + update if has_momentum else None
        return (buffer if has_momentum else update), square, buffer, mean

    fields = {"square_avg": True, "momentum_buffer": has_momentum, "grad_avg": centered}
    return by_rule(RMSpropState, rule, {name: zeros for name, there in fields.items() if there})


def rmsprop(
    learning_rate: optax.ScalarOrSchedule = 1e-2,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """The gradient divided by the root of the running mean of its square.

    g ← ±g + weight_decay · p; v ← alpha v + (1 - alpha) g²; u = g / (sqrt(v) + eps); p ← p - learning_rate · u, or
    with momentum b ← momentum · b + u and p ← p - learning_rate · b. `centered` puts v - m² for v, m the running mean
    of g.

    **Matches** `torch.optim.RMSprop`, PyTorch 2.13: every keyword that is mathematics, eps outside the root, the
    learning rate after the momentum, real and imaginary parts of complex parameters as numbers of their own.
    **Differs**: the keywords that choose an implementation (foreach, capturable, differentiable) do not exist;
    `maximize` is keyword-only. Where the centered variance is rounding alone (a constant gradient), its sign is
    too, and either framework may give NaN without the other.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        alpha: how much of the means is kept a step, at least 0.
        eps: added to the root.
        weight_decay: factor of the L2 term that is added to the gradient.
        momentum: how much of the buffer is kept, at least 0.
        centered: divide by the standard deviation instead of the root mean square.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `square_avg`, and `momentum_buffer`
        and `grad_avg` where they are used.

    Raises:
        ValueError: a negative argument.

    Tieleman and Hinton 2012, lecture 6.5; Graves 2013 (centered).

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.rmsprop(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> abs(round(optax.apply_updates(params, updates)["w"].item(), 6))
    0.0
    """
    learning_rate = scalar_rate("rmsprop", learning_rate)
    require_non_negative("rmsprop", alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum)
    return optax.chain(
        *gradient_first(maximize, weight_decay),
        scale_by_rmsprop(alpha, eps, momentum, centered),
        optax.scale_by_learning_rate(learning_rate),
    )
