"""Rows of a table by index, and indices as rows of zeros and a one."""

from typing import overload

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer, widen
from jaxdl.functional.embedding._lookup import (
    concrete,
    gradient_factors,
    looked_up,
    padding_row,
    renormalised,
    row_indices,
    with_gradient_scaled,
)


@overload
def embedding(
    input: ArrayLike,
    weight: ArrayLike,
    padding_idx: int | None = ...,
    max_norm: None = ...,
    norm_type: float = ...,
    scale_grad_by_freq: bool = ...,
    sparse: bool = ...,
) -> jax.Array: ...
@overload
def embedding(
    input: ArrayLike,
    weight: ArrayLike,
    padding_idx: int | None,
    max_norm: float,
    norm_type: float = ...,
    scale_grad_by_freq: bool = ...,
    sparse: bool = ...,
) -> tuple[jax.Array, jax.Array]: ...
@overload
def embedding(
    input: ArrayLike,
    weight: ArrayLike,
    padding_idx: int | None = ...,
    max_norm: float | None = ...,
    norm_type: float = ...,
    scale_grad_by_freq: bool = ...,
    sparse: bool = ...,
) -> jax.Array | tuple[jax.Array, jax.Array]: ...


def embedding(
    input: ArrayLike,
    weight: ArrayLike,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """Look rows of a table up.

        y[..., :] = weight[input[...], :]

    With `max_norm` the looked-up rows are first scaled to w · max_norm / (‖w‖ + 1e-7) where ‖w‖ > max_norm.

    **Matches** PyTorch 2.13: value, and gradient: none at `padding_idx` (whose row is looked up all the same), divided
    by the index's count in `input` with `scale_grad_by_freq`, none through the scale of `max_norm`. **Differs**:
    nothing changes in place, so `max_norm` returns the new weight as well; an index out of range raises ValueError
    (PyTorch: IndexError) where it is concrete, and inside `jit`, where it cannot be seen, makes its row NaN (of
    an integer weight, the lowest integer); indices may have any integer dtype; `sparse` is accepted and has no effect.

    Args:
        input: integers of any shape, in [0, V).
        weight: [V, D]; any dtype but boolean.
        padding_idx: the row that gets no gradient, in [-V, V).
        max_norm: the largest norm that a looked-up row keeps.
        norm_type: the p of that p-norm.
        scale_grad_by_freq: divide a row's gradient by how often it is looked up.
        sparse: no effect.

    Returns:
        An array of the input's shape and D, in the weight's dtype; with `max_norm` that and the new weight.

    Raises:
        ValueError: a weight that is no matrix, `padding_idx` or a concrete index out of range.
        TypeError: indices that are no integers, a boolean weight.

    >>> embedding(jnp.array([2, 0]), jnp.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    del sparse
    indices, table = jnp.asarray(input), jnp.asarray(weight)
    if table.ndim != 2:
        raise ValueError(f"embedding: weight has shape {table.shape}; it must be [V, D]")
    if table.dtype == bool:
        raise TypeError("embedding: weight has dtype bool; cast it to an integer dtype")
    padding = padding_row("embedding", padding_idx, table.shape[0])
    indices = row_indices("embedding", indices, table.shape[0])
    if max_norm is not None:
        table = renormalised(table, indices, max_norm, norm_type)
    rows = looked_up(table, indices)
    dtype = widen(table).dtype
    if jnp.issubdtype(dtype, jnp.inexact):
        factors = gradient_factors(indices, table.shape[0], padding, scale_grad_by_freq, dtype)
        rows = rows if factors is None else with_gradient_scaled(rows, factors)
    return rows if max_norm is None else (rows, table)


def one_hot(input: ArrayLike, num_classes: int = -1) -> jax.Array:
    """Every index as a row of zeros with a one at its place.

        y[..., c] = 1 if input[...] = c else 0

    **Matches** PyTorch 2.13. **Differs**: integers of any dtype are taken, and JAX's default integer dtype comes back,
    int32 unless x64 is enabled (PyTorch: int64 for both); inside `jit`, where indices cannot be seen, `num_classes`
    has to be given and a row whose index is out of range holds the lowest integer throughout.

    Args:
        input: integers of any shape, in [0, num_classes).
        num_classes: the length of a row; -1 is the largest index and one.

    Returns:
        Integers of the input's shape and num_classes.

    Raises:
        ValueError: an index out of range, `num_classes` not given where it cannot be known.
        TypeError: input that is not integer, a `num_classes` that is not an integer.

    >>> one_hot(jnp.array([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    indices, classes = jnp.asarray(input), integer("one_hot", "num_classes", num_classes)
    if not jnp.issubdtype(indices.dtype, jnp.integer):
        raise TypeError(f"one_hot: input has dtype {indices.dtype}; indices are integers")
    values = concrete(indices)
    if classes < 1 and classes != -1:
        raise ValueError(f"one_hot: num_classes is {classes}; it must be positive, or -1 for the largest index and one")
    if indices.size == 0:
        if classes == -1:
            raise ValueError(f"one_hot: num_classes is -1 but input of shape {indices.shape} is empty; give it")
    elif values is not None:
        least, most = int(values.min()), int(values.max())
        classes = most + 1 if classes == -1 else classes
        if least < 0 or most >= classes:
            raise ValueError(
                f"one_hot: input holds {least if least < 0 else most}; indices must lie in [0, num_classes), "
                f"num_classes={classes}"
            )
    elif classes == -1:
        raise ValueError("one_hot: num_classes is -1 but input is traced and its largest index unknown; give it")
    found = indices[..., None] == jnp.arange(classes, dtype=_wide(indices.dtype))
    dtype = jax.dtypes.canonicalize_dtype(jnp.int64)
    inside = (indices >= 0) & (indices < classes)
    return jnp.where(inside[..., None], found.astype(dtype), jnp.iinfo(dtype).min)


def _wide(dtype: jnp.dtype) -> jnp.dtype:
    """A dtype that holds every class: the indices' own, unless it is small."""
    return dtype if dtype.itemsize >= 4 else jnp.dtype(jnp.int32)
