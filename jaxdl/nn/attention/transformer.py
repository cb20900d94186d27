"""The transformer: encoder and decoder of several layers each."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.nn import init
from jaxdl.nn.attention.layer import TransformerDecoderLayer, TransformerEncoderLayer
from jaxdl.nn.module import Module, named_variables, storable
from jaxdl.nn.normalisation.layer import LayerNorm


class TransformerEncoder(Module):
    """`num_layers` copies of one encoder layer, one after another, and a normalisation.

    Called with (src, mask=None, src_key_padding_mask=None, is_causal=None), which go to every layer.

    **Matches** `torch.nn.TransformerEncoder`, PyTorch 2.13: names `layers.0`, ...; every layer begins with the same
    weights. **Differs**: it is PyTorch's slow path everywhere. PyTorch's fast one, taken in evaluation, returns 0 at
    padded positions where this returns what the layers compute; the others are equal. `enable_nested_tensor` and
    `mask_check` are accepted and have no effect; is_causal=None takes the mask as it is, which gives the same numbers
    as finding out that it is causal.

    Args:
        encoder_layer: an encoder layer; it is copied and not kept.
        num_layers: how many copies.
        norm: applied to the output, or None.
        enable_nested_tensor: no effect; so too mask_check.

    Raises:
        ValueError: num_layers is negative.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, rngs=random.TorchGenerator(0))
    >>> nn.TransformerEncoder(layer, 2)(jnp.ones((5, 3, 4))).shape
    (5, 3, 4)
    """

    def __init__(
        self,
        encoder_layer: nnx.Module,
        num_layers: int,
        norm: nnx.Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        self.layers = _copies("TransformerEncoder", encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check

    def __call__(
        self,
        src: jax.Array,
        mask: jax.Array | None = None,
        src_key_padding_mask: jax.Array | None = None,
        is_causal: bool | None = None,
    ) -> jax.Array:
        for layer in self.layers:
            src = layer(src, src_mask=mask, is_causal=bool(is_causal), src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """`num_layers` copies of one decoder layer, one after another, and a normalisation.

    Called with (tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
    memory_key_padding_mask=None, tgt_is_causal=None, memory_is_causal=False), which go to every layer.

    **Matches** `torch.nn.TransformerDecoder`, PyTorch 2.13: names `layers.0`, ...; every layer begins with the same
    weights. **Differs**: tgt_is_causal=None takes the mask as it is, which gives the same numbers as finding out that
    it is causal.

    Args:
        decoder_layer: a decoder layer; it is copied and not kept.
        num_layers: how many copies.
        norm: applied to the output, or None.

    Raises:
        ValueError: num_layers is negative.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> layer = nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0, rngs=random.TorchGenerator(0))
    >>> nn.TransformerDecoder(layer, 2)(jnp.ones((5, 3, 4)), jnp.ones((7, 3, 4))).shape
    (5, 3, 4)
    """

    def __init__(self, decoder_layer: nnx.Module, num_layers: int, norm: nnx.Module | None = None) -> None:
        self.layers = _copies("TransformerDecoder", decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def __call__(
        self,
        tgt: jax.Array,
        memory: jax.Array,
        tgt_mask: jax.Array | None = None,
        memory_mask: jax.Array | None = None,
        tgt_key_padding_mask: jax.Array | None = None,
        memory_key_padding_mask: jax.Array | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> jax.Array:
        for layer in self.layers:
            tgt = layer(
                tgt,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """Encoder and decoder: the decoder attends to what the encoder makes of the source.

    Called with (src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None,
    tgt_key_padding_mask=None, memory_key_padding_mask=None, src_is_causal=None, tgt_is_causal=None,
    memory_is_causal=False): src [S, B, d_model] and tgt [T, B, d_model], the batch first with batch_first, without B
    for one pair. In boolean masks True hides. Returns the shape of tgt.

    **Matches** `torch.nn.Transformer`, PyTorch 2.13: arguments, names, initial values (Xavier for every matrix, drawn
    after the layers' own). **Differs** as `TransformerEncoder` does; `rngs` is required; masks of dropout are drawn
    from the key of `apply(..., key=key)`.

    Args:
        d_model: features of source, target and output.
        nhead: heads of every attention.
        num_encoder_layers: how many encoder layers.
        num_decoder_layers: how many decoder layers.
        dim_feedforward: features inside the feed-forward blocks.
        dropout: probability of a zero, in training.
        activation: 'relu', 'gelu' (the exact one), or a function.
        custom_encoder: used instead of the encoder; its matrices are drawn anew, too.
        custom_decoder: used instead of the decoder; so too.
        layer_norm_eps: eps of every normalisation.
        batch_first: the batch is the first axis, not the second.
        norm_first: normalise before attention and feed-forward, not after.
        bias: whether the affine maps and the normalisations have biases.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: sizes that the layers refuse, an unknown activation; source and target with different batches, or
            without d_model features.

    Vaswani et al. 2017, "Attention Is All You Need".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> model = nn.Transformer(4, 2, 1, 1, 8, dropout=0.0, rngs=random.TorchGenerator(0))
    >>> model(jnp.ones((7, 3, 4)), jnp.ones((5, 3, 4))).shape
    (5, 3, 4)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[jax.Array], jax.Array] = F.relu,
        custom_encoder: Any | None = None,
        custom_decoder: Any | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        layer = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        if custom_encoder is None:
            encoder_layer = TransformerEncoderLayer(*layer, dtype=dtype, rngs=rngs)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
            custom_encoder = TransformerEncoder(encoder_layer, num_encoder_layers, norm)
        if custom_decoder is None:
            decoder_layer = TransformerDecoderLayer(*layer, dtype=dtype, rngs=rngs)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
            custom_decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm)
        self.encoder: Any = custom_encoder
        self.decoder: Any = custom_decoder
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        for variable in named_variables(self).values():
            if isinstance(variable, nnx.Param) and variable.get_value().ndim > 1:
                init.xavier_uniform_(variable, rngs=rngs)

    def __call__(
        self,
        src: jax.Array,
        tgt: jax.Array,
        src_mask: jax.Array | None = None,
        tgt_mask: jax.Array | None = None,
        memory_mask: jax.Array | None = None,
        src_key_padding_mask: jax.Array | None = None,
        tgt_key_padding_mask: jax.Array | None = None,
        memory_key_padding_mask: jax.Array | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> jax.Array:
        batch = 0 if self.batch_first else 1
        if src.ndim != tgt.ndim or (src.ndim == 3 and src.shape[batch] != tgt.shape[batch]):
            raise ValueError(
                f"Transformer: src has shape {src.shape} but tgt has {tgt.shape}; their batches (axis {batch}) must "
                "be equal"
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ValueError(
                f"Transformer: src has shape {src.shape} and tgt has {tgt.shape}; the last axis must be d_model "
                f"(={self.d_model})"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        output: jax.Array = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )
        return output

    @staticmethod
    def generate_square_subsequent_mask(sz: int, dtype: Any = None) -> jax.Array:
        """The causal mask [sz, sz] to add: -inf above the diagonal, 0 elsewhere.

        >>> Transformer.generate_square_subsequent_mask(2).tolist()
        [[0.0, -inf], [0.0, 0.0]]
        """
        dtype = storable(dtype, "generate_square_subsequent_mask's dtype")
        return jnp.triu(jnp.full((sz, sz), -jnp.inf, dtype), 1)


def _copies(name: str, layer: nnx.Module, count: int) -> nnx.List[Any]:
    """Copies that begin with the same values and are trained apart."""
    if count < 0:
        raise ValueError(f"{name}: num_layers must be at least 0, given {count}")
    return nnx.List([_ordered(nnx.clone(layer), layer) for _ in range(count)])


def _ordered(copy: Any, original: Any) -> Any:
    """A copy with its attributes in the original's order, which is the state_dict's; nnx.clone sorts them by name."""
    attributes = dict(vars(copy))
    vars(copy).clear()
    vars(copy).update({name: attributes.pop(name) for name in vars(original) if name in attributes} | attributes)
    for name, value in vars(original).items():
        if isinstance(value, nnx.Pytree) and not isinstance(value, nnx.Variable):
            _ordered(vars(copy)[name], value)
    return copy
