"""The multilayer perceptron in Keras: what the benchmark times beside mlp.py."""

import keras

from jaxdl.compare import layouts

CLASSES = {"digits": 10, "wine": 3}


def model(config):
    return keras.Sequential(
        [
            keras.layers.Flatten(),
            keras.layers.Dense(config.hidden),
            keras.layers.ReLU(),
            keras.layers.Dense(config.hidden),
            keras.layers.ReLU(),
            keras.layers.Dense(CLASSES[config.data]),
        ]
    )


weights = layouts.keras


def loss(logits, target):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(target, logits)


def optimizer(config):
    # Keras adds epsilon before the correction for the first steps, PyTorch 1e-8 after it.
    return keras.optimizers.Adam(config.learning_rate, epsilon=3e-10)
