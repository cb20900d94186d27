"""What a step is made of, as far as it decides where its loop runs."""

from collections.abc import Iterator
from math import prod
from typing import Any

import jax

# A product of so many multiplications takes two cores half a millisecond, and dispatching a step a twentieth of that.
LITTLE = 1e8


def loops_well(jaxpr: Any) -> bool:
    """Whether many steps should share a device call, by a rule that was measured.

    On CPU: where the products of a step are few, and every convolution has the form that XLA compiles well inside a
    loop (channels last in all three of its arrays; lax's own weight gradient has not, and its LeNet step takes 41 ms in
    a loop and 12 ms outside, where ours takes 7 or 8 in both). On other devices always: dispatch costs more there than
    on the CPU, and convolutions are a library's.

    >>> import jax.numpy as jnp
    >>> loops_well(jax.make_jaxpr(lambda a: a @ a)(jnp.ones((8, 8))).jaxpr)
    True
    """
    if jax.default_backend() != "cpu":
        return True
    return multiplications(jaxpr) < LITTLE and all(_canonical(equation) for equation, _ in _equations(jaxpr, 1))


def multiplications(jaxpr: Any) -> float:
    """How many numbers a trace multiplies; a loop of unknown length counts once.

    Products and convolutions make most of them; a convolution may also be written out, as multiplications one by one.
    """
    return float(sum(times * _multiplied(equation) for equation, times in _equations(jaxpr, 1)))


def _equations(jaxpr: Any, times: int) -> Iterator[tuple[Any, int]]:
    """Every equation, those of inner traces included, and how often it runs."""
    for equation in jaxpr.eqns:
        yield equation, times
        inner = times * (equation.params["length"] if equation.primitive.name == "scan" else 1)
        for value in equation.params.values():
            for found in value if isinstance(value, tuple | list) else (value,):
                trace = getattr(found, "jaxpr", found)
                if hasattr(trace, "eqns"):
                    yield from _equations(trace, inner)


def _multiplied(equation: Any) -> int:
    if equation.primitive.name == "mul":
        return prod(equation.outvars[0].aval.shape)
    if equation.primitive.name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        left = equation.invars[0].aval.shape
        return prod(equation.outvars[0].aval.shape) * prod(left[axis] for axis in contracted)
    if equation.primitive.name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        outputs = kernel[equation.params["dimension_numbers"].rhs_spec[0]]
        return prod(equation.outvars[0].aval.shape) * prod(kernel) // max(outputs, 1)
    return 0


def _canonical(equation: Any) -> bool:
    """Whether it is no convolution, or one of N...C arrays with a ...IO kernel."""
    if equation.primitive.name != "conv_general_dilated":
        return True
    numbers, last = equation.params["dimension_numbers"], equation.outvars[0].aval.ndim - 1
    ends = (numbers.lhs_spec[:2], numbers.rhs_spec[:2], numbers.out_spec[:2])
    return tuple(map(tuple, ends)) == ((0, last), (last, last - 1), (0, last))
