"""Losses."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import widen
from jaxdl.functional._targets import along, class_axis, class_indices, picked
from jaxdl.functional.activation import log_softmax


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
    `weight` is differentiable with indices too; the target of an unbatched input has no axis (PyTorch allows one of
    length 1).

    Args:
        input: logits, [C], [N, C] or [N, C, d1, ...].
        target: integers [], [N] or [N, d1, ...] in [0, C), or `ignore_index`; or probabilities of the input's
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
    how = _reduction("cross_entropy", size_average, reduce, reduction)
    x, t, w = jnp.asarray(input), jnp.asarray(target), None if weight is None else jnp.asarray(weight)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"cross_entropy: label_smoothing is {label_smoothing}; it must lie in [0, 1]")
    axis = class_axis("cross_entropy", x, w)
    if x.shape == t.shape:
        if not jnp.issubdtype(t.dtype, jnp.floating):
            raise TypeError(
                f"cross_entropy: target has the input's shape {t.shape}, so it must hold probabilities in a "
                f"floating point dtype, not {t.dtype}"
            )
        if ignore_index >= 0:
            raise ValueError(
                f"cross_entropy: ignore_index is {ignore_index}, which means nothing for probability targets"
            )
        dtype = jnp.result_type(x, t) if w is None else jnp.result_type(x, t, w)
        return _soft(log_softmax(widen(x), axis), t, w, axis, how, label_smoothing).astype(dtype)
    t = class_indices("cross_entropy", x, t, w, axis, ignore_index)
    wide, w = widen(x), None if w is None else widen(w)
    shifted = wide - lax.stop_gradient(jnp.max(wide, axis, keepdims=True, initial=-jnp.inf))
    normaliser = jnp.log(jnp.sum(jnp.exp(shifted), axis))  # apart: one array of all classes less than log_softmax
    rows, total = picked(shifted, t, w, axis, ignore_index, normaliser)
    loss = _reduced(rows, how, total)
    if label_smoothing > 0.0:
        logs = shifted - jnp.expand_dims(normaliser, axis)
        uniform = -jnp.sum(logs if w is None else logs * along(w, axis, x.ndim), axis)
        uniform = _reduced(jnp.where(t == ignore_index, 0, uniform), how, total)
        loss = (1 - label_smoothing) * loss + (label_smoothing / x.shape[axis]) * uniform
    return loss.astype(x.dtype)


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
        target: integers [], [N] or [N, d1, ...] in [0, C), or `ignore_index`.
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
    how = _reduction("nll_loss", size_average, reduce, reduction)
    x, t, w = jnp.asarray(input), jnp.asarray(target), None if weight is None else jnp.asarray(weight)
    axis = class_axis("nll_loss", x, w)
    t = class_indices("nll_loss", x, t, w, axis, ignore_index)
    rows, total = picked(widen(x), t, None if w is None else widen(w), axis, ignore_index, None)
    return _reduced(rows, how, total).astype(x.dtype)


def mse_loss(
    input: ArrayLike,
    target: ArrayLike,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: ArrayLike | None = None,
) -> jax.Array:
    """Mean squared error.

        l_i = w_i · (x_i - t_i)²

    'mean' divides by the number of elements, or by the sum of the weights where they are given.

    **Matches** PyTorch 2.13, the UserWarning and the broadcast for different sizes included, and the
    promotion of dtypes.

    Args:
        input: any shape.
        target: the input's shape, or one that broadcasts with it.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.
        weight: the input's shape.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the promoted dtype.

    Raises:
        ValueError: shapes that do not broadcast, weights of another shape than the input, a misspelt
            reduction.
        TypeError: dtypes whose promotion is not floating point.

    >>> mse_loss(jnp.array([1.0, 2.0]), jnp.array([1.0, 4.0])).item()
    2.0
    """
    x, t, w = jnp.asarray(input), jnp.asarray(target), None if weight is None else jnp.asarray(weight)
    if x.shape != t.shape:
        warnings.warn(
            f"Using a target size ({t.shape}) that is different to the input size ({x.shape}). "
            "This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=2,
        )
    how = _reduction("mse_loss", size_average, reduce, reduction)
    try:
        shape = np.broadcast_shapes(x.shape, t.shape)
    except ValueError:
        raise ValueError(
            f"mse_loss: input has shape {x.shape} and target {t.shape}; the two do not broadcast"
        ) from None
    if w is not None and w.shape != x.shape:
        raise ValueError(f"mse_loss: weight has shape {w.shape} but input {x.shape}; the two must be equal")
    dtype = jnp.result_type(x, t) if w is None else jnp.result_type(x, t, w)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(f"mse_loss: input of {x.dtype} and target of {t.dtype} promote to {dtype}; cast one to a float")
    x, t = (jnp.broadcast_to(widen(a.astype(dtype)), shape) for a in (x, t))
    squared = jnp.square(x - t)
    if w is None:
        return _reduced(squared, how, squared.size).astype(dtype)
    w = widen(w.astype(dtype))
    return _reduced(squared * jnp.broadcast_to(w, shape), how, jnp.sum(w)).astype(dtype)


def _reduction(where: str, size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction asked for, by name or in PyTorch's deprecated way."""
    if size_average is not None or reduce is not None:
        averaged, reduced = size_average in (None, True), reduce in (None, True)
        reduction = ("mean" if averaged else "sum") if reduced else "none"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{where}: reduction is {reduction!r}; it must be 'none', 'mean' or 'sum'")
    return reduction


def _reduced(values: jax.Array, how: str, total: jax.Array | int) -> jax.Array:
    if how == "none":
        return values
    return jnp.sum(values) if how == "sum" else jnp.sum(values) / jnp.asarray(total, values.dtype)


def _soft(logs: jax.Array, p: jax.Array, w: jax.Array | None, axis: int, how: str, smoothing: float) -> jax.Array:
    """Cross-entropy with probabilities."""
    if smoothing > 0.0:
        p = p * (1 - smoothing) + smoothing / logs.shape[axis]
    products = logs * p if w is None else logs * p * along(w, axis, logs.ndim)
    return _reduced(-jnp.sum(products, axis), how, logs.size // max(logs.shape[axis], 1))
