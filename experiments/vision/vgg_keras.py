"""The small VGG in Keras: what the benchmark times beside vgg.py."""

import keras

from jaxdl.compare import layouts


class Block(keras.layers.Layer):
    def __init__(self, channels, batch_norm, smooth):
        super().__init__()
        self.conv = keras.layers.Conv2D(channels, 3, padding="same", use_bias=not batch_norm)
        self.bn = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5) if batch_norm else None
        self.activation = keras.ops.silu if smooth else keras.ops.relu

    def call(self, x, training=False):
        x = self.conv(x)
        return self.activation(x if self.bn is None else self.bn(x, training=training))


class VGG(keras.Model):
    def __init__(self, batch_norm, smooth):
        super().__init__()
        pool = keras.layers.AveragePooling2D if smooth else keras.layers.MaxPooling2D
        self.features = keras.Sequential(
            [
                Block(32, batch_norm, smooth),
                Block(32, batch_norm, smooth),
                pool(),
                Block(64, batch_norm, smooth),
                Block(64, batch_norm, smooth),
                pool(),
                Block(128, batch_norm, smooth),
            ]
        )
        self.classifier = keras.layers.Dense(10)

    def call(self, x, training=False):
        return self.classifier(keras.ops.mean(self.features(x, training=training), axis=(1, 2)))


def model(config):
    return VGG(config.batch_norm, config.smooth)


inputs, weights = layouts.channels_last, layouts.keras


def loss(logits, target):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(target, logits)


def optimizer(config):
    return keras.optimizers.SGD(config.learning_rate, momentum=0.9)
