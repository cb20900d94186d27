"""LeNet in Keras: what the benchmark times beside lenet.py."""

import keras
from keras import ops

from jaxdl.compare import layouts


class LeNet(keras.Model):
    def __init__(self, batch_norm):
        super().__init__()
        self.conv1 = keras.layers.Conv2D(6, 5, use_bias=not batch_norm)
        self.bn1 = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5) if batch_norm else None
        self.conv2 = keras.layers.Conv2D(16, 5, use_bias=not batch_norm)
        self.bn2 = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5) if batch_norm else None
        self.fc1 = keras.layers.Dense(120)
        self.fc2 = keras.layers.Dense(84)
        self.fc3 = keras.layers.Dense(10)

    def call(self, x, training=False):
        x = self.conv1(x)
        x = ops.relu(x if self.bn1 is None else self.bn1(x, training=training))
        x = ops.max_pool(x, 2)
        x = self.conv2(x)
        x = ops.relu(x if self.bn2 is None else self.bn2(x, training=training))
        x = ops.max_pool(x, 2)
        x = ops.reshape(x, (-1, 5 * 5 * 16))
        return self.fc3(ops.relu(self.fc2(ops.relu(self.fc1(x)))))


def model(config):
    return LeNet(config.batch_norm)


inputs = layouts.channels_last


def weights(tensors):
    found = layouts.keras(tensors)
    # PyTorch flattens channels first, Keras channels last.
    found["fc1.kernel"] = found["fc1.kernel"].reshape(16, 25, 120).swapaxes(0, 1).reshape(400, 120)
    return found


def loss(logits, target):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(target, logits)


def optimizer(config):
    # Keras adds epsilon before the correction for the first steps, PyTorch 1e-8 after it.
    return keras.optimizers.Adam(config.learning_rate, epsilon=3e-10)
