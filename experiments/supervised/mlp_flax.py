"""The multilayer perceptron in stock Flax NNX and optax: what the benchmark times beside mlp.py."""

import jax.numpy as jnp
import optax
from flax import nnx

from jaxdl.compare import layouts

SIZES = {"digits": (64, 10), "wine": (13, 3)}  # inputs and classes


def model(config, rngs):
    inputs, classes = SIZES[config.data]
    return nnx.Sequential(
        lambda x: x.reshape(len(x), -1),
        nnx.Linear(inputs, config.hidden, rngs=rngs),
        nnx.relu,
        nnx.Linear(config.hidden, config.hidden, rngs=rngs),
        nnx.relu,
        nnx.Linear(config.hidden, classes, rngs=rngs),
    )


weights = layouts.flax


def loss(logits, target):
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, target))


def optimizer(config):
    return optax.adam(config.learning_rate)
