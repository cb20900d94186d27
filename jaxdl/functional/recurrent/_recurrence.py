"""One direction of one recurrent layer over all steps, with a derivative that is as cheap as the recurrence allows.

What depends on the previous step is one product with the recurrent weight; everything else is done for all steps at
once. Forward, that is the product of the inputs. Backward, JAX alone would add up the recurrent weight's gradient
step by step; here the tangent is written as

    U = a' + H W'ᵀ          for all steps at once, H the states before each step
    s'ₜ = Jₜ (Uₜ, s'ₜ₋₁ Wᵀ)   step by step, linear

and its transpose, made by JAX, runs the linear recurrence alone and then takes W's gradient as one product over all
steps. The gates stay apart (four products instead of a wide one): joining and splitting them costs more on CPU.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from jaxdl.functional.activation.rectifier import relu

Arrays: TypeAlias = tuple[jax.Array, ...]


class Cell(NamedTuple):
    """A cell's mathematics. A state is (h,) or (h, c).

    Attributes:
        gates: how many parts the weights have.
        apart: how many of them, the last ones, take their input and their recurrent product one by one.
        step: the gates' arguments (input and recurrent product in one, or the recurrent product alone), the inputs
            that stand apart, the state before -> the state after, what the derivative needs.
        coefficients: what `step` kept, the state before, the state after -> the factors of the tangent.
        tangent: factors, and the tangents of `step`'s three arguments -> the tangent of the state after.
    """

    gates: int
    apart: int
    step: Callable[[Arrays, Arrays, Arrays], tuple[Arrays, Arrays]]
    coefficients: Callable[[Arrays, Arrays, Arrays], Arrays]
    tangent: Callable[[Arrays, Arrays, Arrays, Arrays], Arrays]


def _elman(activation: Callable[[jax.Array], jax.Array], slope: Callable[[jax.Array], jax.Array]) -> Cell:
    return Cell(
        gates=1,
        apart=0,
        step=lambda gates, own, state: ((activation(gates[0]),), ()),
        coefficients=lambda kept, before, after: (slope(after[0]),),
        tangent=lambda factors, gates, own, state: (factors[0] * gates[0],),
    )


def _lstm_step(gates: Arrays, own: Arrays, state: Arrays) -> tuple[Arrays, Arrays]:
    i, f, o = (jax.nn.sigmoid(gates[k]) for k in (0, 1, 3))
    g = jnp.tanh(gates[2])
    c = f * state[1] + i * g
    return (o * jnp.tanh(c), c), (i, f, g, o)


def _lstm_coefficients(kept: Arrays, before: Arrays, after: Arrays) -> Arrays:
    i, f, g, o = kept
    squashed = jnp.tanh(after[1])
    return (
        g * i * (1 - i),
        before[1] * f * (1 - f),
        i * (1 - g * g),
        squashed * o * (1 - o),
        f,
        o * (1 - squashed * squashed),
    )


def _lstm_tangent(factors: Arrays, gates: Arrays, own: Arrays, state: Arrays) -> Arrays:
    i, f, g, o, carried, shown = factors
    c = carried * state[1] + i * gates[0] + f * gates[1] + g * gates[2]
    return o * gates[3] + shown * c, c


def _gru_step(gates: Arrays, own: Arrays, state: Arrays) -> tuple[Arrays, Arrays]:
    r, z = jax.nn.sigmoid(gates[0]), jax.nn.sigmoid(gates[1])
    n = jnp.tanh(own[0] + r * gates[2])
    return (n + z * (state[0] - n),), (r, z, n, gates[2])


def _gru_coefficients(kept: Arrays, before: Arrays, after: Arrays) -> Arrays:
    r, z, n, hidden = kept
    own = (1 - z) * (1 - n * n)
    return own * hidden * r * (1 - r), (before[0] - n) * z * (1 - z), own * r, own, z


def _gru_tangent(factors: Arrays, gates: Arrays, own: Arrays, state: Arrays) -> Arrays:
    r, z, hidden, alone, carried = factors
    return (carried * state[0] + r * gates[0] + z * gates[1] + hidden * gates[2] + alone * own[0],)


TANH = _elman(jnp.tanh, lambda h: 1 - h * h)
RELU = _elman(relu, lambda h: jnp.where(h <= 0, jnp.zeros_like(h), 1))  # NaN passes, as in `relu`
LSTM = Cell(4, 0, _lstm_step, _lstm_coefficients, _lstm_tangent)
GRU = Cell(3, 1, _gru_step, _gru_coefficients, _gru_tangent)


def advance(cell: Cell, given: Arrays, state: Arrays, weights: Sequence[jax.Array]) -> tuple[Arrays, Arrays]:
    """One step: the state after it and what the derivative needs. `weights` are the recurrent ones, transposed."""
    gates = tuple(a + state[0] @ w for a, w in zip(given, weights, strict=False))
    return cell.step(gates, given[cell.gates :], state)


def inputs(cell: Cell, x: jax.Array, weight: jax.Array, bias_ih: jax.Array | None, bias_hh: jax.Array | None) -> Arrays:
    """What inputs and biases add to each gate's argument, then the inputs that stand apart; each [..., hidden]."""
    weights = jnp.split(weight, cell.gates)
    own, hidden = (cell.gates * [None] if b is None else jnp.split(b, cell.gates) for b in (bias_ih, bias_hh))
    joint = cell.gates - cell.apart
    both = [a if b is None else b if a is None else a + b for a, b in zip(own, hidden, strict=True)]
    given = [_affine(x, w, b) for w, b in zip(weights[:joint], both[:joint], strict=True)]
    given += [_spread(x, jnp.zeros_like(w[:, 0]) if b is None else b) for w, b in zip(weights, hidden, strict=True)][
        joint:
    ]
    return (*given, *(_affine(x, w, b) for w, b in zip(weights[joint:], own[joint:], strict=True)))


