"""Long programs, freed memory, failures that leave nothing behind, threads, and arrays that their owners write."""

import gc
import threading
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest

from jaxdl import autodiff
from jaxdl.autodiff import grad, jvp, trace, value_and_grad, vjp, vmap

LONG = 100_000


def _chain(x: Any) -> Any:
    for _ in range(LONG // 2):
        x = x * 0.5 + 0.5
    return x


@pytest.mark.slow
def test_a_chain_of_100000_operations_does_not_recurse() -> None:
    def bits(x: Any) -> Any:
        for _ in range(LONG // 2):
            x = np.negative(np.sin(x))
        return x

    value, slope = value_and_grad(bits)(0.5)
    along, tangent = jvp(bits, (0.5,), (1.0,))
    assert value == along
    np.testing.assert_allclose(slope, tangent, rtol=1e-9)
    program = trace(_chain)(2.0)
    assert len(program.equations) == LONG
    del program  # freeing it does not recurse either


def test_nothing_waits_for_the_garbage_collector() -> None:
    """Neither a pull that is dropped, nor a recording, nor a failure keeps arrays in circles."""
    alive: list[weakref.ref[Any]] = []

    class Watched(np.ndarray):
        pass

    def f(x: Any) -> Any:
        big = np.ones(10).view(Watched)
        big.flags.writeable = False
        alive.append(weakref.ref(big))
        return np.sum(x * big)

    def broken(x: Any) -> Any:
        f(x * x)
        raise ArithmeticError

    gc.collect()
    gc.disable()
    try:
        x = np.ones(10)
        _, pull = vjp(f, x)
        del pull
        grad(f)(x)
        trace(f)(x)
        for transform in (grad, trace):
            with pytest.raises(ArithmeticError):
                transform(broken)(x)
        assert len(alive) == 5
        assert [each() for each in alive] == [None] * 5
    finally:
        gc.enable()


def test_memory_is_freed_as_the_backward_pass_goes() -> None:
    size, steps = 50_000, 40
    held: list[int] = []
    marked = autodiff.custom_vjp(lambda x: x + 0.0)

    def backward(r: Any, ct: Any) -> Any:
        held.append(tracemalloc.get_traced_memory()[0])
        return (ct,)

    marked.defvjp(lambda x: (x + 0.0, None), backward)

    def f(x: Any) -> Any:
        for _ in range(steps):
            x = np.tanh(marked(x))
        return np.sum(x)

    tracemalloc.start()
    grad(f)(np.ones(size))
    tracemalloc.stop()
    assert len(held) == steps
    assert held == sorted(held, reverse=True)
    assert held[0] - held[-1] > (steps - 3) * size * 8


@pytest.mark.parametrize("where", ["function", "rule", "backward"])
def test_an_exception_leaves_nothing_behind(where: str) -> None:
    bad = autodiff.Primitive(f"test_robustness_{where}")
    bad.evaluate(lambda x: 2 * x)
    bad.batch(lambda size, batched, x: bad(x))

    @bad.jvp(0)
    def _(t: Any, y: Any, x: Any) -> Any:
        if where == "rule":
            raise ArithmeticError("in the rule")
        return late(t)

    late = autodiff.custom_vjp(lambda x: 2 * x)

    def backward(r: Any, ct: Any) -> Any:
        raise ArithmeticError("in the backward pass")

    late.defvjp(lambda x: (2 * x, None), backward)

    def f(x: Any) -> Any:
        if where == "function":
            raise ArithmeticError("in the function")
        return np.sum(bad(x)) if where == "rule" else np.sum(late(x))

    good = lambda x: np.sum(x**3)  # noqa: E731
    for wrapped in (grad(f), vmap(grad(f)), grad(lambda x: grad(f)(x).sum()), autodiff.hessian(f)):
        with pytest.raises(ArithmeticError):
            wrapped(np.ones((2, 2)))
        np.testing.assert_array_equal(grad(good)(np.ones(2)), [3, 3])
        np.testing.assert_array_equal(autodiff.hessian(good)(np.ones(2)), 6 * np.eye(2))


def test_threads_do_not_meet() -> None:
    barrier, results = threading.Barrier(4), {}

    def work(k: int) -> None:
        def f(x: Any) -> Any:
            for _ in range(50):
                x = np.sin(x) * grad(lambda y: y * k * 1.0)(1.0) / k
            return np.sum(x)

        barrier.wait()
        results[k] = [autodiff.hessian(f)(np.full(2, k / 4)) for _ in range(3)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for k, (first, *others) in results.items():
        alone = autodiff.hessian(lambda x, k=k: np.sum(_nested_sin(x)))(np.full(2, k / 4))
        np.testing.assert_allclose(first, alone, rtol=1e-9)
        assert all(np.array_equal(first, other) for other in others)
    assert len(results) == 4


def _nested_sin(x: Any) -> Any:
    for _ in range(50):
        x = np.sin(x)
    return x


@pytest.mark.parametrize(
    "view", [lambda a: a, lambda a: a[::-1], lambda a: np.broadcast_to(a, (2, 3)), lambda a: a.T, memoryview]
)
def test_what_an_owner_writes_later_changes_no_derivative(view: Any) -> None:
    a, x = np.arange(1.0, 4), np.ones(3)
    _, pull = vjp(lambda x: x * x * np.asarray(view(a)), x)
    shape = np.asarray(view(a)).shape
    before = pull(np.ones(shape))[0]
    a[:] = np.nan
    x[:] = np.nan
    np.testing.assert_array_equal(pull(np.ones(shape))[0], before)
    assert a.flags.writeable
    assert x.flags.writeable


def test_what_the_function_writes_into_its_own_arrays_is_seen_in_its_order() -> None:
    def f(x: Any) -> Any:
        buffer, y = np.zeros(2), 0.0
        for i in range(1, 4):
            buffer[:] = i
            y = y + np.sum(x * buffer)
        return y

    for transform in (
        lambda f: grad(f),
        autodiff.jacfwd,
        lambda f: grad(autodiff.checkpoint(f)),
        lambda f: grad(autodiff.jit(f)),
        lambda f: autodiff.jit(grad(f)),
    ):
        np.testing.assert_array_equal(transform(f)(np.ones(2)), [6, 6])


def test_results_are_arrays_of_their_own() -> None:
    a, b = np.ones(3), np.ones(3)
    value, pull = vjp(lambda x, y: x + y, a, b)
    seed = np.ones(3)
    found = [
        *(value, *pull(seed), *grad(lambda x, y: np.sum(x + y), (0, 1))(a, b), *jvp(lambda x: x, (a,), (b,))),
        *(
            vmap(lambda x: x)(a),
            vmap(lambda x: 1.0)(a),
            autodiff.jacrev(lambda x: x)(a),
            *jvp(autodiff.stop_gradient, (a,), (b,)),
        ),
        *(trace(lambda x: a)(b)(b), vjp(lambda x: x, a)[0], grad(lambda x: (np.sum(x), a), has_aux=True)(b)[1]),
    ]
    for i, one in enumerate(found):
        assert one.flags.writeable, i
        assert not any(np.shares_memory(one, other) for other in (*found[:i], a, b, seed)), i
    assert a.flags.writeable
    assert b.flags.writeable


def test_a_mask_made_in_the_function_may_be_written() -> None:
    def f(x: Any) -> Any:
        mask = x > 0
        mask[0] = True
        still = autodiff.stop_gradient(x)
        still[1] = 5.0
        return np.sum(np.where(mask, x * still, 0))

    np.testing.assert_array_equal(grad(f)(np.array([-1.0, 2.0, -3.0])), [-1, 5, 0])
