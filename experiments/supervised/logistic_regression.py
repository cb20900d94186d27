"""Logistic regression tells harmless tumours from malignant ones.

One linear layer, whose output is the logarithm of the odds that a tumour is harmless. The loss, with a square of the
weights that keeps them small, is convex: gradient descent arrives at the same answer from anywhere. scikit-learn finds
it by Newton's method and stands by as a witness; it minimises the same sum, N times over: its C is 1 / (N λ) for our
weight decay λ, and as there the bias does not decay. A step is thirty products; what takes time is a framework calling
itself.

    python -m experiments.supervised.logistic_regression --epochs 30

Data: breast cancer.
Time: 6 s on two cores.
Score: test_accuracy >= 0.95
Paper: Cox 1958, "The Regression Analysis of Binary Sequences".
"""

from dataclasses import dataclass

import numpy as np

from jaxdl import data, functional, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(40, "passes over the 455 training tumours")
    batch_size: int = option(32, "tumours a step")
    learning_rate: float = option(0.3, "step size")
    weight_decay: float = option(0.01, "λ: λ/2 times the weights' squares is added to the loss; not the bias's")


class LogisticRegression(nn.Module):
    def __init__(self, *, rngs):
        self.linear = nn.Linear(30, 1, rngs=rngs)

    def __call__(self, x):
        return self.linear(x).squeeze(-1)


def rows(config):
    return tuple(array.astype(config.dtype) for array in data.breast_cancer())


def source(config):
    x, y, _, _ = rows(config)
    return data.ArraySource((x, y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = rows(config)
    return data.ArraySource((x, y), batch_size=len(x))


def accuracy(logits, target):
    return ((logits > 0) == (target > 0.5)).mean(dtype=float)


def program(config):
    optimizer = optim.param_groups(
        optim.sgd,
        {"*.bias": {"weight_decay": 0.0}},
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    return train.supervised(
        LogisticRegression,
        functional.binary_cross_entropy_with_logits,
        optimizer,
        metrics={"accuracy": accuracy},
        dtype=config.dtype,
    )


def newton(config):
    """scikit-learn's answer: weights `[30]` and bias."""
    from sklearn.linear_model import LogisticRegression

    x, y, _, _ = data.breast_cancer()
    strength = np.inf if config.weight_decay == 0 else 1 / (len(x) * config.weight_decay)
    found = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-12).fit(x, y)
    return found.coef_[0], found.intercept_[0]


def measured(weight, bias):
    """What parameters are worth: losses and accuracy."""
    x_train, y_train, x_test, y_test = data.breast_cancer()
    logits = {"train": x_train @ weight + bias, "test": x_test @ weight + bias}
    losses = {
        f"{name}_loss": np.mean(np.logaddexp(0, z) - y * z)
        for (name, z), y in zip(logits.items(), (y_train, y_test), strict=True)
    }
    return {**losses, "test_accuracy": np.mean((logits["test"] > 0) == y_test)}


def witnesses(config):
    """Newton's method, which ends at the lowest point itself."""
    return {"Newton's method": measured(*newton(config))}


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
