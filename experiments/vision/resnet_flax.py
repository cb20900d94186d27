"""ResNet-20 in stock Flax NNX and optax: what the benchmark times beside resnet.py."""

from itertools import pairwise

import jax.numpy as jnp
import optax
from flax import nnx

from jaxdl.compare import layouts


def conv(channels, out_channels, size, stride, rngs):
    # With a stride "SAME" would pad below and to the right alone.
    return nnx.Conv(channels, out_channels, (size, size), stride, padding=size // 2, use_bias=False, rngs=rngs)


def norm(channels, rngs):
    return nnx.BatchNorm(channels, momentum=0.9, epsilon=1e-5, rngs=rngs)


class Block(nnx.Module):
    def __init__(self, channels, out_channels, residual, activation, rngs):
        stride = out_channels // channels
        self.conv1 = conv(channels, out_channels, 3, stride, rngs)
        self.bn1 = norm(out_channels, rngs)
        self.conv2 = conv(out_channels, out_channels, 3, 1, rngs)
        self.bn2 = norm(out_channels, rngs)
        self.bridge = conv(channels, out_channels, 1, stride, rngs) if stride > 1 else nnx.identity
        self.residual = residual
        self.activation = activation

    def __call__(self, x):
        y = self.activation(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.activation(y + self.bridge(x) if self.residual else y)


class ResNet20(nnx.Module):
    def __init__(self, residual, smooth, rngs):
        self.activation = nnx.silu if smooth else nnx.relu
        self.conv = conv(3, 16, 3, 1, rngs)
        self.bn = norm(16, rngs)
        widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        self.blocks = nnx.Sequential(*(Block(a, b, residual, self.activation, rngs) for a, b in pairwise(widths)))
        self.fc = nnx.Linear(64, 10, rngs=rngs)

    def __call__(self, x):
        x = self.activation(self.bn(self.conv(x)))
        return self.fc(self.blocks(x).mean(axis=(1, 2)))


def model(config, rngs):
    return ResNet20(config.residual, config.smooth, rngs)


inputs, weights = layouts.channels_last, layouts.flax


def loss(logits, target):
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, target))


def optimizer(config):
    # PyTorch's weight decay is part of the gradient: it comes before the momentum.
    return optax.chain(
        optax.add_decayed_weights(config.weight_decay),
        optax.sgd(config.learning_rate, momentum=0.9),
    )
