"""Losses of yes-or-no targets."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import broadcast_together, require_floating, require_same_dtype, widen
from jaxdl.functional._concrete import concrete
from jaxdl.functional._scalar import log1p_near, log1pexp, log1pexp_both
from jaxdl.functional.loss._reduction import REDUCTIONS, reduced, reduction_name


def binary_cross_entropy(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """Cross-entropy between probabilities and targets in [0, 1].

        l_i = -w_i · (t_i · log x_i + (1 - t_i) · log(1 - x_i)),    logarithms not below -100

    **Matches** PyTorch 2.13: the clamped logarithms, and the gradient (x - t) / max(x · (1 - x), 1e-12), which does
    not vanish where they are clamped; 'mean' divides by the number of elements. **Differs**: PyTorch rounds that
    1e-12 to float32, which makes its gradient at 0 and 1 larger by 4e-9 of itself; the derivative with respect to
    the target is that of the clamped logarithms (PyTorch: infinite at 0 and 1); `weight` is differentiable; inside
    `jit`, where values cannot be seen, an input or target outside [0, 1] makes its element NaN.

    Args:
        input: probabilities, any shape.
        target: the input's shape.
        weight: a factor, of a shape that broadcasts to the input's.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the input's shape with 'none', in its dtype.

    Raises:
        ValueError: shapes that do not fit, concrete values outside [0, 1], a misspelt reduction.
        TypeError: an input that is not floating point, a target or weight of another dtype.

    >>> round(binary_cross_entropy(jnp.array([0.5, 0.5]), jnp.array([1.0, 0.0])).item(), 4)
    0.6931
    """
    where = "binary_cross_entropy"
    how = reduction_name(where, size_average, reduce, reduction)
    x, t, w = jnp.asarray(input), jnp.asarray(target), None if weight is None else jnp.asarray(weight)
    require_floating(where, input=x)
    _require_shape(where, x, t)
    require_same_dtype(where, input=x, target=t, weight=w)
    for name, given in (("input", input), ("target", target)):
        values = concrete(given)
        if values is not None and not ((values >= 0) & (values <= 1)).all():
            wrong = values[~((values >= 0) & (values <= 1))].flat[0]
            raise ValueError(f"{where}: {name} holds {wrong}; it must lie in [0, 1], as after a sigmoid")
    wide, far = widen(x), widen(t)
    yes, no = _clamped_logs(wide)
    loss = jnp.where((far >= 0) & (far <= 1), (far - 1) * no - far * yes, jnp.nan)
    return reduced(loss if w is None else loss * _beside(where, "weight", w, loss), how).astype(x.dtype)


def binary_cross_entropy_with_logits(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: ArrayLike | None = None,
) -> jax.Array:
    """Cross-entropy between sigmoid(input) and targets in [0, 1], without overflow.

        l_i = -w_i · (p_i · t_i · log σ(x_i) + (1 - t_i) · log σ(-x_i))

    **Matches** PyTorch 2.13: targets outside [0, 1] are taken, 'mean' divides by the number of elements, and the
    result has the target's dtype. **Differs**: `weight` and `pos_weight` are differentiable; a logit of -inf that
    should be positive has an infinite loss (PyTorch: NaN).

    Args:
        input: logits, any shape.
        target: the input's shape, floating point.
        weight: w, of a shape that broadcasts to the input's.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.
        pos_weight: p, of a shape that broadcasts to the input's.

    Returns:
        A scalar, or an array of the input's shape with 'none', in the target's dtype.

    Raises:
        ValueError: shapes that do not fit, a misspelt reduction.
        TypeError: an input or target that is not floating point.

    >>> round(binary_cross_entropy_with_logits(jnp.array([0.0, 100.0]), jnp.array([1.0, 1.0])).item(), 4)
    0.3466
    """
    where = "binary_cross_entropy_with_logits"
    how = reduction_name(where, size_average, reduce, reduction)
    x, t = jnp.asarray(input), jnp.asarray(target)
    require_floating(where, input=x, target=t)
    _require_shape(where, x, t)
    dtype = jnp.result_type(x, t)
    far = widen(t.astype(dtype))
    wide, positive = widen(x.astype(dtype)), far
    if pos_weight is not None:
        positive = far * _beside(where, "pos_weight", jnp.asarray(pos_weight), far)
    no, yes = log1pexp_both(wide)
    loss = positive * yes + (1 - far) * no  # each to its last digit however small
    if weight is not None:
        loss = loss * _beside(where, "weight", jnp.asarray(weight), loss)
    return reduced(loss, how).astype(t.dtype)


def multilabel_soft_margin_loss(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """Cross-entropy between sigmoid(input) and targets in [0, 1], averaged over the classes of every row.

        l_n = -Σ_c w_c · (t_nc · log σ(x_nc) + (1 - t_nc) · log σ(-x_nc)) / C

    **Matches** PyTorch 2.13, the broadcast of targets and weights and the promotion of dtypes included.

    Args:
        input: logits, [..., C].
        target: the input's shape, or one that broadcasts with it.
        weight: of a shape that broadcasts with them.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the broadcast shape without its last axis with 'none', in the promoted dtype.

    Raises:
        ValueError: shapes that do not fit, a scalar input, a misspelt reduction.
        TypeError: an input that is not floating point, a complex or boolean target.

    >>> round(multilabel_soft_margin_loss(jnp.zeros((1, 2)), jnp.array([[1.0, 0.0]])).item(), 4)
    0.6931
    """
    where = "multilabel_soft_margin_loss"
    how = reduction_name(where, size_average, reduce, reduction, REDUCTIONS)
    x, t, w = jnp.asarray(input), jnp.asarray(target), None if weight is None else jnp.asarray(weight)
    require_floating(where, input=x)
    if x.ndim == 0:
        raise ValueError(f"{where}: input is a scalar; its last axis must hold the classes")
    if t.dtype == jnp.bool_ or jnp.iscomplexobj(t):
        raise TypeError(f"{where}: target has dtype {t.dtype}; cast it to the input's {x.dtype}")
    arrays = {"input": x, "target": t} | ({} if w is None else {"weight": w})
    dtype = jnp.result_type(*arrays.values())
    wide, far, *factor = broadcast_together(where, **{k: widen(a.astype(dtype)) for k, a in arrays.items()})
    no, yes = log1pexp_both(wide)
    loss = far * yes + (1 - far) * no
    rows = jnp.sum(loss * factor[0] if factor else loss, -1) / x.shape[-1]
    return reduced(rows, how).astype(dtype)


def soft_margin_loss(
    input: ArrayLike,
    target: ArrayLike,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """Logistic loss of targets ±1.

        l_i = log(1 + exp(-t_i · x_i))

    **Matches** PyTorch 2.13, the broadcast and the input's dtype for the result included. **Differs**: nothing
    overflows (PyTorch's value is infinite from t · x = -89 on in float32 and -710 in float64, and its gradient NaN);
    the target is differentiable; complex input is refused.

    Args:
        input: any shape, floating point.
        target: 1 or -1, the input's shape or one that broadcasts with it.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the input's dtype.

    Raises:
        ValueError: shapes that do not broadcast, a misspelt reduction.
        TypeError: an input that is not floating point, a complex target.

    >>> soft_margin_loss(jnp.array([-1000.0]), jnp.array([1.0])).item()
    1000.0
    """
    where = "soft_margin_loss"
    how = reduction_name(where, size_average, reduce, reduction)
    x, t = jnp.asarray(input), jnp.asarray(target)
    require_floating(where, input=x)
    dtype = jnp.result_type(x, t)
    if jnp.iscomplexobj(t):
        raise TypeError(f"{where}: target has dtype {t.dtype}; it must be real")
    wide, far = broadcast_together(where, input=widen(x.astype(dtype)), target=widen(t.astype(dtype)))
    return reduced(log1pexp(-far * wide), how).astype(x.dtype)


@jax.custom_jvp
def _clamped_logs(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """log x and log(1 - x), not below -100."""
    lesser = jnp.where(x <= 0.5, x, 1 - x)  # exact: above one half 1 - x has no more digits than x
    of_lesser, of_greater = jnp.maximum(jnp.log(lesser), -100), log1p_near(-lesser)
    return jnp.where(x <= 0.5, of_lesser, of_greater), jnp.where(x <= 0.5, of_greater, of_lesser)


@_clamped_logs.defjvp
def _clamped_logs_jvp(
    primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]:
    """1 / x and -1 / (1 - x), over one denominator that is kept from zero."""
    (x,), (dx,) = primals, tangents
    spread = jnp.maximum(x * (1 - x), 1e-12)
    return _clamped_logs(x), ((1 - x) / spread * dx, -x / spread * dx)


def _require_shape(where: str, x: jax.Array, t: jax.Array) -> None:
    if x.shape != t.shape:
        raise ValueError(f"{where}: target has shape {t.shape} but input {x.shape}; the two must be equal")


def _beside(where: str, name: str, factor: jax.Array, values: jax.Array) -> jax.Array:
    """A factor in the shape and dtype of the values, or a refusal if it would make them larger."""
    try:
        return jnp.broadcast_to(factor.astype(values.dtype), values.shape)
    except ValueError:
        raise ValueError(
            f"{where}: {name} has shape {factor.shape}, which does not broadcast to the input's {values.shape}"
        ) from None
