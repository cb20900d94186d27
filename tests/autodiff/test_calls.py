"""Functions called as one operation: custom_vjp, checkpoint and jit; and trace, which looks into them."""

import gc
import tracemalloc
from typing import Any

import jax
import numpy as np
import pytest

from jaxdl import autodiff
from jaxdl.autodiff import checkpoint, custom_vjp, grad, hessian, hvp, jacfwd, jacrev, jit, jvp, trace, vjp, vmap

X = np.array([0.3, -0.7, 1.2])


def _wave(x: Any, scale: Any = 2.0) -> Any:
    return np.sin(x) * scale + x**2


def _by_hand() -> custom_vjp:
    """x² y, whose cotangents are ten times the true ones, so that one sees who gave them."""
    f = custom_vjp(lambda d, y: d["x"] ** 2 * y)
    f.defvjp(
        lambda d, y: (d["x"] ** 2 * y, (d["x"], y)),
        lambda r, ct: ({"x": 20 * r[0] * r[1] * ct}, 10 * np.sum(r[0] ** 2 * ct)),
    )
    return f


def test_custom_vjp_gives_its_own_gradient_everywhere() -> None:
    f, y = _by_hand(), np.float64(3.0)
    loss = lambda x: np.sum(f({"x": x}, y))  # noqa: E731
    np.testing.assert_array_equal(f({"x": X}, y), X**2 * 3)
    np.testing.assert_allclose(grad(loss)(X), 60 * X)
    np.testing.assert_allclose(vmap(grad(lambda x: f({"x": x}, y)))(X), 60 * X)
    np.testing.assert_allclose(grad(lambda x: np.sum(vmap(lambda x: f({"x": x}, y))(x)))(X), 60 * X)
    np.testing.assert_allclose(grad(lambda y: np.sum(vmap(lambda x: f({"x": x}, y))(X)))(3.0), 10 * np.sum(X**2))
    np.testing.assert_allclose(jit(grad(loss))(X), 60 * X)
    np.testing.assert_allclose(grad(jit(loss))(X), 60 * X)
    np.testing.assert_allclose(jacrev(lambda x: f({"x": x}, y))(X), np.diag(60 * X))
    np.testing.assert_allclose(grad(lambda x: np.sum(grad(loss)(x)))(X), [60.0] * 3)
    np.testing.assert_allclose(vjp(lambda d: f(d, y), {"x": X})[1](np.ones(3))[0]["x"], 60 * X)


def test_custom_vjp_may_leave_a_cotangent_out_and_take_integers() -> None:
    pick = custom_vjp(lambda x, i: np.take(x, i))
    pick.defvjp(lambda x, i: (np.take(x, i), None), lambda r, ct: (None, None))
    np.testing.assert_array_equal(grad(lambda x: np.sum(x) * pick(x, 1))(X), np.full(3, X[1]))
    rounded = custom_vjp(np.floor)
    rounded.defvjp(lambda x: (np.floor(x), None), lambda r, ct: (ct,))
    np.testing.assert_array_equal(grad(lambda x: np.sum(rounded(x) ** 2))(X), 2 * np.floor(X))


def test_checkpoint_is_the_same_function() -> None:
    f = checkpoint(_wave)
    loss, kept = (lambda x: np.sum(np.exp(f(f(x), scale=0.5)))), (lambda x: np.sum(np.exp(_wave(_wave(x), scale=0.5))))
    np.testing.assert_array_equal(grad(loss)(X), grad(kept)(X))
    nested = checkpoint(lambda x: checkpoint(np.tanh)(checkpoint(np.sin)(x)))
    np.testing.assert_allclose(
        grad(lambda x: np.sum(nested(x)))(X), grad(lambda x: np.sum(np.tanh(np.sin(x))))(X), atol=1e-15
    )
    for transformed in (
        *(
            lambda g: vmap(grad(g)),
            lambda g: jit(grad(lambda x: np.sum(g(x)))),
            lambda g: jacfwd(g),
            lambda g: jacrev(g),
        ),
        *(lambda g: hessian(lambda x: np.sum(g(x))), lambda g: lambda x: hvp(lambda x: np.sum(g(x)), x, X)),
        *(lambda g: lambda x: jvp(g, (x,), (X,))[1], lambda g: grad(lambda x: np.sum(vmap(g)(x)))),
    ):
        np.testing.assert_allclose(transformed(f)(X), transformed(_wave)(X), rtol=0, atol=1e-14)
    several = checkpoint(lambda d, k: {"a": d["x"] * k, "n": k})
    gradient = grad(lambda x: np.sum(several({"x": x}, np.arange(3))["a"]))(X)
    np.testing.assert_array_equal(gradient, np.arange(3.0))


