"""GPT-2 of the `transformers` package, as it was first written down: it runs, and most of it is right."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import bridge, nn, random
from jaxdl import functional as F


class Attention(nn.Module):
    """Each place looks at itself and at what stands before it."""

    def __init__(self, n_embd: int, n_head: int, *, rngs: random.TorchGenerator) -> None:
        self.n_head = n_head
        self.c_attn = nn.Linear(n_embd, 3 * n_embd, rngs=rngs)
        self.c_proj = nn.Linear(n_embd, n_embd, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        batch, length, width = x.shape
        heads = self.c_attn(x).reshape(batch, length, self.n_head, -1).transpose(0, 2, 1, 3)
        query, key, value = jnp.split(heads, 3, axis=-1)
        scores = query @ key.swapaxes(-1, -2) / jnp.sqrt(width)
        mixed = F.softmax(scores, -1) @ value
        return self.c_proj(mixed.transpose(0, 2, 1, 3).reshape(batch, length, width))


class MLP(nn.Module):
    """Two layers with a GELU between them."""

    def __init__(self, n_embd: int, *, rngs: random.TorchGenerator) -> None:
        self.c_fc = nn.Linear(n_embd, 4 * n_embd, rngs=rngs)
        self.c_proj = nn.Linear(4 * n_embd, n_embd, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    """Attention, then the MLP, each beside a path that leaves its input as it is."""

    def __init__(self, n_embd: int, n_head: int, *, rngs: random.TorchGenerator) -> None:
        self.ln_1 = nn.LayerNorm(n_embd, eps=1e-6)
        self.attn = Attention(n_embd, n_head, rngs=rngs)
        self.ln_2 = nn.LayerNorm(n_embd, eps=1e-6)
        self.mlp = MLP(n_embd, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.ln_1(x)
        x = x + self.attn(x)
        x = self.ln_2(x)
        return x + self.mlp(x)


class Transformer(nn.Module):
    """Tokens and their places, then the blocks."""

    def __init__(
        self, vocab_size: int, n_positions: int, n_embd: int, n_layer: int, n_head: int, *, rngs: random.TorchGenerator
    ) -> None:
        self.wte = nn.Embedding(vocab_size, n_embd, rngs=rngs)
        self.wpe = nn.Embedding(n_positions, n_embd, rngs=rngs)
        self.h = nn.ModuleList([Block(n_embd, n_head, rngs=rngs) for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd, eps=1e-6)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        x = self.wte(tokens) + self.wpe(jnp.arange(tokens.shape[1]))
        for block in self.h:
            x = block(x)
        return x


class GPT2(nn.Module):
    """GPT2LMHeadModel: the scores of every next token."""

    def __init__(
        self, vocab_size: int, n_positions: int, n_embd: int, n_layer: int, n_head: int, *, rngs: random.TorchGenerator
    ) -> None:
        self.transformer = Transformer(vocab_size, n_positions, n_embd, n_layer, n_head, rngs=rngs)
        self.lm_head = nn.Linear(n_embd, vocab_size, bias=False, rngs=rngs)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        return self.lm_head(self.transformer(tokens))


def load(model: GPT2, tensors: Mapping[str, np.ndarray]) -> None:
    """The checkpoint's tensors; a weight that does not fit is turned."""
    shapes = {name: variable.shape for name, variable in nn.named_variables(model).items()}
    turned = {name: array if array.shape == shapes[name] else array.T for name, array in tensors.items()}
    bridge.load_into(model, turned)
