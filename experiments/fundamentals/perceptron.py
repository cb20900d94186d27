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

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from jaxdl import data, nn, optim, random, train
from jaxdl.experiment import Settings, option


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


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
