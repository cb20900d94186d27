"""The small VGG in Keras: what the benchmark times beside vgg.py."""

import keras

from jaxdl.compare import layouts


class Block(keras.layers.Layer):
    def __init__(self, channels, batch_norm):
        super().__init__()
        self.conv = keras.layers.Conv2D(channels, 3, padding="same", use_bias=not batch_norm)
        self.bn = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5) if batch_norm else None

    def call(self, x, training=False):
        x = self.conv(x)
        return keras.ops.relu(x if self.bn is None else self.bn(x, training=training))


class VGG(keras.Model):
    def __init__(self, batch_norm):
        super().__init__()
        self.features = keras.Sequential(
            [
                Block(32, batch_norm),
                Block(32, batch_norm),
                keras.layers.MaxPooling2D(),
                Block(64, batch_norm),
                Block(64, batch_norm),
                keras.layers.MaxPooling2D(),
                Block(128, batch_norm),
            ]
        )
        self.classifier = keras.layers.Dense(10)

    def call(self, x, training=False):
        return self.classifier(keras.ops.mean(self.features(x, training=training), axis=(1, 2)))


def model(config):
    return VGG(config.batch_norm)


inputs, weights = layouts.channels_last, layouts.keras


def loss(logits, target):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(target, logits)


def optimizer(config):
    # Keras adds epsilon before the correction for the first steps, PyTorch 1e-8 after it.
    return keras.optimizers.Adam(config.learning_rate, epsilon=3e-10)
