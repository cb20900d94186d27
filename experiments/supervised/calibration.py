"""Calibration: is a network that is 90 % sure right nine times in ten? Not by itself, and one number mends it.

A network reads six characters of Python's help and says which comes next. Trained for long on few windows, it grows
far more sure than it is right. A reliability diagram shows by how much: the rows in bins of the largest probability,
and how many in each are right. Temperature scaling divides all logits by one number T, found by L-BFGS where the loss
of rows that are held apart is least; the answers stay, the probabilities become true. The run ends with the diagram
before and after, scikit-learn's points upon it; with the loss and the calibration error against T; and with confidence
and accuracy as they part while the network learns.

    python -m experiments.supervised.calibration
    python -m experiments.supervised.calibration --epochs 3 --bins 10

Data: Python's help as text.
Time: 25 s on two cores.
Score: test_accuracy >= 0.37
Paper: Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks".

The windows are dealt out at random, so that all three parts are of one kind: T holds for rows like those it was found
on. Where a Python's help is another (see `data.python_help`), its numbers are its own.
"""

from dataclasses import dataclass
from functools import partial

import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.experiment import Settings, option

LENGTH = 6


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(15, "passes over the 3,055 training windows")
    batch_size: int = option(128, "windows a step")
    learning_rate: float = option(0.1, "SGD's step size, with momentum 0.9")
    width: int = option(128, "units in the hidden layer")
    bins: int = option(15, "of the diagram, and of the calibration error")

    def __post_init__(self):
        super().__post_init__()
        for name in ("width", "bins"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, given {getattr(self, name)}")


class Reader(nn.Module):
    def __init__(self, width, *, rngs):
        self.embedding = nn.Embedding(len(data.PRINTABLE), 32, rngs=rngs)
        self.hidden = nn.Linear(32 * LENGTH, width, rngs=rngs)
        self.output = nn.Linear(width, len(data.PRINTABLE), rngs=rngs)

    def __call__(self, characters):
        x = self.embedding(characters).reshape(len(characters), -1)
        return self.output(jnp.tanh(self.hidden(x)))


def parts():
    """Windows to train on, windows held apart and windows to test on, each with the character that follows it."""
    x, y, x_rest, y_rest = data.python_help(LENGTH, test_fraction=0.5)
    rows = np.concatenate([x, x_rest]), np.concatenate([y, y_rest])[:, -1]
    return data.random_split(rows, [0.4, 0.3, 0.3], random.TorchGenerator(0))


def source(config):
    return data.ArraySource(parts()[0], config.batch_size, shuffle=True)


def evaluation(config):
    test = parts()[2]
    return data.ArraySource(test, batch_size=len(test[0]))  # one batch: the calibration error is no mean over rows


def program(config):
    return train.supervised(
        lambda rngs: Reader(config.width, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9),
        metrics={
            "accuracy": metrics.accuracy,
            "confidence": metrics.confidence,
            "calibration_error": partial(metrics.expected_calibration_error, bins=config.bins),
        },
        dtype=config.dtype,
    )


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
