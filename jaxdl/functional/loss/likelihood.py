"""Losses that are negative log-likelihoods of a distribution, or the distance between two."""

import math
import warnings

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jax.typing import ArrayLike, DTypeLike

from jaxdl.functional._checks import broadcast_together, require_floating, widen
from jaxdl.functional._concrete import concrete
from jaxdl.functional._scalar import straight_through
from jaxdl.functional.loss._reduction import REDUCTIONS, reduced, reduction_name


def kl_div(
    input: ArrayLike,
    target: ArrayLike,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> jax.Array:
    """Kullback-Leibler divergence of the target from the distribution whose logarithm is the input.

        l_i = t_i · (log t_i - x_i)
        l_i = exp(t_i) · (t_i - x_i)    (log_target)

    'mean' divides by the number of elements, which is not a divergence; 'batchmean' by the first axis's length.

    **Matches** PyTorch 2.13: 0 · log 0 = 0, NaN where a zero target meets an input of -inf, the UserWarning for
    'mean', the broadcast and the promotion of dtypes.

    Args:
        input: log-probabilities, any shape.
        target: probabilities, or their logarithms with `log_target`; the input's shape or one that broadcasts.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'batchmean', 'mean' or 'sum'.
        log_target: whether the target is logarithms.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the promoted dtype.

    Raises:
        ValueError: shapes that do not broadcast, a misspelt reduction.
        TypeError: an input or target that is not floating point.

    >>> half = jnp.array([[0.5, 0.5]])
    >>> round(kl_div(jnp.log(jnp.array([[0.25, 0.75]])), half, reduction="batchmean").item(), 4)
    0.1438

    Kullback and Leibler, On information and sufficiency, Annals of Mathematical Statistics 1951.
    """
    how = reduction_name("kl_div", size_average, reduce, reduction, (*REDUCTIONS, "batchmean", "elementwise_mean"))
    if how == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "kl_div: reduction='mean' divides by the number of elements; the divergence of a batch is 'batchmean'",
            stacklevel=2,
        )
    x, t = jnp.asarray(input), jnp.asarray(target)
    require_floating("kl_div", input=x, target=t)
    (wide, far), dtype = _together("kl_div", input=x, target=t)
    values = jnp.exp(far) * (far - wide) if log_target else xlogy(far, far) - far * wide
    if how == "batchmean":
        return reduced(values, "mean", x.shape[0] if x.ndim else 1).astype(dtype)
    return reduced(values, how).astype(dtype)


