"""The recurrent reader in stock Flax NNX and optax: what the benchmark times beside characters.py."""

import jax.numpy as jnp
import optax
from flax import nnx

from jaxdl.compare import layouts

DIFFERS = "Flax's cells have one bias where PyTorch's have two, which Adam moves twice as far"

CHARACTERS = 96
CELLS = {"rnn": nnx.SimpleCell, "lstm": nnx.OptimizedLSTMCell}


class Reader(nnx.Module):
    def __init__(self, config, rngs):
        dtypes = {"dtype": config.dtype, "param_dtype": config.dtype}
        self.embedding = nnx.Embed(CHARACTERS, 64, **dtypes, rngs=rngs)
        self.recurrence = nnx.RNN(CELLS[config.cell](64, config.width, **dtypes, rngs=rngs), rngs=rngs)
        self.head = nnx.Linear(config.width, CHARACTERS, rngs=rngs)

    def __call__(self, characters):
        return self.head(self.recurrence(self.embedding(characters)))


def model(config, rngs):
    if config.cell not in CELLS:
        raise ValueError(f"Flax has no {config.cell} as PyTorch's: there is no bias where its reset gate looks back")
    return Reader(config, rngs)


def weights(tensors):
    return layouts.flax(tensors, embeddings=("embedding",)) | layouts.flax_recurrence(tensors, "recurrence")


def loss(logits, following):
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, following))


def optimizer(config):
    return optax.adam(config.learning_rate)
