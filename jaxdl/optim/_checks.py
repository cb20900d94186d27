"""What optimisers check before they build anything. Traced values pass: they are known only when the step runs."""

import numbers
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax


def known(value: Any) -> bool:
    """Whether a value can be looked at now: neither a schedule nor traced."""
    return not callable(value) and not isinstance(value, jax.core.Tracer)


def require_non_negative(optimizer: str, **values: Any) -> None:
    """Raise ValueError for the first concrete value that is negative or NaN; schedules and traced values pass."""
    for name, value in values.items():
        if not known(value):
            continue
        if not isinstance(value, numbers.Real | np.ndarray | jax.Array):
            raise TypeError(f"{optimizer}: {name} must be a number, given {value!r}")
        if not np.all(np.asarray(value) >= 0):
            raise ValueError(f"{optimizer}: {name} must be at least 0, given {value}")


def require_between(optimizer: str, name: str, value: Any, low: float, high: float) -> None:
    """Raise ValueError for a concrete value outside [low, high]."""
    if known(value) and not low <= value <= high:
        raise ValueError(f"{optimizer}: {name} must be at least {low} and at most {high}, given {value}")


def require_betas(optimizer: str, betas: tuple[Any, ...], count: int = 2) -> None:
    """Raise ValueError unless `betas` are `count` numbers in [0, 1)."""
    if len(betas) != count:
        raise ValueError(f"{optimizer}: betas must be {count} numbers, given {betas}")
    for index, beta in enumerate(betas):
        if known(beta) and not 0 <= beta < 1:
            raise ValueError(f"{optimizer}: betas[{index}] must be at least 0 and below 1, given {beta}")


def require_real(optimizer: str, params: Any) -> None:
    """Raise TypeError for complex parameters."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if jnp.iscomplexobj(leaf):
            name = jax.tree_util.keystr(path, simple=True, separator=".")
            raise TypeError(
                f"{optimizer}: parameter {name!r} has dtype {leaf.dtype}; it must be real, as PyTorch asks as well"
            )


def static_integer(optimizer: str, name: str, value: Any, smallest: int) -> int:
    """`value` as a Python integer; TypeError for arrays, which optax.inject_hyperparams makes of numbers."""
    hint = f"(with optax.inject_hyperparams: static_args={name!r})"
    if isinstance(value, jax.Array):
        raise TypeError(f"{optimizer}: {name} must be a Python integer, given an array {hint}")
    try:
        number = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{optimizer}: {name} must be an integer, given {value!r}") from error
    if number < smallest:
        raise ValueError(f"{optimizer}: {name} must be at least {smallest}, given {value}")
    return number


def scalar_rate(optimizer: str, learning_rate: Any) -> Any:
    """The learning rate, checked: a number, a function of the step, or an array of one element (given as a scalar)."""
    if isinstance(learning_rate, jax.Array | np.ndarray):
        if learning_rate.size != 1:
            raise ValueError(
                f"{optimizer}: learning_rate must be one number, given an array of shape {learning_rate.shape}"
            )
        learning_rate = learning_rate.reshape(())
    require_non_negative(optimizer, learning_rate=learning_rate)
    return learning_rate


def require_params(optimizer: str, params: Any) -> None:
    """Raise ValueError where `update` was called without the parameters."""
    if params is None:
        raise ValueError(f"{optimizer}: update needs the parameters, as in tx.update(grads, state, params)")


def is_zero(value: Any) -> bool:
    """Whether a term can be left out: a plain 0. An array may become another number (optax.inject_hyperparams)."""
    return not isinstance(value, jax.Array) and bool(value == 0)


def gradient_first(maximize: bool, weight_decay: Any) -> list[optax.GradientTransformation]:
    """What comes before anything else: torch's gradient from jax's, negated to maximise, and the L2 term added.

    They differ for complex parameters alone: jax.grad of a real function f of z = x + iy gives ∂f/∂x - i ∂f/∂y, torch
    its conjugate, which is the direction of ascent.
    """
    transforms = [optax.stateless(lambda updates, _: jax.tree.map(jnp.conj, updates))]
    if maximize:
        transforms.append(optax.scale(-1.0))
    if not is_zero(weight_decay):
        transforms.append(optax.add_decayed_weights(weight_decay))
    return transforms
