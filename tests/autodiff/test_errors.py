"""What goes wrong is one sentence: what was wrong, what was given, what would do."""

import re
from typing import Any

import numpy as np
import pytest

from jaxdl import autodiff
from jaxdl.autodiff import custom_vjp, grad, jacfwd, jacrev, jit, jvp, trace, vjp, vmap
from tests.autodiff import messages_derivatives, messages_missing, messages_shapes, messages_unknown

MESSAGES = [
    case
    for each in (messages_derivatives, messages_unknown, messages_missing, messages_shapes)
    for case in each.MESSAGES
]
X = np.array([1.0, 2.0, 3.0])
M = np.ones((2, 3))
PLAIN = np.zeros(3)


def _assign(x: Any, index: Any, value: Any) -> Any:
    x[index] = value
    return np.sum(x)


def _add_to(x: Any) -> Any:
    a = np.zeros(3)
    a += x
    return np.sum(a)


WRITES = {
    "x[0] = 1": lambda x: _assign(x, 0, 1),
    "x += into a view": lambda x: np.sum(np.add(x, 1, out=PLAIN)),
    "out= a tracer": lambda x: np.sum(np.add(X, 1, out=x)),
    "np.sum(out=)": lambda x: np.sum(x, out=np.zeros(())),
    "a += x": _add_to,
    "np.copyto": lambda x: np.copyto(PLAIN, x),
    "np.add.at": lambda x: np.add.at(np.zeros(3), [0], x[:1]),
    "np.put": lambda x: np.put(np.zeros(3), [0], x[:1]),
    "np.place": lambda x: np.place(x, X > 1, 0.0),
    "np.putmask": lambda x: np.putmask(PLAIN, X > 1, x),
    "np.multiply.at": lambda x: np.multiply.at(x, [0], 2.0),
}


@pytest.mark.parametrize(
    "transform",
    [lambda f: grad(f), lambda f: jvp(f, (X,), (X,)) and None, vmap, trace, jit],
    ids=["grad", "jvp", "vmap", "trace", "jit"],
)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_writing_in_place(write: Any, transform: Any) -> None:
    with pytest.raises(
        TypeError,
        match=r"cannot be written in place, nor a traced value into a NumPy array: x\.at\[index\]",
    ):
        transform(lambda *x: write(*x))(M if transform is vmap else X)
    assert not PLAIN.any()


@pytest.mark.parametrize("value", [lambda x: x[0], lambda x: x])
def test_writing_a_traced_value_into_an_array(value: Any) -> None:
    def f(x: Any) -> Any:
        a = np.zeros((2, 3))
        a[0, ...] = value(x)
        return np.sum(a)

    with pytest.raises(
        TypeError, match=r"cannot become a NumPy array, or be written into one, while grad watches.*np\.stack"
    ):
        grad(f)(X)


