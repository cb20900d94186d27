"""Linear regression by mini-batch stochastic gradient descent, beside the closed form.

One linear layer learns how far a patient's diabetes will progress from ten measurements. The loss is a quadratic
bowl, so the best answer is known: least squares gives it in one formula. Watch the descent arrive there, and stay a
little above it: each mini-batch sees only a part of the data, and its noise keeps the parameters moving.

    python -m experiments.fundamentals.linear_regression

Data: diabetes.
Time: 4 s on two cores.
Score: test_loss <= 0.55
Paper: Robbins and Monro 1951, "A Stochastic Approximation Method".
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


def program(config):
    return train.supervised(LinearRegression, functional.mse_loss, optim.sgd(config.learning_rate), dtype=config.dtype)


def witnesses(config):
    """Least squares: the lowest training loss that any linear function has."""
    x_train, y_train, x_test, y_test = data.diabetes()
    design = np.column_stack([x_train, np.ones(len(x_train))])
    solution, *_ = np.linalg.lstsq(design, y_train)
    errors = x_test @ solution[:-1] + solution[-1] - y_test
    return {
        "least squares": {"train_loss": np.mean((design @ solution - y_train) ** 2), "test_loss": np.mean(errors**2)}
    }


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
