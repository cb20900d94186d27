"""Scaled dot-product attention."""

import math
from typing import NoReturn

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, require_same_dtype, widen
from jaxdl.functional.dropout import dropout


def scaled_dot_product_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    attn_mask: ArrayLike | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    dropout_key: jax.Array | None = None,
) -> jax.Array:
    """Means of the values, weighted by how well each key fits each query.

        y = softmax(s · Q Kᵀ + M) V,   s = 1/√E unless given

    where M is the mask: added if it is of floats; of booleans, 0 where True and -inf where False.

    **Matches** PyTorch 2.13: value and derivatives, a row whose keys are all masked gives 0, `is_causal` counts from
    the first query and the first key (query i sees keys 0 to i, whatever L and S), masks are added (so a NaN behind
    a mask stays NaN), `dropout_p` draws whether or not anything trains. **Differs**: which weights fall comes from
    `dropout_key` (`key` is the keys' name here); a negative `dropout_p` is refused; half types are computed in
    float32. It is the plain formula: the weights [..., L, S] exist in memory.

    Args:
        query: [..., L, E], floating point; the axes before L and S broadcast.
        key: [..., S, E].
        value: [..., S, V].
        attn_mask: booleans (True: may attend), or floats of the query's dtype or float32; broadcasts to [..., L, S].
        dropout_p: probability that a weight falls, a Python number in [0, 1].
        is_causal: hide the keys after the query's place; not beside `attn_mask`.
        scale: a number instead of 1/√E.
        enable_gqa: key and value may have fewer heads (axis -3) than the query, by a whole factor; each serves so
            many query heads that follow one another.
        dropout_key: a jax.random key; needed only when 0 < dropout_p < 1.

    Returns:
        [..., L, V] in the query's dtype.

    Raises:
        ValueError: shapes that do not fit, a mask beside `is_causal`, dropout_p outside [0, 1], no `dropout_key` where
            one is needed.
        TypeError: dtypes that differ or are not floating point, a mask of another dtype.

    >>> q, k, v = jnp.ones((1, 2)), jnp.ones((2, 2)), jnp.array([[0.0], [4.0]])
    >>> scaled_dot_product_attention(q, k, v).tolist(), scaled_dot_product_attention(q, k, v, is_causal=True).tolist()
    ([[2.0]], [[0.0]])

    Vaswani et al., Attention is all you need, NeurIPS 2017.
    """
    q, k, v = jnp.asarray(query), jnp.asarray(key), jnp.asarray(value)
    mask = None if attn_mask is None else jnp.asarray(attn_mask)
    _check(q, k, v, mask, dropout_p, is_causal, dropout_key)
    if enable_gqa:
        k, v = _each_query_head(q, k), _each_query_head(q, v)
    _check_shapes(q, k, v, mask)
    if is_causal:
        mask = jnp.tri(q.shape[-2], k.shape[-2], dtype=jnp.bool_)
    if scale is None:
        scale = 1 / math.sqrt(max(q.shape[-1], 1))
    weights = _weights(scores(q, k, mask, scale))
    if dropout_p > 0:
        weights = dropout(weights, dropout_p, key=dropout_key)
    return jnp.matmul(weights, widen(v)).astype(q.dtype)


def scores(q: jax.Array, k: jax.Array, mask: jax.Array | None, scale: float) -> jax.Array:
    """scale · Q Kᵀ + mask, in float32 for the half types."""
    q, k = widen(q), widen(k)
    logits = jnp.matmul(q * scale, jnp.swapaxes(k, -1, -2))
    return logits if mask is None else logits + additive(mask, logits.dtype)


def additive(mask: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """A mask to add: of booleans, True is where to attend."""
    return jnp.where(mask, 0.0, -jnp.inf).astype(dtype) if mask.dtype == jnp.bool_ else mask.astype(dtype)


@jax.custom_jvp
def _weights(logits: jax.Array) -> jax.Array:
    """Softmax along the last axis, with 0 for a row that is all -inf."""
    if logits.shape[-1] == 0:
        return logits
    top = jnp.max(logits, axis=-1, keepdims=True)
    exponentials = jnp.exp(logits - jnp.where(top == -jnp.inf, 0, top))
    total = jnp.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / jnp.where(total == 0, 1, total)


@_weights.defjvp
def _weights_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    y, d = _weights(*primals), tangents[0]
    return y, y * (d - jnp.sum(y * d, axis=-1, keepdims=True))  # the difference first: two products lose digits


def _each_query_head(q: jax.Array, x: jax.Array) -> jax.Array:
    """Keys or values repeated to the query's number of heads."""
    if min(q.ndim, x.ndim) < 3:
        _refuse(f"enable_gqa needs a heads axis, [..., heads, L, E], but the shapes are {q.shape} and {x.shape}")
    if x.shape[-3] == 0 or q.shape[-3] % x.shape[-3]:
        _refuse(f"key or value has {x.shape[-3]} heads; with enable_gqa that must divide the query's {q.shape[-3]}")
    return jnp.repeat(x, q.shape[-3] // x.shape[-3], axis=-3)


def _check(
    q: jax.Array,
    k: jax.Array,
    v: jax.Array,
    mask: jax.Array | None,
    dropout_p: float,
    is_causal: bool,
    dropout_key: jax.Array | None,
) -> None:
    where = "scaled_dot_product_attention"
    require_same_dtype(where, query=q, key=k, value=v)
    require_floating(where, query=q)
    if mask is not None and mask.dtype not in (jnp.bool_, jnp.float32, q.dtype):
        raise TypeError(f"{where}: attn_mask has dtype {mask.dtype}; it must be bool, float32 or {q.dtype}")
    if mask is not None and is_causal:
        _refuse("attn_mask is given beside is_causal=True; put the causal part into the mask, or leave one out")
    if not 0 <= dropout_p <= 1:
        _refuse(f"dropout_p is {dropout_p}; a probability lies in [0, 1]")
    if 0 < dropout_p < 1 and dropout_key is None:
        _refuse(f"dropout_key is None but dropout_p={dropout_p} draws a mask; pass dropout_key=jax.random.key(seed)")


def _check_shapes(q: jax.Array, k: jax.Array, v: jax.Array, mask: jax.Array | None) -> None:
    if min(q.ndim, k.ndim, v.ndim) < 2:
        _refuse(f"query, key and value have shapes {q.shape}, {k.shape} and {v.shape}; each needs two axes or more")
    if q.shape[-1] != k.shape[-1]:
        _refuse(f"query has {q.shape[-1]} features but key has {k.shape[-1]}; their last axes must be equal")
    if k.shape[-2] != v.shape[-2]:
        _refuse(f"key has {k.shape[-2]} rows but value has {v.shape[-2]}; their axes -2 must be equal")
    try:
        batch = jnp.broadcast_shapes(q.shape[:-2], k.shape[:-2])
        jnp.broadcast_shapes(batch, v.shape[:-2])
    except ValueError:
        _refuse(
            f"query, key and value have shapes {q.shape}, {k.shape} and {v.shape}; the axes before the last two "
            "must broadcast (or, with enable_gqa, the heads divide)"
        )
    if mask is None:
        return
    logits = (*batch, q.shape[-2], k.shape[-2])
    trailing = logits[len(logits) - mask.ndim :] if mask.ndim <= len(logits) else None
    if trailing is None or any(have not in (1, want) for have, want in zip(mask.shape, trailing, strict=True)):
        _refuse(f"attn_mask has shape {mask.shape}, which does not broadcast to the weights' {logits}")


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"scaled_dot_product_attention: {what}")
