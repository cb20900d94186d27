"""Derivatives of derivatives: perturbations kept apart, and one number found in every way there is."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from jaxdl import autodiff
from jaxdl.autodiff import grad, hessian, hvp, jacfwd, jacrev, jvp, vjp, vmap


def _forward(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: jvp(f, (x,), (np.ones_like(x),))[1]


def _backward(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: vjp(f, x)[1](np.ones_like(x))[0]


def _all_at_once(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: vmap(lambda t: jvp(f, (x,), (t,))[1])(np.ones((1,)))[0]


FIVE = {"grad": grad, "jvp": _forward, "vjp": _backward, "jacfwd": jacfwd, "jacrev": jacrev, "vmap": _all_at_once}
derivative = pytest.mark.parametrize("d", FIVE.values(), ids=FIVE)
another = pytest.mark.parametrize("e", FIVE.values(), ids=FIVE)


@derivative
@another
def test_perturbations_are_kept_apart(d: Any, e: Any) -> None:
    x = 3.0
    assert d(lambda x: x * e(lambda y: x + y)(1.0))(x) == pytest.approx(1)
    assert d(lambda x: x * e(lambda y: x * y)(2.0))(x) == pytest.approx(2 * x)
    assert d(lambda x: e(lambda y: x * y * y)(x))(x) == pytest.approx(4 * x)
    assert d(lambda x: e(lambda y: e(lambda z: x * y * z * z)(y))(x))(x) == pytest.approx(8 * x)
    inner = lambda x: lambda y: np.sin(x) * y  # noqa: E731
    assert d(lambda x: e(inner(x))(x))(x) == pytest.approx(math.cos(x))
    assert d(lambda x: e(lambda y: 5.0 * x)(x) + x)(x) == pytest.approx(1)


@derivative
def test_the_derivative_in_every_way(d: Any) -> None:
    f = lambda x: np.sin(x) * np.exp(x / 2) + x**3  # noqa: E731
    x = 0.7
    slope = (math.cos(x) + math.sin(x) / 2) * math.exp(x / 2) + 3 * x * x
    for one in (
        d(f),
        autodiff.jit(d(f)),
        d(autodiff.jit(f)),
        d(autodiff.checkpoint(f)),
        lambda x: vmap(d(f))(np.array([x]))[0],
    ):
        assert one(x) == pytest.approx(slope, rel=1e-14)
    program = autodiff.trace(f)(x)
    assert d(program)(np.asarray(x)) == pytest.approx(slope, rel=1e-14)
    assert d(d(d(d(np.sin))))(x) == pytest.approx(math.sin(x), rel=1e-14)


def _columns(f: Any) -> Any:
    return lambda x: np.stack([hvp(f, x, e) for e in np.eye(len(x))], 1)


HESSIANS = {
    **{
        f"{a.__name__} of {b.__name__}": lambda f, a=a, b=b: a(b(f))
        for a in (jacfwd, jacrev)
        for b in (jacfwd, jacrev, grad)
    },
    "hessian": hessian,
    "hvp": _columns,
    "vmap of hvp": lambda f: lambda x: vmap(lambda v: hvp(f, x, v))(np.eye(len(x))),
    "grad of jvp": lambda f: lambda x: vmap(lambda v: grad(lambda x: jvp(f, (x,), (v,))[1])(x))(np.eye(len(x))),
    "grad of grad": lambda f: lambda x: np.stack([grad(lambda x, i=i: grad(f)(x)[i])(x) for i in range(len(x))]),
    "jvp of jvp": lambda f: (
        lambda x: np.stack(
            [[jvp(lambda x, v=v: jvp(f, (x,), (v,))[1], (x,), (u,))[1] for v in np.eye(len(x))] for u in np.eye(len(x))]
        )
    ),
    "hessian of jit": lambda f: hessian(autodiff.jit(f)),
    "jit of hessian": lambda f: autodiff.jit(hessian(f)),
    "hessian of checkpoint": lambda f: hessian(autodiff.checkpoint(f)),
    "jacfwd of vmap": lambda f: lambda x: jacfwd(lambda x: vmap(grad(f))(x[None])[0])(x),
}


@pytest.mark.parametrize("found", HESSIANS.values(), ids=HESSIANS)
def test_the_hessian_in_every_way(found: Any) -> None:
    A = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.5, 0.0, 1.0]])
    f = lambda x: np.sum(np.tanh(A @ x) ** 2) + np.prod(x)  # noqa: E731
    x = np.array([0.3, -0.2, 0.5])
    y = np.tanh(A @ x)
    curve = 2 * (1 - y**2) * (1 - 3 * y**2)
    expected = A.T @ np.diag(curve) @ A
    expected += np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]])
    np.testing.assert_allclose(found(f)(x), expected, rtol=0, atol=1e-13)


def test_jvp_in_grad_in_vmap_in_jvp() -> None:
    def deep(s: Any) -> Any:
        def one(x: Any) -> Any:
            return grad(lambda y: jvp(lambda z: z**3 * y * s * x, (x,), (s,))[1])(x * s)

        return np.sum(vmap(one)(np.array([1.0, 2.0])))

    # z³yzx: 3x²·s·y·s·x by y is 3x³s², whose sum is 27s²
    value, slope = jvp(deep, (2.0,), (1.0,))
    assert (value, slope) == (pytest.approx(108), pytest.approx(108))
    assert grad(deep)(2.0) == pytest.approx(108)


def test_vmap_in_vmap_and_per_example_gradients() -> None:
    W, X = np.arange(6.0).reshape(2, 3) / 6, np.arange(12.0).reshape(4, 3)
    loss = lambda W, x: np.sum(np.tanh(W @ x))  # noqa: E731
    many = vmap(grad(loss), in_axes=(None, 0))(W, X)
    np.testing.assert_allclose(many, np.stack([grad(loss)(W, x) for x in X]), atol=1e-15)
    table = vmap(vmap(lambda a, b: a @ b, (None, 0)), (0, None))(X, X)
    np.testing.assert_allclose(table, X @ X.T)
    np.testing.assert_allclose(grad(lambda W: np.sum(vmap(loss, (None, 0))(W, X)))(W), many.sum(0), atol=1e-14)


def test_a_tracer_of_an_outer_derivative_may_be_captured() -> None:
    f = lambda x: vmap(lambda row: row @ x)(np.eye(2)).sum()  # noqa: E731
    np.testing.assert_allclose(grad(f)(np.array([1.0, 2.0])), [1, 1])
    np.testing.assert_allclose(grad(lambda x: np.sum(autodiff.trace(lambda y: y * x)(x)(x)))(np.array([3.0])), [6])
    assert "float64[1]" in str(_printed_inside())


def _printed_inside() -> str:
    seen: list[str] = []
    grad(lambda x: (seen.append(str(autodiff.trace(lambda y: y * x)(np.ones(1)))), np.sum(x))[1])(np.ones(1))
    return seen[0]
