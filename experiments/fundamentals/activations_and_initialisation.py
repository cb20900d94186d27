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

from dataclasses import dataclass

import jax.numpy as jnp

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option

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


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
