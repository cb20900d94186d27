"""What a signal and its gradient become on their way through many layers, and how weights are drawn so that both live.

Each layer multiplies the signal's variance by about the fan-in times the variance of the weights, and the activation
takes its part; on the way back the gradient meets the fan-out instead. Over fifty layers a factor of a half is 1e-15.
Glorot and Bengio's variance, 2 / (fan_in + fan_out), keeps tanh near one; ReLU halves the signal, and He's 2 / fan_in
makes up for it. The run trains twenty layers of tanh, and ends with the variances through fifty of each kind, those of
PyTorch from the same seed beside them, and with units of ReLU that sleep for ever.

    python -m experiments.fundamentals.activations_and_initialisation
    python -m experiments.fundamentals.activations_and_initialisation --activation relu --initialiser small

Data: digits.
Time: 25 s on two cores.
Score: test_accuracy >= 0.9
Paper: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"; He, Zhang,
Ren and Sun 2015, "Delving Deep into Rectifiers".
"""

import dataclasses
from dataclasses import dataclass
from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.experiment import Exhibit, Settings, apart, option, precision, twin
from jaxdl.report import canvas

ACTIVATIONS = {
    "sigmoid": functional.sigmoid,
    "tanh": jnp.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "gelu": functional.gelu,
}
INITIALISERS = {
    "small": lambda weight, rngs: nn.init.normal_(weight, 0, 0.01, rngs=rngs),
    "default": lambda weight, rngs: nn.init.kaiming_uniform_(weight, 5**0.5, rngs=rngs),  # of PyTorch's Linear
    "xavier": lambda weight, rngs: nn.init.xavier_normal_(weight, rngs=rngs),
    "kaiming": lambda weight, rngs: nn.init.kaiming_normal_(weight, nonlinearity="relu", rngs=rngs),
}

LAYERS, SHOWN = 50, ("sigmoid", "tanh", "relu", "gelu")
PUSHES = (0, 2, 4, 6, 8)


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(12, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    learning_rate: float = option(0.003, "SGD's step size, with momentum 0.9")
    depth: int = option(20, "linear layers")
    width: int = option(64, "units of a hidden layer")
    activation: str = option("tanh", f"of the hidden layers: {', '.join(ACTIVATIONS)}")
    initialiser: str = option("xavier", f"of the weights: {', '.join(INITIALISERS)}; biases are zero")

    def __post_init__(self):
        super().__post_init__()
        for name, known in (("activation", ACTIVATIONS), ("initialiser", INITIALISERS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, given {getattr(self, name)!r}")
        if self.depth < 2:
            raise ValueError(f"depth must be at least 2, given {self.depth}")


class MLP(nn.Module):
    def __init__(self, depth, width, activation, initialiser, *, rngs):
        widths = [64] + [width] * (depth - 1) + [10]
        self.layers = nn.Sequential(*[nn.Linear(widths[i], widths[i + 1], rngs=rngs) for i in range(depth)])
        for layer in self.layers:
            INITIALISERS[initialiser](layer.weight, rngs)
            nn.init.zeros_(layer.bias)
        self.activation = ACTIVATIONS[activation]

    def __call__(self, x):
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
        return last(x)


def digits(config):
    """Digits whose pixels have mean 0 and variance 1 all together."""
    x_train, y_train, x_test, y_test = data.digits()
    mean, spread = x_train.mean(), x_train.std()
    x_train, x_test = ((x.reshape(-1, 64) - mean) / spread for x in (x_train, x_test))
    return x_train.astype(config.dtype), y_train, x_test.astype(config.dtype), y_test


def source(config):
    x, y, _, _ = digits(config)
    return data.ArraySource((x, y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = digits(config)
    return data.ArraySource((x, y), batch_size=len(x))


def model(config, rngs):
    return MLP(config.depth, config.width, config.activation, config.initialiser, rngs=rngs)


def program(config):
    return train.supervised(
        lambda rngs: model(config, rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


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
            "gradient begins with ones at the last layer and goes from right to left. The table's last column: how far "
            "PyTorch's numbers from the same seed are from these, at most, in units of the largest.",
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
    figure = canvas.tiles(titles, 2, 1.75, theme, edge=(0.5, 0.3))
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
        headings=("push", "dead, ReLU", "trained", "accuracy", "dead, leaky", "trained", "accuracy"),
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
        axes.set_xlabel("push", fontsize=canvas.TEXT, color=theme.muted)
    figure.axes[1].legend(frameon=False, fontsize=canvas.TEXT, labelcolor=theme.ink)
    file.write_bytes(canvas.png(figure))


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
