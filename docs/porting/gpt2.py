"""GPT-2 of the `transformers` package, ported by hand: its modules under its names, its weights as they are."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jaxdl import bridge, nn, random
from jaxdl import functional as F


class Conv1D(nn.Module):
    """What GPT-2 calls a Conv1D: a linear layer whose weight is [in, out]."""

    def __init__(self, nf: int, nx: int, *, rngs: random.TorchGenerator) -> None:
        self.weight = nn.init.normal_(nnx.Param(jnp.empty((nx, nf))), std=0.02, rngs=rngs)
        self.bias = nnx.Param(jnp.zeros(nf))

    def __call__(self, x: jax.Array) -> jax.Array:
        return x @ self.weight[...] + self.bias[...]


class Attention(nn.Module):
    """Each place looks at itself and at what stands before it."""

    def __init__(self, n_embd: int, n_head: int, *, rngs: random.TorchGenerator) -> None:
        self.n_head = n_head
        self.c_attn = Conv1D(3 * n_embd, n_embd, rngs=rngs)
        self.c_proj = Conv1D(n_embd, n_embd, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        batch, length, width = x.shape
        cut = lambda part: part.reshape(batch, length, self.n_head, -1).transpose(0, 2, 1, 3)  # noqa: E731
        query, key, value = map(cut, jnp.split(self.c_attn(x), 3, axis=-1))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.c_proj(mixed.transpose(0, 2, 1, 3).reshape(batch, length, width))


class MLP(nn.Module):
    """Two layers with a GELU between them."""

    def __init__(self, n_embd: int, *, rngs: random.TorchGenerator) -> None:
        self.c_fc = Conv1D(4 * n_embd, n_embd, rngs=rngs)
        self.c_proj = Conv1D(n_embd, 4 * n_embd, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    """Attention, then the MLP, each beside a path that leaves its input as it is."""

    def __init__(self, n_embd: int, n_head: int, *, rngs: random.TorchGenerator) -> None:
        self.ln_1 = nn.LayerNorm(n_embd)
        self.attn = Attention(n_embd, n_head, rngs=rngs)
        self.ln_2 = nn.LayerNorm(n_embd)
        self.mlp = MLP(n_embd, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    """Tokens and their places, then the blocks."""

    def __init__(
        self, vocab_size: int, n_positions: int, n_embd: int, n_layer: int, n_head: int, *, rngs: random.TorchGenerator
    ) -> None:
        self.wte = nn.Embedding(vocab_size, n_embd, rngs=rngs)
        self.wpe = nn.Embedding(n_positions, n_embd, rngs=rngs)
        self.h = nn.ModuleList([Block(n_embd, n_head, rngs=rngs) for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        x = self.wte(tokens) + self.wpe(jnp.arange(tokens.shape[1]))
        for block in self.h:
            x = block(x)
        return self.ln_f(x)


class GPT2(nn.Module):
    """GPT2LMHeadModel: the scores of every next token."""

    def __init__(
        self, vocab_size: int, n_positions: int, n_embd: int, n_layer: int, n_head: int, *, rngs: random.TorchGenerator
    ) -> None:
        self.transformer = Transformer(vocab_size, n_positions, n_embd, n_layer, n_head, rngs=rngs)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        return self.transformer(tokens) @ self.transformer.wte.weight[...].T


def load(model: GPT2, tensors: Mapping[str, np.ndarray]) -> None:
    """The checkpoint's tensors by name; its lm_head.weight is transformer.wte.weight once more."""
    bridge.load_into(model, {name: array for name, array in tensors.items() if name != "lm_head.weight"})
