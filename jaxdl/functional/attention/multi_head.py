"""Multi-head attention."""

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer, require_floating, require_same_dtype
from jaxdl.functional.activation.softmax import softmax
from jaxdl.functional.attention.dot_product import additive, scaled_dot_product_attention, scores
from jaxdl.functional.dropout import dropout
from jaxdl.functional.linear import linear

WHERE = "multi_head_attention_forward"


def multi_head_attention_forward(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: ArrayLike | None,
    in_proj_bias: ArrayLike | None,
    bias_k: ArrayLike | None,
    bias_v: ArrayLike | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: ArrayLike,
    out_proj_bias: ArrayLike | None,
    training: bool = True,
    key_padding_mask: ArrayLike | None = None,
    need_weights: bool = True,
    attn_mask: ArrayLike | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: ArrayLike | None = None,
    k_proj_weight: ArrayLike | None = None,
    v_proj_weight: ArrayLike | None = None,
    static_k: ArrayLike | None = None,
    static_v: ArrayLike | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
    *,
    dropout_key: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array | None]:
    """Attention of several heads, each in its own projection of query, key and value, joined by a last projection.

        y = [A₁ V₁, ..., A_h V_h] W_oᵀ + b_o,   A_i = softmax(Q_i K_iᵀ / √d + M)

    where Q_i is the i-th d columns of Q W_qᵀ + b_q, and so K_i and V_i.

    **Matches** PyTorch 2.13: value and derivatives; in boolean masks True hides (the opposite of
    `scaled_dot_product_attention`), masks of floats are added; a query whose keys are all hidden gives NaN with
    `need_weights` and a row of zeros (before the last projection) without; `is_causal` without `need_weights` and
    without `key_padding_mask` replaces `attn_mask`, which must be there; the weights returned are those after dropout.
    **Differs**: which weights fall comes from `dropout_key` (`key` is the keys' name here).

    Args:
        query: [L, B, E], or [L, E] for one sequence; so too below.
        key: [S, B, E], or [S, B, E_k] with separate weights.
        value: [S, B, E], or [S, B, E_v] with separate weights.
        embed_dim_to_check: E.
        num_heads: h, which divides E; d = E / h.
        in_proj_weight: [3 E, E], the rows of query, key and value; None with separate weights.
        in_proj_bias: [3 E], or None.
        bias_k: [1, 1, E], one more key; with it bias_v, one more value; or None.
        add_zero_attn: one more key and value of zeros.
        dropout_p: probability that a weight falls, in training.
        out_proj_weight: [E, E].
        out_proj_bias: [E], or None.
        training: whether dropout is at work.
        key_padding_mask: [B, S] (or [S]): the keys that nobody sees.
        need_weights: return the weights as well.
        attn_mask: [L, S], or [B · h, L, S].
        use_separate_proj_weight: take the three weights below.
        q_proj_weight: [E, E].
        k_proj_weight: [E, E_k].
        v_proj_weight: [E, E_v].
        static_k: [B · h, S, d], instead of the projected keys; so too static_v.
        average_attn_weights: return the mean of the heads' weights.
        is_causal: `attn_mask` is the causal one.
        dropout_key: a jax.random key; needed only when training and 0 < dropout_p < 1.

    Returns:
        (output, weights): [L, B, E] and [B, L, S] ([B, h, L, S] without the average), without B for one sequence, in
        the query's dtype; the weights are None without `need_weights`. S counts bias_k and the zeros.

    Raises:
        ValueError: a shape that does not fit, a weight or a mask that is missing, dropout_p outside [0, 1], no
            `dropout_key` where one is needed.
        TypeError: dtypes that differ or are not floating point, a mask that is neither boolean nor floating point.

    >>> x, w = jnp.ones((3, 1, 4)), jnp.ones((12, 4))
    >>> y, a = multi_head_attention_forward(x, x, x, 4, 2, w, None, None, None, False, 0.0, jnp.ones((4, 4)), None)
    >>> y.shape, a.shape
    ((3, 1, 4), (1, 3, 3))

    Vaswani et al., Attention is all you need, NeurIPS 2017.
    """
    q, k, v = jnp.asarray(query), jnp.asarray(key), jnp.asarray(value)
    mask, padding = (None if m is None else jnp.asarray(m) for m in (attn_mask, key_padding_mask))
    _check_inputs(q, k, v, mask, padding)
    heads = _check_sizes(q, k, v, embed_dim_to_check, num_heads, use_separate_proj_weight)
    p = _dropout(dropout_p, training, dropout_key)
    if is_causal and mask is None:
        _refuse("is_causal is True but attn_mask is None; pass the causal mask (nn.Transformer makes one)")
    causal = is_causal and padding is None and not need_weights
    batched = q.ndim == 3
    if not batched:
        q, k, v, padding = q[:, None], k[:, None], v[:, None], None if padding is None else padding[None]
    hidden = _merged(None if causal else mask, padding, heads, q, k, need_weights)
    if use_separate_proj_weight:
        weights: Sequence[ArrayLike | None] = [q_proj_weight, k_proj_weight, v_proj_weight]
    else:
        weights = _thirds("in_proj_weight", in_proj_weight, heads)
    projected = _projected(heads, (q, k, v), weights, in_proj_bias)
    projected, hidden = _with_bias(projected, hidden, bias_k, bias_v, static_k, static_v)
    q, k, v = (
        _apart(name, x, static, heads)
        for name, x, static in zip(("q", "k", "v"), projected, (None, static_k, static_v), strict=True)
    )
    if add_zero_attn:
        k, v = (jnp.pad(x, ((0, 0), (0, 0), (0, 1), (0, 0))) for x in (k, v))
        hidden = _one_more(hidden)
    _check_keys(q, k, v, hidden)

    attention = None
    if need_weights:
        attention = softmax(scores(q, k, hidden, math.sqrt(1 / q.shape[-1])), dim=-1).astype(q.dtype)
        attention = dropout(attention, p, key=dropout_key)
        mixed = jnp.matmul(attention, v)
        attention = jnp.mean(attention, axis=1) if average_attn_weights else attention
    else:
        mixed = scaled_dot_product_attention(q, k, v, hidden, p, causal, dropout_key=dropout_key)
    output = linear(mixed.transpose(2, 0, 1, 3).reshape(-1, heads.width), out_proj_weight, out_proj_bias)
    output = output.reshape(mixed.shape[2], mixed.shape[0], output.shape[-1])
    return (output, attention) if batched else (output[:, 0], None if attention is None else attention[0])


