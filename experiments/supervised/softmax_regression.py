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
from functools import cache, partial

import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, metrics, nn, optim, report, train
from jaxdl.experiment import Exhibit, Settings, option, precision

DATA = {"digits": data.digits, "wine": data.wine}
SIZES = {"digits": (64, 10), "wine": (13, 3)}  # inputs and classes
WINE = (  # what the chemists measured
    *("alcohol", "malic acid", "ash", "alcalinity of ash", "magnesium", "total phenols", "flavanoids"),
    *("nonflavanoid phenols", "proanthocyanins", "color intensity", "hue", "OD280/OD315", "proline"),
)
MISREAD = 4


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


@cache
def descended(config):
    """The parameters at which a run of `exact(config)` ends."""
    with precision("float64"):
        whole = data.ArraySource(rows(config)[0], config.batch_size)
        state, _ = train.fit(program(config), whole, config.epochs, seed=config.seed, progress=False)
        return {name: np.asarray(value) for name, value in state.params.items()}


def exhibits(config, state):
    own = {name: np.asarray(value, float) for name, value in state.params.items()}
    answers = {"this run": own, "all rows a step": descended(exact(config))}
    if config.weight_decay:
        answers["scikit-learn, Newton's method"] = newton(config.data, config.weight_decay)
    shown = [
        Exhibit(
            "Beside scikit-learn",
            headings=("", "loss + penalty", "test loss", "test accuracy", "weights apart"),
            rows=list(beside(answers, config)),
            caption="What is made small on the training rows, and what it is worth on others. The last column is the "
            "largest difference of a weight from that of the last row, in units of its largest weight.",
        )
    ]
    weight = own["linear.weight"]
    if config.data == "wine":
        table = [[name, *(f"{value:+.2f}" for value in column)] for name, column in zip(WINE, weight.T, strict=True)]
        caption = "The measurements are standardised, so the weights compare: positive speaks for the grower."
        return [
            Exhibit("The weights", ("measurement", "grower 0", "grower 1", "grower 2"), table, None, caption),
            *shown,
        ]
    templates = [report.Tile(f"{digit}", each.reshape(8, 8), True) for digit, each in enumerate(weight)]
    pairs = list(misread(own, config))
    if pairs:
        shown.append(
            Exhibit(
                "Where it is wrong, and which pixels said so",
                picture=partial(report.tiles_picture, pairs, columns=4),
                caption="Digits of the test that it is most wrong about, and beside each what every pixel says: for "
                "the answer in blue, for the truth in orange. It is the pixel times the difference of the two "
                "templates; over all pixels, and with the two biases, these add up to the logarithm of the odds above "
                "it, those of the answer against the truth.",
            )
        )
    return [
        Exhibit(
            "A template for each digit",
            picture=partial(report.tiles_picture, templates),
            caption="The weights of each class as an image, each on its own scale: ink on blue speaks for the digit, "
            "ink on orange against it. A 0 wants its middle empty, a 7 its lower right.",
        ),
        *shown,
    ]


def beside(answers, config):
    """A row of the table for each of the parameters."""
    *_, last = answers.values()
    for name, params in answers.items():
        found = measured(params, config)
        gap = np.abs(params["linear.weight"] - last["linear.weight"]).max() / np.abs(last["linear.weight"]).max()
        apart = "" if params is last else f"{gap:.1e}"
        yield [name, f"{found['penalised']:.10f}", f"{found['test_loss']:.4f}", f"{found['test_accuracy']:.4f}", apart]


def misread(params, config):
    """The digits that the test is most wrong about, each followed by what its pixels say."""
    _, (x, y) = rows(exact(config))
    logits = x @ params["linear.weight"].T + params["linear.bias"]
    said, known = logits.argmax(axis=1), np.arange(len(x))
    wrong = logits[known, said] - logits[known, y]
    for row in np.argsort(-wrong)[:MISREAD]:
        if wrong[row] > 0:
            votes = x[row] * (params["linear.weight"][said[row]] - params["linear.weight"][y[row]])
            yield report.Tile(f"{y[row]}, read as {said[row]}", x[row].reshape(8, 8), scale=1.0)
            yield report.Tile(f"{np.exp(wrong[row]):.1f} to 1", votes.reshape(8, 8), True)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
