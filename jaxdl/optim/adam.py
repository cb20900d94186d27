"""Adam and AdamW as torch.optim has them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import gradient_first, is_zero, require_betas, require_non_negative, scalar_rate
from jaxdl.optim._leaves import by_rule, zeros
from jaxdl.optim._scalars import bias_correction, lerp


class AdamState(NamedTuple):
    """Steps taken and the moments, under PyTorch's names; `max_exp_avg_sq` is None without amsgrad."""

    step: jax.Array
    exp_avg: optax.Updates
    exp_avg_sq: optax.Updates
    max_exp_avg_sq: optax.Updates


def scale_by_adam(betas: tuple[Any, Any], eps: Any, amsgrad: bool = False) -> optax.GradientTransformation:
    """m / (1 - β₁ᵗ) / (sqrt(v / (1 - β₂ᵗ)) + eps), moments and corrections as in PyTorch.

    With amsgrad the largest v so far takes v's place, before it is corrected (optax.scale_by_amsgrad corrects first).
    """
    beta1, beta2 = betas

    def rule(step: Any, g: Any, mean: Any, square: Any, largest: Any) -> tuple[Any, ...]:
        first = bias_correction(beta1, step).astype(g.dtype)
        second = jnp.sqrt(bias_correction(beta2, step)).astype(g.dtype)
        mean = lerp(mean, g, beta1)
        square = beta2 * square + (1 - beta2) * g * g
        largest = jnp.maximum(largest, square) if amsgrad else None
        update = mean / first / (jnp.sqrt(largest if amsgrad else square) / second + eps)
        return update, mean, square, largest

    moments = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if amsgrad else ("exp_avg", "exp_avg_sq")
    return by_rule(AdamState, rule, dict.fromkeys(moments, zeros))


def adam(
    learning_rate: optax.ScalarOrSchedule = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
) -> optax.GradientTransformation:
    """Adam: steps along the running mean of the gradient, divided by the root of the running mean of its square.

    g ← ±g + weight_decay · p; m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²;
    p ← p - learning_rate · m / (1 - β₁ᵗ) / (sqrt(v / (1 - β₂ᵗ)) + eps). With `decoupled_weight_decay` the decay is
    p ← p - learning_rate · weight_decay · p instead, and g stays as it is (AdamW).

    **Matches** `torch.optim.Adam`, PyTorch 2.13: every keyword that is mathematics, amsgrad's maximum over the
    uncorrected v, real and imaginary parts of complex parameters as numbers of their own.
    **Differs**: the keywords that choose an implementation (foreach, fused, capturable, differentiable) do not exist.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        betas: how much of the two means is kept a step, each in [0, 1).
        eps: added to the root.
        weight_decay: factor of the decay.
        amsgrad: divide by the largest v so far.
        maximize: ascend instead.
        decoupled_weight_decay: shrink the parameters themselves instead of changing the gradient.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `exp_avg`, `exp_avg_sq` and
        `max_exp_avg_sq`.

    Raises:
        ValueError: a negative learning rate, eps or weight decay; a beta outside [0, 1).

    Kingma and Ba 2015; Reddi et al. 2018 (amsgrad); Loshchilov and Hutter 2019 (decoupled decay).

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.adam(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.9
    """
    return _adam("adam", learning_rate, betas, eps, weight_decay, amsgrad, maximize, decoupled_weight_decay)


def adamw(
    learning_rate: optax.ScalarOrSchedule = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Adam that shrinks the parameters themselves: `adam` with `decoupled_weight_decay`.

    p ← p - learning_rate · weight_decay · p, then Adam's step along the bare gradient.

    **Matches** `torch.optim.AdamW`, PyTorch 2.13, its decay of 0.01 included (optax.adamw's is 1e-4).
    **Differs**: the keywords that choose an implementation (foreach, fused, capturable, differentiable) do not exist.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        betas: how much of the two means is kept a step, each in [0, 1).
        eps: added to the root.
        weight_decay: the share, in learning rates, that a parameter loses a step.
        amsgrad: divide by the largest mean square so far.
        maximize: ascend instead; the decay still shrinks.

    Returns:
        An optax transformation of what `jax.grad` gives, its state as `adam`'s.

    Raises:
        ValueError: a negative learning rate, eps or weight decay; a beta outside [0, 1).

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.adamw(0.1, weight_decay=0.5)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.85
    """
    return _adam("adamw", learning_rate, betas, eps, weight_decay, amsgrad, maximize, True)


def _adam(
    name: str, learning_rate: Any, betas: Any, eps: Any, weight_decay: Any, amsgrad: bool, maximize: bool, apart: bool
) -> optax.GradientTransformation:
    learning_rate = scalar_rate(name, learning_rate)
    require_non_negative(name, eps=eps, weight_decay=weight_decay)
    require_betas(name, betas)
    return optax.chain(
        *gradient_first(maximize, 0.0 if apart else weight_decay),
        scale_by_adam(betas, eps, amsgrad),
        *([optax.add_decayed_weights(weight_decay)] if apart and not is_zero(weight_decay) else []),
        optax.scale_by_learning_rate(learning_rate),
    )
