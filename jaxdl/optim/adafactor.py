"""Adafactor as torch.optim.Adafactor has it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import (
    gradient_first,
    is_zero,
    known,
    require_non_negative,
    require_params,
    require_real,
    scalar_rate,
)
from jaxdl.optim._leaves import per_leaf
from jaxdl.optim._scalars import lerp, rate_at, scalar


class AdafactorState(NamedTuple):
    """Steps taken, and the running mean of the squared gradient: of vectors and scalars itself (`variance`), of all
    else its means over the last axis (`row_var`) and over the one before (`col_var`). A parameter has None for the
    others."""

    step: jax.Array
    row_var: optax.Updates
    col_var: optax.Updates
    variance: optax.Updates


def _mean_over(axis: int, leaf: jax.Array) -> jax.Array:
    """Zeros in the shape of the mean over one axis."""
    shape = list(leaf.shape)
    shape[axis] = 1
    return jnp.zeros(shape, leaf.dtype)


def _rms(x: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.mean(x * x))


def _moved(
    g: jax.Array, means: tuple[Any, Any, Any], share: jax.Array, least: Any
) -> tuple[jax.Array, tuple[Any, Any, Any]]:
    """The gradient over the root of its estimated square, and the new means."""
    row, column, variance = means
    if g.ndim > 1:
        row = lerp(row, jnp.mean(g * g, -1, keepdims=True), share)
        column = lerp(column, jnp.mean(g * g, -2, keepdims=True), share)
        estimate = row * column / jnp.maximum(jnp.mean(row, -2, keepdims=True), least)
    else:
        estimate = variance = lerp(variance, g * g, share)
    return g / jnp.sqrt(jnp.maximum(estimate, least * least)), (row, column, variance)


def scale_by_adafactor(
    learning_rate: Any, beta2_decay: Any, eps: tuple[Any, Any], d: Any, weight_decay: Any
) -> optax.GradientTransformation:
    """The whole update of Adafactor: the learning rate bounds a step size that is relative to the parameter."""

    def init(params: optax.Params) -> AdafactorState:
        require_real("adafactor", params)
        rows, columns = (
            jax.tree.map(lambda leaf: _mean_over(axis, leaf) if leaf.ndim > 1 else None, params)  # noqa: B023  called at once
            for axis in (-1, -2)
        )
        variance = jax.tree.map(lambda leaf: None if leaf.ndim > 1 else jnp.zeros_like(leaf), params)
        return AdafactorState(jnp.zeros((), jnp.int32), rows, columns, variance)

    def update(
        updates: optax.Updates, state: AdafactorState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, AdafactorState]:
        require_params("adafactor", params)
        step = optax.safe_increment(state.step)
        rate = scalar(rate_at(learning_rate, state.step))
        kept = 1 - scalar(step) ** beta2_decay
        bound = jnp.minimum(rate, 1 / jnp.sqrt(scalar(step)))
        # As arrays of their own: in the rule a half type is float32 already.
        leasts = jax.tree.map(lambda p: jnp.float32(jnp.finfo(p.dtype).eps if eps[0] is None else eps[0]), params)

        def rule(g: Any, row: Any, column: Any, variance: Any, p: Any, least: Any) -> tuple[Any, ...]:
            move, means = _moved(g, (row, column, variance), kept.astype(g.dtype), least.astype(g.dtype))
            size = jnp.maximum(eps[1], _rms(p)) * bound.astype(g.dtype) / jnp.maximum(1.0, _rms(move) / d)
            move = -size * move
            if not is_zero(weight_decay):
                move = move - (rate * weight_decay).astype(g.dtype) * p
            return move, *means

        new, *means = per_leaf(rule, (updates, *state[1:]), (params, leasts))
        return new, AdafactorState(step, *means)

    return optax.GradientTransformation(init, update)


def adafactor(
    learning_rate: optax.ScalarOrSchedule = 1e-2,
    beta2_decay: float = -0.8,
    eps: tuple[float | None, float] = (None, 1e-3),
    d: float = 1.0,
    weight_decay: float = 0.0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """Adam without the first moment, whose second moment is kept as row and column means, and whose step is relative
    to the parameter's size.

    1 - β = t ** beta2_decay; for matrices (the last two axes) R and C are the running means of g² along rows and
    columns and V = R C / max(mean R, eps[0]), otherwise V is the running mean of g²; U = g / sqrt(max(V, eps[0]²));
    p ← p - max(eps[1], rms(p)) · min(learning_rate, 1 / sqrt(t)) · U / max(1, rms(U) / d), and
    learning_rate · weight_decay · p is taken off as well.

    **Matches** `torch.optim.Adafactor`, PyTorch 2.13: every keyword that is mathematics (optax.adafactor factors
    axes of 128 and more, adds eps to g² and has a fixed learning rate).
    **Differs**: `foreach` does not exist.

    Args:
        learning_rate: the largest relative step, a number or a function from the step (0 at first) to one.
        beta2_decay: power of t, at most 0.
        eps: the least V (as its root; None is the dtype's epsilon), and the least size of a parameter.
        d: the largest root mean square of U, at least 1.
        weight_decay: the share, in learning rates, that a parameter loses a step.
        maximize: ascend instead.

    Returns:
        An optax transformation of what `jax.grad` gives. Its state has `step`, `row_var`, `col_var` and `variance`.

    Raises:
        ValueError: a negative learning rate, eps or weight decay, a positive beta2_decay, d below 1; `update` without
            the parameters.
        TypeError: complex parameters.

    Shazeer and Stern 2018, "Adafactor: adaptive learning rates with sublinear memory cost".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.adafactor(0.1)
    >>> params = {"w": jnp.array(1.0)}
    >>> updates, state = tx.update({"w": jnp.array(2.0)}, tx.init(params), params)
    >>> round(optax.apply_updates(params, updates)["w"].item(), 6)
    0.9
    """
    learning_rate = scalar_rate("adafactor", learning_rate)
    if known(beta2_decay) and not beta2_decay <= 0:
        raise ValueError(f"adafactor: beta2_decay must be at most 0, given {beta2_decay}")
    if len(eps) != 2:
        raise ValueError(f"adafactor: eps must be 2 numbers, the first of which may be None, given {eps}")
    if eps[0] is not None:
        require_non_negative("adafactor", **{"eps[0]": eps[0]})
    require_non_negative("adafactor", **{"eps[1]": eps[1], "weight_decay": weight_decay})
    if known(d) and not d >= 1:
        raise ValueError(f"adafactor: d must be at least 1, given {d}")
    return optax.chain(
        *gradient_first(maximize, 0.0), scale_by_adafactor(learning_rate, beta2_decay, eps, d, weight_decay)
    )
