"""RAdam as torch.optim.RAdam has it."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, is_zero, require_betas, require_non_negative, scalar_rate
from jaxdl.optim._leaves import by_rule, zeros
from jaxdl.optim._scalars import bias_correction, lerp, scalar


class RAdamState(NamedTuple):
    """Steps taken and the moments."""

    step: jax.Array
    exp_avg: optax.Updates
    exp_avg_sq: optax.Updates


def _share(x: jax.Array) -> jax.Array:
    """1/x - 1/(eˣ - 1) for x ≥ 0, between ½ and 0, without cancellation."""
    small = jnp.minimum(x, 0.5)
    series = 0.5 - small / 12 + small**3 / 720 - small**5 / 30240 + small**7 / 1209600 - small**9 / 47900160
    large = jnp.maximum(x, 0.5)
    return jnp.where(x < 0.5, series, 1 / large - 1 / jnp.expm1(large))


def rectification(beta2: Any, step: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Whether the variance is bounded (ρₜ > 5), and the factor r by which the step shrinks.

    ρₜ = 2 / (1 - β₂) - 1 - 2 t β₂ᵗ / (1 - β₂ᵗ) is a small difference of large numbers. With a = -ln β₂ it is
    1 - 2 s(a) + 2 t s(t a), s as in `_share`, which float32 holds to its last digits.
    """
    log = -(jnp.log(beta2) if isinstance(beta2, jax.Array) else scalar(math.log(beta2) if beta2 else -math.inf))
    all_steps = 2 / bias_correction(beta2, scalar(1)) - 1
    now = 1 - 2 * _share(log) + 2 * scalar(step) * _share(scalar(step) * log)
    bounded = now > 5
    length = jnp.where(bounded, now, 6.0)
    limit = jnp.where(bounded, all_steps, 6.0)
    factor = jnp.sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))
    return bounded, factor


def scale_by_radam(betas: tuple[Any, Any], eps: Any) -> optax.GradientTransformation:
    """m / (1 - β₁ᵗ), times r sqrt(1 - β₂ᵗ) / (sqrt(v) + eps) once the variance is bounded.

    optax.scale_by_radam corrects v before eps is added, and adapts from ρₜ ≥ 5 on.
    """
    beta1, beta2 = betas

    def rule(step: Any, g: Any, mean: Any, square: Any) -> tuple[Any, ...]:
        bounded, factor = rectification(beta2, step)
        factor = (factor * jnp.sqrt(bias_correction(beta2, step))).astype(g.dtype)
        mean = lerp(mean, g, beta1)
        square = beta2 * square + (1 - beta2) * g * g
        plain = mean / bias_correction(beta1, step).astype(g.dtype)
        return jnp.where(bounded, plain * (factor / (jnp.sqrt(square) + eps)), plain), mean, square

    return by_rule(RAdamState, rule, {"exp_avg": zeros, "exp_avg_sq": zeros})


def radam(
    learning_rate: optax.ScalarOrSchedule = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Adam that is plain momentum in its first steps, until the variance of its step size is bounded.

    g ← ±g + weight_decay · p; m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; ρ∞ = 2 / (1 - β₂) - 1,
    ρₜ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ). While ρₜ ≤ 5: p ← p - learning_rate · m / (1 - β₁ᵗ). Then with
    r = sqrt((ρₜ - 4) (ρₜ - 2) ρ∞ / ((ρ∞ - 4) (ρ∞ - 2) ρₜ)): p ← p - learning_rate · m / (1 - β₁ᵗ) ·
    r sqrt(1 - β₂ᵗ) / (sqrt(v) + eps). With `decoupled_weight_decay` the decay is p ← p - learning_rate ·
    weight_decay · p.

    **Matches** `torch.optim.RAdam`, PyTorch 2.13: every keyword that is mathematics, eps before the correction, real
    and imaginary parts of complex parameters as numbers of their own.
    **Differs**: the keywords that choose an implementation (foreach, capturable, differentiable) do not exist.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        betas: how much of the two means is kept a step, each in [0, 1).
        eps: added to the root.
        weight_decay: factor of the decay.
        decoupled_weight_decay: shrink the parameters themselves instead of changing the gradient.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `exp_avg` and `exp_avg_sq`.

    Raises:
        ValueError: a negative learning rate, eps or weight decay; a beta outside [0, 1).

    Liu et al. 2020, "On the variance of the adaptive learning rate and beyond".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.radam(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.8
    """
    learning_rate = scalar_rate("radam", learning_rate)
    require_non_negative("radam", eps=eps, weight_decay=weight_decay)
    require_betas("radam", betas)
    decoupled = decoupled_weight_decay and not is_zero(weight_decay)
    return optax.chain(
        *gradient_first(maximize, 0.0 if decoupled else weight_decay),
        scale_by_radam(betas, eps),
        *([optax.add_decayed_weights(weight_decay)] if decoupled else []),
        optax.scale_by_learning_rate(learning_rate),
    )
