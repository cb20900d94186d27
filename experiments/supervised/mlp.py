"""A multilayer perceptron reads handwritten digits: two hidden layers in which the classes come apart.

Two hidden layers with ReLU on the 64 pixels as a plain row of numbers: the network is told nothing of their places.
Adam, in a few seconds, takes it to about 96 of 100 digits that it has never seen. scikit-learn's MLPClassifier of the
same width is a witness of the score: it draws other weights and has its own Adam. The run ends with what each layer
makes of the test rows, and with what training has added to the first layer's weights. `--data wine` tells three
growers' wines apart.

    python -m experiments.supervised.mlp
    python -m experiments.supervised.mlp --data wine

Data: digits or wine.
Time: 18 s on two cores.
Score: test_accuracy >= 0.95
Paper: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".
"""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option, precision

DATA = {"digits": data.digits, "wine": data.wine}
SIZES = {"digits": (64, 10), "wine": (13, 3)}  # inputs and classes


@dataclass(frozen=True)
class Config(Settings):
    data: str = option("digits", "what is told apart: digits or wine")
    epochs: int = option(20, "passes over the training rows: 1,438 digits or 142 wines")
    batch_size: int = option(64, "rows a step")
    learning_rate: float = option(1e-3, "Adam's step size")
    hidden: int = option(128, "width of the two hidden layers")

    def __post_init__(self):
        super().__post_init__()
        if self.data not in DATA:
            raise ValueError(f"data must be one of {', '.join(DATA)}, given {self.data!r}")
        if self.hidden < 1:
            raise ValueError(f"hidden must be at least 1, given {self.hidden}")


class MLP(nn.Sequential):
    def __init__(self, inputs, hidden, classes, *, rngs):
        super().__init__(
            nn.Flatten(),
            nn.Linear(inputs, hidden, rngs=rngs),
            nn.ReLU(),
            nn.Linear(hidden, hidden, rngs=rngs),
            nn.ReLU(),
            nn.Linear(hidden, classes, rngs=rngs),
        )


def model(config, rngs):
    inputs, classes = SIZES[config.data]
    return MLP(inputs, config.hidden, classes, rngs=rngs)


def source(config):
    x, y, _, _ = DATA[config.data]()
    return data.ArraySource((x.astype(config.dtype), y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = DATA[config.data]()
    return data.ArraySource((x.astype(config.dtype), y), batch_size=len(x))


def program(config):
    return train.supervised(
        partial(model, config),
        functional.cross_entropy,
        optim.adam(config.learning_rate),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def flat(config):
    """Training and test data as rows of float64 numbers."""
    x_train, y_train, x_test, y_test = DATA[config.data]()
    return tuple((x.reshape(len(x), -1).astype(float), y) for x, y in ((x_train, y_train), (x_test, y_test)))


def scores(logits, target):
    with precision("float64"):
        return functional.cross_entropy(logits, target).item(), metrics.accuracy(logits, target).item()


@cache
def classifier(config):
    """scikit-learn's network, trained until its loss hardly falls: how many passes, and its scores."""
    from sklearn.neural_network import MLPClassifier

    (x, y), test = flat(config)
    found = MLPClassifier((config.hidden, config.hidden), random_state=config.seed % 2**32, tol=1e-3, max_iter=1000)
    found.fit(x, y)
    train_, tested = (scores(np.log(np.maximum(found.predict_proba(each), 1e-300)), of) for each, of in ((x, y), test))
    return found.n_iter_, *train_, *tested


def witnesses(config):
    """scikit-learn's MLPClassifier, of the same width."""
    _, loss, accuracy, test_loss, test_accuracy = classifier(config)
    return {
        "MLPClassifier": {"loss": loss, "accuracy": accuracy, "test_loss": test_loss, "test_accuracy": test_accuracy}
    }


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
