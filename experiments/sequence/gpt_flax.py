"""The small GPT in stock Flax NNX and optax: what the benchmark times beside gpt.py."""

import jax.numpy as jnp
import optax
from flax import nnx

from jaxdl.compare import layouts

CHARACTERS = 96


class Attention(nnx.Module):
    def __init__(self, width, heads, rngs):
        self.heads = heads
        self.qkv = nnx.Linear(width, 3 * width, use_bias=False, rngs=rngs)
        self.proj = nnx.Linear(width, width, rngs=rngs)

    def __call__(self, x):
        q, k, v = (part.reshape(*x.shape[:2], self.heads, -1) for part in jnp.split(self.qkv(x), 3, axis=-1))
        # nnx.dot_product_attention takes its softmax in float32, whatever the dtype, and is no faster.
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * q.shape[-1] ** -0.5
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
        return self.proj(jnp.einsum("bhqk,bkhd->bqhd", nnx.softmax(scores), v).reshape(x.shape))


class Block(nnx.Module):
    def __init__(self, width, heads, rngs):
        self.norm1 = nnx.LayerNorm(width, epsilon=1e-5, rngs=rngs)
        self.attention = Attention(width, heads, rngs)
        self.norm2 = nnx.LayerNorm(width, epsilon=1e-5, rngs=rngs)
        self.up = nnx.Linear(width, 4 * width, rngs=rngs)
        self.down = nnx.Linear(4 * width, width, rngs=rngs)

    def __call__(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(nnx.gelu(self.up(self.norm2(x)), approximate=False))


class GPT(nnx.Module):
    def __init__(self, config, rngs):
        self.embedding = nnx.Embed(CHARACTERS, config.width, dtype=config.dtype, rngs=rngs)
        self.position = nnx.Embed(config.length, config.width, dtype=config.dtype, rngs=rngs)
        self.blocks = nnx.Sequential(*(Block(config.width, config.heads, rngs) for _ in range(config.layers)))
        self.norm = nnx.LayerNorm(config.width, epsilon=1e-5, rngs=rngs)
        self.head = nnx.Linear(config.width, CHARACTERS, rngs=rngs)

    def __call__(self, characters):
        x = self.embedding(characters) + self.position(jnp.arange(characters.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def model(config, rngs):
    return GPT(config, rngs)


def weights(tensors):
    return layouts.flax(tensors, embeddings=("embedding", "position"))


def loss(logits, following):
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, following))


def optimizer(config):
    return optax.adamw(config.learning_rate, weight_decay=0.01)