@pytest.mark.parametrize(
    ("call", "kind", "message"), [case[1:] for case in MESSAGES], ids=[case[0] for case in MESSAGES]
)
def test_message(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    said = str(caught.value)
    assert re.search(message, said, re.DOTALL), said
    assert "\n" not in said
    assert len(said) < 330


LEAKS = {
    "grad": grad,
    "vmap": vmap,
    "trace": trace,
    "jit": jit,
    "jacfwd": jacfwd,
    "vjp": lambda f: lambda x: vjp(f, x),
    "jvp": lambda f: lambda x: jvp(f, (x,), (x,)),
}


@pytest.mark.parametrize("transform", LEAKS.values(), ids=LEAKS)
@pytest.mark.parametrize(
    "later", [lambda y: y + 1, lambda y: X * y, lambda y: y[0], np.sum], ids=["+", "*", "[0]", "np.sum"]
)
def test_a_tracer_of_an_ended_trace(transform: Any, later: Any) -> None:
    kept: list[Any] = []

    def leak(x: Any) -> Any:
        kept.append(x * 1.0)
        return np.sum(x)

    transform(leak)(M if transform is vmap else X)
    uses = (
        lambda: later(kept[0]),
        lambda: grad(lambda x: np.sum(x) + np.sum(later(kept[0])))(X),
        lambda: vmap(lambda x: x * later(kept[0]))(X),
    )
    for use in uses:
        with pytest.raises(
            RuntimeError, match=r"was made while \w+ watched a function, and is used after that has ended; return it"
        ):
            use()


def test_a_leaked_tracer_given_back_is_named() -> None:
    kept: list[Any] = []
    grad(lambda x: (kept.append(x), x * x)[1])(1.0)
    for transform in (grad, jacrev, jacfwd, LEAKS["vjp"], vmap, trace):
        with pytest.raises(RuntimeError, match="was made while grad watched"):
            transform(lambda x: kept[0])(X)


PARTS = {
    "evaluate": (lambda f: f(1.0), "has no evaluate rule"),
    "jvp": (
        lambda f: grad(f)(1.0),
        r"no derivative rule for argument 0; give it one: @test_errors_jvp\.jvp\(0\), or @.*\.transpose\(0\)",
    ),
    "transpose": (
        lambda f: grad(lambda x: np.sum(f(x)))(1.0),
        r"'test_errors_transpose' has no transpose for argument 0: a jvp rule is made of primitives that are linear",
    ),
    "result": (lambda f: trace(f)(1.0), r"has no result rule; give it one: @test_errors_result\.result"),
    "batch": (lambda f: vmap(f)(X), r"has no batch rule; give it one: @test_errors_batch\.batch"),
    "lowering": (
        lambda f: jit(f)(1.0),
        r"'test_errors_lowering' has no lowering to XLA.*lowerings\(\)\['test_errors_lowering'\] = function",
    ),
}


@pytest.mark.parametrize("missing", PARTS)
def test_a_primitive_without_a_rule(missing: str) -> None:
    f = autodiff.Primitive(f"test_errors_{missing}")
    if missing != "evaluate":
        f.evaluate(lambda x: np.asarray(x) * 2)
    if missing != "result":
        f.result(lambda x: autodiff.Hollow(x.shape, x.dtype))
    if missing == "transpose":
        f.jvp(0)(lambda t, y, x: f(t))
    use, message = PARTS[missing]
    with pytest.raises(NotImplementedError, match=message):
        use(f)


BACKWARDS = {
    "pair": (
        (lambda x: x),
        (lambda r, ct: (ct,)),
        TypeError,
        r"custom_vjp f: forward must give a pair, .* given (ndarray|float64)",
    ),
    "tuple": (
        (lambda x: (x, None)),
        (lambda r, ct: ct),
        TypeError,
        r"backward must give a tuple of one cotangent an argument, 1 of them",
    ),
    "count": ((lambda x: (x, None)), (lambda r, ct: (ct, ct)), TypeError, r"one cotangent an argument, 1 of them"),
    "shape": (
        (lambda x: (x, None)),
        (lambda r, ct: (ct[:2],)),
        ValueError,
        r"the cotangent that backward gives for argument 0 must have the shape",
    ),
    "form": ((lambda x: (x, None)), (lambda r, ct: ([ct],)), ValueError, r"for argument 0 must have the form"),
}


@pytest.mark.parametrize(("forward", "backward", "kind", "message"), BACKWARDS.values(), ids=BACKWARDS)
def test_rules_by_hand_are_checked(forward: Any, backward: Any, kind: type[Exception], message: str) -> None:
    def f(x: Any) -> Any:
        return x

    ruled = custom_vjp(f)
    ruled.defvjp(forward, backward)
    with pytest.raises(kind, match=message):
        grad(lambda x: np.sum(ruled(x)))(X)


def test_rules_by_hand_have_no_forward_mode() -> None:
    ruled = custom_vjp(np.sin)
    ruled.defvjp(lambda x: (np.sin(x), x), lambda x, ct: (np.cos(x) * ct,))
    for call in (lambda: jvp(ruled, (X,), (X,)), lambda: jacfwd(ruled)(X)):
        with pytest.raises(
            TypeError, match=r"custom_vjp sin has a rule for reverse mode alone.*grad, vjp and jacrev differentiate it"
        ):
            call()
