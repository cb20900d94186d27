"""Stochastic gradient descent: how many examples should a step look at, and how does it come to rest?

Softmax regression reads handwritten digits. The loss is convex, so there is one lowest point, and how far a run is
above it can be measured. A gradient of all examples is exact and dear; that of one example is cheap, and off by a noise
whose mean square falls as one over the batch size. With a constant learning rate the noise keeps a run moving at a
height that grows with the rate; with a learning rate that falls as η / (1 + t / 200) it comes to rest. The run ends
with pictures: the loss against steps, examples and seconds for the whole data, 32 examples and one a step; the noise
against the batch size, beside its formula; and what the decay of the learning rate does.

    python -m experiments.fundamentals.sgd
    python -m experiments.fundamentals.sgd --batch-size 1 --learning-rate 0.05 --no-decay

Data: digits.
Time: 20 s on two cores.
Score: test_accuracy >= 0.93
Paper: Robbins and Monro 1951, "A Stochastic Approximation Method"; Bottou, Curtis and Nocedal 2018, "Optimization
Methods for Large-Scale Machine Learning".
"""

from dataclasses import dataclass

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(20, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    learning_rate: float = option(0.5, "step size at first")
    decay: bool = option(True, "the learning rate falls as 1 / (1 + t / 200), t the steps so far")
    weight_decay: float = option(0.01, "λ: λ/2 times the squares of weights and biases is added to the loss")


class SoftmaxRegression(nn.Module):
    def __init__(self, *, rngs):
        self.linear = nn.Linear(64, 10, rngs=rngs)

    def __call__(self, x):
        return self.linear(x)


def rows(config):
    x_train, y_train, x_test, y_test = data.digits()
    return (
        (x_train.reshape(-1, 64).astype(config.dtype), y_train),
        (x_test.reshape(-1, 64).astype(config.dtype), y_test),
    )


def source(config):
    return data.ArraySource(rows(config)[0], config.batch_size, shuffle=True)


def evaluation(config):
    test = rows(config)[1]
    return data.ArraySource(test, batch_size=len(test[0]))


def falling(step):
    """What the learning rate is multiplied by."""
    return 1 / (1 + step / 200)


def sgd(learning_rate, config, momentum=0.0):
    return optim.sgd(learning_rate, momentum, weight_decay=config.weight_decay)


def learned(optimizer, config):
    return train.supervised(
        SoftmaxRegression,
        functional.cross_entropy,
        optimizer,
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def program(config):
    rate = config.learning_rate
    return learned(sgd(optim.schedules.lambda_lr(rate, falling) if config.decay else rate, config), config)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
