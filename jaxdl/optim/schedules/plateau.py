"""A learning rate that falls when a metric stops improving."""

import numbers
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from jaxdl.optim.schedules.schedule import require


class PlateauState(NamedTuple):
    """Where `reduce_lr_on_plateau` stands: scalars, the last three under PyTorch's names."""

    learning_rate: jax.Array
    best: jax.Array
    num_bad_epochs: jax.Array
    cooldown_counter: jax.Array


class Plateau(NamedTuple):
    """A pure state machine: `state = init()`, then `state = update(state, metric)` once an epoch."""

    init: Callable[[], PlateauState]
    update: Callable[[PlateauState, Any], PlateauState]


def reduce_lr_on_plateau(
    learning_rate: float,
    mode: Literal["min", "max"] = "min",
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: Literal["rel", "abs"] = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
) -> Plateau:
    """Multiply the learning rate by factor when more than `patience` epochs have brought no better metric.

    Better is metric < best · (1 - threshold) ('min', 'rel'), metric < best - threshold ('min', 'abs'), and likewise
    with > and + for 'max'. After a reduction, `cooldown` epochs do not count as bad.

    **Matches** `torch.optim.lr_scheduler.ReduceLROnPlateau`, PyTorch 2.13: a NaN is never better; a reduction by no
    more than eps is not made. **Differs**: it is pure, so `update` works inside jit; the rate is
    `state.learning_rate`, to be put where the optimiser reads it:
    `opt_state.hyperparams["learning_rate"] = state.learning_rate` with `optax.inject_hyperparams`. One min_lr, not
    one a parameter group.

    Args:
        learning_rate: at first.
        mode: whether a smaller ('min') or a larger ('max') metric is better.
        factor: of a reduction, below 1.
        patience: bad epochs that are borne.
        threshold: how much better is better.
        threshold_mode: whether threshold is a share ('rel') or a difference ('abs').
        cooldown: epochs after a reduction in which none counts as bad.
        min_lr: the least rate.
        eps: the least reduction.

    Returns:
        `init() -> state` and `update(state, metric) -> state`, in float64 where jax's x64 mode is on, else float32.

    Raises:
        TypeError: a setting that is no number, patience or cooldown that is no integer.
        ValueError: factor of 1 or more, an unknown mode or threshold_mode.

    >>> plateau = reduce_lr_on_plateau(1.0, patience=1, factor=0.5)
    >>> state = plateau.init()
    >>> for loss in (3.0, 3.0, 3.0):
    ...     state = plateau.update(state, loss)
    >>> float(state.learning_rate)
    0.5
    """
    for name, value in {"factor": factor, "threshold": threshold, "min_lr": min_lr, "eps": eps}.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(f"reduce_lr_on_plateau: {name} must be a number, given {value!r}")
    for name, count in {"patience": patience, "cooldown": cooldown}.items():
        if isinstance(count, bool) or not isinstance(count, numbers.Integral):
            raise TypeError(f"reduce_lr_on_plateau: {name} must be an integer, given {count!r}")
    require(factor < 1, "reduce_lr_on_plateau", "factor must be below 1", factor)
    require(mode in ("min", "max"), "reduce_lr_on_plateau", "mode must be 'min' or 'max'", repr(mode))
    known = threshold_mode in ("rel", "abs")
    require(known, "reduce_lr_on_plateau", "threshold_mode must be 'rel' or 'abs'", repr(threshold_mode))
    sign = -1.0 if mode == "min" else 1.0

    def init() -> PlateauState:
        worst, none = jnp.asarray(-sign * jnp.inf, float), jnp.zeros((), jnp.int32)
        return PlateauState(jnp.asarray(learning_rate, float), worst, none, none)

    def update(state: PlateauState, metric: Any) -> PlateauState:
        current, best = jnp.asarray(metric).astype(state.best.dtype), state.best
        goal = best * (1 + sign * threshold) if threshold_mode == "rel" else best + sign * threshold
        better = sign * current > sign * goal
        bad = jnp.where(better, 0, state.num_bad_epochs + 1)
        cooling = state.cooldown_counter > 0
        bad, left = jnp.where(cooling, 0, bad), jnp.maximum(state.cooldown_counter - 1, 0)
        reduces = bad > patience
        lower = jnp.maximum(state.learning_rate * factor, min_lr)
        lower = jnp.where(state.learning_rate - lower > eps, lower, state.learning_rate)
        return PlateauState(
            jnp.where(reduces, lower, state.learning_rate),
            jnp.where(better, current, best),
            jnp.where(reduces, 0, bad).astype(jnp.int32),
            jnp.where(reduces, cooldown, left).astype(jnp.int32),
        )

    return Plateau(init, update)
