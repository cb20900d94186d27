"""What a run shows: the same gradients by three ways, and the graph that they go back through."""

import dataclasses

import jax
import numpy as np

from experiments.fundamentals.backpropagation import NAMES, by_hand, in_jax, in_numpy, program, source
from jaxdl import autodiff, random
from jaxdl.experiment import Exhibit, apart, precision, twin


def exhibits(config, state):
    """The first step's gradients in float64, each way beside the one by hand, and the chain rule in a drawing."""
    pytorch = twin(__name__)
    with precision("float64"):
        config = dataclasses.replace(config, dtype="float64")
        generator = random.TorchGenerator(config.seed)
        params = program(config).init(generator).params
        x, target = next(source(config).batches(0, generator))
        _, hand = jax.jit(by_hand)(params, x, target)
        params = {name: np.asarray(value) for name, value in params.items()}
        ways = {
            "jaxdl.autodiff": autodiff.grad(in_numpy)(params, x, target),
            "jax.grad": jax.jit(jax.grad(in_jax))(params, x, target),
            "PyTorch": pytorch and pytorch.gradients(params, x, target),
        }
        rows = [
            [
                name,
                f"{np.linalg.norm(hand[name]):.4f}",
                *(apart(hand[name], way and way[name]) for way in ways.values()),
            ]
            for name in NAMES
        ]
    return [
        Exhibit(
            "The first step's gradients, four ways",
            headings=("gradient of", "norm", *ways),
            rows=rows,
            caption="In float64. The norm is that of the gradient by hand; then how far each other way is from that: "
            "the largest difference, in units of the gradient's largest number.",
        ),
        Exhibit(
            "The chain rule at work, on one digit of two pixels",
            picture=draw,
            caption="The way forward goes down, from value to value. The way back goes up: the loss's gradient by a "
            "value, in orange, is made of those below it.",
        ),
    ]


def draw(file, theme):
    """The loss of one digit of two pixels and two classes, by a network of two hidden units."""

    def loss(W1, b1, W2, b2, x):
        h = np.tanh(W1 @ x + b1)
        z = W2 @ h + b2
        return np.log(np.sum(np.exp(z))) - z[0]  # −ln softmax(z)[0]

    W1, b1 = np.array([[0.5, -0.3], [0.8, 0.2]]), np.array([0.1, -0.2])
    W2, b2 = np.array([[1.0, -0.5], [-0.7, 0.4]]), np.array([0.0, 0.1])
    autodiff.draw(loss, W1, b1, W2, b2, np.array([1.0, 0.5]), file=file, dark=theme.name == "dark")
