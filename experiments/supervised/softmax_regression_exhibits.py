"""What a run shows: the weights as pictures, Newton's and scikit-learn's beside them, what is misread."""

from functools import cache, partial

import numpy as np

from experiments.supervised.softmax_regression import exact, measured, newton, program, rows
from jaxdl import data, report, train
from jaxdl.experiment import Exhibit, precision

WINE = (  # what the chemists measured
    *("alcohol", "malic acid", "ash", "alcalinity of ash", "magnesium", "total phenols", "flavanoids"),
    *("nonflavanoid phenols", "proanthocyanins", "color intensity", "hue", "OD280/OD315", "proline"),
)
MISREAD = 4


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
