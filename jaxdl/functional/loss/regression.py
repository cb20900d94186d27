"""Losses of the difference between input and target."""

import warnings
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxdl.functional._checks import broadcast_together, number, require_floating, widen
from jaxdl.functional._scalar import magnitude
from jaxdl.functional.loss._reduction import reduced, reduction_name


def l1_loss(
    input: ArrayLike,
    target: ArrayLike,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: ArrayLike | None = None,
) -> jax.Array:
    """Mean absolute error.

        l_i = w_i · |x_i - t_i|

    'mean' divides by the number of elements, or by the sum of the weights where they are given.

    **Matches** PyTorch 2.13: the gradient 0 where input and target are equal, complex and integer dtypes, the
    promotion of dtypes, the UserWarning and the broadcast for different sizes.

    Args:
        input: any shape.
        target: the input's shape, or one that broadcasts with it.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.
        weight: the input's shape.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the promoted dtype, real where that is complex.

    Raises:
        ValueError: shapes that do not broadcast, weights of another shape than the input, a misspelt reduction.
        TypeError: booleans, or a mean of integers.

    >>> l1_loss(jnp.array([1.0, 2.0]), jnp.array([1.0, 4.0])).item()
    1.0
    """
    _warn_of_sizes("l1_loss", input, target)
    how = reduction_name("l1_loss", size_average, reduce, reduction)
    difference, w, dtype = _differences("l1_loss", input, target, weight)
    if dtype == jnp.bool_ or (how == "mean" and not jnp.issubdtype(dtype, jnp.inexact)):
        raise TypeError(f"l1_loss: input and target promote to {dtype}, which has no {how} of differences; cast one")
    return _weighted(magnitude(difference), w, how).astype(_magnitudes(dtype, how))


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
    _warn_of_sizes("mse_loss", input, target)
    how = reduction_name("mse_loss", size_average, reduce, reduction)
    difference, w, dtype = _differences("mse_loss", input, target, weight)
    _require_float("mse_loss", dtype)
    return _weighted(jnp.square(difference), w, how).astype(dtype)


