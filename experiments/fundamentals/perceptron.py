"""Rosenblatt's perceptron: a line that moves at each mistake, and the bound on how many mistakes there can be.

The rule: where the sign of w·x + b is wrong, add the example to w, or take it away; where it is right, do nothing. That
is gradient descent, one example a step, on a loss that counts only the wrong ones. If some line separates the classes
with a margin γ, and no example is longer than R, the rule makes at most (R / γ)² mistakes and then none: the run
measures R, γ and the mistakes, and draws both sides of the proof. Here one kind of iris is told from two others by its
sepals. `--points xor` is what no line can do; `--hidden 8` puts a layer of tanh units before the line, and the same
rule, its errors passed back by the chain rule, solves it.

    python -m experiments.fundamentals.perceptron
    python -m experiments.fundamentals.perceptron --points xor --hidden 8 --learning-rate 0.2

Data: irises, digits or XOR.
Time: 10 s on two cores.
Score: test_accuracy >= 0.96
Paper: Rosenblatt 1958, "The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain";
Novikoff 1962, "On Convergence Proofs for Perceptrons"; Minsky and Papert 1969, "Perceptrons".
"""

import dataclasses
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import jax.numpy as jnp
import numpy as np

from jaxdl import data, nn, optim, random, train
from jaxdl.experiment import Exhibit, Settings, option, precision
from jaxdl.report import canvas


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(20, "passes over the training points: 120 irises, 1,438 digits, or 160 of XOR")
    batch_size: int = option(1, "points a step: Rosenblatt's rule takes one")
    learning_rate: float = option(1.0, "what of a mistaken example is added; from zero, it decides the weights' scale")
    points: str = option("irises", "what is told apart: irises by their sepals, digits (zeros from the others), or xor")
    hidden: int = option(0, "tanh units in a layer before the line; 0 is the perceptron")

    def __post_init__(self):
        super().__post_init__()
        if self.points not in POINTS:
            raise ValueError(f"points must be one of {', '.join(POINTS)}, given {self.points!r}")
        if self.hidden < 0:
            raise ValueError(f"hidden must be at least 0, given {self.hidden}")


class Perceptron(nn.Module):
    def __init__(self, inputs, hidden, *, rngs):
        self.hidden = nn.Sequential(nn.Linear(inputs, hidden, rngs=rngs), nn.Tanh()) if hidden else nn.Identity()
        self.output = nn.Linear(hidden or inputs, 1, rngs=rngs)
        if not hidden:  # the bound on its mistakes is that of a start at zero
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)

    def __call__(self, x):
        return self.output(self.hidden(x)).squeeze(-1)


def loss(score, target):
    agreement = target * score
    return jnp.where(agreement > 0, 0, -agreement).mean()  # at zero its gradient is that of a mistake


def accuracy(score, target):
    return ((score > 0) == (target > 0)).mean(dtype=float)


def on_grid(x):
    """Rounded to sixteenths, as the digits are: the perceptron's sums are exact, and no rounding makes a mistake."""
    return np.round(16 * x) / 16


def irises():
    """Setosa, +1, and the two other kinds, −1, by length and width of the sepals."""
    x_train, y_train, x_test, y_test = data.iris()
    return on_grid(x_train[:, :2]), np.where(y_train == 0, 1, -1), on_grid(x_test[:, :2]), np.where(y_test == 0, 1, -1)


def digits():
    """Zeros, +1, and the other digits, −1."""
    x_train, y_train, x_test, y_test = data.digits()
    signs = (np.where(y == 0, 1, -1) for y in (y_train, y_test))
    return x_train.reshape(-1, 64), next(signs), x_test.reshape(-1, 64), next(signs)


def xor():
    """Four clouds around the corners of a square: +1 where exactly one coordinate is positive."""
    generator = random.TorchGenerator(0)
    corner = 2 * generator.randint(0, 2, (200, 2)) - 1
    x = on_grid(corner + 0.25 * generator.normal((200, 2), 0, 1, dtype="float64"))
    y = -corner.prod(axis=1)
    return x[:160], y[:160], x[160:], y[160:]


POINTS = {"irises": irises, "digits": digits, "xor": xor}
INPUTS = {"irises": 2, "digits": 64, "xor": 2}


