"""How a loss is reduced, and the older ways of asking for it."""

import warnings
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

REDUCTIONS = ("none", "mean", "sum")
SPLIT_FROM = 2**14  # elements: from there on the sum in two steps is the faster one


def reduction_name(
    where: str,
    size_average: bool | None,
    reduce: bool | None,
    reduction: str,
    allowed: Sequence[str] = (*REDUCTIONS, "elementwise_mean"),
) -> str:
    """The reduction asked for, by name or in PyTorch's deprecated ways; for the public functions to call themselves."""
    if size_average is not None or reduce is not None:
        averaged, reduced = size_average in (None, True), reduce in (None, True)
        reduction = ("mean" if averaged else "sum") if reduced else "none"
        warnings.warn(
            f"{where}: size_average and reduce are deprecated; write reduction={reduction!r} instead", stacklevel=3
        )
    if reduction not in allowed:
        names = ", ".join(repr(name) for name in allowed if name != "elementwise_mean")
        raise ValueError(f"{where}: reduction is {reduction!r}; it must be one of {names}")
    if reduction == "elementwise_mean":
        warnings.warn(f"{where}: 'elementwise_mean' is deprecated; write reduction='mean' instead", stacklevel=3)
        return "mean"
    return reduction


def reduced(values: jax.Array, how: str, total: jax.Array | int | None = None) -> jax.Array:
    """The values, their sum, or their sum over `total` (None: their number)."""
    if how == "none":
        return values
    if how == "sum":
        return total_of(values)
    return total_of(values) / jnp.asarray(values.size if total is None else total, values.dtype)


def total_of(values: jax.Array) -> jax.Array:
    """The sum. XLA adds a whole array up on one core but its rows on all; the barrier keeps the two steps apart."""
    if values.ndim < 2 or values.size < SPLIT_FROM or values.dtype not in (jnp.float32, jnp.float64):
        return jnp.sum(values)
    return jnp.sum(lax.optimization_barrier(jnp.sum(values, axis=-1)))
