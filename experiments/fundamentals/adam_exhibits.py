"""What a run shows: nine optimisers race, Adam's bias correction, and a problem that Adam cannot solve."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.fundamentals.adam import OPTIMIZERS, PROBLEMS, learned, rows
from jaxdl import data, functional, optim, random, report, train
from jaxdl.experiment import Exhibit, precision

RATES = 10.0 ** np.arange(-2.5, 2.5, 0.5)
LAST = slice(-6, None)  # of the looks at the loss
LOOKS = {  # of the race's lines: a colour a family
    **{"sgd": ("torch", "-"), "momentum": ("torch", "--"), "nesterov": ("torch", ":")},
    **{"adagrad": ("good", "-"), "rmsprop": ("good", "--"), "muon": ("ink", "-")},
    **{"adam": ("jax", "-"), "adamw": ("jax", "--"), "nadam": ("jax", ":")},
}


@partial(jax.jit, static_argnames="make")
def losses(make, rates, state, x, y, order, seen):
    """The mean loss over all rows after the steps seen, `[P, R, S]`: problems `[P, ...]` at learning rates `[R]`."""

    def one(x, y, rate):
        usual = learned(make(rate), "float64")
        cut = dataclasses.replace(usual, step=lambda state, batch: usual.step(state, (x[batch[0]], y[batch[0]])))
        weights = train.trajectory(cut, state, (order,))[0]["linear.weight"][seen]
        return jax.vmap(lambda weight: functional.cross_entropy(functional.linear(x, weight), y))(weights)

    return jax.vmap(jax.vmap(one, (None, None, 0)), (0, 0, None))(x, y, rates)


def course(make, rates, problems, seed):
    """The losses by problem and learning rate, and after how many steps they were measured."""
    generator = random.TorchGenerator(seed)
    state = learned(make(0.0), "float64").init(generator)
    x, y = (np.stack(arrays) for arrays in zip(*(rows(name, "float64")[0] for name in problems), strict=True))
    shuffled = data.ArraySource((x[0], y[0]), 32, shuffle=True)
    order = np.concatenate([shuffled.order(epoch, generator)[: 44 * 32] for epoch in range(10)]).reshape(-1, 32)
    seen = np.unique(np.geomspace(1, len(order), 34).round().astype(int))
    return seen, np.asarray(losses(make, jnp.asarray(rates), state, x, y, order, seen))


def race(config):
    """For each optimiser and problem its best learning rate and its losses there."""
    found = {}
    for name, make in OPTIMIZERS.items():
        seen, measured = course(make, RATES, PROBLEMS, config.seed)
        best = np.nanargmin(measured[:, :, LAST].mean(axis=2), axis=1)
        found[name] = [(RATES[rate], measured[place, rate]) for place, rate in enumerate(best)]
    return seen, found


def uncorrected(rate):
    """Adam without its correction: a learning rate that takes the correction back, step by step."""
    return optim.adam(lambda step: rate * (1 - 0.9 ** (step + 1.0)) / jnp.sqrt(1 - 0.999 ** (step + 1.0)))


def lengths(optimizer):
    """How long each step is where the gradient is 1 throughout."""
    slope = train.minimise(lambda x: x, lambda rngs: jnp.zeros(()), optimizer)
    path, _ = train.trajectory(slope, slope.init(random.TorchGenerator(0)), steps=5_000)
    return -np.diff(path["x"])


def slowing(step):
    """A learning rate that falls as Reddi's proof asks."""
    return 0.5 / jnp.sqrt(step + 1.0)


FORGETFUL = partial(optim.adam, slowing, betas=(0.0, 0.1), eps=1e-12)


