"""ResNet-20 in Keras: what the benchmark times beside resnet.py."""

from itertools import pairwise

import keras
from keras import ops

from jaxdl.compare import layouts


def decay(config):
    # Keras's SGD has another weight decay, which knows nothing of momentum.
    return keras.regularizers.L2(config.weight_decay / 2)


def conv(channels, size, stride, config):
    # With a stride "same" would pad below and to the right alone.
    padding = "same" if stride == 1 else "valid"
    return keras.layers.Conv2D(channels, size, stride, padding, use_bias=False, kernel_regularizer=decay(config))


def norm(config):
    penalties = {"beta_regularizer": decay(config), "gamma_regularizer": decay(config)}
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, **penalties)


class Block(keras.layers.Layer):
    def __init__(self, channels, out_channels, config):
        super().__init__()
        self.stride = out_channels // channels
        self.conv1 = conv(out_channels, 3, self.stride, config)
        self.bn1 = norm(config)
        self.conv2 = conv(out_channels, 3, 1, config)
        self.bn2 = norm(config)
        self.bridge = conv(out_channels, 1, self.stride, config) if self.stride > 1 else keras.layers.Identity()
        self.residual = config.residual
        self.activation = ops.silu if config.smooth else ops.relu

    def call(self, x, training=False):
        y = x if self.stride == 1 else ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        y = self.activation(self.bn1(self.conv1(y), training=training))
        y = self.bn2(self.conv2(y), training=training)
        return self.activation(y + self.bridge(x) if self.residual else y)


class ResNet20(keras.Model):
    def __init__(self, config):
        super().__init__()
        self.activation = ops.silu if config.smooth else ops.relu
        self.conv = conv(16, 3, 1, config)
        self.bn = norm(config)
        widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        self.blocks = keras.Sequential([Block(a, b, config) for a, b in pairwise(widths)])
        self.fc = keras.layers.Dense(10, kernel_regularizer=decay(config), bias_regularizer=decay(config))

    def call(self, x, training=False):
        x = self.activation(self.bn(self.conv(x), training=training))
        return self.fc(ops.mean(self.blocks(x, training=training), axis=(1, 2)))


def model(config):
    return ResNet20(config)


inputs, weights = layouts.channels_last, layouts.keras


def loss(logits, target):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(target, logits)


def optimizer(config):
    return keras.optimizers.SGD(config.learning_rate, momentum=0.9)
