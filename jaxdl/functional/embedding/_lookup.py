"""Rows of a table by index: what is asked of the indices, and the rows with PyTorch's gradients.

An index is seen only where it is concrete. Inside `jit` one that is out of range makes its row NaN.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jaxdl.functional._checks import integer, widen
from jaxdl.functional._concrete import concrete


def row_indices(where: str, indices: jax.Array, rows: int) -> jax.Array:
    """Indices of rows, refused where they are no integers or seen to be out of range, and -1 if unseen and so."""
    if not jnp.issubdtype(indices.dtype, jnp.integer):
        raise TypeError(f"{where}: input has dtype {indices.dtype}; indices are integers")
    values = concrete(indices)
    if values is not None:
        wrong = values[(values < 0) | (values >= rows)]
        if wrong.size:
            raise ValueError(
                f"{where}: input holds {wrong.flat[0]} but weight has {rows} rows; indices must lie in [0, {rows - 1}]"
            )
    # A small or unsigned dtype could not hold -1, nor the number of rows.
    wide = indices if indices.dtype in (jnp.int32, jnp.int64) else indices.astype(jnp.int32)
    return jnp.where((wide >= 0) & (wide < rows), wide, -1)


def padding_row(where: str, padding_idx: int | None, rows: int) -> int | None:
    """`padding_idx` counted from the front."""
    if padding_idx is None:
        return None
    index = integer(where, "padding_idx", padding_idx)
    if not -rows <= index < rows:
        raise ValueError(f"{where}: padding_idx is {index} but weight has {rows} rows; it must be in [-{rows}, {rows})")
    return index % rows


def looked_up(weight: jax.Array, indices: jax.Array) -> jax.Array:
    """weight[indices], NaN for index -1.

    The gradient is the scatter that jax makes of it. A product with one-hot rows took 1.0 to 380 times as long on CPU
    (medians; 32 indices of 10 rows to 16,384 of 2,048), and would spread one NaN over all rows.
    """
    half = jnp.issubdtype(weight.dtype, jnp.floating) and weight.dtype.itemsize < 4
    return _half_rows(weight, indices) if half else _rows(weight, indices)


def _rows(weight: jax.Array, indices: jax.Array) -> jax.Array:
    missing = jnp.nan if jnp.issubdtype(weight.dtype, jnp.inexact) else None
    rows = weight.shape[0]
    return weight.at[jnp.where(indices < 0, rows, indices)].get(mode="fill", fill_value=missing)


@jax.custom_jvp
def _half_rows(weight: jax.Array, indices: jax.Array) -> jax.Array:
    """Rows of a half type, whose gradients are added up in float32.

    Added up in bfloat16, the gradient of a row that is looked up 1,000 times is off by 8 % of its size.
    """
    return _rows(weight, indices)


@_half_rows.defjvp
def _half_rows_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[jax.Array, jax.Array]:
    (weight, indices), change = primals, tangents[0]
    return _half_rows(weight, indices), _rows(widen(change), indices).astype(weight.dtype)


def renormalised(weight: jax.Array, indices: jax.Array, max_norm: float, norm_type: float) -> jax.Array:
    """`weight` with the rows at `indices` scaled down to a norm of at most `max_norm`.

    No gradient passes through the scale: to differentiate by the old weight is to differentiate by the new one.
    """
    flat = jnp.where(indices < 0, weight.shape[0], indices).ravel()
    rows = widen(weight.at[flat].get(mode="fill", fill_value=0))
    norms = jnp.linalg.norm(rows, ord=norm_type, axis=-1, keepdims=True) if rows.size else rows
    shorter = jnp.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)
    return _replaced(weight, weight.at[flat].set(shorter.astype(weight.dtype), mode="drop"))


@jax.custom_jvp
def _replaced(old: jax.Array, new: jax.Array) -> jax.Array:
    return new


@_replaced.defjvp
def _replaced_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[jax.Array, jax.Array]:
    return primals[1], tangents[0]


def gradient_factors(
    indices: jax.Array, rows: int, padding: int | None, by_frequency: bool, dtype: jnp.dtype
) -> jax.Array | None:
    """What the gradient of every looked-up row is multiplied by; None for 1."""
    if padding is None and not by_frequency:
        return None
    factors = jnp.ones(indices.shape, dtype)
    if by_frequency:
        place = jnp.where(indices < 0, rows, indices)
        counts = jnp.zeros(rows, dtype).at[place].add(1, mode="drop")
        factors = 1 / counts.at[place].get(mode="fill", fill_value=1)
    return factors if padding is None else jnp.where(indices == padding, 0, factors)


@jax.custom_jvp
def with_gradient_scaled(values: jax.Array, factors: jax.Array) -> jax.Array:
    """`values`, whose gradient is multiplied by `factors`, one for each row of them."""
    return values


@with_gradient_scaled.defjvp
def _with_gradient_scaled_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[jax.Array, jax.Array]:
    (values, factors), tangent = primals, tangents[0]
    return values, jnp.where(factors[..., None] == 0, 0, tangent * factors[..., None]).astype(tangent.dtype)
