"""The small GPT in Keras: what the benchmark times beside gpt.py."""

import keras
from keras import layers, ops

from jaxdl.compare import layouts

CHARACTERS = 96


class Attention(layers.Layer):
    def __init__(self, width, heads):
        super().__init__()
        self.shape, self.scale = (heads, width // heads), (width // heads) ** -0.5
        self.qkv = layers.Dense(3 * width, use_bias=False)
        self.proj = layers.Dense(width)

    def call(self, x):
        rows, length, _ = ops.shape(x)
        q, k, v = (ops.reshape(part, (rows, length, *self.shape)) for part in ops.split(self.qkv(x), 3, axis=-1))
        # Given a scale, it would round that to float32, whatever the dtype.
        seen = ops.dot_product_attention(q * self.scale, k, v, scale=1.0, is_causal=True)
        return self.proj(ops.reshape(seen, (rows, length, -1)))


def gelu(x):
    # Keras's own has the square root of 2 in float32, whatever the dtype.
    return 0.5 * x * (1 + ops.erf(x / 2**0.5))


class Block(layers.Layer):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = layers.LayerNormalization(epsilon=1e-5)
        self.attention = Attention(width, heads)
        self.norm2 = layers.LayerNormalization(epsilon=1e-5)
        self.up = layers.Dense(4 * width)
        self.down = layers.Dense(width)

    def call(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(gelu(self.up(self.norm2(x))))


class GPT(keras.Model):
    def __init__(self, config):
        super().__init__()
        self.embedding = layers.Embedding(CHARACTERS, config.width)
        self.position = layers.Embedding(config.length, config.width)
        self.blocks = keras.Sequential([Block(config.width, config.heads) for _ in range(config.layers)])
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.head = layers.Dense(CHARACTERS)

    def call(self, characters):
        x = self.embedding(characters) + self.position(ops.arange(ops.shape(characters)[1]))
        return self.head(self.norm(self.blocks(x)))


def model(config):
    return GPT(config)


def weights(tensors):
    return layouts.keras(tensors, embeddings=("embedding", "position"))


def loss(logits, following):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(following, logits)


def optimizer(config):
    # Keras adds epsilon before the correction for the first steps, PyTorch 1e-8 after it.
    return keras.optimizers.AdamW(config.learning_rate, weight_decay=0.01, epsilon=3e-10)
