"""What a run shows: signal and gradient layer by layer, and ReLUs that die."""

import dataclasses
from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np

from experiments.fundamentals.activations_and_initialisation import (
    ACTIVATIONS,
    INITIALISERS,
    digits,
    evaluation,
    model,
    program,
    source,
)
from jaxdl import functional, nn, random, train
from jaxdl.experiment import Exhibit, apart, precision, twin
from jaxdl.report import canvas

LAYERS, SHOWN = 50, ("sigmoid", "tanh", "relu", "gelu")
PUSHES = (0, 2, 4, 6, 8)


def outputs(params, x, activation, nudges=None):
    """What each hidden layer gives; a nudge is added to each, so that a gradient by it is one by that output."""
    found = []
    for i in range(len(params) // 2 - 1):
        x = ACTIVATIONS[activation](functional.linear(x, params[f"layers.{i}.weight"], params[f"layers.{i}.bias"]))
        x = x if nudges is None else x + nudges[i]
        found.append(x)
    return found


@partial(jax.jit, static_argnums=2)
def variances(params, x, activation):
    """Of each hidden layer's output over the digits, and of the gradient by it, where that by the last is all ones."""

    def last(nudges):
        found = outputs(params, x, activation, nudges)
        return found[-1].sum(), jnp.array([h.var(axis=0).mean() for h in found])

    hidden = range(len(params) // 2 - 1)
    nudges = [jnp.zeros((len(x), len(params[f"layers.{i}.bias"])), x.dtype) for i in hidden]
    gradients, signal = jax.grad(last, has_aux=True)(nudges)
    return signal, jnp.array([(g**2).mean() for g in gradients])


def exhibits(config, state):
    measured, rows, pytorch = {}, [], twin(__name__)
    with precision("float64"):
        for initialiser, activation in product(INITIALISERS, SHOWN):
            deep = {"dtype": "float64", "depth": LAYERS + 1, "activation": activation, "initialiser": initialiser}
            at, own = dataclasses.replace(config, **deep), measured.setdefault(activation, {})
            x = digits(at)[0][:256]
            own[initialiser] = variances(drawn(at), x, activation)
            theirs = pytorch and tuple(map(np.asarray, pytorch.variances(at, x)))
            rows.append([activation, initialiser, *cells(*own[initialiser]), apart(own[initialiser], theirs)])
    return [
        Exhibit(
            f"Signal and gradient through {LAYERS} layers",
            headings=("activation", "initialiser", "signal, 10th", f"{LAYERS}th", "gradient, 40th", "1st", "PyTorch"),
            rows=sorted(rows, key=lambda row: SHOWN.index(row[0])),
            picture=partial(draw_variances, measured),
            caption="Variances in float64. The signal's is over 256 digits, the mean of a layer's units; the "
            "gradient begins with ones at the last layer and goes from right to left. The 6e-32 that sigmoid has left "
            "of the signal is rounding. The table's last column: how far PyTorch's numbers from the same seed are from "
            "these, at most, in units of the largest.",
        ),
        dying(config),
    ]


def drawn(config):
    """The parameters that a seed draws."""
    _, params, _ = nn.functionalize(model(config, random.TorchGenerator(config.seed)))
    return {name: value.astype(config.dtype) for name, value in params.items()}


def cells(signal, gradient):
    return [f"{value:.0e}" for value in (signal[9], signal[-1], gradient[LAYERS - 11], gradient[0])]


def draw_variances(measured, file, theme):
    """A line an activation: the signal on the left, the gradient on the right."""
    titles = [f"{activation}, {what}" for activation in measured for what in ("signal", "gradient")]
    figure = canvas.tiles(titles, 2, 1.95, theme, edge=(0.5, 0.5))
    styles = dict(
        zip(INITIALISERS, ((theme.bad, ":"), (theme.torch, "-."), (theme.jax, "-"), (theme.good, "--")), strict=True)
    )
    curves = [(own, which) for own in measured.values() for which in (0, 1)]
    for axes, (own, which) in zip(figure.axes, curves, strict=True):
        for initialiser, found in own.items():
            colour, line = styles[initialiser]
            axes.plot(np.arange(1, LAYERS + 1), found[which], line, color=colour, linewidth=1.8, label=initialiser)
        canvas.log_axis(axes, 1e-20, 1e4)
        axes.set(xlim=(1, LAYERS), xticks=[1, 10, 20, 30, 40, 50])
        axes.set_xlabel("layer", fontsize=canvas.TEXT, color=theme.muted)
    figure.axes[0].legend(frameon=False, fontsize=canvas.TEXT, labelcolor=theme.ink)
    file.write_bytes(canvas.png(figure))


def pushed(config, activation, push):
    """A hidden layer whose biases start at −push: shares of dead units before and after, and the accuracy."""
    with precision("float32"):
        own = {"dtype": "float32", "depth": 2, "width": 64, "initialiser": "kaiming", "learning_rate": 0.2}
        config = dataclasses.replace(config, activation=activation, **own)
        trained, x = program(config), digits(config)[0]
        state = trained.init(random.TorchGenerator(config.seed))
        params = {name: jnp.array(value) for name, value in state.params.items()}
        params["layers.0.bias"] -= push
        before = dead(params, x, activation)
        settings = {"evaluation": evaluation(config), "seed": config.seed, "progress": False}
        state, history = train.fit(trained, source(config), 10, state=state._replace(params=params), **settings)
        return before, dead(state.params, x, activation), history.final["test_accuracy"]


def dead(params, x, activation):
    """The share of hidden units that are above zero for no row."""
    return 1 - np.mean([np.asarray(h > 0).any(axis=0) for h in outputs(params, x, activation)])


def dying(config):
    """What becomes of units whose bias was pushed down."""
    found = {(a, push): pushed(config, a, push) for a in ("relu", "leaky_relu") for push in PUSHES}
    rows = [
        [f"{push:g}", *(f"{share:.0%}" for a in ("relu", "leaky_relu") for share in found[a, push])] for push in PUSHES
    ]
    return Exhibit(
        "Dying ReLU",
        headings=("push", "ReLU: dead at first", "trained", "accuracy", "leaky: dead at first", "trained", "accuracy"),
        rows=rows,
        picture=partial(draw_dying, found),
        caption="The biases of one hidden layer are pushed down, as a step that is too large does it, and ten epochs "
        "follow. A unit of ReLU that no digit wakes has no gradient and sleeps on; a leaky one has a slope of 0.01 "
        "below zero, and returns. Without a push too, steps of 0.2 put some to sleep.",
    )


def draw_dying(found, file, theme):
    figure = canvas.tiles(["units that no digit wakes", "test accuracy"], 2, 2.2, theme, edge=(0.4, 0.5))
    for axes, column in zip(figure.axes, (1, 2), strict=True):
        for activation, colour, mark in (("relu", theme.bad, "o-"), ("leaky_relu", theme.good, "s--")):
            values = [found[activation, push][column] for push in PUSHES]
            axes.plot(PUSHES, values, mark, color=colour, label=activation)
        axes.set(ylim=(-0.03, 1.03), xticks=PUSHES, yticks=[0, 0.5, 1])
        axes.set_xlabel("push of the biases", fontsize=canvas.TEXT, color=theme.muted)
    figure.axes[1].legend(frameon=False, fontsize=canvas.TEXT, labelcolor=theme.ink)
    file.write_bytes(canvas.png(figure))
