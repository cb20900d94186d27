"""Which function is timed against which stock code, on what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from jaxdl import functional as F
from jaxdl.compare.stock import flax_gru, flax_lstm, flax_norm, flax_rms_norm

Draw = Callable[[np.random.RandomState], np.ndarray]


@dataclass(frozen=True)
class Operation:
    """A function and its stock counterpart.

    Attributes:
        name: in jaxdl.functional.
        ours: of the inputs.
        stock: what a user without jaxdl would write, of the inputs or of what `prepare` makes of them.
        inputs: how each is drawn.
        prepare: turns the inputs into stock's layout, untimed: its users keep their images NHWC.
        restore: turns stock's result into PyTorch's layout, untimed.
        smooth: whether there is a gradient to time.
        allowed: the largest difference of the results in units of scale.
        note: what stock does otherwise, or why ours is slower.
    """

    name: str
    ours: Callable[..., Any]
    stock: Callable[..., Any]
    inputs: tuple[Draw, ...]
    prepare: Callable[..., Any] | None = None
    restore: Callable[[Any], Any] = lambda result: result
    smooth: bool = True
    allowed: float = 1e-3
    note: str = ""


def normal(*shape: int) -> Draw:
    """Standard normal float32."""
    return lambda rng: rng.randn(*shape).astype(np.float32)


def share(*shape: int) -> Draw:
    """Between 0 and 1."""
    return lambda rng: rng.uniform(0.01, 0.99, shape).astype(np.float32)


def index(below: int, *shape: int) -> Draw:
    """Integers."""
    return lambda rng: rng.randint(0, below, shape).astype(np.int32)


def last(x: Any) -> Any:
    """NC... as N...C."""
    return jnp.moveaxis(x, 1, -1)


def first(x: Any) -> Any:
    """N...C as NC...."""
    return jnp.moveaxis(x, -1, 1)


def images(x: Any, *rest: Any) -> list[Any]:
    """The first input NHWC, the others as they are."""
    return [last(x), *rest]


def kernels(x: Any, w: Any, *rest: Any) -> list[Any]:
    """Images NHWC, kernels HWIO."""
    return [last(x), jnp.moveaxis(w, (0, 1), (-1, -2)), *rest]


WIDE = normal(256, 4096)


def pointwise(name: str, stock: Callable[[Any], Any], **more: Any) -> Operation:
    """An activation on a million numbers."""
    return Operation(name, getattr(F, name), stock, (WIDE,), **more)


def conv(name: str, x: Draw, w: Draw, ours: dict[str, Any], stock: dict[str, Any], axes: str = "HW") -> Operation:
    """A convolution: nnx.Conv is one call of lax.conv_general_dilated."""
    layout = (f"N{axes}C", f"{axes}IO", f"N{axes}C")

    def theirs(x: Any, w: Any) -> Any:
        strides = stock.get("strides", (1,) * len(axes))
        keywords = {k: v for k, v in stock.items() if k not in ("strides", "padding")}
        return jax.lax.conv_general_dilated(
            x, w, strides, stock.get("padding", "VALID"), dimension_numbers=layout, **keywords
        )

    function = getattr(F, name.partition(",")[0])
    return Operation(
        name, lambda x, w: function(x, w, **ours), theirs, (x, w), kernels, first, note=str(stock.get("note", ""))
    )


def our_gru(x: Any, w_ih: Any, w_hh: Any, b: Any) -> Any:
    """The same weights, PyTorch's second bias 0."""
    return F.gru(x, None, [w_ih, w_hh, b, jnp.zeros_like(b)], batch_first=True)[0]


def our_lstm(x: Any, w_ih: Any, w_hh: Any, b: Any) -> Any:
    """The same weights, PyTorch's second bias 0."""
    return F.lstm(x, None, [w_ih, w_hh, b, jnp.zeros_like(b)], batch_first=True)[0]


