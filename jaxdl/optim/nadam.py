"""NAdam as torch.optim.NAdam has it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, is_zero, require_betas, require_non_negative, scalar_rate
from jaxdl.optim._leaves import per_leaf, zeros
from jaxdl.optim._scalars import bias_correction, lerp, power, scalar


class NAdamState(NamedTuple):
    """Steps taken, the product of the momenta so far, and the moments."""

    step: jax.Array
    mu_product: jax.Array
    exp_avg: optax.Updates
    exp_avg_sq: optax.Updates


def scale_by_nadam(betas: tuple[Any, Any], eps: Any, momentum_decay: Any) -> optax.GradientTransformation:
    """((1 - μₜ) g / (1 - Πμ) + μₜ₊₁ m / (1 - μₜ₊₁ Πμ)) / (sqrt(v / (1 - β₂ᵗ)) + eps), Π over the momenta up to t.

    optax.nadam has one momentum for all steps.
    """
    beta1, beta2 = betas

    def momentum(step: jax.Array) -> jax.Array:
        return beta1 * (1.0 - 0.5 * power(0.96, step * scalar(momentum_decay)))

    def init(params: optax.Params) -> NAdamState:
        return NAdamState(jnp.zeros((), jnp.int32), scalar(1.0), zeros(params), zeros(params))

    def update(
        updates: optax.Updates, state: NAdamState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, NAdamState]:
        del params
        step = optax.safe_increment(state.step)
        now, later = momentum(step), momentum(step + 1)
        product = state.mu_product * now
        of_gradient, of_mean = (1.0 - now) / (1.0 - product), later / (1.0 - product * later)

        def rule(g: Any, mean: Any, square: Any) -> tuple[Any, ...]:
            mean = lerp(mean, g, beta1)
            square = beta2 * square + (1 - beta2) * g * g
            root = jnp.sqrt(square / bias_correction(beta2, step).astype(g.dtype)) + eps
            return (of_gradient.astype(g.dtype) * g + of_mean.astype(g.dtype) * mean) / root, mean, square

        new, mean, square = per_leaf(rule, (updates, state.exp_avg, state.exp_avg_sq))
        return new, NAdamState(step, product.astype(state.mu_product.dtype), mean, square)

    return optax.GradientTransformation(init, update)


def nadam(
    learning_rate: optax.ScalarOrSchedule = 2e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum_decay: float = 4e-3,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Adam with Nesterov's look ahead and a momentum that grows from β₁/2 to β₁.

    g ← ±g + weight_decay · p; m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; μₜ = β₁ (1 - 0.96 ** (t ·
    momentum_decay) / 2); p ← p - learning_rate · ((1 - μₜ) g / (1 - μ₁…μₜ) + μₜ₊₁ m / (1 - μ₁…μₜ₊₁)) /
    (sqrt(v / (1 - β₂ᵗ)) + eps). With `decoupled_weight_decay` the decay is p ← p - learning_rate · weight_decay · p.

    **Matches** `torch.optim.NAdam`, PyTorch 2.13: every keyword that is mathematics, real and imaginary parts of
    complex parameters as numbers of their own.
    **Differs**: the keywords that choose an implementation (foreach, capturable, differentiable) do not exist.
    PyTorch keeps the product of the momenta in its default dtype, float32 for float64 parameters too; here it is
    float64 wherever jax has 64-bit types on.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        betas: how much of the two means is kept a step, each in [0, 1).
        eps: added to the root.
        weight_decay: factor of the decay.
        momentum_decay: how fast the momentum grows.
        decoupled_weight_decay: shrink the parameters themselves instead of changing the gradient.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `mu_product`, `exp_avg` and
        `exp_avg_sq`.

    Raises:
        ValueError: a negative learning rate, eps, weight decay or momentum decay; a beta outside [0, 1).

    Dozat 2016, "Incorporating Nesterov momentum into Adam".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.nadam(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(state[1].mu_product.item(), 5)
    0.45007
    """
    learning_rate = scalar_rate("nadam", learning_rate)
    require_non_negative("nadam", eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay)
    require_betas("nadam", betas)
    decoupled = decoupled_weight_decay and not is_zero(weight_decay)
    return optax.chain(
        *gradient_first(maximize, 0.0 if decoupled else weight_decay),
        scale_by_nadam(betas, eps, momentum_decay),
        *([optax.add_decayed_weights(weight_decay)] if decoupled else []),
        optax.scale_by_learning_rate(learning_rate),
    )