def _affine(x: jax.Array, weight: jax.Array, bias: jax.Array | None) -> jax.Array:
    y = _product(x, weight)
    return y if bias is None else y + _spread(x, bias)


def _spread(x: jax.Array, bias: jax.Array) -> jax.Array:
    """The bias for every row of x, as a product with ones: the gradient, a sum over all rows, is one then, too."""
    return jnp.ones((*x.shape[:-1], 1), x.dtype) @ bias[None]


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def unroll(
    cell: Cell,
    reverse: bool,
    inputs: Arrays,
    state: Arrays,
    weight: jax.Array,
    projection: jax.Array | None,
    valid: jax.Array | None,
) -> tuple[jax.Array, Arrays]:
    """The hidden states of all steps, [T, B, H], and the last state.

    Args:
        cell: TANH, RELU, LSTM or GRU.
        reverse: from the last step to the first.
        inputs: each [T, B, hidden], as `inputs` gives them.
        state: the state before the first step, each [B, ...].
        weight: [gates · hidden, H], the recurrent one.
        projection: [H, hidden], or None where H is hidden: the LSTM's map of its output.
        valid: booleans [T, B, 1]: the state stays as it is where False; None is True everywhere.
    """
    states, last, _, _ = _run(cell, reverse, inputs, state, weight, projection, valid)
    return states[0], last


def _run(
    cell: Cell,
    reverse: bool,
    inputs: Arrays,
    state: Arrays,
    weight: jax.Array,
    projection: jax.Array | None,
    valid: jax.Array | None,
) -> tuple[Arrays, Arrays, Arrays, jax.Array | None]:
    """States of all steps, the last, what the cell keeps of all steps, and the output before its projection."""
    # The barriers keep transposes out of the loop: a product with a transposed operand takes half as long again.
    weights = [lax.optimization_barrier(part.T) for part in jnp.split(weight, cell.gates)]
    shrink = None if projection is None else lax.optimization_barrier(projection.T)

    def step(before: Arrays, now: tuple[Arrays, jax.Array | None]) -> tuple[Arrays, Any]:
        given, mask = now
        after, kept = advance(cell, given, before, weights)
        output = None if shrink is None else after[0]
        if shrink is not None:
            after = (after[0] @ shrink, *after[1:])
        after = _where(mask, after, before)
        return after, (after, kept, output)

    last, (states, kept, output) = lax.scan(step, state, (inputs, valid), reverse=reverse)
    return states, last, kept, output


@unroll.defjvp
def _unroll_jvp(cell: Cell, reverse: bool, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    _, state, weight, projection, valid = primals
    d_inputs, d_state, d_weight, d_projection, _ = tangents
    states, last, kept, output = _run(cell, reverse, *primals)
    before = tuple(_shifted(first, rest, reverse) for first, rest in zip(state, states, strict=True))
    factors = cell.coefficients(kept, before, states)
    weights = jnp.split(weight, cell.gates)

    # For all steps at once. These products' transposes are the weights' gradients.
    d_weights = jnp.split(d_weight, cell.gates)
    given = [a + _product(before[0], w) for a, w in zip(d_inputs, d_weights, strict=False)]
    given.extend(d_inputs[cell.gates :])
    shown = None if output is None else _product(output, d_projection)

    def step(d_before: Arrays, now: tuple[Any, ...]) -> tuple[Arrays, jax.Array]:
        factors, given, shown, mask = now
        gates = tuple(a + _product(d_before[0], w) for a, w in zip(given, weights, strict=False))
        d_after = cell.tangent(factors, gates, tuple(given[cell.gates :]), d_before)
        if shown is not None:
            d_after = (shown + _product(d_after[0], projection), *d_after[1:])
        d_after = _where(mask, d_after, d_before)
        return d_after, d_after[0]

    d_last, d_states = lax.scan(step, d_state, (factors, given, shown, valid), reverse=reverse)
    return (states[0], last), (d_states, d_last)


def _product(x: jax.Array, weight: jax.Array) -> jax.Array:
    """x Wᵀ, as one whose transpose in x multiplies by W as it lies in memory."""
    return lax.dot_general(x, weight, (((x.ndim - 1,), (1,)), ((), ())))


def _shifted(first: jax.Array, states: jax.Array, reverse: bool) -> jax.Array:
    """The state before each step from the state after."""
    return jnp.concatenate([states[1:], first[None]] if reverse else [first[None], states[:-1]])


def _where(mask: jax.Array | None, new: Arrays, old: Arrays) -> Arrays:
    return new if mask is None else tuple(jnp.where(mask, a, b) for a, b in zip(new, old, strict=True))