def reddi(optimizer):
    """Where an optimiser goes in [−1, 1] if the gradient is 3, −1, −1, 3, −1, −1 and so on: on average 1/3."""
    slope = train.minimise(lambda x, gradient: gradient * x, lambda rngs: jnp.zeros(()), optimizer)

    def bounded(state, batch):
        after, measured = slope.step(state, batch)
        return after._replace(params={"x": jnp.clip(after.params["x"], -1, 1)}), measured

    made = dataclasses.replace(slope, step=bounded)
    path, _ = train.trajectory(made, made.init(random.TorchGenerator(0)), (np.tile([3.0, -1.0, -1.0], 1_000),))
    return np.asarray(path["x"])


def exhibits(config, state):
    with precision("float64"):
        seen, found = race(config)
        steps = {"with it": lengths(optim.adam(1.0)), "without": lengths(uncorrected(1.0))}
        first = {
            name: course(make, [0.1], ["dense"], config.seed)[1][0, 0]
            for name, make in (("with it", optim.adam), ("without", uncorrected))
        }
        ways = {
            "Adam": reddi(FORGETFUL()),
            "AMSGrad": reddi(FORGETFUL(amsgrad=True)),
            "SGD": reddi(optim.sgd(slowing)),
        }
    return [
        Exhibit(
            "Nine optimisers on three problems",
            headings=("optimiser", *PROBLEMS),
            rows=[
                [name, *(f"{way[LAST].mean():.4f} at {rate:.3g}" for rate, way in each)] for name, each in found.items()
            ],
            picture=partial(draw_race, seen, found),
            caption="The loss over all training rows, the mean of six looks from step 175 to 440, and the learning "
            "rate of ten, from 0.003 to 100, at which it is lowest. Steps that are scaled number by number gain most "
            "where features are rare; Adagrad, which forgets no gradient, gains more than all others there.",
        ),
        Exhibit(
            "Adam's bias correction",
            picture=partial(draw_correction, seen, steps, first),
            caption="Both running means begin at 0, and that of the squares, with β₂ = 0.999, needs a thousand steps "
            "to forget it. Above: the gradient is always 1, and a step should be as long as the learning rate; without "
            "the correction it is up to 6.6 times too long. Below: what that does on the digits, at the learning rate "
            "that is best with it: the first steps go too far, and it takes a hundred to make that good.",
        ),
        Exhibit(
            "Where Adam does not converge, and AMSGrad does",
            picture=partial(draw_ways, ways),
            caption="Every third gradient is 3, the others are −1: the best x in [−1, 1] is −1. With β₁ = 0 and "
            "β₂ = 1/10 Adam divides the rare large gradient by its own size and has forgotten it at the next: it goes "
            "to +1, the worst. AMSGrad divides by the largest mean so far. The learning rate is 0.5 / √t.",
        ),
    ]


def draw_race(seen, found, file, theme):
    plots = []
    for place, problem in enumerate(PROBLEMS):
        lines = [report.Line(name, seen, found[name][place][1], *look) for name, look in LOOKS.items()]
        plots.append(report.Plot(f"{problem}: training loss", lines, "steps", "xy"))
    report.plots_picture(plots, file, theme)


def draw_correction(seen, steps, first, file, theme):
    looks = {"with it": ("jax", "-"), "without": ("torch", "--")}
    count = np.arange(1, 5_001)
    report.plots_picture(
        [
            report.Plot(
                "length of a step / learning rate",
                [report.Line(name, count, steps[name], *look) for name, look in looks.items()],
                "steps",
                "x",
                (0.0, 7.0),
            ),
            report.Plot(
                "digits: training loss",
                [report.Line(name, seen, first[name], *look) for name, look in looks.items()],
                "steps",
                "xy",
            ),
        ],
        file,
        theme,
    )


def draw_ways(ways, file, theme):
    looks = {"Adam": ("jax", "-"), "AMSGrad": ("good", "-"), "SGD": ("torch", "--")}
    lines = [report.Line(name, np.arange(1, len(way) + 1), way, *looks[name]) for name, way in ways.items()]
    report.plots_picture([report.Plot("x", lines, "steps", "x", (-1.1, 1.1))], file, theme)
