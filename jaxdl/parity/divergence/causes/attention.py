"""Attention: its scale, its mask, the order of query, key and value, how the heads are cut."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tries


@tries(
    "scaled_dot_product_attention",
    "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False",
)
def attention(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    def run(a: Any, **changed: Any) -> Any:
        a = type(a)(**{**vars(a), **changed})
        return F.scaled_dot_product_attention(
            a.query, a.key, a.value, a.attn_mask, 0.0, a.is_causal, scale=a.scale, enable_gqa=a.enable_gqa
        )

    width = given.a.query.shape[-1]
    heads = given.a.query.shape[1] if given.a.query.ndim == 4 else 1
    scales = (
        (1.0, "not scaling the scores"),
        (1 / width, f"scaling the scores by 1 / {width} instead of 1 / √{width}"),
        ((width * heads) ** -0.5, f"scaling the scores by 1 / √{width * heads}, the width of all heads"),
        (width**-0.25, f"scaling the scores by {width}^(−1/4)"),
        (width**0.5, f"multiplying the scores by √{width} instead of dividing"),
    )
    for scale, text in scales:
        yield Try("scale", text, lambda a, scale=scale: run(a, scale=scale))
    yield from _masks(given, run)
    if given.a.is_causal or given.a.attn_mask is not None:
        for scale, text in scales:
            yield Try(
                "scale and mask",
                f"leaving the mask out and {text}",
                lambda a, scale=scale: run(a, scale=scale, is_causal=False, attn_mask=None),
            )
    for order in list(permutations(("query", "key", "value")))[1:]:
        if len({getattr(given.a, name).shape for name in order}) == 1:
            yield Try(
                "order of parts",
                f"taking {', '.join(order)} for query, key, value",
                lambda a, o=order: run(a, query=getattr(a, o[0]), key=getattr(a, o[1]), value=getattr(a, o[2])),
            )


def _masks(given: Given, run: Any) -> Iterator[Try]:
    mask = given.a.attn_mask
    if mask is not None:
        yield Try("mask", "leaving the mask out", lambda a: run(a, attn_mask=None))
        if str(mask.dtype) == "torch.bool":
            yield Try("mask", "hiding what the mask shows", lambda a: run(a, attn_mask=~a.attn_mask))
            yield Try("mask", "adding the mask as numbers", lambda a: run(a, attn_mask=a.attn_mask.to(a.query.dtype)))
        for value in (-1e4, -1e9, -10000.0):
            yield Try(
                "mask",
                f"adding {value:g} where the mask hides",
                lambda a, v=value: run(a, attn_mask=_hidden(a).to(a.query.dtype) * v),
            )
    if given.a.is_causal:
        yield Try("mask", "leaving the causal mask out", lambda a: run(a, is_causal=False))
    elif given.a.query.shape[-2] == given.a.key.shape[-2] and mask is None:
        yield Try("mask", "hiding later positions (a causal mask)", lambda a: run(a, is_causal=True))


def _hidden(a: Any) -> Any:
    return ~a.attn_mask if str(a.attn_mask.dtype) == "torch.bool" else a.attn_mask < -1


MULTI = (
    "query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn, "
    "dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, "
    "attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, "
    "static_k=None, static_v=None, average_attn_weights=True, is_causal=False"
)


@tries("multi_head_attention_forward", MULTI)
def multi_head(given: Given) -> Iterator[Try]:
    import torch
    from torch.nn import functional as F

    def run(a: Any, **changed: Any) -> Any:
        return F.multi_head_attention_forward(**{**vars(a), "training": False, **changed})

    width = given.a.query.shape[-1]
    if given.a.in_proj_weight is not None:
        yield from _projections(given, run)
    if given.a.in_proj_bias is not None:
        yield Try("missing bias", "leaving out in_proj_bias", lambda a: run(a, in_proj_bias=None))
    yield Try("transposed weight", "transposing out_proj.weight", lambda a: run(a, out_proj_weight=a.out_proj_weight.T))
    if given.a.out_proj_bias is not None:
        yield Try("missing bias", "leaving out out_proj.bias", lambda a: run(a, out_proj_bias=None))
    if given.a.query.ndim == 3:
        yield Try(
            "order of axes",
            "joining the heads without bringing their axis beside that of their features",
            lambda a: _unturned(a, run),
        )
    for heads in (1, 2, 4, 8, 16):
        if heads != given.a.num_heads and width % heads == 0:
            yield Try("heads", f"{heads} heads", lambda a, h=heads: run(a, num_heads=h, need_weights=False))
    if given.a.attn_mask is not None or given.a.key_padding_mask is not None:
        yield Try(
            "mask",
            "leaving the masks out",
            lambda a: run(a, attn_mask=None, key_padding_mask=None, is_causal=False),
        )
        yield Try(
            "mask",
            "hiding what the mask shows",
            lambda a: run(
                a,
                attn_mask=~a.attn_mask if a.attn_mask is not None and a.attn_mask.dtype == torch.bool else a.attn_mask,
                key_padding_mask=None if a.key_padding_mask is None else ~a.key_padding_mask.bool(),
            ),
        )


def _unturned(a: Any, run: Any) -> Any:
    """What [batch, heads, length, features] holds, taken for [batch, length, heads × features]."""
    import torch
    from torch.nn import functional as F

    length, batch, width = a.query.shape
    identity = torch.eye(width, dtype=a.query.dtype)
    mixed, weights = run(a, out_proj_weight=identity, out_proj_bias=None)
    heads = mixed.reshape(length, batch, a.num_heads, -1).permute(1, 2, 0, 3)
    joined = heads.reshape(batch, length, width).transpose(0, 1)
    return F.linear(joined, a.out_proj_weight, a.out_proj_bias), weights


def _projections(given: Given, run: Any) -> Iterator[Try]:
    """What may be otherwise in the map that gives query, key and value."""
    import torch

    width = given.a.query.shape[-1]
    head = width // given.a.num_heads

    def parts(a: Any, function: Any) -> dict[str, Any]:
        changed = {"in_proj_weight": torch.cat(function(list(a.in_proj_weight.chunk(3))))}
        if a.in_proj_bias is not None:
            changed["in_proj_bias"] = torch.cat(function(list(a.in_proj_bias.chunk(3))))
        return changed

    for order in list(permutations(range(3)))[1:]:
        yield Try(
            "order of parts",
            f"taking the thirds of in_proj for {', '.join('qkv'[i] for i in order)} instead of q, k, v",
            lambda a, o=order: run(a, **parts(a, lambda thirds: [thirds[o.index(i)] for i in range(3)])),
        )
    for factor, text in (
        (head**0.5, "not scaling the scores"),
        (head**-0.5, f"scaling the scores by 1 / {head} instead of 1 / √{head}"),
        ((head / width) ** 0.5, f"scaling the scores by 1 / √{width}, the width of all heads"),
    ):
        yield Try("scale", text, lambda a, f=factor: run(a, **parts(a, lambda t: [t[0] * f, t[1], t[2]])))
    yield Try(
        "transposed weight",
        "transposing each third of in_proj_weight",
        lambda a: run(a, in_proj_weight=torch.cat([third.T for third in a.in_proj_weight.chunk(3)])),
    )

    def cut(third: Any) -> Any:
        """Heads of every n-th feature."""
        order = torch.arange(width).reshape(head, given.a.num_heads).T.reshape(-1)
        return third[order]

    yield Try(
        "order of axes",
        "cutting the heads out as every n-th feature instead of as neighbours, and joining them as neighbours,",
        lambda a: run(a, **parts(a, lambda thirds: [cut(third) for third in thirds])),
    )
    yield Try(
        "order of axes",
        "cutting the heads out as every n-th feature instead of as neighbours",
        lambda a: run(
            a,
            out_proj_weight=a.out_proj_weight[:, torch.arange(width).reshape(head, -1).T.reshape(-1)],
            **parts(a, lambda thirds: [cut(third) for third in thirds]),
        ),
    )
