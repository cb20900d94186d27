"""Gradient descent on three landscapes: which learning rate is right, and how fast it then arrives.

A step goes against the gradient, as far as the learning rate η says. Where a function curves by at most L and at least
m, the theory is short: above η = 2/L the steps leap further than the valley is wide and grow; below it the distance to
the lowest point shrinks a step by the factor ρ = max(|1 − ηm|, |1 − ηL|). The landscapes have two numbers each, so that
all of it can be seen: a quadratic bowl, Rosenbrock's curved valley, and the loss of a logistic regression that tells
harmless tumours from malignant ones by their radius and texture. Learning rates are given in units of 2/L, with L the
largest curvature at the lowest point. The run ends with pictures of the paths, of the leap at 2/L, and with the
measured factor beside ρ. Nothing is drawn at random: a seed changes nothing here.

    python -m experiments.fundamentals.gradient_descent
    python -m experiments.fundamentals.gradient_descent --function rosenbrock --epochs 200

Data: a bowl, Rosenbrock's valley, breast cancer.
Time: 11 s on two cores.
Score: test_loss <= 0.3117
Paper: Cauchy 1847, "Méthode générale pour la résolution des systèmes d'équations simultanées"; Rosenbrock 1960, "An
automatic method for finding the greatest or least value of a function".
"""

from dataclasses import dataclass
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, optim, random, report, train
from jaxdl.experiment import Exhibit, Settings, option, precision

START = {"quadratic": (-4.0, 1.0), "rosenbrock": (-1.2, 1.0), "logistic": (1.5, -3.0)}
STEPS = 100  # an epoch
RATES = (0.1, 0.5, 0.95)  # in units of 2/L


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(4, "times a hundred steps")
    function: str = option("logistic", "what is minimised: quadratic, rosenbrock or logistic")
    learning_rate: float = option(0.5, "step size in units of 2/L, above which steps grow")

    def __post_init__(self):
        super().__post_init__()
        if self.function not in FUNCTIONS:
            raise ValueError(f"function must be one of {', '.join(FUNCTIONS)}, given {self.function!r}")

    @property
    def step_size(self):
        """η itself."""
        return self.learning_rate * 2 / curvature(self.function)[1]


def quadratic(x):
    return (x[0] ** 2 + 10 * x[1] ** 2) / 2


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def logistic(x):
    measurements, benign = tumours(x.dtype.name)
    return functional.binary_cross_entropy_with_logits(measurements @ x, benign) + 0.005 * x @ x


FUNCTIONS = {"quadratic": quadratic, "rosenbrock": rosenbrock, "logistic": logistic}


def tumours(dtype):
    """Radius and texture of the 455 tumours to learn from, standardised, and which of them are harmless."""
    x, y, _, _ = data.breast_cancer()
    return x[:, :2].astype(dtype), y.astype(dtype)


def source(config):
    """A function needs no data: a number a step, to count them."""
    return data.ArraySource((np.arange(STEPS),), batch_size=1)


def evaluation(config):
    return data.ArraySource((np.arange(1),), batch_size=1)


def descent(name, step_size, dtype):
    function = FUNCTIONS[name]
    return train.minimise(lambda x, *_: function(x), lambda rngs: jnp.array(START[name], dtype), optim.sgd(step_size))


def program(config):
    return descent(config.function, config.step_size, config.dtype)


@cache
def least(name):
    """Where the function is least, by Newton's method."""
    function = FUNCTIONS[name]

    def newton(x, _):
        return x - jnp.linalg.solve(jax.hessian(function)(x), jax.grad(function)(x)), None

    with precision("float64"):
        start = jnp.array((0.9, 0.8) if name == "rosenbrock" else (0.0, 0.0))
        return np.asarray(jax.lax.scan(newton, start, length=20)[0])


@cache
def curvature(name):
    """The least and the largest curvature there, m and L: the eigenvalues of the Hessian."""
    with precision("float64"):
        hessian = jax.jit(jax.hessian(FUNCTIONS[name]))(jnp.asarray(least(name)))
    return tuple(np.linalg.eigvalsh(np.asarray(hessian)).tolist())


def witnesses(config):
    name = config.function
    return {"Newton's method": {"test_loss": over(name)(*least(name)).item()}}


def paths(name, rates, steps):
    """The ways that gradient descent takes at some learning rates, in units of 2/L: `[rates, steps + 1, 2]`."""
    with precision("float64"):
        state = descent(name, 0.0, "float64").init(random.TorchGenerator(0))
        sizes = jnp.asarray(rates) * 2 / curvature(name)[1]
        run = jax.vmap(lambda size: train.trajectory(descent(name, size, "float64"), state, steps=steps)[0]["x"])
        return np.asarray(jax.jit(run)(sizes))


def factors(name, rate, path):
    """ρ as the theory has it, and as the path does: how its distance to the lowest point shrinks, far down."""
    m, L = curvature(name)
    eta = rate * 2 / L
    away = np.linalg.norm(path - least(name), axis=1)
    near = np.flatnonzero((away < 1e-3 * away[0]) & (away > 1e-9 * away[0]))
    return max(abs(1 - eta * m), abs(1 - eta * L)), np.exp(np.polyfit(near, np.log(away[near]), 1)[0])


