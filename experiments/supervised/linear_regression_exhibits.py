"""What a run shows: the ridge's paths, exact and by steps, and errors with few rows."""

from functools import cache, partial

import jax.numpy as jnp
import numpy as np

from experiments.supervised.linear_regression import closed, loss, penalised, source
from jaxdl import data, functional, optim, random, report, train
from jaxdl.experiment import Exhibit, precision

MEASURED = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")  # bp: blood pressure; s1 to s6: of serum
PENALTIES = 10 ** np.linspace(-3, 1.5, 19)
FEW = 30  # rows, where a penalty is worth most
STEPS, RATE = 20_000, 0.05  # of the descent that is looked at on its way


@cache
def swept():
    """The weights `[penalties, 10]` at which descent on all rows ends: a run a penalty, all at once."""
    x, y, _, _ = data.diabetes()
    with precision("float64"):
        runs = train.sweep(
            lambda weight_decay: penalised(weight_decay, 0.09, "float64", momentum=0.95),
            data.ArraySource((x, y), batch_size=len(x)),
            {"weight_decay": PENALTIES.tolist()},
            epochs=1200,
            progress=False,
        )
        return np.asarray(runs.states.params["linear.weight"])[:, 0]


@cache
def way():
    """The weights `[steps + 1, 10]` of a descent on all rows without a penalty, from zero."""
    x, y, _, _ = data.diabetes()
    with precision("float64"):
        descent = train.minimise(
            lambda weight: functional.mse_loss(functional.linear(x, weight), y), jnp.zeros(10), optim.sgd(RATE)
        )
        path, _ = train.trajectory(descent, descent.init(random.TorchGenerator(0)), steps=STEPS)
        return np.asarray(path["x"])


def errors(count):
    """The closed form's loss at each penalty, on the `count` rows that it had and on the test's."""
    x, y, x_test, y_test = data.diabetes()
    x, y = x[:count], y[:count]
    found = [closed(penalty, x, y) for penalty in PENALTIES]
    return [[loss(*each, *on) for each in found] for on in ((x, y), (x_test, y_test))]


def exhibits(config, state):
    x, y, _, _ = data.diabetes()
    weights, path, reached = swept(), way(), np.asarray(state.params["linear.weight"], float)[0]
    exact = np.array([closed(penalty, x, y)[0] for penalty in PENALTIES])
    best = closed(config.weight_decay, x, y)[0]
    losses = {count: errors(count) for count in (len(x), FEW)}
    stopped = config.learning_rate * len(source(config)) * config.epochs
    return [
        Exhibit(
            "The ridge path, and the way of a descent",
            picture=partial(draw_paths, weights, exact, path, stopped),
            caption="Above, the weights against 1 / λ: the lines are scikit-learn's closed form, the points are where "
            f"descent on all rows ends, at most {np.abs(weights - exact).max():.0e} away. Below, the weights of a "
            "descent from zero without a penalty: to stop early is much like a penalty, of a λ that is 0.3 to 1 times "
            "1 / (learning rate × steps). The dotted line is where the run with mini-batches stopped. The names stand "
            "in the order of the curves' right ends.",
        ),
        Exhibit(
            "The weights of this run",
            headings=("measurement", "this run", "scikit-learn", "difference"),
            rows=[
                [name, f"{own:+.4f}", f"{theirs:+.4f}", f"{own - theirs:+.4f}"]
                for name, own, theirs in zip(MEASURED, reached, best, strict=True)
            ],
            caption="All measurements are standardised, so the weights compare. s1 is the cholesterol, s2 that in "
            "low-density lipoproteins: they go together, so that the loss hardly knows their difference.",
        ),
        Exhibit(
            f"What a penalty is worth, with {len(x)} rows and with {FEW}",
            headings=("training rows", "test loss without", "least test loss with", "at λ"),
            rows=[gained(count, test) for count, (_, test) in losses.items()],
            picture=partial(draw_errors, losses),
            caption="The closed form's loss on the rows that it learned from and on the test's, against the penalty; "
            "dotted where the test loss has its lowest point. A penalty always costs training loss. What it is worth "
            "on other rows depends on how many there were to learn from: with few, much; with all, the smallest that "
            "was tried does best, and none does better still.",
        ),
    ]


def gained(count, test):
    """A row of the table: the test loss without a penalty, and the least with one."""
    x, y, x_test, y_test = data.diabetes()
    without = loss(*closed(0.0, x[:count], y[:count]), x_test, y_test)
    return [f"{count}", f"{without:.4f}", f"{min(test):.4f}", f"{PENALTIES[np.argmin(test)]:.2g}"]


def draw_paths(weights, exact, path, stopped, file, theme):
    order = np.argsort(-exact[0])  # the names stand in the order of the curves' right ends

    def curves(x, values):
        return [report.Line(MEASURED[each], x, values[:, each], place / 9) for place, each in enumerate(order)]

    points = [report.Line("", 1 / PENALTIES, weights[:, each], n / 9, "", "o") for n, each in enumerate(order)]
    seen = np.unique(np.geomspace(1, STEPS, 300).astype(int))
    descent, stop = curves(seen * RATE, path[seen]), {"run": stopped}
    plots = [
        report.Plot("weights by ridge regression", [*curves(1 / PENALTIES, exact), *points], "1 / λ", "x"),
        report.Plot("weights on the way of a descent", descent, "learning rate × steps", "x", marks=stop),
    ]
    report.plots_picture(plots, file, theme)


def draw_errors(losses, file, theme):
    plots = []
    for count, (training, test) in losses.items():
        lines = [report.Line("test", PENALTIES, test, "torch"), report.Line("training", PENALTIES, training, "jax")]
        lowest = np.argmin(test)
        marks = {"lowest": PENALTIES[lowest]} if 0 < lowest < len(test) - 1 else {}
        plots.append(report.Plot(f"loss with {count} training rows", lines, "λ", "x", marks=marks))
    report.plots_picture(plots, file, theme)
