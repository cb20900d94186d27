"""Class indices as targets: what is asked of them, and the entries that they pick."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, require_length, require_same_dtype
from jaxdl.functional._concrete import concrete

Described = jax.Array | jax.ShapeDtypeStruct


def class_axis(where: str, x: Described, w: jax.Array | None) -> int:
    """The axis of the classes: 0 in [C], 1 in [N, C, ...]."""
    require_floating(where, input=x)
    if x.ndim < 1:
        raise ValueError(f"{where}: input is a scalar; it must be [C], [N, C] or [N, C, d1, ...]")
    axis = min(x.ndim - 1, 1)
    if w is not None:
        require_length(where, "weight", w, x.shape[axis], "one for each class")
    return axis


def class_indices(
    where: str, x: Described, target: ArrayLike, w: jax.Array | None, axis: int, ignore_index: int
) -> jax.Array:
    """The targets, known to fit the input, without the axis of length 1 that PyTorch allows beside one sample."""
    t = jnp.asarray(target)
    wanted, classes = x.shape[:axis] + x.shape[axis + 1 :], x.shape[axis]
    if not jnp.issubdtype(t.dtype, jnp.integer):
        raise TypeError(f"{where}: target of shape {t.shape} has dtype {t.dtype}; class indices are integers")
    if t.shape != wanted and (x.ndim, t.shape) != (1, (1,)):
        raise ValueError(
            f"{where}: target has shape {t.shape} but input of shape {x.shape} needs class indices of shape {wanted}"
        )
    require_same_dtype(where, input=x, weight=w)
    require_indices(where, target, classes, ignore_index)
    return comparable(t.reshape(wanted))


def require_indices(where: str, target: ArrayLike, classes: int, ignore_index: int | None) -> None:
    """Refuse class indices out of range; their values are looked at only where that needs no tracing."""
    values = concrete(target)
    if values is None:
        return
    wrong = values[(values < 0) | (values >= classes)]
    wrong = wrong if ignore_index is None else wrong[wrong != ignore_index]
    if wrong.size:
        allowed = "" if ignore_index is None else f" or be ignore_index (={ignore_index})"
        raise ValueError(
            f"{where}: target holds {wrong.flat[0]} but input has {classes} classes; indices must lie in "
            f"[0, {classes - 1}]{allowed}"
        )


def comparable(t: jax.Array) -> jax.Array:
    """As int32 or int64: a small or unsigned dtype could not hold -100 to compare with."""
    return t if t.dtype in (jnp.int32, jnp.int64) else t.astype(jnp.int32)


def along(vector: jax.Array, axis: int, ndim: int) -> jax.Array:
    """A vector laid along one of `ndim` axes."""
    return vector.reshape([-1 if a == axis else 1 for a in range(ndim)])


def picked(
    values: jax.Array, t: jax.Array, w: jax.Array | None, axis: int, ignore_index: int, *normaliser: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Every row's w[t] · (normaliser - values[t]), 0 where ignored, NaN where t is out of range; and the kept weight.

    The normaliser's parts are added in turn, the largest first.
    """
    classes = values.shape[axis]
    rows = -_entries(axis, values, t)
    for part in normaliser:
        rows = part + rows
    kept = t != ignore_index
    weights = kept.astype(values.dtype)
    if w is not None:
        weights = jnp.where(kept, jnp.take(w, t, mode="clip"), 0)
        rows = rows * weights
    rows = jnp.where((t >= 0) & (t < classes), rows, jnp.nan)
    return jnp.where(kept, rows, 0), jnp.sum(weights)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _entries(axis: int, values: jax.Array, t: jax.Array) -> jax.Array:
    """values[t] of every row; whatever lies nearest where t is out of range."""
    inside = jnp.expand_dims(jnp.clip(t, 0, values.shape[axis] - 1), axis)
    return jnp.squeeze(jnp.take_along_axis(values, inside, axis, mode="promise_in_bounds"), axis)


@_entries.defjvp
def _entries_jvp(
    axis: int, primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, Any]
) -> tuple[jax.Array, jax.Array]:
    """By a comparison with every class: it fuses with a softmax's derivative, and its transpose is no scatter."""
    (values, t), (change, _) = primals, tangents
    classes = along(jnp.arange(values.shape[axis], dtype=t.dtype), axis, values.ndim)
    return _entries(axis, values, t), jnp.sum(jnp.where(classes == jnp.expand_dims(t, axis), change, 0), axis)