class _Sizes(NamedTuple):
    """Batch, heads, and the width of all heads together."""

    batch: int
    heads: int
    width: int


def _merged(
    mask: jax.Array | None, padding: jax.Array | None, heads: _Sizes, q: jax.Array, k: jax.Array, exact: bool
) -> jax.Array | None:
    """Both masks as one to add, [1 or B, 1 or h, 1 or L, S]."""
    length, keys = q.shape[0], k.shape[0]
    parts = []
    if mask is not None:
        flat, full = (length, keys), (heads.batch * heads.heads, length, keys)
        if mask.shape not in (flat, full):
            _refuse(f"attn_mask has shape {mask.shape}; it must be {flat} or {full}")
        shape = (1, 1, *flat) if mask.ndim == 2 else (heads.batch, heads.heads, *flat)
        parts.append(_to_add("attn_mask", mask, q.dtype, exact).reshape(shape))
    if padding is not None:
        if padding.shape != (heads.batch, keys):
            _refuse(f"key_padding_mask has shape {padding.shape}; it must be {(heads.batch, keys)}")
        if mask is not None and mask.dtype != padding.dtype:
            warnings.warn(
                f"multi_head_attention_forward: key_padding_mask of {padding.dtype} beside attn_mask of {mask.dtype} "
                "is deprecated in PyTorch; use one dtype for both",
                stacklevel=3,
            )
        parts.append(_to_add("key_padding_mask", padding, q.dtype, exact)[:, None, None])
    return sum(parts[1:], parts[0]) if parts else None


def _to_add(name: str, mask: jax.Array, dtype: jnp.dtype, exact: bool) -> jax.Array:
    if mask.dtype == jnp.bool_:
        return additive(~mask, dtype)
    if not jnp.issubdtype(mask.dtype, jnp.floating) or (mask.dtype != dtype and (exact or mask.dtype != jnp.float32)):
        raise TypeError(
            f"multi_head_attention_forward: {name} has dtype {mask.dtype}; it must be bool or {dtype}, as the query"
        )
    return mask


def _thirds(name: str, packed: ArrayLike | None, heads: _Sizes) -> list[jax.Array | None]:
    """The parts of query, key and value."""
    if packed is None:
        return [None] * 3
    array = jnp.asarray(packed)
    wanted = (3 * heads.width, heads.width) if name == "in_proj_weight" else (3 * heads.width,)
    if array.shape != wanted:
        _refuse(f"{name} has shape {array.shape}; it must be {wanted}")
    return list(jnp.split(array, 3))


def _projected(
    heads: _Sizes, rows: Sequence[jax.Array], weights: Sequence[ArrayLike | None], bias: ArrayLike | None
) -> list[jax.Array]:
    """Three products, not one for all: the slices of one would cost more than they save."""
    found = []
    for name, x, weight, b in zip("qkv", rows, weights, _thirds("in_proj_bias", bias, heads), strict=True):
        if weight is None:
            _refuse(f"in_proj_weight or {name}_proj_weight is None; pass the one that use_separate_proj_weight says")
        w = jnp.asarray(weight)
        if w.shape != (heads.width, x.shape[-1]):
            _refuse(f"{name}_proj_weight has shape {w.shape}; it must be {(heads.width, x.shape[-1])}")
        require_same_dtype(WHERE, **{"query, key or value": x, f"{name}'s weight": w, "in_proj_bias": b})
        found.append(linear(x, w, b))
    return found


