"""Every primitive and every function, on generated shapes: NumPy's values, and JAX's and PyTorch's derivatives."""

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxdl import autodiff
from jaxdl.autodiff.engine.primitive import PRIMITIVES
from tests.autodiff.case import Case
from tests.autodiff.measures import Problem, assert_near, derivatives, energy, problem, weights
from tests.autodiff.table import NAMES, NETWORK, every_case, few


@pytest.mark.parametrize("name", [*PRIMITIVES, *autodiff.supported(), *NETWORK])
def test_each_primitive_and_each_function_has_a_case(name: str) -> None:
    assert {name, f"np.{name}"} & NAMES, f"{name} has no case in tests/autodiff/cases_*.py"


@every_case
@few(5)
@given(data=st.data())
def test_values_and_derivatives(case: Case, data: Any) -> None:
    one = problem(case, data.draw(case.inputs))
    expected = one.value
    ours = autodiff.vmap(lambda *x: one.ours(*x), 0, 0)(*(x[None] for x in one.floats))[0] if one.floats else expected
    assert ours.dtype == expected.dtype
    assert_near(ours, expected, "vmap of one")
    if one.smooth:
        found = derivatives(one)
        assert found["value"].dtype == expected.dtype
        assert_near(found["value"], expected, "value", 1e-13)
        assert_near(
            np.sum(weights(expected) * found["jvp"]),
            sum(np.sum(a * b) for a, b in zip(found["vjp"], one.directions, strict=True)),
            "adjoint",
        )
        if case.differences:
            assert_near(found["jvp"], difference(one.ours, one), "differences", 1e-7)
        second_order_agrees(one, found["hvp"])


def difference(function: Any, one: Problem, h: float = 1e-6) -> Any:
    """(f(x + h ẋ) − f(x − h ẋ)) / 2h, by NumPy alone."""
    ahead, behind = (
        function(*(x + s * h * t for x, t in zip(one.floats, one.directions, strict=True))) for s in (1, -1)
    )
    return (ahead - behind) / (2 * h)


def second_order_agrees(one: Problem, forward_over_reverse: Any) -> None:
    """Forward over reverse, reverse over forward, reverse over reverse, and the differences of a gradient."""
    weight, places = weights(one.value), tuple(range(len(one.floats)))

    def loss(*x: Any) -> Any:
        return energy(one.ours(*x), weight)

    gradient = autodiff.grad(loss, places)
    along = autodiff.grad(lambda *x: autodiff.jvp(loss, x, one.directions)[1], places)
    twice = autodiff.grad(
        lambda *x: sum(np.sum(g * t) for g, t in zip(gradient(*x), one.directions, strict=True)), places
    )
    assert_near(along(*one.floats), forward_over_reverse, "reverse over forward")
    assert_near(twice(*one.floats), forward_over_reverse, "reverse over reverse")
    for i in places if one.case.differences else ():
        assert_near(
            forward_over_reverse[i],
            difference(lambda *x, i=i: gradient(*x)[i], one),
            "differences of the gradient",
            1e-6,
        )


@pytest.mark.torch
@every_case
@few(3)
@given(data=st.data())
def test_as_in_torch(case: Case, torch: ModuleType, data: Any) -> None:
    one = problem(case, data.draw(case.inputs))

    def theirs(*floats: Any) -> Any:
        return one.applied(case.torch or case.function, torch, floats, torch.tensor)

    leaves = [torch.tensor(x, requires_grad=True) for x in one.floats]
    value = theirs(*leaves)
    if value is None:  # PyTorch has no such function
        return
    assert_near(one.value.astype(float), value.detach().double().numpy(), "value")
    if one.smooth:
        found, weight = derivatives(one), torch.tensor(weights(one.value))
        direction = tuple(map(torch.tensor, one.directions))
        pulled = (
            torch.autograd.grad(value, leaves, weight.to(value.dtype), materialize_grads=True)
            if value.requires_grad
            else [torch.zeros_like(x) for x in leaves]
        )
        assert_near(found["vjp"], tuple(x.numpy() for x in pulled), "vjp")
        pushed = torch.autograd.functional.jvp(theirs, tuple(leaves), direction)[1]
        assert_near(found["jvp"], pushed.numpy(), "jvp")
        product = torch.autograd.functional.hvp(lambda *x: energy(theirs(*x), weight), tuple(leaves), direction)[1]
        assert_near(found["hvp"], tuple(x.numpy() for x in product), "hvp")


@pytest.mark.slow  # half of the table's time, for each case is compiled
@every_case
@few(2)
@given(data=st.data())
def test_as_in_jax_and_through_xla(case: Case, data: Any) -> None:
    one = problem(case, data.draw(case.inputs))
    theirs = lambda *x: one.applied(case.jax or case.function, jnp, x, jnp.asarray)  # noqa: E731
    weight = weights(one.value)

    def in_jax(floats: Any, directions: Any) -> dict[str, Any]:
        value = theirs(*floats)
        if not one.smooth:
            return {"value": value}
        loss = jax.grad(lambda *x: energy(theirs(*x), weight), tuple(range(len(floats))))
        return {
            "value": value,
            "jvp": jax.jvp(theirs, floats, directions)[1],
            "vjp": jax.vjp(theirs, *floats)[1](weight.astype(value.dtype)),
            "hvp": jax.jvp(loss, floats, directions)[1],
        }

    def lowered(floats: Any, directions: Any) -> dict[str, Any]:
        if not one.smooth:
            return {"value": autodiff.lowered(one.ours)(*floats)}
        pull = autodiff.lowered(lambda *x: autodiff.vjp(one.ours, *x)[1](weight))
        push = autodiff.lowered(lambda *x: autodiff.jvp(one.ours, x[: len(floats)], x[len(floats) :]))
        value, tangent = push(*floats, *directions)
        return {"value": value, "jvp": tangent, "vjp": pull(*floats)}

    with jax.enable_x64(True):
        both = jax.jit(
            lambda *args: (in_jax(*args), lowered(*args)), compiler_options={"xla_backend_optimization_level": 0}
        )
        expected, through_xla = both(tuple(one.floats), one.directions)
    found = derivatives(one) if one.smooth else {"value": one.value}
    for name, value in found.items():
        assert_near(value, expected[name], f"jax's {name}")
        if name != "hvp":
            assert_near(through_xla[name], value, f"XLA's {name}")
