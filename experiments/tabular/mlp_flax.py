"""The multilayer perceptron in stock Flax NNX and optax: what the benchmark times beside mlp.py."""

import jax.numpy as jnp
import optax
from flax import nnx

from jaxdl.compare import layouts


def model(config, rngs):
    return nnx.Sequential(
        lambda x: x.reshape(len(x), -1),
        nnx.Linear(64, config.hidden, rngs=rngs),
        nnx.relu,
        nnx.Linear(config.hidden, config.hidden, rngs=rngs),
        nnx.relu,
        nnx.Linear(config.hidden, 10, rngs=rngs),
    )


weights = layouts.flax


def loss(logits, target):
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, target))


def optimizer(config):
    return optax.adam(config.learning_rate)
