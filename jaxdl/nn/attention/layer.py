"""One layer of the transformer's encoder and of its decoder."""

from collections.abc import Callable
from typing import Any

import jax

from jaxdl import functional as F
from jaxdl.nn import init
from jaxdl.nn.attention.multi_head import MultiheadAttention
from jaxdl.nn.dropout import Dropout
from jaxdl.nn.linear import Linear
from jaxdl.nn.module import Module
from jaxdl.nn.normalisation.layer import LayerNorm

Activation = Callable[[jax.Array], jax.Array]


class TransformerEncoderLayer(Module):
    """Self-attention and a feed-forward block, each with a shortcut and a normalisation.

        x = LN₁(x + attention(x)),  x = LN₂(x + W₂ activation(W₁ x))

    or, with norm_first, x + attention(LN₁(x)) and x + W₂ activation(W₁ LN₂(x)), without the biases. Called with
    (src, src_mask=None, src_key_padding_mask=None, is_causal=False): src [S, B, d_model] ([B, S, d_model] with
    batch_first, [S, d_model] for one sequence). In boolean masks True hides.

    **Matches** `torch.nn.TransformerEncoderLayer`, PyTorch 2.13: arguments, names, initial values, dropout after
    attention weights, attention, activation and the block; its slow path (the fast one, taken in evaluation, returns
    the same but for rows whose keys are all hidden). **Differs**: `rngs` is required; masks of dropout are drawn from
    the key of `apply(..., key=key)`.

    Args:
        d_model: features of input and output.
        nhead: heads of the attention.
        dim_feedforward: features inside the feed-forward block.
        dropout: probability of a zero, in training.
        activation: 'relu', 'gelu' (the exact one), or a function.
        layer_norm_eps: eps of every normalisation.
        batch_first: the batch is the first axis, not the second.
        norm_first: normalise before attention and feed-forward, not after.
        bias: whether the affine maps and the normalisations have biases.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size is not positive, nhead does not divide d_model, the activation is unknown.

    Vaswani et al. 2017, "Attention Is All You Need".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, rngs=random.TorchGenerator(0))
    >>> layer(jnp.ones((5, 3, 4))).shape
    (5, 3, 4)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype, rngs=rngs
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype, rngs=rngs)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype, rngs=rngs)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = _activation("TransformerEncoderLayer", activation)

    def __call__(
        self,
        src: jax.Array,
        src_mask: jax.Array | None = None,
        src_key_padding_mask: jax.Array | None = None,
        is_causal: bool = False,
    ) -> jax.Array:
        def attend(x: jax.Array) -> jax.Array:
            mixed, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)
            return self.dropout1(mixed)

        def feed_forward(x: jax.Array) -> jax.Array:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        src = _with_shortcut(src, attend, self.norm1, self.norm_first)
        return _with_shortcut(src, feed_forward, self.norm2, self.norm_first)


class TransformerDecoderLayer(Module):
    """Self-attention, attention to the encoder's output, and a feed-forward block, each with a shortcut and a
    normalisation.

        x = LN₁(x + attention(x)),  x = LN₂(x + attention(x, memory)),  x = LN₃(x + W₂ activation(W₁ x))

    or, with norm_first, each normalised before instead of after. Called with (tgt, memory, tgt_mask=None,
    memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None, tgt_is_causal=False,
    memory_is_causal=False): tgt [T, B, d_model] and memory [S, B, d_model], the batch first with batch_first, without
    B for one pair. In boolean masks True hides.

    **Matches** `torch.nn.TransformerDecoderLayer`, PyTorch 2.13: arguments, names, initial values. **Differs**: `rngs`
    is required; masks of dropout are drawn from the key of `apply(..., key=key)`.

    Args: as `TransformerEncoderLayer`.

    Raises:
        ValueError: a size is not positive, nhead does not divide d_model, the activation is unknown.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> layer = nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0, rngs=random.TorchGenerator(0))
    >>> layer(jnp.ones((5, 3, 4)), jnp.ones((7, 3, 4))).shape
    (5, 3, 4)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        attention = (d_model, nhead, dropout, bias)
        self.self_attn = MultiheadAttention(*attention, batch_first=batch_first, dtype=dtype, rngs=rngs)
        self.multihead_attn = MultiheadAttention(*attention, batch_first=batch_first, dtype=dtype, rngs=rngs)
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype, rngs=rngs)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype, rngs=rngs)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1, self.dropout2, self.dropout3 = Dropout(dropout), Dropout(dropout), Dropout(dropout)
        self.activation = _activation("TransformerDecoderLayer", activation)

    def __call__(
        self,
        tgt: jax.Array,
        memory: jax.Array,
        tgt_mask: jax.Array | None = None,
        memory_mask: jax.Array | None = None,
        tgt_key_padding_mask: jax.Array | None = None,
        memory_key_padding_mask: jax.Array | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> jax.Array:
        def attend(x: jax.Array) -> jax.Array:
            mixed, _ = self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)
            return self.dropout1(mixed)

        def look_up(x: jax.Array) -> jax.Array:
            mixed, _ = self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask, is_causal=memory_is_causal
            )
            return self.dropout2(mixed)

        def feed_forward(x: jax.Array) -> jax.Array:
            return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        tgt = _with_shortcut(tgt, attend, self.norm1, self.norm_first)
        tgt = _with_shortcut(tgt, look_up, self.norm2, self.norm_first)
        return _with_shortcut(tgt, feed_forward, self.norm3, self.norm_first)


def _with_shortcut(x: jax.Array, block: Activation, norm: LayerNorm, norm_first: bool) -> jax.Array:
    return x + block(norm(x)) if norm_first else norm(x + block(x))


def _activation(name: str, activation: str | Activation) -> Activation:
    if callable(activation):
        return activation
    if activation not in ("relu", "gelu"):
        raise ValueError(f"{name}: activation must be 'relu', 'gelu' or a function, given {activation!r}")
    return F.relu if activation == "relu" else F.gelu
