"""Lengths of vectors, and how far apart two of them are."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import axis, broadcast_together, number, require_floating, widen
from jaxdl.functional._scalar import magnitude, straight_through
from jaxdl.functional._vector_norm import vector_norm

CACHED = 1 << 18  # pdist looks at so many elements at a time, which stay in a core's cache


def normalize(
    input: ArrayLike,
    p: float = 2.0,
    dim: int | tuple[int, ...] = 1,
    eps: float = 1e-12,
    out: None = None,
) -> jax.Array:
    """Divide vectors by their p-norm.

        y = x / max(‖x‖_p, eps)

    **Matches** PyTorch 2.13: value and gradient, at a zero vector too (1/eps), for any p, infinite, zero and negative
    ones included. **Differs**: `out` must be None, since arrays are immutable.

    Args:
        input: any shape, floating point or complex.
        p: of the norm, a Python number.
        dim: the axis along which a vector lies, or several.
        eps: the smallest divisor, a Python number.
        out: None.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: a `dim` out of range or named twice, an empty one where p is infinite or negative, an `out`.
        TypeError: integer or boolean input, a p or eps that is not a number.

    >>> normalize(jnp.array([[0.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    x = jnp.asarray(input)
    if out is not None:
        raise ValueError("normalize: out is given, but arrays are immutable; use what is returned")
    if not jnp.iscomplexobj(x):
        require_floating("normalize", input=x)
    axes = tuple(axis("normalize", "dim", d, x) for d in (dim if isinstance(dim, tuple | list) else (dim,)))
    smallest, wide = number("normalize", "eps", eps), jnp.atleast_1d(widen(x))
    if len(set(axes)) < len(axes):
        raise ValueError(f"normalize: dim is {dim}, which names one axis twice")
    norm = _norm("normalize", wide, p, axes, keepdims=True)
    divisor = jnp.where(norm < smallest, jnp.full_like(norm, smallest), norm)
    return (wide / divisor).astype(x.dtype).reshape(x.shape)


def cosine_similarity(x1: ArrayLike, x2: ArrayLike, dim: int = 1, eps: float = 1e-8) -> jax.Array:
    """Cosine of the angle between vectors.

        y = Σ (x1 / max(‖x1‖, eps)) · (x2 / max(‖x2‖, eps))

    **Matches** PyTorch 2.13, where the bound `eps` changes the value of a norm but not its derivative, which is 0 at
    a zero vector. **Differs**: a `dim` out of range is a ValueError (PyTorch: IndexError).

    Args:
        x1, x2: two shapes that broadcast; floating point, or one of them integer.
        dim: the axis of their common shape along which a vector lies.
        eps: the smallest divisor, a Python number.

    Returns:
        An array of the common shape without `dim`, in the common dtype.

    Raises:
        ValueError: shapes that do not broadcast, a `dim` out of range.
        TypeError: a common dtype that is not floating point, an eps that is not a number.

    >>> round(float(cosine_similarity(jnp.array([1.0, 0.0]), jnp.array([1.0, 1.0]), dim=0)), 4)
    0.7071
    """
    a, b = jnp.asarray(x1), jnp.asarray(x2)
    dtype = jnp.promote_types(a.dtype, b.dtype)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(
            f"cosine_similarity: x1 has dtype {a.dtype} and x2 has dtype {b.dtype}; one must be floating point, "
            "neither complex"
        )
    smallest = number("cosine_similarity", "eps", eps)
    a, b = broadcast_together("cosine_similarity", x1=a.astype(dtype), x2=b.astype(dtype))
    place = axis("cosine_similarity", "dim", dim, a)
    unit = [_unit(jnp.atleast_1d(widen(x)), place, smallest) for x in (a, b)]
    return (unit[0] * unit[1]).sum(place).astype(dtype)


def _unit(x: jax.Array, place: int, eps: float) -> jax.Array:
    norm = vector_norm(x, 2, (place,), keepdims=True)
    return x / straight_through(jnp.where(norm < eps, jnp.full_like(norm, eps), norm), norm)


def pairwise_distance(
    x1: ArrayLike, x2: ArrayLike, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> jax.Array:
    """p-norm of the difference of vectors along the last axis.

        y = ‖x1 - x2 + eps‖_p

    **Matches** PyTorch 2.13: eps is added to every difference, whatever its sign; any p, negative, zero and infinite
    ones included; complex and integer dtypes.

    Args:
        x1, x2: [N, D], [D], or any two shapes that broadcast; not boolean.
        p: of the norm, a Python number.
        eps: what is added, a Python number.
        keepdim: keep the last axis, with size 1.

    Returns:
        An array of the common shape without its last axis; real, in the common dtype or, of integers, float32.

    Raises:
        ValueError: shapes that do not broadcast, a last axis that is empty where p is infinite or negative.
        TypeError: boolean input, a p or eps that is not a number.

    >>> pairwise_distance(jnp.array([[0.0, 0.0]]), jnp.array([[3.0, 4.0]]), eps=0.0).tolist()
    [5.0]
    """
    a, b = jnp.asarray(x1), jnp.asarray(x2)
    if bool in (a.dtype, b.dtype):
        raise TypeError(f"pairwise_distance: x1 has dtype {a.dtype} and x2 has dtype {b.dtype}; neither may be bool")
    dtype = jnp.promote_types(a.dtype, b.dtype)
    a, b = broadcast_together("pairwise_distance", x1=a.astype(dtype), x2=b.astype(dtype))
    wide = jnp.atleast_1d(_inexact(a - b)) + number("pairwise_distance", "eps", eps)
    distance = _norm("pairwise_distance", wide, p, (wide.ndim - 1,), keepdim)
    if jnp.issubdtype(dtype, jnp.floating):
        distance = distance.astype(dtype)
    return distance.reshape(()) if a.ndim == 0 else distance


def _inexact(x: jax.Array) -> jax.Array:
    return widen(x) if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(jnp.float32)


def pdist(input: ArrayLike, p: float = 2) -> jax.Array:
    """p-norm of the difference of every two rows of a matrix.

        y = (‖x_i - x_j‖_p for i = 0 … N - 2, for j = i + 1 … N - 1)

    **Matches** PyTorch 2.13: value and gradient, which is 0 for two equal rows, and for p = ∞ goes in full to every
    column that has the largest difference. **Differs**: it can be differentiated twice; the half types are computed in
    float32.

    Args:
        input: [N, M], floating point.
        p: of the norm, a Python number, at least 0, perhaps infinite.

    Returns:
        An array of shape [N (N - 1) / 2] in the input's dtype.

    Raises:
        ValueError: another number of dimensions, p < 0.
        TypeError: an input that is not floating point, a p that is not a number.

    >>> pdist(jnp.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])).tolist()
    [5.0, 1.0, 4.242640495300293]
    """
    x = jnp.asarray(input)
    require_floating("pdist", input=x)
    if x.ndim != 2:
        raise ValueError(f"pdist: input has shape {x.shape}; it must be [N, M]")
    power = number("pdist", "p", p)
    if not power >= 0:
        raise ValueError(f"pdist: p is {p}; it must be at least 0")
    rows, columns = np.triu_indices(x.shape[0], 1)
    if x.shape[1] == 0 or rows.size == 0:
        return jnp.zeros(rows.size, x.dtype)
    wide = widen(x)

    @partial(jax.checkpoint, prevent_cse=False)  # its gradient takes the differences again and keeps none
    def from_row(row: jax.Array) -> jax.Array:
        return _lengths(row - wide, power)

    # To all rows and not just the later ones: a gradient through a gather of pairs is a scatter of rows, and slow.
    distances = lax.map(from_row, wide, batch_size=max(1, CACHED // wide.size))
    return distances.reshape(-1)[rows * x.shape[0] + columns].astype(x.dtype)


def _lengths(x: jax.Array, p: float) -> jax.Array:
    """p-norms along the last axis; every largest element takes the whole of the derivative for p = ∞."""
    if not math.isinf(p):
        return vector_norm(x, p, (x.ndim - 1,), keepdims=False)
    size = magnitude(x)
    largest = size.max(-1, keepdims=True)
    return straight_through(largest[..., 0], jnp.where(size == largest, size, jnp.zeros_like(size)).sum(-1))


def _norm(where: str, x: jax.Array, p: float, axes: tuple[int, ...], keepdims: bool) -> jax.Array:
    """`vector_norm`, and a sentence where it does not exist."""
    power = number(where, "p", p)
    if math.isnan(power):
        raise ValueError(f"{where}: p is {p}; it must be a number or infinite")
    if (power < 0 or math.isinf(power)) and 0 in [x.shape[place] for place in axes]:
        raise ValueError(f"{where}: input has shape {x.shape}, an empty vector, which has no norm for p = {p}")
    return vector_norm(x, power, axes, keepdims)
