"""Logistic regression in Keras: what the benchmark times beside logistic_regression.py."""

import keras

from jaxdl.compare import layouts


class LogisticRegression(keras.Model):
    def __init__(self, weight_decay):
        super().__init__()
        # Keras's SGD has another weight decay, without the gradient.
        self.linear = keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(weight_decay / 2))

    def call(self, x):
        return keras.ops.squeeze(self.linear(x), -1)


def model(config):
    return LogisticRegression(config.weight_decay)


weights = layouts.keras


def loss(logits, target):
    return keras.losses.BinaryCrossentropy(from_logits=True)(target, logits)


def optimizer(config):
    return keras.optimizers.SGD(config.learning_rate)
