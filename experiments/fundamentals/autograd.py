"""Automatic differentiation: gradients of any order, through ifs and loops, in JAX and PyTorch side by side.

A network whose layer is a loop learns digits. Its hidden units are the fixed point z = tanh(Wz + Ux + b), found by a
loop that turns for as long as z changes. JAX does not differentiate such a loop backwards, and need not: where z =
f(z), the chain rule makes of the gradient g behind it z̄ = g + (∂f/∂z)ᵀ z̄, a fixed point again. Here that is a
`jax.custom_vjp`, in the twin a `torch.autograd.Function`; `--unrolled` differentiates through thirty turns instead. The
run ends with tanh and four derivatives of it, each the gradient of the one before; two tables of what both libraries
say of the same gradients, the first asserted equal; JAX's trace and PyTorch's tape; and the price of an unrolled loop.

    python -m experiments.fundamentals.autograd
    python -m experiments.fundamentals.autograd --unrolled --turns 3

Data: digits.
Time: 30 s on two cores.
Score: test_accuracy >= 0.95
Paper: Bai, Kolter and Koltun 2019, "Deep Equilibrium Models".
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option

MOST = 200  # turns of a loop that does not come to rest


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(15, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    learning_rate: float = option(0.1, "step size; momentum is 0.9")
    hidden: int = option(32, "units that come to rest together")
    unrolled: bool = option(False, "differentiate through every turn of the loop, and not at its fixed point")
    turns: int = option(30, "of the unrolled loop")

    def __post_init__(self):
        super().__post_init__()
        if min(self.hidden, self.turns) < 1:
            raise ValueError(f"hidden and turns must be at least 1, given {self.hidden} and {self.turns}")


def turn(W, u, z):
    return jnp.tanh(z @ W.T + u)


def rest(step, z):
    """Where z comes to rest under a step: it turns until z changes by no more than rounding."""
    close = 4 * jnp.finfo(z.dtype).eps

    def moves(carry):
        count, before, z = carry
        return (count < MOST) & (jnp.abs(z - before).max() > close * jnp.abs(z).max())

    return lax.while_loop(moves, lambda carry: (carry[0] + 1, carry[2], step(carry[2])), (1, z, step(z)))[2]


@jax.custom_vjp
def settle(W, u):
    """The fixed point of `turn`."""
    return rest(partial(turn, W, u), jnp.zeros_like(u))


def forward(W, u):
    z = settle(W, u)
    return z, (W, u, z)


def backward(saved, g):
    _, back = jax.vjp(turn, *saved)  # one turn at the fixed point, however many led there
    z_ = rest(lambda z_: g + back(z_)[2], g)  # z̄ = g + (∂f/∂z)ᵀ z̄
    return back(z_)[:2]


settle.defvjp(forward, backward)


class Equilibrium(nn.Module):
    def __init__(self, hidden, turns, *, rngs):
        self.input = nn.Linear(64, hidden, rngs=rngs)
        self.recurrent = nn.Linear(hidden, hidden, bias=False, rngs=rngs)
        self.output = nn.Linear(hidden, 10, rngs=rngs)
        self.turns = turns

    def __call__(self, x):
        W, u = self.recurrent.weight[...], self.input(x)
        W = 0.9 * W / jnp.linalg.norm(W)  # a turn then brings any two z nearer: there is one fixed point
        if self.turns is None:
            return self.output(settle(W, u))
        z, _ = lax.scan(lambda z, _: (turn(W, u, z), None), jnp.zeros_like(u), length=self.turns)
        return self.output(z)


def source(config):
    x, y, _, _ = data.digits()
    return data.ArraySource((x.reshape(-1, 64).astype(config.dtype), y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = data.digits()
    return data.ArraySource((x.reshape(-1, 64).astype(config.dtype), y), batch_size=len(x))


def program(config):
    return train.supervised(
        lambda rngs: Equilibrium(config.hidden, config.turns if config.unrolled else None, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def grown(x):
    """x times x times x ... for as long as that is below 100."""
    return lax.while_loop(lambda y: y < 100, lambda y: x * y, x)


@jax.custom_vjp
def clipped(x):
    """x, whose gradient goes no further than 1."""
    return x


clipped.defvjp(lambda x: (x, None), lambda _, g: (jnp.clip(g, -1, 1),))


def twice(f, x):
    """The sum of the gradients of two ways back after one way forward."""
    _, back = jax.vjp(f, x)
    return back(1.0)[0] + back(1.0)[0]


# Topic and expression. The twin has the same topics in the same order: `diff` the two files.
SAME = [
    ("a number", "jax.grad(lambda x: x**3)(2.0)"),
    ("two numbers", "jax.grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)"),
    ("a dict of weights", "jax.grad(lambda p: 5 * p['w'])({'w': 1.0})['w']"),
    ("something besides the loss", "jax.grad(lambda x: (x**2, x + 1), has_aux=True)(3.0)"),
    ("rows that are read twice", "jax.grad(lambda x: x[jnp.array([0, 0, 2])].sum())(jnp.zeros(3))"),
    ("vector times Jacobian", "jax.vjp(jnp.sin, jnp.zeros(2))[1](jnp.array([1.0, 2.0]))[0]"),
    ("Jacobian times vector", "jax.jvp(jnp.sin, (0.0,), (2.0,))[1]"),
    ("Jacobian, row by row", "jax.jacrev(lambda x: x * x[0])(jnp.arange(3.0))"),
    ("Jacobian, column by column", "jax.jacfwd(lambda x: x * x[0])(jnp.arange(3.0))"),
    ("a gradient an example", "jax.vmap(jax.grad(jnp.square))(jnp.arange(3.0))"),
    ("second order", "jax.grad(jax.grad(lambda x: x**4))(2.0)"),
    ("second order, on the tape", "jax.grad(jax.grad(lambda x: x**4))(2.0)"),
    ("Hessian", "jax.hessian(lambda x: x[0] ** 2 * x[1])(jnp.array([1.0, 2.0]))"),
    ("Hessian times vector", "jax.jvp(jax.grad(lambda x: (x**3).sum()), (jnp.ones(2),), (jnp.arange(2.0),))[1]"),
    ("a gradient in a loss", "jax.grad(lambda w: jax.grad(lambda x: w * x**2)(3.0) ** 2)(2.0)"),
    ("stop-gradient", "jax.grad(lambda x: x * lax.stop_gradient(x))(3.0)"),
    ("a part without gradient", "jax.grad(lambda x: x + lax.stop_gradient(x**2))(3.0)"),
    ("straight through rounding", "jax.grad(lambda x: x + lax.stop_gradient(jnp.round(x) - x))(1.3)"),
    ("if", "jax.grad(lambda x: x**2 if x > 0 else -x)(3.0)"),
    ("cond, compiled", "jax.jit(jax.grad(lambda x: lax.cond(x > 0, jnp.square, jnp.negative, x)))(-3.0)"),
    ("scan", "jax.grad(lambda x: lax.scan(lambda y, _: (x * y, None), x, length=4)[0])(2.0)"),
    ("a counted loop", "jax.grad(lambda x: lax.fori_loop(0, 4, lambda _, y: x * y, x))(2.0)"),
    ("while, forwards", "jax.jvp(grown, (2.0,), (1.0,))[1]"),
    ("a gradient of one's own", "jax.grad(lambda x: 5 * clipped(x))(2.0)"),
    ("computed once more", "jax.grad(jax.checkpoint(lambda x: jnp.sin(jnp.sin(x))))(1.0)"),
    ("two losses, added up", "jax.grad(jnp.square)(2.0) + jax.grad(jnp.exp)(2.0)"),
    ("twice over one pass", "twice(jnp.exp, 0.0)"),
    ("ReLU's kink", "jax.grad(jax.nn.relu)(0.0)"),
    ("the larger of two equals", "jax.grad(jnp.maximum, argnums=(0, 1))(1.0, 1.0)"),
    ("the largest of equals", "jax.grad(jnp.max)(jnp.ones(2))"),
    ("a square root at zero", "jax.grad(jnp.sqrt)(0.0)"),
    ("NaN behind a where", "jax.grad(lambda x: jnp.where(x > 0, jnp.log(x), 0.0))(0.0)"),
    ("two wheres, no NaN", "jax.grad(lambda x: jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1.0)), 0.0))(0.0)"),
    ("a branch not taken", "jax.grad(lambda x: lax.cond(x > 0, jnp.log, jnp.negative, x))(0.0)"),
]
APART = [
    ("while, backwards", "jax.grad(grown)(2.0)"),
    ("if, compiled", "jax.jit(jax.grad(lambda x: x**2 if x > 0 else -x))(3.0)"),
    ("asked twice: gradients add up", "[jax.grad(jnp.square)(2.0).item() for _ in range(2)]"),
    ("a second time over one pass", "twice(jnp.exp, 0.0)"),
    ("second order needs a tape of the first", "jax.grad(jax.grad(jnp.sin))(1.0)"),
    ("what has no part in the result", "jax.grad(lambda x, y: x**2, argnums=1)(2.0, 3.0)"),
    ("in which order", "jax.value_and_grad(jnp.square)(3.0)"),
    ("written over", "jax.grad(lambda x: 2 * jnp.exp(x))(0.0)"),
    ("|x| at its kink", "jax.grad(jnp.abs)(0.0)"),
    ("a limit, right there", "jax.grad(lambda x: jnp.clip(x, 0.0, 1.0))(0.0)"),
    ("the largest of equals, along an axis", "jax.grad(lambda x: jnp.max(x, axis=0))(jnp.ones(2))"),
    ("the norm of nothing", "jax.grad(jnp.linalg.norm)(jnp.zeros(2))"),
    ("of a complex number", "jax.grad(lambda z: jnp.abs(z) ** 2)(1 + 2j)"),
]
NOTE = (
    "Computed just now. In the twin, tape(f, x) makes x a leaf, calls f(x).backward() and gives x.grad. JAX "
    "differentiates a function, and what is compiled must hold for any x; PyTorch differentiates what was done, once."
)
CALLS = {
    "x · sin x": lambda x: x * jnp.sin(x),
    "sin x if x > 0, else cos x": lambda x: lax.cond(x > 0, jnp.sin, jnp.cos, x),
    "x ← x · x, four times": lambda x: lax.scan(lambda x, _: (x * x, None), x, length=4)[0],
    "y ← x · y, while y < 100": grown,
}


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
