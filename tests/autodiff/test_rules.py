"""What holds of every rule: it says its equation, its transpose is one, it batches, and it keeps float32."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jaxdl import autodiff
from jaxdl.autodiff.engine.primitive import PRIMITIVES, Primitive
from jaxdl.autodiff.engine.reverse import Gap
from tests.autodiff.case import Case
from tests.autodiff.draws import Drawn
from tests.autodiff.measures import assert_near, energy, problem, weights
from tests.autodiff.table import CASES, every_case, few

OWN = dict(PRIMITIVES)  # before tests and doctests add theirs


def _rules() -> list[Any]:
    """Each rule with the primitive and what it is."""
    found = []
    for name, one in OWN.items():
        several = {
            **{f"jvp{i}": rule for i, rule in one.jvps.items()},
            **{f"transpose{i}": rule for i, rule in one.transposes.items()},
        }
        for what, rule in {**one.rules, **several}.items():
            found.append(pytest.param(what, rule, id=f"{name}-{what}"))
        for method in ("push", "pull"):
            if method in type(one).__dict__ and type(one) is not Primitive:
                found.append(pytest.param(f"jvp {method}", type(one).__dict__[method], id=f"{name}-{method}"))
    return found


@pytest.mark.parametrize(("what", "rule"), _rules())
def test_each_rule_says_its_equation(what: str, rule: Callable[..., Any]) -> None:
    if isinstance(rule, np.ufunc):
        return  # NumPy's own, with NumPy's own docstring
    said = rule.__doc__ or ""
    assert said.strip(), "a rule without a docstring"
    if what.startswith(("jvp", "transpose", "evaluate")):
        assert "=" in said, f"no equation in {said!r}"


def test_each_transpose_is_the_adjoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """⟨ȳ, f(t)⟩ = ⟨fᵀ(ȳ), t⟩ wherever a backward pass applies a transpose, for all of them."""
    seen: set[tuple[str, int]] = set()
    pull = Primitive.pull

    def checked(self: Primitive, cotangents: Any, args: Any, wanted: Any, params: Any) -> Any:
        pulled = pull(self, cotangents, args, wanted, params)
        if isinstance(cotangents[0], np.ndarray):
            for i, transposed in zip(wanted, pulled, strict=True):
                seen.add((self.name, i))
                t = np.cos(np.arange(np.prod(args[i].shape, dtype=int))).reshape(args[i].shape).astype(args[i].dtype)
                others = [np.zeros(x.shape, x.dtype) if isinstance(x, Gap) else x for x in args]
                y = self(*others[:i], t, *others[i + 1 :], **params)
                assert transposed.shape == t.shape
                assert transposed.dtype == t.dtype
                assert_near(np.sum(transposed * t), np.sum(cotangents[0] * y), f"transpose of {self}")
        return pulled

    monkeypatch.setattr(Primitive, "pull", checked)

    @settings(few(8), phases=[Phase.generate])
    @given(data=st.data())
    def through_the_table(data: Any) -> None:
        for case in CASES:
            one = problem(case, data.draw(case.inputs))
            if one.smooth:
                _, back = autodiff.vjp(one.ours, *one.floats)
                back(weights(one.value))

    through_the_table()
    wider = autodiff.vjp(lambda x: x.astype(np.float64), np.ones(3, np.float32))[1]
    wider(np.arange(3.0))
    x, (a, b) = np.ones(3), np.random.default_rng(0).normal(size=(2, 3))
    # No jvp of the engine subtracts two tangents; a user's may.
    twice = autodiff.Primitive("test_rules_twice")
    twice.evaluate(lambda x: 2 * x)
    twice.jvp(0)(lambda t, y, x: a * t - (a - 2) * t)
    np.testing.assert_allclose(autodiff.vjp(twice, x)[1](b)[0], 2 * b)
    expected = {(name, i) for name, one in OWN.items() for i in one.transposes}
    assert expected <= seen, f"no case transposes {sorted(expected - seen)}"


@every_case
@few(3)
@given(data=st.data())
def test_vmap_is_a_loop(case: Case, data: Any) -> None:
    """For every choice of the arguments that have examples, along an axis of each, value and gradient."""
    one = problem(case, data.draw(case.inputs))
    count, place = 3, data.draw(st.integers(0, 1))
    for own in itertools.product([True, False], repeat=len(one.arrays)):
        if not any(own[:1] if case.first else own):
            continue
        many = [
            np.stack([_another(x, n) for n in range(count)], min(place, x.ndim)) if o else x
            for x, o in zip(one.arrays, own, strict=True)
        ]
        axes = tuple(min(place, x.ndim) if o else None for x, o in zip(one.arrays, own, strict=True))

        def each(*arrays: Any) -> Any:
            whole = case.function(np, *arrays, **one.settings)
            floats = [i for i, x in enumerate(one.arrays) if x.dtype.kind == "f"]
            if not one.smooth:
                return whole
            loss = autodiff.grad(lambda *x: energy(case.function(np, *x, **one.settings), 1.0), tuple(floats))
            return (whole, *loss(*arrays))

        got = autodiff.vmap(each, axes)(*many)
        loop = [
            each(*(np.take(x, n, a) if a is not None else x for x, a in zip(many, axes, strict=True)))
            for n in range(count)
        ]
        expected = tuple(map(np.stack, zip(*loop, strict=True))) if isinstance(loop[0], tuple) else np.stack(loop)
        assert_near(got, expected, f"vmap with in_axes={axes}")


def _another(x: np.ndarray, n: int) -> np.ndarray:
    """An example of the same kind: another order of the same numbers."""
    return np.roll(x, n) if x.dtype.kind != "f" else x * (1 + n / 8)


@every_case
@few(2)
@given(data=st.data())
def test_float32_stays(case: Case, data: Any) -> None:
    drawn = data.draw(case.inputs)
    small = problem(
        case, Drawn([x.astype(np.float32) if x.dtype.kind == "f" else x for x in drawn.arrays], drawn.settings)
    )
    expected = small.value
    if not small.smooth:
        return
    value, tangent = autodiff.jvp(small.ours, tuple(small.floats), small.directions)
    _, pull = autodiff.vjp(small.ours, *small.floats)
    pulled = pull(weights(expected).astype(expected.dtype))
    wanted = np.float64 if drawn.settings.get("dtype") == "float64" else np.float32
    assert {value.dtype, tangent.dtype, expected.dtype} == {np.dtype(wanted)}
    assert {each.dtype for each in pulled} == {np.dtype(np.float32)}


def test_jit_keeps_float32_and_float64() -> None:
    for dtype in (np.float32, np.float64):
        value, gradient = autodiff.jit(autodiff.value_and_grad(lambda x: np.sum(np.tanh(x) * 2)))(np.ones(2, dtype))
        assert value.dtype == gradient.dtype == dtype
    assert not jax.config.jax_enable_x64
