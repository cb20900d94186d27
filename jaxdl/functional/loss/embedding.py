"""Losses of distances between embeddings."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import broadcast_together, number, require_floating, widen
from jaxdl.functional.distance import pairwise_distance
from jaxdl.functional.loss._reduction import REDUCTIONS, reduced, reduction_name
from jaxdl.functional.loss.margin import positive_part


def hinge_embedding_loss(
    input: ArrayLike,
    target: ArrayLike,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """A distance where the target is 1, and what it lacks to a margin where the target is -1.

        l_i = x_i                      where t_i = 1
        l_i = max(0, margin - x_i)     where t_i = -1

    **Matches** PyTorch 2.13: targets that are neither count both ways; the slope -1 at the margin, 0 at NaN; the
    broadcast, and the input's dtype for the result.

    Args:
        input: distances, any shape, floating point.
        target: 1 or -1, the input's shape or one that broadcasts with it.
        margin: the distance that is enough for pairs that differ.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the broadcast shape with 'none', in the input's dtype.

    Raises:
        ValueError: shapes that do not broadcast, a misspelt reduction.
        TypeError: input that is not floating point.

    >>> hinge_embedding_loss(jnp.array([0.5, 0.5]), jnp.array([1.0, -1.0]), margin=2.0, reduction="none").tolist()
    [0.5, 1.5]
    """
    how = reduction_name("hinge_embedding_loss", size_average, reduce, reduction)
    x, t = jnp.asarray(input), jnp.asarray(target)
    require_floating("hinge_embedding_loss", input=x)
    wide, t = broadcast_together("hinge_embedding_loss", input=widen(x), target=t)
    loss = jnp.where(t != 1, positive_part(margin - wide), 0) + jnp.where(t != -1, wide, 0)
    return reduced(loss, how).astype(x.dtype)


def cosine_embedding_loss(
    input1: ArrayLike,
    input2: ArrayLike,
    target: ArrayLike,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """What the cosine of a pair lacks to 1 where the target is 1, and exceeds a margin by where it is -1.

        l_n = 1 - cos(a_n, b_n)                    where t_n = 1
        l_n = max(0, cos(a_n, b_n) - margin)       where t_n = -1
        cos(a, b) = a · b / sqrt((|a|² + 1e-12) · (|b|² + 1e-12))

    **Matches** PyTorch 2.13: targets that are neither count 0; the slope 1 at the margin; integers and booleans make
    float32. **Differs**: products of small integers do not wrap.

    Args:
        input1: a, [N, D] or [D].
        input2: b, of a shape that broadcasts with a.
        target: 1 or -1, [N] or [].
        margin: the cosine that is small enough for pairs that differ.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or [N] with 'none' and a batch, in the promoted dtype of the inputs.

    Raises:
        ValueError: shapes that do not fit, a misspelt reduction.
        TypeError: complex numbers.

    >>> a, b = jnp.array([[1.0, 0.0]]), jnp.array([[0.0, 2.0]])
    >>> cosine_embedding_loss(a, b, jnp.array([1])).item()
    1.0
    """
    where = "cosine_embedding_loss"
    how = reduction_name(where, size_average, reduce, reduction)
    a, b, t = jnp.asarray(input1), jnp.asarray(input2), jnp.asarray(target)
    if t.ndim > 1:
        raise ValueError(f"{where}: target has shape {t.shape}; it must be [N] or []")
    if (a.ndim, b.ndim) != (t.ndim + 1, t.ndim + 1):
        raise ValueError(
            f"{where}: input1 has shape {a.shape} and input2 {b.shape} but a target of shape {t.shape} needs "
            f"{'[N, D]' if t.ndim else '[D]'} for both"
        )
    dtype = jnp.result_type(a, b)
    if jnp.issubdtype(dtype, jnp.complexfloating):
        raise TypeError(f"{where}: input1 and input2 promote to {dtype}; they must be real")
    dtype = dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.dtype(jnp.float32)
    a, b = broadcast_together(where, input1=widen(a.astype(dtype)), input2=widen(b.astype(dtype)))
    squares = (jnp.sum(jnp.square(a), -1) + 1e-12) * (jnp.sum(jnp.square(b), -1) + 1e-12)
    cosine, t = broadcast_together(where, input1=jnp.sum(a * b, -1) / jnp.sqrt(squares), target=t)
    loss = jnp.where(t == 1, 1 - cosine, 0) + jnp.where(t == -1, positive_part(cosine - margin), 0)
    return reduced(loss, how).astype(dtype)


def triplet_margin_loss(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """How far an anchor is from being nearer to its like than to its unlike, by a margin.

        l_n = max(0, d(a_n, p_n) - d(a_n, n_n) + margin),    d(x, y) = ‖x - y + eps‖_p

    With `swap` the distance to the unlike is the smaller of d(a, n) and d(p, n).

    **Matches** PyTorch 2.13: the slope 1 where the maximum's sides are equal, half each where the swap's are;
    complex and integer inputs as `pairwise_distance` takes them.

    Args:
        anchor: [N, D] or [D].
        positive: as many axes, a shape that broadcasts with the anchor's.
        negative: the same.
        margin: positive.
        p: the norm's degree.
        eps: added to every difference.
        swap: whether the like may stand in for the anchor.
        size_average: deprecated by PyTorch; overrides `reduction`, with a UserWarning.
        reduce: as `size_average`.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or [N] with 'none' and a batch, in the promoted dtype, real where that is complex.

    Raises:
        ValueError: different numbers of axes, shapes that do not broadcast, a margin that is not positive, a misspelt
            reduction.

    >>> a, p, n = jnp.array([[0.0]]), jnp.array([[1.0]]), jnp.array([[3.0]])
    >>> round(triplet_margin_loss(a, p, n, margin=2.5).item(), 4)
    0.5

    Balntas et al., Learning local feature descriptors with triplets and shallow convolutional neural networks,
    BMVC 2016.
    """
    how = reduction_name("triplet_margin_loss", size_average, reduce, reduction)

    def distance(x: jax.Array, y: jax.Array) -> jax.Array:
        return pairwise_distance(x, y, p, eps)

    return _triplet("triplet_margin_loss", anchor, positive, negative, distance, margin, swap, how)


def triplet_margin_with_distance_loss(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    distance_function: Callable[[jax.Array, jax.Array], jax.Array] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> jax.Array:
    """`triplet_margin_loss` with a distance of one's own.

        l_n = max(0, d(a_n, p_n) - d(a_n, n_n) + margin)

    **Matches** PyTorch 2.13.

    Args:
        anchor: any shape that the distance takes.
        positive: as many axes, a shape that broadcasts with the anchor's.
        negative: the same.
        distance_function: d, of two arrays; None is `pairwise_distance`.
        margin: positive.
        swap: whether d(p, n) is taken where it is smaller than d(a, n).
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or an array of the distances' shape with 'none', in their dtype.

    Raises:
        ValueError: different numbers of axes, shapes that do not broadcast, a margin that is not positive, a misspelt
            reduction.

    >>> def taxicab(x, y):
    ...     return jnp.sum(jnp.abs(x - y), -1)
    >>> a, p, n = jnp.array([[0.0, 0.0]]), jnp.array([[1.0, 1.0]]), jnp.array([[1.0, 0.0]])
    >>> triplet_margin_with_distance_loss(a, p, n, distance_function=taxicab).item()
    2.0
    """
    where = "triplet_margin_with_distance_loss"
    how = reduction_name(where, None, None, reduction, REDUCTIONS)
    return _triplet(where, anchor, positive, negative, distance_function or pairwise_distance, margin, swap, how)


def _triplet(
    where: str,
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    distance: Callable[[jax.Array, jax.Array], jax.Array],
    margin: float,
    swap: bool,
    how: str,
) -> jax.Array:
    margin = number(where, "margin", margin)
    if not margin > 0:
        raise ValueError(f"{where}: margin is {margin}; it must be positive")
    arrays = {
        name: jnp.asarray(a)
        for name, a in zip(("anchor", "positive", "negative"), (anchor, positive, negative), strict=True)
    }
    if len({a.ndim for a in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} of shape {a.shape}" for name, a in arrays.items())
        raise ValueError(f"{where}: {shapes} differ in their number of axes; give all the same")
    broadcast_together(where, **arrays)
    a, p, n = arrays.values()
    near, far = distance(a, p), distance(a, n)
    if swap:
        far = jnp.minimum(far, distance(p, n))
    return reduced(positive_part(margin + widen(near) - widen(far)), how).astype(jnp.result_type(near, far))
