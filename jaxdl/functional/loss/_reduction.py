"""How a loss is reduced, and the older ways of asking for it."""

import warnings
from collections.abc import Sequence

import jax
import jax.numpy as jnp

REDUCTIONS = ("none", "mean", "sum")


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
        return jnp.sum(values)
    return jnp.sum(values) / jnp.asarray(values.size if total is None else total, values.dtype)
