"""Logistic regression in stock Flax NNX and optax: what the benchmark times beside logistic_regression.py."""

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from jaxdl.compare import layouts


class LogisticRegression(nnx.Module):
    def __init__(self, rngs):
        self.linear = nnx.Linear(30, 1, rngs=rngs)

    def __call__(self, x):
        return self.linear(x).squeeze(-1)


def model(config, rngs):
    return LogisticRegression(rngs)


weights = layouts.flax


def loss(logits, target):
    return jnp.mean(optax.sigmoid_binary_cross_entropy(logits, target))


def optimizer(config):
    def matrices(params):
        return jax.tree.map(lambda p: p.ndim > 1, params)

    return optax.chain(
        optax.add_decayed_weights(config.weight_decay, mask=matrices),
        optax.sgd(config.learning_rate),
    )
