"""Attention."""

from jaxdl.compare.operations.case import Operation, normal

HEADS = normal(8, 4, 128, 32)

CASES = [
    Operation(
        "scaled_dot_product_attention",
        lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        (HEADS, HEADS, HEADS),
    ),
    Operation(
        "multi_head_attention_forward",
        lambda F, x, w_in, b_in, w_out, b_out: F.multi_head_attention_forward(
            x, x, x, 128, 4, w_in, b_in, None, None, False, 0.0, w_out, b_out, need_weights=False
        )[0],
        (
            normal(128, 8, 128),
            normal(384, 128, scale=0.1),
            normal(384),
            normal(128, 128, scale=0.1),
            normal(128),
        ),
    ),
]
