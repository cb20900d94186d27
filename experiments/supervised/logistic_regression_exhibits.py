"""What a run shows: how far it ends from Newton's answer, and what it says of each tumour of the test."""

from functools import cache, partial

import jax.numpy as jnp
import numpy as np

from experiments.supervised.logistic_regression import measured, newton, source
from jaxdl import data, functional, optim, random, report, train
from jaxdl.experiment import Exhibit, precision

STEPS = 10_000  # of the descent on all rows


@cache
def way(learning_rate, weight_decay):
    """Weights and bias `[steps + 1, 31]` of a descent on all rows, from zero."""
    x, y, _, _ = data.breast_cancer()
    with precision("float64"):

        def penalised(point):
            weight, bias = point[:-1], point[-1]
            loss = functional.binary_cross_entropy_with_logits(x @ weight + bias, jnp.asarray(y, weight.dtype))
            return loss + weight_decay / 2 * (weight @ weight)

        descent = train.minimise(penalised, jnp.zeros(31), optim.sgd(learning_rate))
        path, _ = train.trajectory(descent, descent.init(random.TorchGenerator(0)), steps=STEPS)
        return np.asarray(path["x"])


def exhibits(config, state):
    own = np.append(*(np.asarray(state.params[f"linear.{name}"], float) for name in ("weight", "bias")))
    steps = config.epochs * len(source(config))
    shown = []
    if config.weight_decay:  # without a penalty there may be no lowest point: the classes can nearly be parted
        path, best = way(config.learning_rate, config.weight_decay), np.append(*newton(config))
        distances = np.abs(path - best).max(axis=1)
        answers = {
            "this run": own,
            f"all rows a step, {STEPS:,} steps": path[-1],
            "scikit-learn, Newton's method": best,
        }
        shown.append(
            Exhibit(
                "Beside scikit-learn",
                headings=("", "loss + penalty", "test loss", "test accuracy", "weights apart"),
                rows=[[name, *beside(point, best, config)] for name, point in answers.items()],
                picture=partial(draw_way, distances, (steps, np.abs(own - best).max())),
                caption="How far the weight that is farthest from Newton's is, against the steps. The loss is convex: "
                f"on all rows, with the run's step size, descent comes as near as {distances[-1]:.0e}. The point is "
                f"where this run stopped, after {steps} steps on {config.batch_size} rows each, instead of on all "
                f"{len(data.breast_cancer()[0])}. The noise of mini-batches keeps a longer run from following the "
                "curve all the way down.",
            )
        )
    _, _, x, y = data.breast_cancer()
    logits = x @ own[:-1] + own[-1]
    wrong = (logits > 0) != y
    surest = np.exp(np.abs(logits[wrong]).max()) if wrong.any() else None
    said = f"{wrong.sum()} of {len(y)} lie on the wrong side of a half"
    said += f", the one that it is surest of at odds of {surest:.1f} to 1" if surest else ""
    return [
        *shown,
        Exhibit(
            "What it says of each tumour",
            picture=partial(draw_answers, 1 / (1 + np.exp(-logits)), y),
            caption=f"The test's tumours in the order of the answer: {said}. A curve that is steep in the middle "
            "leaves few in doubt.",
        ),
    ]


def beside(point, best, config):
    """A row of the table: what is made small on the training rows, what it is worth on others, how far it is."""
    found = measured(point[:-1], point[-1])
    penalised = found["train_loss"] + config.weight_decay / 2 * point[:-1] @ point[:-1]
    apart = "" if point is best else f"{np.abs(point - best).max() / np.abs(best).max():.1e}"
    return [f"{penalised:.10f}", f"{found['test_loss']:.4f}", f"{found['test_accuracy']:.4f}", apart]


def draw_way(distances, stopped, file, theme):
    seen = np.unique(np.geomspace(1, STEPS, 300).astype(int))
    lines = [
        report.Line("all rows", seen, distances[seen], "torch"),
        report.Line("this run", [stopped[0]], [stopped[1]], "jax", "", "o"),
    ]
    report.plots_picture([report.Plot("distance from Newton's answer", lines, "step", "xy")], file, theme)


def draw_answers(answers, y, file, theme):
    order = np.argsort(answers)
    place, answers, y = np.arange(len(y)), answers[order], y[order]
    lines = [
        report.Line(name, place[y == kind], answers[y == kind], colour, "", "o")
        for kind, name, colour in ((1, "harmless", "good"), (0, "malignant", "bad"))
    ]
    plot = report.Plot("probability that it is harmless", lines, "tumours of the test, in this order")
    report.plots_picture([plot], file, theme)