def _kept(function: Any) -> int:
    """The bytes that a pull holds."""
    x = np.ones(50_000)
    gc.collect()
    tracemalloc.start()
    _, pull = vjp(function, x)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del pull
    return held


def _layers(x: Any) -> Any:
    for _ in range(10):
        x = np.tanh(x) * 1.1
    return x


def test_checkpoint_keeps_its_arguments_alone() -> None:
    everything = _kept(lambda x: _layers(_layers(x)))
    little = _kept(lambda x: checkpoint(_layers)(checkpoint(_layers)(x)))
    one = 50_000 * 8
    assert everything > 20 * one
    assert little < 5 * one  # the two arguments, the value, and the caller's


def test_checkpoint_may_use_traced_values_besides_its_arguments() -> None:
    """It counts them as arguments: w is used inside and outside."""
    around = lambda f: lambda w: np.sum(f(lambda x: np.sin(x) * w)(w * 2.0))  # noqa: E731
    plain, kept = around(lambda f: f), around(checkpoint)
    for transformed in (
        grad,
        jacfwd,
        lambda f: lambda w: jvp(f, (w,), (1.0,))[1],
        hessian,
        lambda f: jit(grad(f)),
        lambda f: lambda w: vmap(f)(np.stack([w, 2 * w])),
        lambda f: lambda w: vmap(grad(f))(np.stack([w, 2 * w])),
        lambda f: grad(lambda w: np.sum(vmap(f)(np.stack([w, 2 * w])))),
    ):
        np.testing.assert_allclose(transformed(kept)(2.0), transformed(plain)(2.0), rtol=1e-14)
    nested = grad(lambda w: grad(lambda x: checkpoint(lambda x: w * x * x)(x))(w))
    assert nested(3.0) == 12


def test_checkpoint_keeps_little_of_what_uses_other_traced_values() -> None:
    one, w = 50_000 * 8, np.ones(50_000)
    f = lambda w: _kept(lambda x: checkpoint(lambda x: _layers(x) * w)(x))  # noqa: E731
    assert f(w) < 6 * one  # ten layers would be twenty
    held = []
    grad(lambda w: (held.append(_kept(lambda x: checkpoint(lambda x: _layers(x) * w)(x))), np.sum(w))[1])(w)
    assert held[0] < 6 * one


def test_a_traced_value_that_is_no_argument_is_named_where_it_cannot_be_one() -> None:
    choosing = lambda w: checkpoint(lambda x: x * w if x > 0 else x)(w * 2.0)  # noqa: E731

    def by_hand(w: Any) -> Any:
        f = custom_vjp(lambda x: x * w)
        f.defvjp(lambda x: (x * w, None), lambda r, ct: (ct,))
        return f(w * 2.0)

    for transformed, function in ((grad, choosing), (jacfwd, choosing), (grad, by_hand)):
        with pytest.raises(TypeError, match=r"uses a traced value that is none of its arguments.*pass what it uses"):
            transformed(function)(2.0)
    with pytest.raises(TypeError, match="custom_vjp <lambda>: the function uses a traced value"):
        vmap(by_hand)(np.ones(2))
    for transformed in (grad, vmap):
        with pytest.raises(TypeError, match=r"jit: the function uses a traced value that is none of its arguments"):
            transformed(lambda w: jit(lambda x: x * w)(w * 2.0))(np.ones(() if transformed is grad else 2))


def test_jit_is_the_same_function() -> None:
    f = jit(_wave)
    for transformed in (
        *(
            lambda g: g,
            lambda g: vmap(g),
            lambda g: grad(lambda x: np.sum(g(x))),
            lambda g: vmap(grad(g)),
            jacfwd,
            jacrev,
        ),
        *(lambda g: hessian(lambda x: np.sum(g(x) ** 2)), lambda g: jit(grad(lambda x: np.sum(g(x))))),
        *(lambda g: lambda x: jvp(g, (x,), (x,))[1], lambda g: checkpoint(g), lambda g: jit(vmap(jit(g)))),
    ):
        np.testing.assert_allclose(transformed(f)(X), transformed(_wave)(X), rtol=0, atol=1e-14)
    got = f(X)
    assert type(got) is np.ndarray
    got[0] = 1


