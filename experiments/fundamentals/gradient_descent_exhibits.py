"""What a run shows: paths over contours, step sizes around 2/L, and rates of convergence beside theory's."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.fundamentals.gradient_descent import curvature, descent, least, over
from jaxdl import random, report, train
from jaxdl.experiment import Exhibit, precision

RATES = (0.1, 0.5, 0.95)  # in units of 2/L


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
            caption="The axes are the two numbers that are sought. The first 30 steps, and 10,000 in Rosenbrock's "
            "valley. Height is on a logarithmic scale, the star is the lowest point. Across a valley the gradient is "
            "steep, along it there is hardly any: the path falls to the floor at once and then creeps.",
        ),
        Exhibit(
            "Too small, right, too large",
            picture=draw_rates,
            caption="Twelve steps down the bowl. Far below 2/L the path does not arrive; no rate is faster than "
            "2\u00a0/\u00a0(L\u00a0+\u00a0m); just above 2/L every step is longer than the last.",
        ),
        Exhibit(
            "The bound 2/L",
            picture=draw_bound,
            caption="What is left of the loss after 100 steps, and after 2,000 in Rosenbrock's valley, over the "
            "learning rate; what is below 1e-16 is drawn there. The bowl's loss grows above 2/L without end. The "
            "logistic loss flattens far out, and stays finite. On its way through Rosenbrock's valley the path meets "
            "less curvature than at the lowest point, and feels the bound late.",
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
