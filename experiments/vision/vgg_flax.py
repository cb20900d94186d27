"""The small VGG in stock Flax NNX and optax: what the benchmark times beside vgg.py."""

from functools import partial

import jax.numpy as jnp
import optax
from flax import nnx

from jaxdl.compare import layouts


class Block(nnx.Module):
    def __init__(self, channels, out_channels, batch_norm, smooth, rngs):
        self.conv = nnx.Conv(channels, out_channels, (3, 3), use_bias=not batch_norm, rngs=rngs)
        self.bn = nnx.BatchNorm(out_channels, momentum=0.9, epsilon=1e-5, rngs=rngs) if batch_norm else None
        self.activation = nnx.silu if smooth else nnx.relu

    def __call__(self, x):
        x = self.conv(x)
        return self.activation(x if self.bn is None else self.bn(x))


class VGG(nnx.Module):
    def __init__(self, batch_norm, smooth, rngs):
        pool = partial(nnx.avg_pool if smooth else nnx.max_pool, window_shape=(2, 2), strides=(2, 2))
        self.features = nnx.Sequential(
            Block(3, 32, batch_norm, smooth, rngs),
            Block(32, 32, batch_norm, smooth, rngs),
            pool,
            Block(32, 64, batch_norm, smooth, rngs),
            Block(64, 64, batch_norm, smooth, rngs),
            pool,
            Block(64, 128, batch_norm, smooth, rngs),
        )
        self.classifier = nnx.Linear(128, 10, rngs=rngs)

    def __call__(self, x):
        return self.classifier(self.features(x).mean(axis=(1, 2)))


def model(config, rngs):
    return VGG(config.batch_norm, config.smooth, rngs)


inputs, weights = layouts.channels_last, layouts.flax


def loss(logits, target):
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, target))


def optimizer(config):
    return optax.sgd(config.learning_rate, momentum=0.9)
