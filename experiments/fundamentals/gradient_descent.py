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
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, optim, train
from jaxdl.experiment import Settings, option, precision

START = {"quadratic": (-4.0, 1.0), "rosenbrock": (-1.2, 1.0), "logistic": (1.5, -3.0)}
STEPS = 100  # an epoch


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


@cache
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


def over(name):
    """The function of two NumPy arrays."""

    def height(x, y):
        with precision("float64"):
            places = jnp.stack([jnp.asarray(x), jnp.asarray(y)], axis=-1).reshape(-1, 2)
            return np.asarray(jax.jit(jax.vmap(FUNCTIONS[name]))(places)).reshape(np.shape(x))

    return height


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