def _with_bias(
    projected: list[jax.Array],
    mask: jax.Array | None,
    bias_k: ArrayLike | None,
    bias_v: ArrayLike | None,
    static_k: ArrayLike | None,
    static_v: ArrayLike | None,
) -> tuple[list[jax.Array], jax.Array | None]:
    """One more key and value, the same for every sequence, which everybody sees."""
    if bias_k is None and bias_v is None:
        return projected, mask
    if bias_k is None or bias_v is None:
        _refuse(f"bias_{'k' if bias_k is None else 'v'} is None but the other is given; pass both or none")
    if static_k is not None or static_v is not None:
        _refuse("bias_k and bias_v are given beside static_k or static_v; a static key or value takes no bias")
    q, *rest = projected
    longer = [q]
    for name, x, bias in zip(("bias_k", "bias_v"), rest, (bias_k, bias_v), strict=True):
        b = jnp.asarray(bias)
        if b.size != x.shape[-1] or b.shape[-1:] != x.shape[-1:]:
            _refuse(f"{name} has shape {b.shape}; it must be {(1, 1, x.shape[-1])}")
        require_same_dtype(WHERE, query=q, **{name: b})
        longer.append(jnp.concatenate([x, jnp.broadcast_to(b.reshape(1, 1, -1), (1, *x.shape[1:]))]))
    return longer, _one_more(mask)


def _one_more(mask: jax.Array | None) -> jax.Array | None:
    """The mask with a column for one more key, which it does not hide."""
    return None if mask is None else jnp.pad(mask, ((0, 0), (0, 0), (0, 0), (0, 1)))


def _apart(name: str, x: jax.Array, static: ArrayLike | None, heads: _Sizes) -> jax.Array:
    """[rows, B, E], or what is given instead, as [B, h, rows, d]."""
    size = heads.width // heads.heads
    if static is None:
        return x.reshape(-1, heads.batch, heads.heads, size).transpose(1, 2, 0, 3)
    given = jnp.asarray(static)
    if given.ndim != 3 or given.shape[::2] != (heads.batch * heads.heads, size):
        _refuse(f"static_{name} has shape {given.shape}; it must be [{heads.batch * heads.heads}, S, {size}]")
    require_same_dtype(WHERE, query=x, **{f"static_{name}": given})
    return given.reshape(heads.batch, heads.heads, -1, size)


def _check_inputs(q: jax.Array, k: jax.Array, v: jax.Array, mask: jax.Array | None, padding: jax.Array | None) -> None:
    require_same_dtype(WHERE, query=q, key=k, value=v)
    require_floating(WHERE, query=q)
    if q.ndim not in (2, 3) or not q.ndim == k.ndim == v.ndim:
        _refuse(
            f"query, key and value have shapes {q.shape}, {k.shape} and {v.shape}; they must be [L, B, E] and "
            "[S, B, E], or [L, E] and [S, E]"
        )
    if padding is not None and padding.ndim != q.ndim - 1:
        _refuse(
            f"key_padding_mask has shape {padding.shape}; beside a query of shape {q.shape} it must be "
            + ("[B, S]" if q.ndim == 3 else "[S]")
        )


def _check_sizes(q: jax.Array, k: jax.Array, v: jax.Array, embed_dim: int, num_heads: int, separate: bool) -> _Sizes:
    width, heads = q.shape[-1], integer(WHERE, "num_heads", num_heads)
    if width != embed_dim:
        _refuse(f"query has {width} features (shape {q.shape}) but embed_dim_to_check is {embed_dim}")
    if heads < 1 or width % heads:
        _refuse(f"num_heads is {num_heads}; it must divide the embedding's {width}")
    if k.shape[:-1] != v.shape[:-1] if separate else k.shape != v.shape:
        _refuse(
            f"key has shape {k.shape} but value has {v.shape}; they must agree"
            + (" but for the last axis" if separate else "")
        )
    if q.shape[1:-1] != k.shape[1:-1]:
        _refuse(f"query has shape {q.shape} but key has {k.shape}; their batches (axis 1) must be equal")
    return _Sizes(q.shape[1] if q.ndim == 3 else 1, heads, width)


def _check_keys(q: jax.Array, k: jax.Array, v: jax.Array, mask: jax.Array | None) -> None:
    rows = {"keys": k.shape[2], "values": v.shape[2], "mask": k.shape[2] if mask is None else mask.shape[-1]}
    if len(set(rows.values())) > 1:
        _refuse(f"the numbers of keys, counting bias_k and add_zero_attn, are {rows}; they must be equal")


def _dropout(p: float, training: bool, key: jax.Array | None) -> float:
    """The probability that is at work."""
    if not 0 <= p <= 1:
        _refuse(f"dropout_p is {p}; a probability lies in [0, 1]")
    if training and 0 < p < 1 and key is None:
        _refuse(
            f"dropout_key is None but training with dropout_p={p} draws a mask; pass dropout_key=jax.random.key(seed)"
        )
    return p if training else 0.0


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"{WHERE}: {what}")