def source(config):
    x, y, _, _ = POINTS[config.points]()
    return data.ArraySource((x.astype(config.dtype), y.astype(config.dtype)), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = POINTS[config.points]()
    return data.ArraySource((x.astype(config.dtype), y.astype(config.dtype)), batch_size=len(x))


def program(config):
    return train.supervised(
        lambda rngs: Perceptron(INPUTS[config.points], config.hidden, rngs=rngs),
        loss,
        optim.sgd(config.learning_rate),
        metrics={"accuracy": accuracy},
        dtype=config.dtype,
    )


def widest(x, y):
    """The line of the largest margin, `[D + 1]` with its bias last and of length 1, and that margin; None if no line
    separates.

    It is the shortest vector of the examples' convex hull, y x with a 1 behind each x, which non-negative least squares
    finds (Lawson and Hanson 1974, chapter 23).
    """
    from scipy.optimize import nnls

    signed = y[:, None] * np.column_stack([x, np.ones(len(x))])
    equations = np.vstack([signed.T, np.ones(len(signed))])
    wanted = np.append(np.zeros(len(signed.T)), 1.0)
    residual = equations @ nnls(equations, wanted, maxiter=100 * len(x))[0] - wanted
    if np.linalg.norm(residual) < 1e-7:
        return None
    line = residual[:-1] / np.linalg.norm(residual[:-1])
    return line, (signed @ line).min()


def witnesses(config):
    """The line of the largest margin, from all examples at once."""
    x_train, y_train, x_test, y_test = POINTS[config.points]()
    found = widest(x_train, y_train)
    if found is None:
        return {}
    line, _ = found
    return {"largest margin": {"test_accuracy": np.mean((x_test @ line[:-1] + line[-1] > 0) == (y_test > 0))}}


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
    line, steps = learned(config, points="irises", hidden=0, learning_rate=1.0, epochs=20)
    zeros, _ = learned(config, points="digits", hidden=0, learning_rate=1.0, epochs=10)
    lost, _ = learned(config, points="xor", hidden=0, learning_rate=1.0, epochs=20)
    net, _ = learned(config, points="xor", hidden=8, learning_rate=0.2, epochs=20)
    turning = {f"mistake {k}, example {steps[k - 1]:,}": line[k] for k in chosen(line, 6)}
    failing = {f"line, mistake {k:,}": lost[k] for k in chosen(lost, 2)}
    bending = {f"net, mistake {k:,}": net[k] for k in chosen(net, 4)}
    return [
        Exhibit(
            "The line moves at each mistake",
            picture=partial(draw_boundaries, irises(), turning),
            caption="Setosa in blue, the other kinds in orange, by length and width of the sepals; behind them, what "
            "the perceptron takes each place for, after some of its mistakes and after the last.",
        ),
        Exhibit(
            "Why it must end",
            headings=("points", "rows", "R", "γ", "(R / γ)²", "mistakes", "last in pass"),
            rows=list(bounds(config)),
            picture=partial(draw_proof, zeros),
            caption="Each mistake adds at least γ to w along the best line, so |w| is at least γk after k of them. It "
            "adds at most R² to |w|², for the sign was wrong, so |w| is at most R√k. Where the two cross, at (R / γ)², "
            "no further mistake is possible. Drawn is the run on the digits. XOR has no margin and so no bound.",
        ),
        Exhibit(
            "XOR: no line can, a line behind a layer can",
            picture=partial(draw_boundaries, xor(), failing | bending),
            caption="The first two are the perceptron, whose line turns without end. The others are the same rule "
            "behind eight tanh units, which bend the plane until a line suffices.",
        ),
    ]


def chosen(states, count):
    """So many of the mistakes, the first and the last among them, each about as many times the one before."""
    last = len(states) - 1
    spread = np.maximum(np.geomspace(1, last, count).round(), np.arange(1, count + 1))
    return np.unique(spread.clip(max=last).astype(int)).tolist()


def bounds(config):
    """R, γ and the bound of each problem, and how many mistakes were made."""
    for points, load in POINTS.items():
        x, y, _, _ = load()
        longest, found = np.sqrt(np.max(np.sum(x**2, axis=1)) + 1), widest(x, y)
        known = ("0", "none") if found is None else (f"{found[1]:.3f}", f"{(longest / found[1]) ** 2:,.0f}")
        with precision("float64"):
            plain = Config(seed=config.seed, dtype="float64", points=points)
            settings = {"evaluation": evaluation(plain), "seed": plain.seed, "progress": False}
            _, history = train.fit(program(plain), source(plain), plain.epochs, **settings)
        wrong = np.append(0, np.nonzero(history["loss"])[0])  # the first, at zero, has no loss
        yield [
            points,
            f"{len(x):,}",
            f"{longest:.2f}",
            *known,
            f"{len(wrong):,}",
            f"{wrong[-1] // len(x) + 1} of {plain.epochs}",
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


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
