"""Softmax regression: a template for each class, and the largest sum of products with it decides.

One linear layer gives each class a weight for every pixel, and softmax makes probabilities of the sums. The loss, with
a square of the weights that keeps them small, is convex: there is one lowest point, and every way down ends there.
scikit-learn's LogisticRegression finds it by Newton's method and stands by as a witness; it minimises the same sum, N
times over: its C is 1 / (N λ) for our weight decay λ, and as there the biases do not decay. Mini-batches of a constant
learning rate stay a little above that point; with all rows a step and momentum the same program ends on it, up to
rounding. `--data wine` tells three growers' wines apart.

    python -m experiments.supervised.softmax_regression
    python -m experiments.supervised.softmax_regression --data wine

Data: digits or wine.
Time: 17 s on two cores.
Score: test_accuracy >= 0.93
Paper: Cox 1966, "Some Procedures Connected with the Logistic Qualitative Response Curve"; Bridle 1990, "Probabilistic
Interpretation of Feedforward Classification Network Outputs, with Relationships to Statistical Pattern Recognition".
"""

import dataclasses
from dataclasses import dataclass
from functools import cache

import jax.numpy as jnp

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option, precision

DATA = {"digits": data.digits, "wine": data.wine}
SIZES = {"digits": (64, 10), "wine": (13, 3)}  # inputs and classes


@dataclass(frozen=True)
class Config(Settings):
    data: str = option("digits", "what is told apart: digits or wine")
    epochs: int = option(25, "passes over the training rows: 1,438 digits or 142 wines")
    batch_size: int = option(32, "rows a step")
    learning_rate: float = option(0.2, "SGD's step size")
    momentum: float = option(0.0, "how much of the step before is in a step")
    weight_decay: float = option(0.01, "λ: λ/2 times the weights' squares is added to the loss; not the biases'")

    def __post_init__(self):
        super().__post_init__()
        if self.data not in DATA:
            raise ValueError(f"data must be one of {', '.join(DATA)}, given {self.data!r}")


class SoftmaxRegression(nn.Module):
    def __init__(self, inputs, classes, *, rngs):
        self.linear = nn.Linear(inputs, classes, rngs=rngs)

    def __call__(self, x):
        return self.linear(x)


def rows(config):
    x_train, y_train, x_test, y_test = DATA[config.data]()
    return tuple((x.reshape(len(x), -1).astype(config.dtype), y) for x, y in ((x_train, y_train), (x_test, y_test)))


def source(config):
    return data.ArraySource(rows(config)[0], config.batch_size, shuffle=True)


def evaluation(config):
    test = rows(config)[1]
    return data.ArraySource(test, batch_size=len(test[0]))


def program(config):
    optimizer = optim.param_groups(
        optim.sgd,
        {"*.bias": {"weight_decay": 0.0}},
        learning_rate=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
    return train.supervised(
        lambda rngs: SoftmaxRegression(*SIZES[config.data], rngs=rngs),
        functional.cross_entropy,
        optimizer,
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def exact(config):
    """The same in float64, with all rows a step and momentum: it ends at the lowest point, up to rounding."""
    count = len(DATA[config.data]()[0])
    changes = {"batch_size": count, "epochs": 1200, "learning_rate": 0.5, "momentum": 0.95}
    return dataclasses.replace(config, dtype="float64", **changes)


@cache
def newton(which, weight_decay):
    """scikit-learn's answer: the parameters, by our names."""
    from sklearn.linear_model import LogisticRegression

    x, y, _, _ = DATA[which]()
    x = x.reshape(len(x), -1).astype(float)
    found = LogisticRegression(C=1 / (len(x) * weight_decay), solver="newton-cholesky", tol=1e-12).fit(x, y)
    return {"linear.weight": found.coef_, "linear.bias": found.intercept_}


def measured(params, config):
    """Loss on the training rows, the same with the penalty, and loss and accuracy on the test rows, in float64."""
    with precision("float64"):
        weight, bias = (jnp.asarray(params[f"linear.{name}"], float) for name in ("weight", "bias"))
        (x, y), (x_test, y_test) = rows(exact(config))
        logits, tested = (functional.linear(each, weight, bias) for each in (x, x_test))
        loss = functional.cross_entropy(logits, y)
        return {
            "train_loss": loss.item(),
            "penalised": (loss + config.weight_decay / 2 * jnp.sum(weight**2)).item(),
            "test_loss": functional.cross_entropy(tested, y_test).item(),
            "test_accuracy": metrics.accuracy(tested, y_test).item(),
        }


def witnesses(config):
    """Newton's method, which ends at the lowest point itself; without a penalty there may be none."""
    if not config.weight_decay:
        return {}
    return {"Newton's method": measured(newton(config.data, config.weight_decay), config)}


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
