"""What a run shows: loss against steps, examples and seconds; a gradient's noise; how steps come to rest."""

import dataclasses
import time
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.fundamentals.sgd import Config, falling, learned, program, rows, sgd
from jaxdl import data, functional, optim, random, report, train
from jaxdl.experiment import Exhibit, precision

SIZES = {"all 1,438": (1438, 0.5, 400), "32": (32, 0.2, 20), "1": (1, 0.02, 3)}  # learning rate, epochs
COLOURS = (0.0, 0.5, 1.0)


def logits(params, x):
    return functional.linear(x, params["linear.weight"], params["linear.bias"])


def objective(params, config, x, y):
    """What the steps make small: the mean loss, and the penalty."""
    penalty = sum(jnp.sum(value**2) for value in params.values())
    return functional.cross_entropy(logits(params, x), y) + config.weight_decay / 2 * penalty


@partial(jax.jit, static_argnames=("config", "momentum"))
def descend(state, rates, order, x, y, config, momentum=0.0):
    """The parameters before each step and after the last, by the steps' learning rates and rows `[steps, batch]`."""
    usual = learned(sgd(lambda step: rates[step], config, momentum), config)
    cut = dataclasses.replace(usual, step=lambda state, batch: usual.step(state, (x[batch[0]], y[batch[0]])))
    return train.trajectory(cut, state, (order,))[0]


@partial(jax.jit, static_argnames="config")
def heights(params, x, y, config):
    """The objective at each of many parameters."""
    return jax.vmap(lambda each: objective(each, config, x, y))(params)


def least_loss(config):
    """With all examples and momentum a thousand steps arrive, but for rounding."""
    order = np.broadcast_to(np.arange(1438), (1000, 1438))
    path = descend(start(config, 0.9), np.full(1000, 0.5), order, *rows(config)[0], config, momentum=0.9)
    return heights(jax.tree.map(lambda way: way[-1:], path), *rows(config)[0], config).item()


@dataclass(frozen=True)
class Course:
    """What a run had above the lowest point after some of its steps."""

    batch_size: int
    seconds: float  # a step
    steps: np.ndarray
    above: np.ndarray


def start(config, momentum=0.0):
    return learned(sgd(lambda step: 0.0, config, momentum), config).init(random.TorchGenerator(config.seed))


def course(config, learning_rate, batch_size, epochs, least):
    generator = random.TorchGenerator(config.seed)
    shuffled = data.ArraySource(rows(config)[0], batch_size, shuffle=True)
    steps = 1438 // batch_size
    orders = [shuffled.order(epoch, generator)[: steps * batch_size] for epoch in range(epochs)]
    order = np.concatenate(orders).reshape(-1, batch_size)
    rates = np.array([learning_rate(step) if callable(learning_rate) else learning_rate for step in range(len(order))])
    for _ in range(2):  # once to compile
        begun = time.perf_counter()
        path = jax.block_until_ready(descend(start(config), rates, order, *rows(config)[0], config))
        seconds = time.perf_counter() - begun
    seen = np.unique(np.geomspace(1, len(order), 150).round().astype(int))
    height = heights(jax.tree.map(lambda way: way[seen], path), *rows(config)[0], config)
    return Course(batch_size, seconds / len(order), seen, np.asarray(height) - least)


def noise(config):
    """Batch sizes; the mean square of what a batch's gradient is off by; the formula for it; the gradient's square."""
    (x, y), _ = rows(config)
    params = program(config).init(random.TorchGenerator(config.seed)).params

    def loss(params, x, y):
        return functional.cross_entropy(logits(params, x[None]), y[None])

    each = jax.jit(jax.vmap(jax.grad(loss), (None, 0, 0)))(params, jnp.asarray(x), jnp.asarray(y))
    each = np.concatenate([np.asarray(value).reshape(len(x), -1) for value in each.values()], axis=1)
    whole, count = each.mean(axis=0), len(x)
    sizes = 2 ** np.arange(11)
    generator = random.TorchGenerator(config.seed)
    found = []
    for _ in range(100):  # shuffled anew, the first rows are a batch of each size
        shuffled = each[generator.randperm(count)[: sizes[-1]]]
        gradients = np.add.reduceat(shuffled, [0, *sizes[:-1]]).cumsum(axis=0) / sizes[:, None]
        found.append(((gradients - whole) ** 2).sum(axis=1))
    spread = ((each - whole) ** 2).sum(axis=1).mean()
    return sizes, np.mean(found, axis=0), spread / sizes * (count - sizes) / (count - 1), np.sum(whole**2)


