"""What optimisers check before they build anything. Traced values pass: they are known only when the step runs."""

from typing import Any

import jax
import optax


def require_non_negative(optimizer: str, **values: Any) -> None:
    """Raise ValueError for the first concrete value that is negative or NaN; schedules and traced values pass."""
    for name, value in values.items():
        if callable(value) or isinstance(value, jax.core.Tracer):
            continue
        if not value >= 0:
            raise ValueError(f"{optimizer}: {name} must be at least 0, given {value}")


def require_betas(optimizer: str, betas: tuple[Any, ...], count: int = 2) -> None:
    """Raise ValueError unless `betas` are `count` numbers in [0, 1)."""
    if len(betas) != count:
        raise ValueError(f"{optimizer}: betas must be {count} numbers, given {betas}")
    for index, beta in enumerate(betas):
        if not isinstance(beta, jax.core.Tracer) and not 0 <= beta < 1:
            raise ValueError(f"{optimizer}: betas[{index}] must be at least 0 and below 1, given {beta}")


def is_zero(value: Any) -> bool:
    """Whether a term can be left out: a plain 0. An array may become another number (optax.inject_hyperparams)."""
    return not isinstance(value, jax.Array) and bool(value == 0)


def gradient_first(maximize: bool, weight_decay: Any) -> list[optax.GradientTransformation]:
    """What PyTorch does to a gradient before anything else: negate to maximise, then add the L2 term."""
    transforms = [optax.scale(-1.0)] if maximize else []
    if not is_zero(weight_decay):
        transforms.append(optax.add_decayed_weights(weight_decay))
    return transforms