def poisson_nll_loss(
    input: ArrayLike,
    target: ArrayLike,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """Negative log-likelihood of counts under a Poisson distribution, without log t!.

        l_i = exp(x_i) - t_i · x_i              (log_input)
        l_i = x_i - t_i · log(x_i + eps)        (otherwise)

    `full` adds Stirling's t · log t - t + log(2 π t) / 2 for targets above 1.

    **Matches** PyTorch 2.13, the broadcast and the promotion of dtypes included; integers make float32.
    **Differs**: the gradient of `full` with respect to targets up to 1 is 0 also at 0 (PyTorch: NaN); complex
    input is refused.

    Args:
        input: the rate or its logarithm, any shape.
        target: counts, the input's shape or one that broadcasts.
        log_input: whether the input is the rate's logarithm.
        full: whether to add Stirling's approximation.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        eps: keeps the logarithm finite.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the promoted dtype.

    Raises:
        ValueError: shapes that do not broadcast, a misspelt reduction.
        TypeError: complex input or target, or booleans alone.

    >>> poisson_nll_loss(jnp.array([0.0]), jnp.array([3.0])).item()
    1.0
    """
    how = reduction_name("poisson_nll_loss", size_average, reduce, reduction, REDUCTIONS)
    (x, t), dtype = _together("poisson_nll_loss", input=jnp.asarray(input), target=jnp.asarray(target))
    values = jnp.exp(x) - t * x if log_input else x - t * jnp.log(x + eps)
    if full:
        large = jnp.where(t > 1, t, 1)  # log t of what does not count must not reach the gradient
        values += jnp.where(t > 1, large * jnp.log(large) - large + 0.5 * jnp.log(2 * math.pi * large), 0)
    return reduced(values, how).astype(dtype)


def gaussian_nll_loss(
    input: ArrayLike,
    target: ArrayLike,
    var: ArrayLike | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> jax.Array:
    """Negative log-likelihood of the target under a Gaussian of the given mean and variance.

        l_i = (log v_i + (x_i - t_i)² / v_i) / 2,    v = max(var, eps)

    `full` adds log(2 π) / 2.

    **Matches** PyTorch 2.13: the clamp is no part of the gradient, so that ∂l/∂var does not vanish below `eps`;
    integers make float32. **Differs**: a negative variance inside `jit`, where it cannot be seen, makes its
    elements NaN; a variance may be any Python number; complex input is refused.

    Args:
        input: the mean, any shape.
        target: the input's shape, or one that broadcasts with it.
        var: the variance: a number, or an array of the input's shape, or of that shape with one axis of length 1,
            or without the last axis.
        full: whether to add the constant.
        eps: the smallest variance that is used.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the promoted dtype.

    Raises:
        ValueError: shapes that do not fit, a negative variance that is concrete, a misspelt reduction.
        TypeError: complex numbers, or booleans alone.

    >>> gaussian_nll_loss(jnp.array([0.0]), jnp.array([2.0]), jnp.array([1.0])).item()
    2.0

    Nix and Weigend, Estimating the mean and variance of the target probability distribution, ICNN 1994.
    """
    how = reduction_name("gaussian_nll_loss", None, None, reduction, REDUCTIONS)
    x, t = jnp.asarray(input), jnp.asarray(target)
    number, values = isinstance(var, int | float), concrete(var)
    if values is not None and (values < 0).any():
        raise ValueError(f"gaussian_nll_loss: var holds {values.min()}; a variance must not be negative")
    v = jnp.full(x.shape, var, _inexact("gaussian_nll_loss", x.dtype)) if number else jnp.asarray(var)
    (x, t, v), dtype = _together("gaussian_nll_loss", input=x, target=t, var=_beside(x.shape, v))
    v = jnp.where(v < 0, jnp.nan, straight_through(jnp.maximum(v, eps), v))
    loss = 0.5 * (jnp.log(v) + jnp.square(x - t) / v)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, how).astype(dtype)


def _beside(shape: tuple[int, ...], v: jax.Array) -> jax.Array:
    """The variances, with the axis that is missing."""
    if v.shape == shape:
        return v
    if v.shape == shape[:-1]:
        return v[..., None]
    differing = [b for a, b in zip(shape, v.shape, strict=False) if a != b]
    if v.ndim != len(shape) or sum(differing) != 1:
        raise ValueError(
            f"gaussian_nll_loss: var has shape {v.shape} but input {shape}; it must be the same, or with one axis of "
            f"length 1, or {shape[:-1]}"
        )
    return v


def _inexact(where: str, dtype: DTypeLike) -> DTypeLike:
    """A floating point dtype, float32 for integers."""
    if dtype == jnp.bool_ or jnp.issubdtype(dtype, jnp.complexfloating):
        raise TypeError(f"{where}: the arguments promote to {dtype}; cast one of them to a floating point dtype")
    return dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.dtype(jnp.float32)


def _together(where: str, **arrays: jax.Array) -> tuple[tuple[jax.Array, ...], DTypeLike]:
    """The arrays in one shape and in the dtype to compute in, and the dtype that they promote to."""
    dtype = _inexact(where, jnp.result_type(*arrays.values()))
    return broadcast_together(where, **{k: widen(a.astype(dtype)) for k, a in arrays.items()}), dtype
