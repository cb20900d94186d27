"""One step of an optimiser, whatever it asks for."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxdl.train.programs.structure import settled


def require_optimizer(where: str, optimizer: Any) -> None:
    """Raise TypeError unless it is an optax transformation."""
    if not isinstance(optimizer, optax.GradientTransformation):
        raise TypeError(
            f"{where}: optimizer must be an optax transformation such as optim.adam(1e-3), "
            f"given {type(optimizer).__name__}"
        )


def require_named(where: str, functions: Any) -> Mapping[str, Any]:
    """Functions by name; None is none of them."""
    if functions is not None and not isinstance(functions, Mapping):
        raise TypeError(f"{where} must be a dict of functions by name, given {type(functions).__name__}")
    return functions or {}


def require_scalar(where: str, given: Any) -> jax.Array:
    """What a loss gave, refused unless it is one number that can have a gradient."""
    if given is None:
        raise TypeError(f"{where} must give one number, gave None; is a return missing?")
    value = jnp.asarray(given)
    if not jnp.issubdtype(value.dtype, jnp.floating):
        raise TypeError(f"{where} must give a real floating-point number, which has a gradient, gave {value.dtype}")
    if value.shape != ():
        raise ValueError(f"{where} must give one number, gave shape {value.shape}; take the mean, or the sum")
    return value


def descend(
    optimizer: optax.GradientTransformation,
    opt_state: Any,
    params: Any,
    value: jax.Array,
    gradients: Any,
    value_fn: Callable[[Any], jax.Array],
) -> tuple[Any, Any]:
    """The parameters and the optimiser's state after a step.

    Value and function are for those that search along a line, such as `optim.lbfgs`; the others leave them alone.
    """
    updates, moved = optax.with_extra_args_support(optimizer).update(
        gradients, opt_state, params, value=value, grad=gradients, value_fn=value_fn
    )
    return settled(optax.apply_updates(params, updates), params), settled(moved, opt_state)
