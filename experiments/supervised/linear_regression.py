"""Linear and ridge regression by mini-batch stochastic gradient descent, beside the closed form.

One linear layer learns how far a patient's diabetes will progress from ten measurements. The loss is a quadratic
bowl, so the best answer is known: least squares gives it in one formula. Watch the descent arrive there, and stay a
little above it: each mini-batch sees only a part of the data, and its noise keeps the parameters moving. The bowl is
flat where measurements say the same, as two kinds of cholesterol do; there least squares trusts small differences, and
descent has a long way. `--weight-decay` λ makes it ridge regression, which has no such flat places; scikit-learn's has
alpha = N λ / 2, for it takes the sum of the squares where the loss here is their mean. The run ends with the ridge path
beside scikit-learn's, with that of a descent that is stopped early, and with what the penalty does to the test loss.

    python -m experiments.supervised.linear_regression
    python -m experiments.supervised.linear_regression --weight-decay 0.1

Data: diabetes.
Time: 10 s on two cores.
Score: test_loss <= 0.55
Paper: Robbins and Monro 1951, "A Stochastic Approximation Method"; Hoerl and Kennard 1970, "Ridge Regression: Biased
Estimation for Nonorthogonal Problems".
"""

from dataclasses import dataclass

import numpy as np

from jaxdl import data, functional, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(120, "passes over the 354 training rows")
    batch_size: int = option(32, "rows a step")
    learning_rate: float = option(0.005, "step size")
    weight_decay: float = option(0.0, "λ: λ/2 times the weights' squares is added to the loss; not the bias's")


class LinearRegression(nn.Module):
    def __init__(self, *, rngs):
        self.linear = nn.Linear(10, 1, rngs=rngs)

    def __call__(self, x):
        return self.linear(x).squeeze(-1)


def rows(config):
    return tuple(array.astype(config.dtype) for array in data.diabetes())


def source(config):
    x, y, _, _ = rows(config)
    return data.ArraySource((x, y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = rows(config)
    return data.ArraySource((x, y), batch_size=len(x))


def penalised(weight_decay, learning_rate, dtype, momentum=0.0):
    optimizer = optim.param_groups(
        optim.sgd,
        {"*.bias": {"weight_decay": 0.0}},
        learning_rate=learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
    )
    return train.supervised(LinearRegression, functional.mse_loss, optimizer, dtype=dtype)


def program(config):
    return penalised(config.weight_decay, config.learning_rate, config.dtype)


def closed(weight_decay, x, y):
    """scikit-learn's answer: weights `[10]` and bias."""
    from sklearn import linear_model

    if weight_decay:
        found = linear_model.Ridge(alpha=weight_decay * len(x) / 2, solver="svd")
    else:
        found = linear_model.LinearRegression()
    found.fit(x, y)
    return found.coef_, found.intercept_


def loss(weight, bias, x, y):
    return np.mean((x @ weight + bias - y) ** 2)


def witnesses(config):
    """The closed form: with least squares, the lowest training loss that any linear function has."""
    x_train, y_train, x_test, y_test = data.diabetes()
    best = closed(config.weight_decay, x_train, y_train)
    name = "ridge regression" if config.weight_decay else "least squares"
    return {name: {"train_loss": loss(*best, x_train, y_train), "test_loss": loss(*best, x_test, y_test)}}


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
