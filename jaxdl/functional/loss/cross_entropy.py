"""Losses of class targets."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import widen
from jaxdl.functional.activation.softmax import log_softmax
from jaxdl.functional.loss._reduction import reduced, reduction_name
from jaxdl.functional.loss._targets import Described, along, class_axis, class_indices, picked


def cross_entropy(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> jax.Array:
    """Cross-entropy between softmax(input) and class indices or class probabilities.

        l_n = -w[t_n] · log softmax(x_n)[t_n]                 (indices)
        l_n = -Σ_c w[c] · p_n[c] · log softmax(x_n)[c]        (probabilities)

    'mean' divides by the sum of the kept targets' weights (indices) or by the number of rows (probabilities).
    Smoothing by e replaces the target by (1 - e) · target + e / C, its uniform part weighted class by class.

    **Matches** PyTorch 2.13: weights, `ignore_index`, smoothing and K-dimensional targets, NaN where nothing
    is averaged, and the gradient 0 where all is ignored. **Differs**: indices may have any integer dtype; an
    index out of range raises ValueError (PyTorch: IndexError) where targets are concrete, and inside `jit`,
    where they cannot be seen, makes its row NaN; a negative `label_smoothing` raises (PyTorch takes it as 0);
    `weight` is differentiable with indices too.

    Args:
        input: logits, [C], [N, C] or [N, C, d1, ...].
        target: integers [] (or [1]), [N] or [N, d1, ...] in [0, C), or `ignore_index`; or probabilities of the input's
            shape.
        weight: [C], a factor for each class.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        ignore_index: indices equal to this do not count; not allowed to be positive with probabilities.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.
        label_smoothing: in [0, 1].

    Returns:
        A scalar, or an array of the shape of integer targets with 'none', in the input's dtype.

    Raises:
        ValueError: shapes that do not fit, a misspelt reduction, a smoothing or a concrete target out of
            range.
        TypeError: input that is not floating point, weights of another dtype, targets that are neither kind.

    >>> round(cross_entropy(jnp.array([[0.0, 0.0], [0.0, 0.0]]), jnp.array([1, -100])).item(), 4)
    0.6931

    Szegedy et al., Rethinking the Inception architecture for computer vision, CVPR 2016 (label smoothing).
    """
    how = reduction_name("cross_entropy", size_average, reduce, reduction)
    x, w = jnp.asarray(input), None if weight is None else jnp.asarray(weight)
    fitted = class_target("cross_entropy", x, target, w, ignore_index, label_smoothing)
    rows, total = class_rows(x, fitted, label_smoothing)
    return reduced(rows, how, total).astype(fitted.dtype)


class ClassTarget(NamedTuple):
    """A target that is known to fit the logits: indices, or probabilities of the logits' shape."""

    values: jax.Array
    weight: jax.Array | None
    ignore_index: int | None  # None: probabilities
    axis: int
    dtype: jnp.dtype  # of the loss


def class_target(
    where: str, x: Described, target: ArrayLike, w: jax.Array | None, ignore_index: int, label_smoothing: float
) -> ClassTarget:
    """Check a target, weights and smoothing against the logits' shape and dtype."""
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"{where}: label_smoothing is {label_smoothing}; it must lie in [0, 1]")
    axis = class_axis(where, x, w)
    t = jnp.asarray(target)
    if x.shape != t.shape:
        t = class_indices(where, x, target, w, axis, ignore_index)
        return ClassTarget(t, None if w is None else widen(w), ignore_index, axis, x.dtype)
    if not jnp.issubdtype(t.dtype, jnp.floating):
        raise TypeError(
            f"{where}: target has the input's shape {t.shape}, so it must hold probabilities in a "
            f"floating point dtype, not {t.dtype}"
        )
    if ignore_index >= 0:
        raise ValueError(f"{where}: ignore_index is {ignore_index}, which means nothing for probability targets")
    dtype = jnp.result_type(x.dtype, t) if w is None else jnp.result_type(x.dtype, t, w)
    return ClassTarget(t, w, None, axis, dtype)


def class_rows(x: jax.Array, target: ClassTarget, smoothing: float) -> tuple[jax.Array, jax.Array | int]:
    """The loss of every row of logits, and what 'mean' divides their sum by."""
    t, w, ignore_index, axis, _ = target
    wide, classes = widen(x), x.shape[axis]
    if ignore_index is None:
        logs = log_softmax(wide, axis)
        p = t * (1 - smoothing) + smoothing / classes if smoothing > 0.0 else t
        products = logs * p if w is None else logs * p * along(w, axis, x.ndim)
        return -jnp.sum(products, axis), x.size // max(classes, 1)
    largest = lax.stop_gradient(jnp.max(wide, axis, keepdims=True, initial=-jnp.inf))
    shifted = wide - largest
    normaliser = jnp.log(jnp.sum(jnp.exp(shifted), axis))  # apart: one array of all classes less than log_softmax
    rows, total = picked(wide, t, w, axis, ignore_index, jnp.squeeze(largest, axis), normaliser)
    if smoothing > 0.0:
        logs = shifted - jnp.expand_dims(normaliser, axis)
        uniform = -jnp.sum(logs if w is None else logs * along(w, axis, x.ndim), axis)
        rows = (1 - smoothing) * rows + (smoothing / classes) * jnp.where(t == ignore_index, 0, uniform)
    return rows, total


def nll_loss(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """Negative log-likelihood of class indices.

        l_n = -w[t_n] · x_n[t_n]

    'mean' divides by the sum of the kept targets' weights.

    **Matches** and **differs** from PyTorch 2.13 as `cross_entropy` with indices does.

    Args:
        input: log-probabilities, [C], [N, C] or [N, C, d1, ...].
        target: integers [] (or [1]), [N] or [N, d1, ...] in [0, C), or `ignore_index`.
        weight: [C], a factor for each class.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        ignore_index: indices equal to this do not count.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the target's shape with 'none', in the input's dtype.

    Raises:
        ValueError: shapes that do not fit, a misspelt reduction, a concrete target out of range.
        TypeError: input that is not floating point, weights of another dtype, targets that are not integers.

    >>> nll_loss(jnp.array([[-1.0, -2.0], [-3.0, -4.0]]), jnp.array([0, 1])).item()
    2.5
    """
    how = reduction_name("nll_loss", size_average, reduce, reduction)
    x, w = jnp.asarray(input), None if weight is None else jnp.asarray(weight)
    axis = class_axis("nll_loss", x, w)
    t = class_indices("nll_loss", x, target, w, axis, ignore_index)
    rows, total = picked(widen(x), t, None if w is None else widen(w), axis, ignore_index)
    return reduced(rows, how, total).astype(x.dtype)
