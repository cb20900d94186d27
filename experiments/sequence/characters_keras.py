"""The recurrent reader in Keras: what the benchmark times beside characters.py."""

import keras

from jaxdl.compare import layouts

DIFFERS = "Keras's LSTM and RNN have one bias where PyTorch's have two, which Adam moves twice as far"

CHARACTERS = 96
CELLS = {"rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


class Reader(keras.Model):
    def __init__(self, cell, width):
        super().__init__()
        self.embedding = keras.layers.Embedding(CHARACTERS, 64)
        self.recurrence = cell(width, return_sequences=True)
        self.head = keras.layers.Dense(CHARACTERS)

    def call(self, characters):
        return self.head(self.recurrence(self.embedding(characters)))


def model(config):
    return Reader(CELLS[config.cell], config.width)


def weights(tensors):
    return layouts.keras(tensors, embeddings=("embedding",)) | layouts.keras_recurrence(tensors, "recurrence")


def loss(logits, following):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(following, logits)


def optimizer(config):
    # Keras adds epsilon before the correction for the first steps, PyTorch 1e-8 after it.
    return keras.optimizers.Adam(config.learning_rate, epsilon=3e-10)
