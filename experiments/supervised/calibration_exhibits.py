"""What a run shows: reliability before and after one temperature, and how confidence grows in training."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.supervised.calibration import evaluation, parts, program, source
from jaxdl import data, functional, metrics, optim, report, train
from jaxdl.experiment import Exhibit, apart, precision, twin
from jaxdl.report import canvas

TEMPERATURES = np.geomspace(0.5, 5, 49)
ERROR, APART = "expected calibration error", "points, apart from scikit-learn's"
SHOWN = ("test_accuracy", "test_confidence", "test_calibration_error", "test_loss", "loss")


def temperature(logits, target):
    """T, by which the logits are divided, where the loss is least; found by its logarithm, so it is above zero."""

    def loss(logarithm):
        return functional.cross_entropy(logits / jnp.exp(logarithm), target)

    scaling = train.minimise(loss, jnp.zeros((), logits.dtype), optim.lbfgs(line_search_fn="strong_wolfe"))
    state, _ = train.fit(scaling, data.NoData(1), epochs=1, progress=False)
    return np.exp(np.asarray(state.params["x"])).item()


def scikit_learn(logits, target, bins):
    """The diagram's points by scikit-learn: mean confidence and accuracy of each bin that holds a row."""
    from sklearn.calibration import calibration_curve

    sure = np.asarray(functional.softmax(logits, dim=-1).max(axis=-1))
    right, mean = calibration_curve(np.asarray(logits.argmax(axis=-1) == target), sure, n_bins=bins)
    return mean, right


@partial(jax.jit, static_argnames="bins")
def measured(logits, target, bins):
    """Numbers by name, and the diagram."""
    numbers = {
        "accuracy": metrics.accuracy(logits, target),
        "confidence": metrics.confidence(logits, target),
        ERROR: metrics.expected_calibration_error(logits, target, bins),
        "negative log-likelihood": functional.cross_entropy(logits, target),
    }
    return numbers, metrics.reliability(logits, target, bins)


@partial(jax.jit, static_argnames="bins")
def along(logits, target, bins):
    """Loss and calibration error at each temperature."""

    def at(t):
        scaled = logits / t
        return functional.cross_entropy(scaled, target), metrics.expected_calibration_error(scaled, target, bins)

    return jax.lax.map(at, jnp.asarray(TEMPERATURES))


def exhibits(config, state):
    bins, pytorch = config.bins, twin(__name__)
    with precision("float64"):
        says = jax.jit(program(config).predict)
        params = {name: jnp.asarray(value, float) for name, value in state.params.items()}
        held, test = ((says(state._replace(params=params), rows), rows[1]) for rows in parts()[1:])
        found = temperature(*held)
        theirs = pytorch and pytorch.temperature(*map(np.asarray, held))
        losses = [f"{functional.cross_entropy(held[0] / t, held[1]):.4f}" for t in (1, found)]
        logits = {"as trained": test[0], f"divided by {found:.2f}": test[0] / found}
        diagrams = {
            name: (*jax.tree.map(np.asarray, measured(each, test[1], bins)), scikit_learn(each, test[1], bins))
            for name, each in logits.items()
        }
        heights = {
            name: [np.asarray(height) for height in along(*rows, bins)]
            for name, rows in (("test", test), ("held apart", held))
        }
    with precision(config.dtype):
        settings = {"evaluation": evaluation(config), "seed": config.seed, "progress": False}
        records = train.fit(program(config), source(config), config.epochs, **settings)[1].epochs
    numbers = [own for own, _, _ in diagrams.values()]
    return [
        Exhibit(
            "Is it right as often as it says?",
            headings=("on test windows", *logits),
            rows=[
                *([name, *(f"{each[name]:.4f}" for each in numbers)] for name in numbers[0]),
                [APART, *(apart(points(own), list(theirs)) for _, own, theirs in diagrams.values())],
            ],
            picture=partial(draw_diagrams, diagrams),
            caption="Bars: how many of a bin's test windows are right; dashed: how many should be; rings: "
            "scikit-learn's points. Below, the share of the windows in each bin. The answers are the same in both.",
        ),
        Exhibit(
            "One number, found on windows held apart",
            headings=("T", "PyTorch's", "apart", "loss held apart", f"at T = {found:.2f}"),
            rows=[[f"{found:.8f}", f"{theirs:.8f}" if theirs else "", apart(found, theirs), *losses]],
            picture=partial(draw_temperatures, heights, found),
            caption="The loss is a smooth function of T with one valley. Its lowest place on the windows held apart is "
            "nearly that on the test windows, and nearly that of the calibration error, which was not asked for.",
        ),
        Exhibit(
            "Confidence and accuracy part",
            headings=("after epoch", "accuracy", "confidence", "calibration error", "test loss", "training loss"),
            rows=[
                [f"{record['epoch']}", *(f"{record[name]:.4f}" for name in SHOWN)]
                for record in (records[0], records[len(records) // 2], records[-1])
            ],
            picture=partial(draw_course, records),
            caption="On test windows, while it learns. The accuracy stays where it soon was; what still changes is how "
            "sure the network is, of its mistakes too, and so the loss rises.",
        ),
    ]


def points(diagram):
    """Mean confidence and accuracy of each bin that holds a row."""
    there = diagram.share > 0
    return [diagram.confidence[there], diagram.accuracy[there]]


def draw_diagrams(diagrams, file, theme):
    titles = [f"right, {name}" for name in diagrams] + ["share of the windows"] * 2
    figure = canvas.tiles(titles, 2, 2.4, theme, edge=(0.45, 0.5))
    for place, (numbers, own, (mean, right)) in enumerate(diagrams.values()):
        upper, lower = figure.axes[place], figure.axes[2 + place]
        bins = len(own.share)
        middles = (np.arange(bins) + 0.5) / bins
        upper.bar(middles, np.nan_to_num(own.accuracy), 0.86 / bins, color=theme.jax)
        upper.plot([0, 1], [0, 1], "--", color=theme.muted, linewidth=1.2)
        upper.plot(mean, right, "o", color=theme.torch, markerfacecolor="none", markersize=5, clip_on=False)
        upper.text(0.03, 0.92, f"error {numbers[ERROR]:.3f}", fontsize=canvas.TEXT, color=theme.ink, va="center")
        lower.bar(middles, own.share, 0.86 / bins, color=theme.jax_pale)
        upper.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        lower.set(xlim=(0, 1), ylim=(0, None), xticks=[0, 0.5, 1])
        for axes in (upper, lower):
            axes.set_xlabel("confidence", fontsize=canvas.TEXT, color=theme.muted)
    file.write_bytes(canvas.png(figure))


def draw_temperatures(heights, found, file, theme):
    def plot(title, which):
        lines = [
            report.Line(name, TEMPERATURES, each[which], *look)
            for (name, each), look in zip(heights.items(), (("jax", "-"), ("ink", "--")), strict=True)
        ]
        return report.Plot(title, lines, "temperature T", marks={"T": found})

    report.plots_picture([plot("loss", 0), plot("expected calibration error", 1)], file, theme)


def draw_course(records, file, theme):
    def line(label, name, colour, dashes="-"):
        return report.Line(label, [each["epoch"] for each in records], [each[name] for each in records], colour, dashes)

    shares = [line("confidence", "test_confidence", "bad"), line("accuracy", "test_accuracy", "jax")]
    losses = [line("test", "test_loss", "jax"), line("training", "loss", "jax", "--")]
    report.plots_picture(
        [
            report.Plot("confidence and accuracy", shares, "epochs", limits=(0.0, 1.0)),
            report.Plot("loss", losses, "epochs"),
        ],
        file,
        theme,
    )
