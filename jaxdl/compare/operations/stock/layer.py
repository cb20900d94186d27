"""Flax's layers as functions of their weights: norms, dropout, attention, recurrence."""

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx

from jaxdl.compare.operations.stock.form import Stock, on_images
from jaxdl.compare.stock import flax_gru, flax_lstm, flax_norm, flax_rms_norm


def norm(make: Callable[[], Any]) -> Callable[..., Any]:
    """A Flax norm, made where it is called: while this is imported nothing is computed."""
    return lambda x, scale, bias: flax_norm(make())(x, scale, bias)


def dropped(*whole: int) -> Stock:
    """Half of the elements, or of what lies along these axes."""
    return Stock(lambda key, x: nnx.Dropout(0.5, broadcast_dims=whole, rngs=nnx.Rngs(key))(x))


STOCK = {
    "batch_norm": on_images(norm(lambda: nnx.BatchNorm(32, epsilon=1e-5, rngs=nnx.Rngs(0)))),
    "batch_norm, inference": on_images(lambda x, mean, var, w, b: (x - mean) * (w * jax.lax.rsqrt(var + 1e-5)) + b),
    "instance_norm": on_images(norm(lambda: nnx.InstanceNorm(32, epsilon=1e-5, rngs=nnx.Rngs(0)))),
    "group_norm": on_images(norm(lambda: nnx.GroupNorm(64, num_groups=8, epsilon=1e-5, rngs=nnx.Rngs(0)))),
    "layer_norm": Stock(norm(lambda: nnx.LayerNorm(256, epsilon=1e-5, rngs=nnx.Rngs(0)))),
    "rms_norm": Stock(lambda x, scale: flax_rms_norm(nnx.RMSNorm(256, epsilon=1e-6, rngs=nnx.Rngs(0)))(x, scale)),
    "dropout": dropped(),
    "dropout1d": dropped(2),
    "dropout2d": dropped(2, 3),
    "dropout3d": dropped(2, 3, 4),
    "scaled_dot_product_attention": Stock(
        lambda q, k, v: jax.nn.dot_product_attention(q, k, v, is_causal=True),
        lambda *arrays: [a.transpose(0, 2, 1, 3) for a in arrays],
        lambda y: y.transpose(0, 2, 1, 3),
    ),
    "lstm": Stock(lambda x, w_ih, w_hh, b_ih, b_hh: flax_lstm()(x, w_ih, w_hh, b_ih + b_hh)),
    # Flax has no second bias; the case's is 0.
    "gru": Stock(
        lambda x, w_ih, w_hh, b_ih, b_hh: flax_gru()(x, w_ih, w_hh, b_ih),
        note="a product for each gate, which the gradient is faster with: a step of both gains",
    ),
}
