"""Multi-head attention."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.nn import init
from jaxdl.nn.linear import Linear
from jaxdl.nn.module import Module, draw_key, storable


class MultiheadAttention(Module):
    """Attention of several heads, each in its own projection of query, key and value, joined by a last projection.

    Called with (query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None,
    average_attn_weights=True, is_causal=False), shapes as `functional.multi_head_attention_forward`; with batch_first
    a batch is [B, L, E]. Returns (output, weights), the weights None without need_weights.

    **Matches** `torch.nn.MultiheadAttention`, PyTorch 2.13: arguments, names, initial values (Xavier for the input
    projections, biases 0), the way that it takes where its fast path is off: NaN with need_weights for a query whose
    keys are all hidden. **Differs**: `rngs` is required; a mask is drawn from the key of `apply(..., key=key)`, or
    from the call's `dropout_key`.

    Args:
        embed_dim: E, of the query and the output.
        num_heads: divides E.
        dropout: probability that a weight falls, in training.
        bias: whether the projections have biases.
        add_bias_kv: one more key and value, which are learned.
        add_zero_attn: one more key and value of zeros.
        kdim: features of the key; None is E.
        vdim: features of the value; None is E.
        batch_first: the batch is the first axis, not the second.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size is not positive, num_heads does not divide embed_dim, dropout is outside [0, 1]; in
            training, a mask is drawn and there is no key.

    Vaswani et al. 2017, "Attention Is All You Need".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> attention, x = nn.MultiheadAttention(4, 2, rngs=random.TorchGenerator(0)), jnp.ones((5, 3, 4))
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    ((5, 3, 4), (3, 5, 5))
    """

    in_proj_weight: nnx.Variable[jax.Array] | None
    q_proj_weight: nnx.Variable[jax.Array] | None
    k_proj_weight: nnx.Variable[jax.Array] | None
    v_proj_weight: nnx.Variable[jax.Array] | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        kdim, vdim = (embed_dim if size is None else size for size in (kdim, vdim))
        if min(embed_dim, num_heads, kdim, vdim) < 1 or embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: embed_dim (={embed_dim}) must be positive and divisible by num_heads "
                f"(={num_heads}), kdim (={kdim}) and vdim (={vdim}) positive"
            )
        if not 0 <= dropout <= 1:
            raise ValueError(f"MultiheadAttention: dropout must be between 0 and 1, given {dropout}")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim, self.dropout = kdim, vdim, dropout
        self.batch_first, self.add_zero_attn = batch_first, add_zero_attn
        dtype = storable(dtype, "MultiheadAttention's dtype")
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype, rngs=rngs)  # it draws first

        def drawn(*shape: int) -> nnx.Variable[jax.Array]:
            return init.xavier_uniform_(nnx.Param(jnp.empty(shape, dtype)), rngs=rngs)

        self._separate = not kdim == vdim == embed_dim
        if self._separate:
            self.q_proj_weight = drawn(embed_dim, embed_dim)
            self.k_proj_weight = drawn(embed_dim, kdim)
            self.v_proj_weight = drawn(embed_dim, vdim)
            self.in_proj_weight = None
        else:
            self.in_proj_weight = drawn(3 * embed_dim, embed_dim)
            self.q_proj_weight = self.k_proj_weight = self.v_proj_weight = None
        self.in_proj_bias = nnx.Param(jnp.zeros(3 * embed_dim, dtype)) if bias else None
        if self.out_proj.bias is not None:
            self.out_proj.bias.set_value(jnp.zeros(embed_dim, dtype))
        self.bias_k, self.bias_v = (
            init.xavier_normal_(nnx.Param(jnp.empty((1, 1, embed_dim), dtype)), rngs=rngs) if add_bias_kv else None
            for _ in range(2)
        )

    def __call__(
        self,
        query: jax.Array,
        key: jax.Array,
        value: jax.Array,
        key_padding_mask: jax.Array | None = None,
        need_weights: bool = True,
        attn_mask: jax.Array | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
        *,
        dropout_key: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array | None]:
        draws = self.training and 0 < self.dropout < 1
        swapped = self.batch_first and query.ndim == 3
        if swapped:
            query, key, value = (jnp.swapaxes(x, 0, 1) for x in (query, key, value))
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            _value(self.in_proj_weight),
            _value(self.in_proj_bias),
            _value(self.bias_k),
            _value(self.bias_v),
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight[...],
            _value(self.out_proj.bias),
            self.training,
            key_padding_mask,
            need_weights,
            attn_mask,
            self._separate,
            _value(self.q_proj_weight),
            _value(self.k_proj_weight),
            _value(self.v_proj_weight),
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
            dropout_key=draw_key("MultiheadAttention", dropout_key) if draws else None,
        )
        return (jnp.swapaxes(output, 0, 1) if swapped else output), weights


def _value(variable: nnx.Variable[jax.Array] | None) -> jax.Array | None:
    return None if variable is None else variable[...]