def over(name):
    """The function of two NumPy arrays."""

    def height(x, y):
        with precision("float64"):
            places = jnp.stack([jnp.asarray(x), jnp.asarray(y)], axis=-1).reshape(-1, 2)
            return np.asarray(jax.jit(jax.vmap(FUNCTIONS[name]))(places)).reshape(np.shape(x))

    return height


def exhibits(config, state):
    lengths = {"quadratic": 1_000, "rosenbrock": 250_000, "logistic": 400}
    descents = {name: paths(name, RATES, steps) for name, steps in lengths.items()}
    rows = []
    for name, found in descents.items():
        m, L = curvature(name)
        for rate, path in zip(RATES, found, strict=True):
            theory, measured = factors(name, rate, path)
            rows.append([name, f"{L / m:,.1f}", f"{rate:g} · 2/L", f"{theory:.6f}", f"{measured:.6f}"])
    return [
        Exhibit(
            "The paths over three landscapes",
            picture=partial(draw_landscapes, descents),
            caption="The first 30 steps, and 10,000 in Rosenbrock's valley. Height is on a logarithmic scale, "
            "the star is the lowest point. Across a valley the gradient is steep, along it there is hardly any: the "
            "path falls to the floor at once and then creeps.",
        ),
        Exhibit(
            "Too small, right, too large",
            picture=draw_rates,
            caption="Twelve steps down the bowl. Far below 2/L the path does not arrive; no rate is faster than "
            "2 / (L + m); just above 2/L every step is longer than the last.",
        ),
        Exhibit(
            "The bound 2/L",
            picture=draw_bound,
            caption="What is left of the loss after 100 steps, and after 2,000 in Rosenbrock's valley, over the "
            "learning rate. The bowl's loss grows above 2/L without end. The logistic loss flattens far out, and stays "
            "finite. On its way through Rosenbrock's valley the path meets less curvature than at the lowest point, "
            "and feels the bound late.",
        ),
        Exhibit(
            "How fast it arrives, and what the theory says",
            headings=("function", "L / m", "learning rate", "ρ in theory", "ρ as measured"),
            rows=rows,
            picture=partial(draw_convergence, descents),
            caption="ρ is the factor by which the distance to the lowest point shrinks a step, measured where it is "
            "between a thousandth and a billionth of what it was. The dotted lines fall by ρ. The theory is exact for "
            "the bowl; on the others it holds once the path is near.",
        ),
    ]


def draw_landscapes(descents, file, theme):
    frames = {
        "quadratic": ((-4.4, 2.0), (-1.2, 1.2), 30),
        "rosenbrock": ((-1.7, 1.5), (-0.6, 1.7), 10_000),
        "logistic": ((-8.5, 2.4), (-3.6, 0.8), 30),
    }
    landscapes = []
    for name, (x, y, steps) in frames.items():
        shown = {f"{RATES[i]:g} · 2/L": descents[name][i][: steps + 1] for i in (2, 0)}
        landscapes.append(report.Landscape(name, over(name), x, y, shown, least(name)))
    report.landscapes_picture(landscapes, file, theme)


def draw_rates(file, theme):
    m, L = curvature("quadratic")
    rates = {"0.05 · 2/L": 0.05, "2 / (L + m)": L / (L + m), "1.02 · 2/L": 1.02}
    found = paths("quadratic", list(rates.values()), 12)
    report.landscapes_picture(
        [
            report.Landscape(name, over("quadratic"), (-4.4, 2.0), (-1.5, 1.5), {"": path}, least("quadratic"))
            for name, path in zip(rates, found, strict=True)
        ],
        file,
        theme,
    )


def draw_bound(file, theme):
    rates = np.geomspace(0.01, 1.3, 300)
    lines = []
    for name, steps, colour in (("quadratic", 100, 0.0), ("logistic", 100, 0.5), ("rosenbrock", 2_000, 1.0)):
        x, y = paths(name, rates, steps)[:, -1].T
        lines.append(report.Line(name, rates, np.maximum(over(name)(x, y) - over(name)(*least(name)), 1e-16), colour))
    axes = {"logarithmic": "xy", "limits": (1e-17, 1e6), "marks": {"2/L": 1.0}}
    report.plots_picture(
        [report.Plot("loss − least loss", lines, "learning rate in units of 2/L", **axes)], file, theme
    )


def draw_convergence(descents, file, theme):
    plots = []
    for name, found in descents.items():
        lines = []
        for rate, path, colour in zip(RATES, found, (0.0, 0.5, 1.0), strict=True):
            away = np.linalg.norm(path - least(name), axis=1)
            steps = np.unique(np.linspace(0, len(path) - 1, 500).round().astype(int))
            anchor = np.flatnonzero(away > 1e-9 * away[0])[-1]
            theory = away[anchor] * factors(name, rate, path)[0] ** (steps - anchor)
            lines.append(report.Line(f"{rate:g} · 2/L", steps, away[steps], colour))
            lines.append(report.Line("", steps, theory, "ink", ":"))
        lines.append(report.Line("theory", [], [], "ink", ":"))
        title = f"{name}: distance to the lowest point"
        plots.append(report.Plot(title, lines, "step", "y", (1e-12, 20.0)))
    report.plots_picture(plots, file, theme)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
