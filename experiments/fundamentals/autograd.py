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

import dataclasses
import itertools
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxdl import data, expressions, functional, metrics, nn, optim, random, report, train
from jaxdl.experiment import Exhibit, Settings, apart, option, precision, twin

MOST = 200  # turns of a loop that does not come to rest
TURNS = (2, 4, 8, 16, 24)


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


def price(config, params, batch):
    """How many numbers a pass forward keeps for the way back, and the gradients."""
    known = program(config)
    state = known.init(random.TorchGenerator(0))._replace(params=params)
    way = jax.make_jaxpr(lambda p: jax.vjp(lambda p: known.predict(state._replace(params=p), batch), p)[1])(params)
    kept = {id(each): each.aval.size for each in way.jaxpr.outvars}
    return sum(kept.values()), jax.jit(known.probe)(state, batch).gradients


def exhibits(config, state):
    theirs = twin(__name__)
    with precision("float32"):
        same, differ = expressions.tables(SAME, APART, globals(), theirs, NOTE)
        calls = [
            [name, expressions.traced(call, 2.0), theirs.recorded(theirs.CALLS[name]) if theirs else ""]
            for name, call in CALLS.items()
        ]
    trace = Exhibit(
        "What JAX traces, and what PyTorch records",
        headings=("at x = 2", "JAX's trace", "PyTorch's tape"),
        rows=calls,
        caption="The trace holds what could be done, for any x: both branches, and a loop's turn once. The tape holds "
        "what was done for this x, back from the result: one branch, and every turn of a loop.",
    )
    with precision("float64"):
        return [orders(theirs), same, differ, trace, loops(config, state, theirs)]


def orders(theirs):
    x = np.linspace(-3, 3, 241)
    functions = itertools.accumulate(range(4), lambda f, _: jax.grad(f), initial=jnp.tanh)
    others = theirs.derivatives(x) if theirs else [None] * 5
    curves = [(jax.jit(jax.vmap(function))(x), other) for function, other in zip(functions, others, strict=True)]
    rows = [[str(order), f"{np.abs(own).max():.4f}", apart(own, other)] for order, (own, other) in enumerate(curves)]
    return Exhibit(
        "Derivatives of derivatives",
        headings=("order", "largest", "JAX beside PyTorch"),
        rows=rows,
        picture=partial(draw_orders, x, curves),
        caption="In float64. Each curve is jax.grad of the one before; the points are PyTorch's, whose tape records "
        "the way back as it recorded the way forward.",
    )


def loops(config, state, theirs):
    exact = dataclasses.replace(config, dtype="float64", unrolled=False)
    params = {name: jnp.asarray(np.asarray(value), float) for name, value in state.params.items()}
    batch = tuple(array[:32] for array in evaluation(exact).arrays)
    ways = {"at rest": exact} | {f"{k} turns": dataclasses.replace(exact, unrolled=True, turns=k) for k in TURNS}
    own = [price(way, params, batch) for way in ways.values()]
    other = [theirs.price(way, params, batch) for way in ways.values()] if theirs else [("", None)] * len(ways)
    return Exhibit(
        "A gradient through a loop: at its end, or through every turn",
        headings=("gradient", "off by", "numbers JAX keeps", "PyTorch keeps", "JAX beside PyTorch"),
        rows=[
            [name, apart(mine, own[0][1]), str(kept), str(others), apart(mine, beside)]
            for name, (kept, mine), (others, beside) in zip(ways, own, other, strict=True)
        ],
        picture=partial(draw_loops, {"JAX": own} | ({"PyTorch": other} if theirs else {})),
        caption="The trained network's gradients on 32 digits, in float64: how far those through so many turns are "
        "from those at rest, and how many numbers wait for the way back, in JAX before its compiler looks for fewer.",
    )


def draw_orders(x, curves, file, theme):
    lines = []
    for order, (own, other) in enumerate(curves):
        lines.append(report.Line("tanh" + "′″‴⁗"[order - 1 : order], x, own, order / 4))
        if other is not None:
            lines.append(report.Line("", x[::12], other[::12], order / 4, "", "o"))
    lines.append(report.Line("PyTorch", [], [], "ink", "", "o"))
    title = "tanh, and jax.grad of it once, twice, three and four times"
    report.plots_picture([report.Plot(title, lines, "x")], file, theme)


def draw_loops(prices, file, theme):
    off, numbers = [], []
    for name, ((rest, exact), *ways) in prices.items():
        look = ("torch", "", "o") if name == "PyTorch" else ("jax", "-")
        off.append(report.Line(name, TURNS, [float(apart(way, exact)) for _, way in ways], *look))
        numbers.append(report.Line(name, TURNS, [kept / 1000 for kept, _ in ways], *look))
        numbers.append(report.Line("", TURNS, [rest / 1000] * len(TURNS), look[0], "--"))
    numbers.append(report.Line("at rest", [], [], "ink", "--"))
    panels = [
        report.Plot("the gradient through so many turns is off by", off, "turns", "y"),
        report.Plot("thousands of numbers kept for the way back", numbers, "turns"),
    ]
    report.plots_picture(panels, file, theme)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
