"""What a run shows: the bound on mistakes, and boundaries as they move."""

import dataclasses
from functools import partial
from itertools import pairwise

import numpy as np

from experiments.fundamentals.perceptron import POINTS, digits, evaluation, irises, program, source, widest, xor
from jaxdl import train
from jaxdl.experiment import Exhibit, precision
from jaxdl.report import canvas

EPOCHS = {"irises": 20, "digits": 10, "xor": 20}


class Path(train.Callback):
    """The parameters before the first step and after every step."""

    def __init__(self):
        self.params = []

    def start(self, run):
        self.call_ended(run)

    def call_ended(self, run):
        self.params.append({name: np.array(value) for name, value in run.state.params.items()})


def learned(config, **options):
    """The parameters at the start and after each mistake, and the step of each; in float64."""
    with precision("float64"):
        config, path = dataclasses.replace(config, dtype="float64", batch_size=1, **options), Path()
        settings = {"seed": config.seed, "steps_per_call": 1, "callbacks": [path], "progress": False}
        train.fit(program(config), source(config), config.epochs, evaluation=evaluation(config), **settings)
    steps = enumerate(pairwise(path.params), 1)
    moved = [step for step, (a, b) in steps if any((a[name] != b[name]).any() for name in a)]
    return [path.params[step] for step in (0, *moved)], moved


def exhibits(config, state):
    found = {
        points: learned(config, points=points, hidden=0, learning_rate=1.0, epochs=epochs)
        for points, epochs in EPOCHS.items()
    }
    (line, steps), (zeros, _), (lost, _) = found.values()
    net, _ = learned(config, points="xor", hidden=8, learning_rate=0.2, epochs=20)
    turning = {f"mistake {k}, example {steps[k - 1]:,}": line[k] for k in chosen(line, 6)}
    failing = {f"line, mistake {k:,}": lost[k] for k in chosen(lost, 2)}
    bending = {f"net, mistake {k:,}": net[k] for k in chosen(net, 4)}
    return [
        Exhibit(
            "The line moves at each mistake",
            picture=partial(draw_boundaries, irises(), turning),
            caption="Setosa in blue, the other kinds in orange, by length and width of the sepals; behind them, what "
            "the perceptron takes each place for, from its first mistake to its last.",
        ),
        Exhibit(
            "Why it must end",
            headings=("points", "rows", "R", "γ", "(R / γ)²", "mistakes", "last in pass"),
            rows=list(bounds(found)),
            picture=partial(draw_proof, zeros),
            caption="Each mistake adds at least γ to w along the best line, so |w| is at least γk after k of them. It "
            "adds at most R² to |w|², for the sign was wrong, so |w| is at most R√k. Where the two cross, at (R / γ)², "
            "no further mistake is possible. Drawn is the run on the digits. XOR has no margin and so no bound.",
        ),
        Exhibit(
            "XOR: no line can, a line after a layer can",
            picture=partial(draw_boundaries, xor(), failing | bending),
            caption="The first two are the perceptron, whose line turns without end. The others are the same rule "
            "after eight tanh units, which bend the plane until a line suffices.",
        ),
    ]


def chosen(states, count):
    """So many of the mistakes, the first and the last among them, each about as many times the one before."""
    last = len(states) - 1
    spread = np.maximum(np.geomspace(1, last, count).round(), np.arange(1, count + 1))
    return np.unique(spread.clip(max=last).astype(int)).tolist()


def bounds(found):
    """R, γ and the bound of each problem, and how many mistakes were made."""
    for points, (_, mistakes) in found.items():
        x, y, _, _ = POINTS[points]()
        longest, best = np.sqrt(np.max(np.sum(x**2, axis=1)) + 1), widest(x, y)
        known = ("0", "none") if best is None else (f"{best[1]:.3f}", f"{(longest / best[1]) ** 2:,.0f}")
        yield [
            points,
            f"{len(x):,}",
            f"{longest:.2f}",
            *known,
            f"{len(mistakes):,}",
            f"{(mistakes[-1] - 1) // len(x) + 1} of {EPOCHS[points]}",
        ]


def draw_proof(line, file, theme):
    """|w| after each mistake on the digits, between the two bounds that meet."""
    x, y, _, _ = digits()
    (_, margin), longest = widest(x, y), np.sqrt(np.max(np.sum(x**2, axis=1)) + 1)
    weights = np.array([np.append(params["output.weight"], params["output.bias"]) for params in line])
    most = (longest / margin) ** 2
    end = 1.2 * most
    mistakes, every = np.arange(len(weights)), np.linspace(0, end, 400)
    figure = canvas.blank(3.2, theme)
    axes = canvas.panel(figure, (0.5, 0.5, 4.4, 2.3), "|w| after k mistakes", theme)
    axes.plot(every, longest * np.sqrt(every), color=theme.muted, label="R√k")
    axes.plot(every, margin * every, color=theme.muted, linestyle="--", label="γk")
    axes.plot(mistakes, np.linalg.norm(weights, axis=1), color=theme.jax, linewidth=2.4, label="|w|")
    axes.plot([most], [margin * most], "o", color=theme.bad)
    style = {"color": theme.bad, "fontsize": canvas.TEXT, "ha": "center"}
    axes.text(most, 0.7 * margin * most, f"(R / γ)² = {most:,.0f}", **style)
    axes.set(xlim=(0, end), ylim=(0, None))
    axes.set_xlabel("mistakes k", fontsize=canvas.TEXT, color=theme.muted)
    canvas.legend(axes, theme)
    file.write_bytes(canvas.png(figure))


def draw_boundaries(points, states, file, theme):
    """What each state takes every place of the plane for, and the training points."""
    from matplotlib.colors import ListedColormap

    x, y, _, _ = points
    low, high = x.min(axis=0) - 0.4, x.max(axis=0) + 0.4
    plane = np.stack(np.meshgrid(*np.linspace(low, high, 240).T), axis=-1)
    figure = canvas.tiles(list(states), 2, 1.9, theme)
    for axes, params in zip(figure.axes, states.values(), strict=True):
        said = score(params, plane) > 0
        washes = ListedColormap([theme.torch_pale, theme.jax_pale])
        extent = (low[0], high[0], low[1], high[1])
        axes.imshow(said, cmap=washes, vmin=0, vmax=1, extent=extent, origin="lower", aspect="auto", alpha=0.6)
        for label, mark, colour in ((1, "o", theme.jax), (-1, "s", theme.torch)):
            axes.plot(*x[y == label].T, mark, color=colour, markersize=3, markeredgewidth=0)
        axes.set(xticks=[], yticks=[])
    file.write_bytes(canvas.png(figure))


def score(params, x):
    """What the network computes, in NumPy."""
    if "hidden.0.weight" in params:
        x = np.tanh(x @ params["hidden.0.weight"].T + params["hidden.0.bias"])
    return (x @ params["output.weight"].T + params["output.bias"])[..., 0]