def exhibits(config, state):
    with precision("float64"):
        exact = Config(seed=config.seed, weight_decay=config.weight_decay, dtype="float64")
        least = least_loss(exact)
        courses = {name: course(exact, rate, size, epochs, least) for name, (size, rate, epochs) in SIZES.items()}
        rates = {
            "0.5": 0.5,
            "0.05": 0.05,
            "0.5, inverse": optim.schedules.lambda_lr(0.5, falling),
            "0.5, cosine": optim.schedules.cosine_annealing_lr(0.5, T_max=40 * 179),
        }
        decays = {name: course(exact, rate, 8, 40, least) for name, rate in rates.items()}
        sizes, measured, formula, signal = noise(exact)
    table = zip(sizes, measured, formula, strict=True)
    return [
        Exhibit(
            "All examples, some or one: loss against steps, examples and seconds",
            picture=partial(draw_costs, courses),
            caption="The mean loss with its penalty over all training digits, above the lowest there is. A step on all "
            "is the best step, a step on one the cheapest. Seconds are those of this run on this machine, without "
            "compiling: 32 examples take a few times as long as one, and not 32 times.",
        ),
        Exhibit(
            "The noise of a gradient against the batch size",
            headings=("batch size", "measured", "σ²/B · (N − B) / (N − 1)"),
            rows=[[f"{size:,}", f"{seen:.4g}", f"{said:.4g}"] for size, seen, said in table],
            picture=partial(draw_noise, sizes, measured, formula, signal),
            caption="The squared distance of a batch's gradient from that of all N examples, at the first parameters, "
            "the mean over 100 shuffles; σ² is that of one example. Where the line crosses the square of the gradient "
            "itself, noise and signal are equal: beyond it a larger batch gains little.",
        ),
        Exhibit(
            "The learning rate falls, and the run comes to rest",
            picture=partial(draw_decay, decays),
            caption="Batches of 8. A constant rate ends at the height where the noise holds it: a tenth of the rate at "
            "about a tenth of the height, after ten times as many steps. A falling rate, by 1 / (1 + t / 200) or along "
            "a cosine, is fast first and quiet later.",
        ),
    ]


def draw_costs(courses, file, theme):
    def against(unit, x):
        lines = [
            report.Line(name, each.steps * unit(each), each.above, colour)
            for (name, each), colour in zip(courses.items(), COLOURS, strict=True)
        ]
        return report.Plot("loss − least loss, by examples a step", lines, x, "xy")

    report.plots_picture(
        [
            against(lambda each: 1, "steps"),
            against(lambda each: each.batch_size, "examples"),
            against(lambda each: each.seconds, "seconds"),
        ],
        file,
        theme,
    )


def draw_noise(sizes, measured, formula, signal, file, theme):
    lines = [
        report.Line("measured", sizes, measured, "jax", "", "o"),
        report.Line("formula", sizes, formula, "jax"),
        report.Line("the gradient²", sizes, np.full(len(sizes), signal), "torch", "--"),
    ]
    report.plots_picture([report.Plot("squared error of the gradient", lines, "batch size", "xy")], file, theme)


def draw_decay(decays, file, theme):
    lines = [report.Line(name, each.steps, each.above, place / 3) for place, (name, each) in enumerate(decays.items())]
    report.plots_picture([report.Plot("loss − least loss, by learning rate", lines, "steps", "xy")], file, theme)
