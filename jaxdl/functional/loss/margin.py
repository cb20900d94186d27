"""Losses that ask one score to exceed another by a margin."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import (
    broadcast_together,
    require_floating,
    require_length,
    require_same_dtype,
    widen,
)
from jaxdl.functional.loss._reduction import reduced, reduction_name
from jaxdl.functional.loss._targets import comparable, require_indices


def margin_ranking_loss(
    input1: ArrayLike,
    input2: ArrayLike,
    target: ArrayLike,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """How far a pair of scores is from the order that the target asks for.

        l_i = max(0, margin - t_i · (a_i - b_i))

    **Matches** PyTorch 2.13: the slope 1 where the maximum's sides are equal, 0 where the score is NaN; the
    promotion of dtypes, integers make float32; the broadcast.

    Args:
        input1: a, any shape.
        input2: b, of as many axes as a.
        target: 1 where a should be the larger, -1 where b should; of as many axes as a.
        margin: by how much.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the promoted dtype.

    Raises:
        ValueError: different numbers of axes, shapes that do not broadcast, a misspelt reduction.
        TypeError: booleans or complex numbers.

    >>> margin_ranking_loss(jnp.array([2.0, 0.0]), jnp.array([1.0, 1.0]), jnp.array([1.0, 1.0])).item()
    0.5
    """
    how = reduction_name("margin_ranking_loss", size_average, reduce, reduction)
    arrays = {"input1": jnp.asarray(input1), "input2": jnp.asarray(input2), "target": jnp.asarray(target)}
    if len({array.ndim for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} of shape {array.shape}" for name, array in arrays.items())
        raise ValueError(f"margin_ranking_loss: {shapes} differ in their number of axes; give all the same")
    dtype = jnp.result_type(*arrays.values())
    if any(array.dtype == jnp.bool_ or jnp.iscomplexobj(array) for array in arrays.values()):
        raise TypeError(f"margin_ranking_loss: the arguments promote to {dtype}; cast them to a floating point dtype")
    dtype = dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.dtype(jnp.float32)
    a, b, t = broadcast_together(
        "margin_ranking_loss", **{name: widen(array.astype(dtype)) for name, array in arrays.items()}
    )
    return reduced(positive_part(-t * (a - b) + margin), how).astype(dtype)


def multi_margin_loss(
    input: ArrayLike,
    target: ArrayLike,
    p: int = 1,
    margin: float = 1.0,
    weight: ArrayLike | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """How far every class's score is from a margin below the right one's.

        l_n = Σ_{c ≠ t_n} w[t_n] · max(0, margin - x_n[t_n] + x_n[c])^p / C

    **Matches** PyTorch 2.13: the slope 0 where the maximum's sides are equal, NaN scores that do not count.
    **Differs**: second derivatives and `weight`'s are there; indices may have any integer dtype; an index out of
    range raises where targets are concrete and inside `jit` makes its row NaN; the mean of no rows is NaN
    (PyTorch: whatever the memory held).

    Args:
        input: scores, [N, C], [C] or [].
        target: integers in [0, C), [N], or [] or [1] for a single row.
        p: 1 or 2.
        margin: by how much the right score should exceed.
        weight: [C], a factor for each class.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the target's shape with 'none', in the input's dtype.

    Raises:
        ValueError: shapes that do not fit, no classes, another p, a misspelt reduction, a concrete target out of range.
        TypeError: input that is not floating point, weights of another dtype, targets that are not integers.

    >>> round(multi_margin_loss(jnp.array([[0.1, 0.2, 0.4, 0.8]]), jnp.array([3])).item(), 4)
    0.325

    Crammer and Singer, On the algorithmic implementation of multiclass kernel-based vector machines, JMLR 2001.
    """
    where = "multi_margin_loss"
    how = reduction_name(where, size_average, reduce, reduction)
    x, t, w = jnp.asarray(input), jnp.asarray(target), None if weight is None else jnp.asarray(weight)
    if p not in (1, 2):
        raise ValueError(f"{where}: p is {p}; it must be 1 or 2")
    rows = _scores(where, x)
    count, classes = rows.shape
    if w is not None:
        require_length(where, "weight", w, classes, "one for each class")
    require_same_dtype(where, input=x, weight=w)
    if t.ndim > 1 or t.size != count:
        raise ValueError(
            f"{where}: target has shape {t.shape} but input of shape {x.shape} needs [{count}] class indices"
        )
    if not jnp.issubdtype(t.dtype, jnp.integer):
        raise TypeError(f"{where}: target has dtype {t.dtype}; class indices are integers")
    require_indices(where, target, classes, None)
    index = comparable(t).reshape(count, 1)
    chosen = jnp.arange(classes, dtype=index.dtype)[None, :] == index
    excess = margin - jnp.sum(jnp.where(chosen, rows, 0), 1, keepdims=True) + rows
    excess = jnp.where(~chosen & (excess > 0), excess, 0)  # before the square: 0 · ∞ would be NaN
    loss = jnp.sum(excess if p == 1 else excess * excess, 1) / classes
    if w is not None:
        loss = loss * jnp.sum(jnp.where(chosen, widen(w)[None, :], 0), 1)
    loss = jnp.where(((index >= 0) & (index < classes))[:, 0], loss, jnp.nan)
    return reduced(loss, how).astype(x.dtype).reshape(t.shape if how == "none" else ())


def multilabel_margin_loss(
    input: ArrayLike,
    target: ArrayLike,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """How far every class that is not a label is from a margin of 1 below each label.

        l_n = Σ_{j in T} Σ_{k not in T} max(0, 1 - (x_n[j] - x_n[k])) / C

    T is the row's targets up to the first -1; a label that stands there twice counts twice.

    **Matches** PyTorch 2.13: the slope 0 where the maximum's sides are equal, NaN scores that do not count.
    **Differs**: second derivatives are there; indices may have any integer dtype; an index out of range raises where
    targets are concrete and inside `jit` makes its row NaN; the mean of no rows is NaN (PyTorch: whatever the
    memory held). Every pair of a row is computed, C² of them, as the number of labels is not known to a compiler.

    Args:
        input: scores, [N, C], [C] or [].
        target: integers in [-1, C), of the input's shape.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or [N] with 'none' and a batch, in the input's dtype.

    Raises:
        ValueError: shapes that do not fit, no classes, a misspelt reduction, a concrete target out of range.
        TypeError: input that is not floating point, targets that are not integers.

    >>> x, t = jnp.array([[0.1, 0.2, 0.4, 0.8]]), jnp.array([[3, 0, -1, 1]])
    >>> round(multilabel_margin_loss(x, t).item(), 4)
    0.85
    """
    where = "multilabel_margin_loss"
    how = reduction_name(where, size_average, reduce, reduction)
    x, t = jnp.asarray(input), jnp.asarray(target)
    rows = _scores(where, x)
    if not (t.shape == x.shape or (max(t.ndim, x.ndim) <= 1 and t.size == x.size)):
        raise ValueError(f"{where}: target has shape {t.shape} but input {x.shape}; the two must be equal")
    if not jnp.issubdtype(t.dtype, jnp.integer):
        raise TypeError(f"{where}: target has dtype {t.dtype}; class indices are integers")
    require_indices(where, target, x.shape[-1] if x.ndim else 1, -1)
    loss = jax.vmap(_one_multilabel)(rows, comparable(t).reshape(rows.shape))
    return reduced(loss if x.ndim == 2 else loss[0], how).astype(x.dtype)


def _one_multilabel(x: jax.Array, t: jax.Array) -> jax.Array:
    """The loss of one row [C]."""
    classes = x.shape[0]
    label = jnp.cumsum(t < 0) == 0
    chosen = (t[:, None] == jnp.arange(classes, dtype=t.dtype)[None, :]) & label[:, None]
    scores = jnp.sum(jnp.where(chosen, x[None, :], 0), 1)  # not a gather, whose gradient would be a scatter
    excess = 1 - scores[:, None] + x[None, :]
    active = label[:, None] & ~jnp.any(chosen, 0)[None, :] & (excess > 0)
    loss = jnp.sum(jnp.where(active, excess, 0)) / classes
    return jnp.where(jnp.all((t >= -1) & (t < classes)), loss, jnp.nan)


def _scores(where: str, x: jax.Array) -> jax.Array:
    """Scores as [N, C], in the dtype to compute in."""
    require_floating(where, input=x)
    if x.ndim > 2 or (x.ndim > 0 and x.shape[-1] == 0):
        raise ValueError(f"{where}: input has shape {x.shape}; it must be [N, C] or [C] with at least one class")
    return widen(x).reshape(x.shape if x.ndim == 2 else (1, x.size))


@jax.custom_jvp
def positive_part(x: jax.Array) -> jax.Array:
    """max(x, 0) with the slope of PyTorch's clamp: 1 at 0, and 0 at NaN."""
    return jnp.maximum(x, 0)


@positive_part.defjvp
def _positive_part_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (dx,) = primals, tangents
    return positive_part(x), jnp.where(x >= 0, dx, 0)
