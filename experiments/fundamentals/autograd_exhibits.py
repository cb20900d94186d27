"""What a run shows: what is the same and what is not, derivatives of any order, what loops cost."""

import dataclasses
import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.fundamentals import autograd
from jaxdl import expressions, random, report
from jaxdl.experiment import Exhibit, apart, precision, twin

TURNS = (2, 4, 8, 16, 24)


def price(config, params, batch):
    """How many numbers a pass forward keeps for the way back, and the gradients."""
    known = autograd.program(config)
    state = known.init(random.TorchGenerator(0))._replace(params=params)
    way = jax.make_jaxpr(lambda p: jax.vjp(lambda p: known.predict(state._replace(params=p), batch), p)[1])(params)
    kept = {id(each): each.aval.size for each in way.jaxpr.outvars}
    return sum(kept.values()), jax.jit(known.probe)(state, batch).gradients


def exhibits(config, state):
    theirs = twin(__name__)
    with precision("float32"):
        same, differ = expressions.tables(autograd.SAME, autograd.APART, vars(autograd), theirs, autograd.NOTE)
        calls = [
            [name, expressions.traced(call, 2.0), theirs.recorded(theirs.CALLS[name]) if theirs else ""]
            for name, call in autograd.CALLS.items()
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
        headings=("order", "largest value", "JAX beside PyTorch"),
        rows=rows,
        picture=partial(draw_orders, x, curves),
        caption="In float64. Each curve is jax.grad of the one before; the points are PyTorch's, whose tape records "
        "the way back as it recorded the way forward.",
    )


def loops(config, state, theirs):
    exact = dataclasses.replace(config, dtype="float64", unrolled=False)
    params = {name: jnp.asarray(np.asarray(value), float) for name, value in state.params.items()}
    batch = tuple(array[:32] for array in autograd.evaluation(exact).arrays)
    ways = {"at rest": exact} | {f"{k} turns": dataclasses.replace(exact, unrolled=True, turns=k) for k in TURNS}
    own = [price(way, params, batch) for way in ways.values()]
    other = [theirs.price(way, params, batch) for way in ways.values()] if theirs else [(0, None)] * len(ways)
    return Exhibit(
        "A gradient through a loop: at its end, or through every turn",
        headings=("gradient", "off by", "numbers JAX keeps", "PyTorch keeps", "JAX beside PyTorch"),
        rows=[
            [name, apart(mine, own[0][1]), f"{kept:,}", f"{others:,}" if theirs else "", apart(mine, beside)]
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
    off, numbers, rest = [], [], prices["JAX"][0][0]
    for name, ((_, exact), *ways) in prices.items():
        look = ("torch", "", "o") if name == "PyTorch" else ("jax", "-")
        off.append(report.Line(name, TURNS, [float(apart(way, exact)) for _, way in ways], *look))
        numbers.append(report.Line(name, TURNS, [kept / 1000 for kept, _ in ways], *look))
    numbers.append(report.Line("at rest", TURNS, [rest / 1000] * len(TURNS), "ink", "--"))
    panels = [
        report.Plot("the gradient through so many turns is off by", off, "turns", "y"),
        report.Plot("thousands of numbers kept for the way back", numbers, "turns"),
    ]
    report.plots_picture(panels, file, theme)