def smooth_l1_loss(
    input: ArrayLike,
    target: ArrayLike,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> jax.Array:
    """Absolute error, rounded to a parabola within `beta` of zero.

        l_i = d_i² / (2 beta)    where |d_i| < beta,  d = x - t
        l_i = |d_i| - beta / 2   elsewhere

    **Matches** PyTorch 2.13: `beta=0` is `l1_loss`, the second derivative is 0 where |d| = beta, the promotion of
    dtypes, the UserWarning and the broadcast for different sizes.

    Args:
        input: any shape.
        target: the input's shape, or one that broadcasts with it.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.
        beta: where the parabola ends, not negative.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the promoted dtype.

    Raises:
        ValueError: shapes that do not broadcast, a negative `beta`, a misspelt reduction.
        TypeError: dtypes whose promotion is not floating point.

    >>> smooth_l1_loss(jnp.array([0.5, 3.0]), jnp.array([0.0, 0.0]), reduction="none").tolist()
    [0.125, 2.5]

    Girshick, Fast R-CNN, ICCV 2015.
    """
    _warn_of_sizes("smooth_l1_loss", input, target)
    how = reduction_name("smooth_l1_loss", size_average, reduce, reduction)
    beta = number("smooth_l1_loss", "beta", beta)
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: beta is {beta}; it must not be negative")
    difference, _, dtype = _differences("smooth_l1_loss", input, target, None)
    _require_float("smooth_l1_loss", dtype)
    values = magnitude(difference) if beta == 0 else _rounded(difference, beta, 1.0, beta)
    return reduced(values, how).astype(dtype)


def huber_loss(
    input: ArrayLike,
    target: ArrayLike,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: ArrayLike | None = None,
) -> jax.Array:
    """Squared error within `delta` of zero, and its tangent beyond.

        l_i = w_i · d_i² / 2                     where |d_i| ≤ delta,  d = x - t
        l_i = w_i · delta · (|d_i| - delta / 2)  elsewhere

    'mean' divides by the number of elements, with weights too.

    **Matches** PyTorch 2.13: the second derivative 0 where |d| = delta, the input's dtype for the result, the
    UserWarning and the broadcast for different sizes.

    Args:
        input: any shape, floating point.
        target: the input's shape, or one that broadcasts with it.
        reduction: 'none', 'mean' or 'sum'.
        delta: where the parabola ends, positive.
        weight: the input's shape.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the input's dtype.

    Raises:
        ValueError: shapes that do not broadcast, weights of another shape than the input, a `delta` that is not
            positive, a misspelt reduction.
        TypeError: an input that is not floating point, a complex target.

    >>> huber_loss(jnp.array([1.0, 4.0]), jnp.array([0.0, 0.0]), reduction="none", delta=2.0).tolist()
    [0.5, 6.0]

    Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 1964.
    """
    _warn_of_sizes("huber_loss", input, target)
    how = reduction_name("huber_loss", None, None, reduction)
    require_floating("huber_loss", input=jnp.asarray(input))
    delta = number("huber_loss", "delta", delta)
    if not delta > 0:
        raise ValueError(f"huber_loss: delta is {delta}; it must be positive")
    difference, w, dtype = _differences("huber_loss", input, target, weight)
    _require_float("huber_loss", dtype)
    values = _rounded(difference, delta, delta, 1.0)
    return reduced(values if w is None else values * w, how).astype(jnp.asarray(input).dtype)


def _warn_of_sizes(where: str, input: ArrayLike, target: ArrayLike) -> None:
    if jnp.shape(input) != jnp.shape(target):
        warnings.warn(
            f"{where}: target has shape {jnp.shape(target)}, a size different to the input size {jnp.shape(input)}; "
            "the two are broadcast, which is seldom meant",
            stacklevel=3,
        )


def _differences(
    where: str, input: ArrayLike, target: ArrayLike, weight: ArrayLike | None
) -> tuple[jax.Array, jax.Array | None, DTypeLike]:
    """input - target and the weights, in one shape and the dtype to compute in; and the dtype that all promote to."""
    x, t, w = jnp.asarray(input), jnp.asarray(target), None if weight is None else jnp.asarray(weight)
    if w is not None and w.shape != x.shape:
        raise ValueError(f"{where}: weight has shape {w.shape} but input {x.shape}; the two must be equal")
    dtype = jnp.result_type(x, t) if w is None else jnp.result_type(x, t, w)
    wide, far = broadcast_together(where, input=_wide(x, dtype), target=_wide(t, dtype))
    return wide - far, None if w is None else jnp.broadcast_to(_wide(w, dtype), wide.shape), dtype


def _wide(array: jax.Array, dtype: DTypeLike) -> jax.Array:
    array = array.astype(jnp.int8 if dtype == jnp.bool_ else dtype)
    return widen(array) if jnp.issubdtype(dtype, jnp.floating) else array


def _require_float(where: str, dtype: DTypeLike) -> None:
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(f"{where}: input and target promote to {dtype}; cast one of them to a floating point dtype")


def _magnitudes(dtype: DTypeLike, how: str) -> DTypeLike:
    """The dtype of magnitudes of numbers of `dtype`, or of their sum."""
    if jnp.issubdtype(dtype, jnp.inexact):
        return jnp.finfo(dtype).dtype
    return dtype if how == "none" else jax.dtypes.canonicalize_dtype(jnp.int64)


def _weighted(values: jax.Array, w: jax.Array | None, how: str) -> jax.Array:
    """The mean divides by the weights' sum."""
    if w is None:
        return reduced(values, how)
    return reduced(values * w, how, jnp.sum(w))


@partial(jax.custom_jvp, nondiff_argnums=(1, 2, 3))
def _rounded(d: jax.Array, limit: float, slope: float, scale: float) -> jax.Array:
    """d² / (2 scale) up to |d| = limit, from there on a line of the slope given."""
    distance = jnp.abs(d)
    return jnp.where(distance <= limit, 0.5 * d * d / scale, slope * (distance - 0.5 * limit))


@_rounded.defjvp
def _rounded_jvp(
    limit: float, slope: float, scale: float, primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """Explicit, so that an infinite difference has the line's slope and not 0 · ∞."""
    (d,), (dd,) = primals, tangents
    return _rounded(d, limit, slope, scale), jnp.where(jnp.abs(d) < limit, d / scale, slope * jnp.sign(d)) * dd