CASES: list[Operation] = [
    Operation("linear", F.linear, lambda x, w, b: x @ w.T + b, (normal(128, 512), normal(512, 512), normal(512))),
    Operation(
        "bilinear",
        F.bilinear,
        lambda a, b, w: jnp.einsum("ni,oij,nj->no", a, w, b),
        (normal(64, 48), normal(64, 48), normal(32, 48, 48)),
    ),
    conv("conv1d", normal(32, 32, 256), normal(64, 32, 5), {"padding": 2}, {"padding": [(2, 2)]}, "H"),
    conv("conv2d", normal(64, 32, 28, 28), normal(64, 32, 3, 3), {"padding": 1}, {"padding": [(1, 1)] * 2}),
    conv(
        "conv2d, stride 2",
        normal(64, 32, 28, 28),
        normal(64, 32, 3, 3),
        {"padding": 1, "stride": 2},
        {"padding": [(1, 1)] * 2, "strides": (2, 2)},
    ),
    conv("conv2d, LeNet", normal(128, 6, 12, 12), normal(16, 6, 5, 5), {}, {}),
    Operation(
        "conv2d, in a scan",
        lambda x, w: jax.lax.map(lambda images: F.conv2d(images, w), x),
        lambda x, w: jax.lax.map(
            lambda images: jax.lax.conv_general_dilated(
                images, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
            ),
            x,
        ),
        (normal(4, 128, 6, 12, 12), normal(16, 6, 5, 5)),
        lambda x, w: [jnp.moveaxis(x, 2, -1), jnp.moveaxis(w, (0, 1), (-1, -2))],
        lambda y: jnp.moveaxis(y, -1, 2),
    ),
    conv(
        "conv2d, depthwise",
        normal(32, 64, 28, 28),
        normal(64, 1, 3, 3),
        {"padding": 1, "groups": 64},
        {"padding": [(1, 1)] * 2, "feature_group_count": 64},
    ),
    conv(
        "conv3d", normal(4, 16, 12, 12, 12), normal(16, 16, 3, 3, 3), {"padding": 1}, {"padding": [(1, 1)] * 3}, "DHW"
    ),
    Operation(
        "conv_transpose2d",
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1),
        lambda x, w: jax.lax.conv_transpose(x, w, (2, 2), [(2, 2), (2, 2)], transpose_kernel=True),
        (normal(32, 32, 14, 14), normal(32, 32, 4, 4)),
        lambda x, w: [last(x), w.transpose(2, 3, 1, 0)],
        first,
    ),
    Operation(
        "unfold",
        lambda x: F.unfold(x, 3, padding=1),
        lambda x: jax.lax.conv_general_dilated_patches(x, (3, 3), (1, 1), [(1, 1), (1, 1)]).reshape(16, 144, -1),
        (normal(16, 16, 28, 28),),
    ),
    Operation(
        "max_pool2d",
        lambda x: F.max_pool2d(x, 2),
        lambda x: nnx.max_pool(x, (2, 2), (2, 2)),
        (normal(64, 32, 32, 32),),
        images,
        first,
    ),
    Operation(
        "max_pool2d, overlapping",
        lambda x: F.max_pool2d(x, 3, 2, 1),
        lambda x: nnx.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1))),
        (normal(64, 32, 32, 32),),
        images,
        first,
    ),
    Operation(
        "avg_pool2d",
        lambda x: F.avg_pool2d(x, 2),
        lambda x: nnx.avg_pool(x, (2, 2), (2, 2)),
        (normal(64, 32, 32, 32),),
        images,
        first,
    ),
    Operation(
        "avg_pool2d, overlapping",
        lambda x: F.avg_pool2d(x, 3, 2, 1),
        lambda x: nnx.avg_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1))),
        (normal(64, 32, 32, 32),),
        images,
        first,
    ),
    Operation(
        "adaptive_avg_pool2d",
        lambda x: F.adaptive_avg_pool2d(x, 1),
        lambda x: x.mean((1, 2), keepdims=True),
        (normal(64, 128, 16, 16),),
        images,
        first,
    ),
    pointwise("relu", jax.nn.relu),
    pointwise("relu6", jax.nn.relu6),
    pointwise("leaky_relu", jax.nn.leaky_relu),
    pointwise("elu", jax.nn.elu),
    pointwise("selu", jax.nn.selu),
    pointwise("celu", jax.nn.celu),
    pointwise("gelu", lambda x: jax.nn.gelu(x, approximate=False)),
    pointwise("silu", jax.nn.silu),
    pointwise("mish", jax.nn.mish),
    pointwise("sigmoid", jax.nn.sigmoid),
    pointwise("tanh", jnp.tanh),
    pointwise("hardswish", jax.nn.hard_swish),
    pointwise("hardsigmoid", jax.nn.hard_sigmoid),
    pointwise("hardtanh", jax.nn.hard_tanh),
    pointwise("softplus", jax.nn.softplus),
    pointwise("softsign", jax.nn.soft_sign),
    pointwise("logsigmoid", jax.nn.log_sigmoid),
    pointwise("glu", jax.nn.glu),
    Operation("softmax", lambda x: F.softmax(x, -1), jax.nn.softmax, (normal(512, 1000),)),
    Operation("log_softmax", lambda x: F.log_softmax(x, -1), jax.nn.log_softmax, (normal(512, 1000),)),
    Operation(
        "dropout",
        lambda x: F.dropout(x, 0.5, key=jax.random.key(0)),
        lambda x: nnx.Dropout(0.5, rngs=nnx.Rngs(0))(x),
        (normal(256, 1024),),
        allowed=np.inf,
        note="masks differ",
    ),
    Operation(
        "batch_norm",
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        flax_norm(nnx.BatchNorm(32, epsilon=1e-5, rngs=nnx.Rngs(0))),
        (normal(64, 32, 28, 28), normal(32), normal(32)),
        images,
        first,
    ),
    Operation(
        "layer_norm",
        lambda x, w, b: F.layer_norm(x, (256,), w, b),
        flax_norm(nnx.LayerNorm(256, epsilon=1e-5, rngs=nnx.Rngs(0))),
        (normal(1024, 256), normal(256), normal(256)),
    ),
    Operation(
        "rms_norm",
        lambda x, w: F.rms_norm(x, (256,), w, 1e-6),
        flax_rms_norm(nnx.RMSNorm(256, epsilon=1e-6, rngs=nnx.Rngs(0))),
        (normal(1024, 256), normal(256)),
    ),
    Operation(
        "instance_norm",
        lambda x, w, b: F.instance_norm(x, weight=w, bias=b),
        flax_norm(nnx.InstanceNorm(32, epsilon=1e-5, rngs=nnx.Rngs(0))),
        (normal(64, 32, 28, 28), normal(32), normal(32)),
        images,
        first,
    ),
    Operation(
        "group_norm",
        lambda x, w, b: F.group_norm(x, 8, w, b),
        flax_norm(nnx.GroupNorm(64, num_groups=8, epsilon=1e-5, rngs=nnx.Rngs(0))),
        (normal(32, 64, 14, 14), normal(64), normal(64)),
        images,
        first,
    ),
    Operation(
        "embedding",
        F.embedding,
        lambda i, w: jnp.take(w, i, 0),
        (index(1000, 32, 64), normal(1000, 128)),
    ),
    Operation(
        "one_hot",
        lambda i: F.one_hot(i, 1000),
        lambda i: jax.nn.one_hot(i, 1000, dtype=jnp.int32),
        (index(1000, 2048),),
        smooth=False,
    ),
    Operation(
        "cross_entropy",
        F.cross_entropy,
        lambda x, t: optax.softmax_cross_entropy_with_integer_labels(x, t).mean(),
        (normal(512, 1000), index(1000, 512)),
    ),
    Operation(
        "nll_loss",
        F.nll_loss,
        lambda x, t: -jnp.take_along_axis(x, t[:, None], 1).mean(),
        (normal(512, 1000), index(1000, 512)),
    ),
    Operation("mse_loss", F.mse_loss, lambda x, t: optax.squared_error(x, t).mean(), (WIDE, WIDE)),
    Operation(
        "l1_loss",
        F.l1_loss,
        lambda x, t: jnp.abs(x - t).mean(),
        (WIDE, WIDE),
        allowed=1e-2,  # one tie in a million, where stock's slope is 1 and PyTorch's 0
    ),
    Operation("huber_loss", F.huber_loss, lambda x, t: optax.huber_loss(x, t).mean(), (WIDE, WIDE)),
    Operation(
        "binary_cross_entropy_with_logits",
        F.binary_cross_entropy_with_logits,
        lambda x, t: optax.sigmoid_binary_cross_entropy(x, t).mean(),
        (WIDE, share(256, 4096)),
    ),
    Operation(
        "binary_cross_entropy",
        F.binary_cross_entropy,
        lambda p, t: -(t * jnp.log(p) + (1 - t) * jnp.log(1 - p)).mean(),
        (share(256, 4096), share(256, 4096)),
        note="log1p keeps the digits of a small p; logarithms are held above -100 and gradients finite, as in PyTorch",
    ),
    Operation(
        "kl_div",
        lambda x, t: F.kl_div(x, t, reduction="batchmean"),
        lambda x, t: optax.kl_divergence(x, t).mean(),
        (normal(512, 1000), share(512, 1000)),
    ),
    Operation("cosine_similarity", F.cosine_similarity, optax.cosine_similarity, (normal(512, 256), normal(512, 256))),
    Operation(
        "triplet_margin_loss",
        F.triplet_margin_loss,
        lambda a, p, n: optax.losses.triplet_margin_loss(a, p, n).mean(),
        (normal(512, 256), normal(512, 256), normal(512, 256)),
    ),
    Operation(
        "ctc_loss",
        lambda x, t: F.ctc_loss(x, t, np.full(16, 64), np.full(16, 20), reduction="none"),
        lambda x, t: optax.ctc_loss(x, jnp.zeros((16, 64)), t, jnp.zeros((16, 20))),
        (normal(64, 16, 32), lambda rng: rng.randint(1, 32, (16, 20)).astype(np.int32)),
        lambda x, t: [x.transpose(1, 0, 2), t],
        allowed=np.inf,
        note="optax normalises what it is given",
    ),
    Operation(
        "scaled_dot_product_attention",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda q, k, v: jax.nn.dot_product_attention(q, k, v, is_causal=True),
        (normal(8, 4, 128, 32), normal(8, 4, 128, 32), normal(8, 4, 128, 32)),
        lambda *arrays: [a.transpose(0, 2, 1, 3) for a in arrays],
        lambda y: y.transpose(0, 2, 1, 3),
    ),
    Operation(
        "lstm",
        our_lstm,
        flax_lstm(),
        (
            normal(64, 64, 64),
            lambda rng: 0.1 * normal(512, 64)(rng),
            lambda rng: 0.1 * normal(512, 128)(rng),
            normal(512),
        ),
    ),
    Operation(
        "gru",
        our_gru,
        flax_gru(),
        (
            normal(64, 64, 64),
            lambda rng: 0.1 * normal(384, 64)(rng),
            lambda rng: 0.1 * normal(384, 128)(rng),
            normal(384),
        ),
        note="a product for each gate, which the gradient is faster with: a step of both gains",
    ),
    Operation(
        "interpolate, bilinear",
        lambda x: F.interpolate(x, (64, 64), mode="bilinear"),
        lambda x: jax.image.resize(x, (*x.shape[:1], 64, 64, x.shape[-1]), "linear", antialias=False),
        (normal(16, 16, 32, 32),),
        images,
        first,
    ),
    Operation(
        "interpolate, nearest",
        lambda x: F.interpolate(x, (64, 64), mode="nearest"),
        lambda x: jax.image.resize(x, (*x.shape[:1], 64, 64, x.shape[-1]), "nearest"),
        (normal(16, 16, 32, 32),),
        images,
        first,
    ),
    Operation(
        "interpolate, bicubic",
        lambda x: F.interpolate(x, (64, 64), mode="bicubic"),
        lambda x: jax.image.resize(x, (*x.shape[:1], 64, 64, x.shape[-1]), "cubic", antialias=False),
        (normal(16, 16, 32, 32),),
        images,
        first,
        allowed=np.inf,
        note="another cubic kernel; the taps are gathered, so that an infinity stays where it is seen",
    ),
    Operation(
        "pad, reflect",
        lambda x: F.pad(x, (2, 2, 2, 2), "reflect"),
        lambda x: jnp.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)), "reflect"),
        (normal(64, 32, 28, 28),),
    ),
    Operation(
        "normalize",
        F.normalize,
        lambda x: x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-12),
        (normal(1024, 256),),
    ),
]
