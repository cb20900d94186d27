"""Overfitting, and three remedies: weight decay, dropout and early stopping; what more rows do instead.

A network of two hidden layers learns from 200 digits, two in ten of whose labels were drawn at random. It has room to
learn all of them by heart, wrong ones too: the training loss goes on falling and the test loss turns round. Weight
decay makes large weights dear, dropout takes away half of the hidden units at every step, and early stopping ends the
run when 200 rows that are kept apart get worse. The run ends with their courses beside each other, with the loss
against the strength of weight decay, and with learning curves: the errors against the number of training rows.

    python -m experiments.supervised.regularisation
    python -m experiments.supervised.regularisation --weight-decay 0 --dropout 0.5 --rows 100

Data: digits, some of their labels wrong.
Time: 55 s on two cores.
Score: test_accuracy >= 0.79
Paper: Krogh and Hertz 1992, "A Simple Weight Decay Can Improve Generalization"; Srivastava et al. 2014, "Dropout";
Prechelt 1998, "Early Stopping: But When?".
"""

from dataclasses import dataclass

import jax.numpy as jnp

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.experiment import Settings, option

TRAINING, APART = 699, 200  # of the 899 digits that are not for testing


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(100, "passes over the training rows")
    batch_size: int = option(50, "rows a step")
    learning_rate: float = option(0.05, "SGD's step size, with momentum 0.9")
    rows: int = option(200, f"training rows, up to {TRAINING}")
    noise: float = option(0.2, "share of the labels to learn from that are drawn at random; those to test on are right")
    hidden: int = option(128, "units in each of the two hidden layers")
    weight_decay: float = option(0.015, "λ: λ/2 times the squares of weights and biases is added to the loss")
    dropout: float = option(0.0, "probability of a zero; PyTorch draws other masks, so beside it there is none")

    def __post_init__(self):
        super().__post_init__()
        if not 1 <= self.rows <= TRAINING:
            raise ValueError(f"rows must be from 1 to {TRAINING}, given {self.rows}")


class MLP(nn.Module):
    def __init__(self, hidden, dropout, *, rngs):
        self.fc1 = nn.Linear(64, hidden, rngs=rngs)
        self.drop1 = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden, hidden, rngs=rngs)
        self.drop2 = nn.Dropout(dropout)
        self.fc3 = nn.Linear(hidden, 10, rngs=rngs)

    def __call__(self, x):
        x = self.drop1(jnp.tanh(self.fc1(x)))
        x = self.drop2(jnp.tanh(self.fc2(x)))
        return self.fc3(x)


def parts(config):
    """Rows to train on, rows that early stopping looks at, whose labels are as noisy, and rows to test on."""
    x, y, x_test, y_test = data.digits(test_fraction=0.5)
    y = data.noisy_labels(y, config.noise, 10, random.TorchGenerator(0))  # the same, whatever the run's seed
    x, x_test = (images.reshape(-1, 64).astype(config.dtype) for images in (x, x_test))
    return (x[: config.rows], y[: config.rows]), (x[-APART:], y[-APART:]), (x_test, y_test)


def source(config):
    return data.ArraySource(parts(config)[0], config.batch_size, shuffle=True)


def evaluation(config):
    test = parts(config)[2]
    return data.ArraySource(test, batch_size=len(test[0]))


def learned(config, weight_decay):
    return train.supervised(
        lambda rngs: MLP(config.hidden, config.dropout, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9, weight_decay=weight_decay),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def program(config):
    return learned(config, config.weight_decay)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