def test_jit_takes_trees_integers_and_truths() -> None:
    f = jit(lambda d, i, m: {"y": np.where(m, d["x"], 0)[i] * i, "i": i + 1, "m": ~m, "none": None})
    mask, index = np.array([True, False, True]), np.array([2, 1])
    got = f({"x": X}, index, mask)
    np.testing.assert_array_equal(got["y"], np.where(mask, X, 0)[index] * index)
    np.testing.assert_array_equal(got["i"], [3, 2])
    np.testing.assert_array_equal(got["m"], ~mask)
    assert (got["none"], got["m"].dtype, got["i"].dtype) == (None, np.dtype(bool), np.dtype(int))
    np.testing.assert_array_equal(grad(lambda x: np.sum(f({"x": x}, index, mask)["y"]))(X), [0, 0, 2])
    assert jit(lambda: np.ones(2))().tolist() == [1, 1]


def test_jit_compiles_once_for_the_same_shapes() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x.shape)
        return np.sum(np.sin(x))

    fast = jit(f)
    for _ in range(3):
        fast(X)
    assert len(seen) == 1
    fast(X[:2])
    assert len(seen) == 2
    fast(X.astype(np.float32))
    assert len(seen) == 3
    slope = grad(fast)
    slope(X)
    count = len(seen)
    for _ in range(3):
        slope(X)
    assert len(seen) == count
    many = vmap(fast)
    many(np.stack([X, X]))
    count = len(seen)
    many(np.stack([X, X]))
    assert len(seen) == count


def test_lowered_in_jax() -> None:
    f = autodiff.lowered(grad(lambda p, x: np.sum(np.tanh(p["w"] @ x))))
    W = np.arange(6, dtype=np.float32).reshape(2, 3) / 6
    direct = jax.grad(lambda p, x: jax.numpy.sum(jax.numpy.tanh(p["w"] @ x)))
    x = X.astype(np.float32)
    for transform in (lambda g: g, jax.jit, lambda g: jax.jit(jax.vmap(g, (None, 0)))):
        given = (
            x if transform(abs) is not None and "vmap" not in str(transform.__code__.co_names) else np.stack([x, 2 * x])
        )
        np.testing.assert_allclose(
            transform(f)({"w": W}, given)["w"], transform(direct)({"w": W}, given)["w"], atol=1e-6
        )
    np.testing.assert_allclose(jax.jit(jax.grad(autodiff.lowered(lambda x: np.sum(x**3))))(x), 3 * x**2, rtol=1e-6)


def test_trace_records_what_is_needed_and_no_more() -> None:
    def f(w: Any, x: Any) -> Any:
        np.exp(w)  # nobody needs it
        return {"y": np.tanh(w @ x), "one": np.ones(2), "w": w}

    program = trace(f)(np.ones((2, 3)), X)
    assert str(program).splitlines() == [
        "program(w: float64[2, 3], x: float64[3]):",
        "    a: float64[2] = einsum(w, x, spec='ab,b->a')",
        "    b: float64[2] = tanh(a)",
        "    return <float64[2]>, w, b",
    ]
    got = program(2 * np.ones((2, 3)), X)
    np.testing.assert_array_equal(got["y"], np.tanh(2 * np.ones((2, 3)) @ X))
    np.testing.assert_array_equal(got["one"], np.ones(2))
    np.testing.assert_allclose(
        grad(lambda x: np.sum(program(np.ones((2, 3)), x)["y"]))(X),
        grad(lambda x: np.sum(f(np.ones((2, 3)), x)["y"]))(X),
    )
    assert "exp" in str(trace(grad(lambda x: np.sum(np.exp(x))))(X))
    with pytest.raises(ValueError, match=r"recorded for x: float64\[3\], given float64\[2\]"):
        program(np.ones((2, 3)), X[:2])
    with pytest.raises(ValueError, match="another structure"):
        program(X)


def test_a_program_keeps_the_constants_of_its_time() -> None:
    buffer, outside = np.zeros(3), np.ones(3)

    def f(x: Any) -> Any:
        y = x * outside
        for i in range(3):
            buffer[:] = i
            y = y + x * buffer
        return y, buffer

    program = trace(f)(X)
    expected = [np.array(each) for each in f(X)]
    outside[:] = np.nan
    buffer[:] = np.nan
    for got, wanted in zip(program(X), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
