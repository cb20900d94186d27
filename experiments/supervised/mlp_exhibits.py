"""What a run shows: how the classes come apart layer by layer, beside scikit-learn's network."""

from functools import partial

import numpy as np

from experiments.supervised.mlp import classifier, flat, program, scores
from jaxdl import random, report
from jaxdl.experiment import Exhibit, precision

LAYERS = {"digits": "the pixels", "wine": "the measurements"}
UNITS, FIRST = 10, 15  # units, and rows of a class, that are drawn


def activity(params, x):
    """The rows as they are, and what each of the hidden layers makes of them."""
    first = np.maximum(x @ params["1.weight"].T + params["1.bias"], 0)
    return [x, first, np.maximum(first @ params["3.weight"].T + params["3.bias"], 0)]


def exhibits(config, state):
    params = {name: np.asarray(value, float) for name, value in state.params.items()}
    (x, y), (x_test, y_test) = flat(config)
    layers = dict(zip((LAYERS[config.data], "hidden layer 1", "hidden layer 2"), activity(params, x), strict=True))
    tested = dict(zip(layers, activity(params, x_test), strict=True))
    pairs = [report.Tile(name, likeness(rows, y_test), True, 1.0) for name, rows in tested.items()]
    shown = [
        Exhibit(
            "Layer by layer the classes come apart",
            headings=("", "numbers", "variance between classes", "right by the nearest mean"),
            rows=[[name, f"{seen.shape[1]}", *parted(seen, y, tested[name], y_test)] for name, seen in layers.items()],
            picture=partial(report.tiles_picture, pairs, columns=3),
            caption=f"Each image has a row and a column for each of {FIRST} test rows of a class, class by class: blue "
            "where two are nearer to each other than the mean of all pairs, orange where they are farther apart. The "
            "table has the share of the test rows' variance that is between the classes' means, and how many of them "
            "are nearest to the training mean of their own class.",
        ),
        Exhibit(
            "Beside scikit-learn",
            headings=("", "passes", "loss", "accuracy", "test loss", "test accuracy"),
            rows=[
                ["this run", *cells(config.epochs, *own_scores(params, (x, y)), *own_scores(params, (x_test, y_test)))],
                ["MLPClassifier", *cells(*classifier(config))],
            ],
            caption="The same width, other initial weights, batches of 200 and a small weight decay; it ends when ten "
            "passes have not made the loss smaller by 0.001.",
        ),
    ]
    if config.data == "digits":
        with precision(config.dtype):
            before = program(config).init(random.TorchGenerator(config.seed)).params["1.weight"]
        units = list(learned(params["1.weight"] - np.asarray(before, float), layers["hidden layer 1"], y))
        shown.append(
            Exhibit(
                "What training added to the first layer",
                picture=partial(report.tiles_picture, units),
                caption=f"The weights of the {UNITS} units that moved farthest, less those before training, all on one "
                "scale: ink on blue excites the unit, ink on orange silences it. Above each, the two digits that "
                "excite it most. Pixels at the edge that no digit inks stay blank: their gradient is zero.",
            )
        )
    return shown


def own_scores(params, of):
    *_, last = activity(params, of[0])
    return scores(last @ params["5.weight"].T + params["5.bias"], of[1])


def cells(passes, *numbers):
    return [str(passes), *(f"{number:.4f}" for number in numbers)]


def parted(seen, y, tested, target):
    """Of a layer's numbers: the variance between the classes as a share of all, and how many rows are nearest to their
    own class's mean."""
    kinds = range(y.max() + 1)
    own = np.stack([tested[target == kind].mean(axis=0) for kind in kinds])[target]
    between = ((own - tested.mean(axis=0)) ** 2).sum() / ((tested - tested.mean(axis=0)) ** 2).sum()
    means = np.stack([seen[y == kind].mean(axis=0) for kind in kinds])
    nearest = ((tested[:, None] - means) ** 2).sum(axis=-1).argmin(axis=1)
    return [f"{between:.0%}", f"{np.mean(nearest == target):.1%}"]


def learned(moved, excited, y):
    """The units that moved farthest, as tiles on one scale."""
    farthest = np.argsort(-np.linalg.norm(moved, axis=1))[:UNITS]
    means = np.stack([excited[y == digit].mean(axis=0) for digit in range(10)])
    for unit in farthest:
        first, second = np.argsort(-means[:, unit])[:2]
        scale = float(np.abs(moved[farthest]).max())
        yield report.Tile(f"{first} and {second}", moved[unit].reshape(8, 8), True, scale)


def likeness(rows, y):
    """1 − d² / mean d² for each pair of rows, d their distance: of the first of each class, class by class."""
    rows = np.concatenate([rows[y == kind][:FIRST] for kind in range(y.max() + 1)])
    apart = ((rows[:, None] - rows) ** 2).sum(axis=-1)
    return 1 - apart / apart.mean()
