"""A function written in plain NumPy has the same value where it is watched: dtypes, indices, products, operators."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jaxdl import autodiff
from jaxdl.autodiff import grad, jvp, trace, vjp, vmap
from tests.autodiff.table import few

DTYPES = [bool, np.int8, np.uint8, np.int32, np.int64, np.float16, np.float32, np.float64]


def _truths(a: Any) -> bool:
    """Of truths alone NumPy computes a ** 2 as np.square, in another dtype than np.power."""
    return getattr(a, "dtype", np.dtype(float)).kind == "b"


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    **{"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b},
    **{
        "//": lambda a, b: a // b,
        "%": lambda a, b: a % b,
        "**": lambda a, b: np.power(a, b) if _truths(a) else a**b,
        "@": lambda a, b: a @ b,
    },
    **{"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b},
    **{"==": lambda a, b: a == b, "!=": lambda a, b: a != b, "where": lambda a, b: np.where(np.asarray(True), a, b)},
    **{"maximum": lambda a, b: np.maximum(a, b), "concatenate": lambda a, b: np.concatenate([a, np.atleast_1d(b)])},
}
OTHERS = [
    2,
    2.0,
    True,
    np.float64(2),
    np.float32(2),
    np.int64(2),
    np.bool_(True),
    np.array(2.0),
    np.array(2, np.float32),
]


def _watched(function: Callable[..., Any], *arrays: Any) -> Any:
    """The value under vmap, which shows the engine's dtypes for all kinds of arrays."""
    return vmap(function)(*(np.asarray(x)[None] for x in arrays))[0]


def _same(got: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(got, expected, rtol=1e-14 if expected.dtype != np.float16 else 1e-3)


@pytest.mark.parametrize("name", OPERATORS)
def test_dtypes_are_promoted_as_numpy_promotes_them(name: str) -> None:
    function = OPERATORS[name]
    others: list[Any] = [*OTHERS, *(np.array([2, 1, 2]).astype(dtype) for dtype in DTYPES)]
    for dtype in DTYPES:
        x = np.array([1, 3, 2]).astype(dtype)
        for other in others:
            for call in (lambda x, o=other: function(x, o), lambda x, o=other: function(o, x)):
                try:
                    expected = call(x)
                except (TypeError, ValueError) as error:
                    with pytest.raises(type(error)):
                        _watched(call, x)
                else:
                    _same(_watched(call, x), expected)
                    assert trace(call)(x).outputs[0].dtype == np.asarray(expected).dtype


REDUCED = ["sum", "prod", "mean", "max", "min", "argmax", "argmin", "cumsum", "any", "all", "var", "std"]


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize("dtype", [d for d in DTYPES if d is not np.float16], ids=str)
def test_reductions_in_every_dtype(name: str, dtype: Any) -> None:
    x = np.array([[1, 0, 3], [2, 5, 4]]).astype(dtype)
    for axis in (None, 0, -1):
        function = lambda x, axis=axis: getattr(np, name)(x, axis=axis)  # noqa: E731
        expected, got = np.asarray(function(x)), _watched(function, x)
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(
            got.astype(float), expected.astype(float), rtol=1e-6 if dtype is np.float32 else 1e-14
        )
        method = _watched(lambda x, axis=axis: getattr(x, name)(axis=axis), x)
        np.testing.assert_array_equal(method, got)


@few(60)
@given(data=st.data())
def test_products_of_matrices_of_all_ranks(data: Any) -> None:
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=3, max_side=3, min_side=0)
    ).input_shapes
    a, b = (np.arange(1.0, 1 + int(np.prod(s))).reshape(s) for s in shapes)
    expected = a @ b
    for call in (lambda a, b: a @ b, np.matmul):
        value, pull = vjp(call, a, b)
        np.testing.assert_allclose(value, expected, strict=True)
        w = np.cos(np.arange(expected.size)).reshape(expected.shape)
        tangent = jvp(call, (a, b), (a, 2 * b))[1]
        np.testing.assert_allclose(tangent, 3 * expected)
        pulled = pull(w)
        np.testing.assert_allclose(np.sum(pulled[0] * a) + 2 * np.sum(pulled[1] * b), np.sum(w * tangent), rtol=1e-12)
    np.testing.assert_allclose(grad(lambda a: np.sum(a @ b))(a), pull(np.ones_like(expected))[0])


def test_operators_with_everything_on_the_left() -> None:
    x = np.array([1.0, 2.0])
    lefts = [
        np.float64(2),
        np.float32(2),
        np.int64(2),
        2,
        2.0,
        True,
        np.array(2.0),
        np.array([2.0, 3.0]),
        np.array([[2.0], [3.0]]),
    ]
    for left in lefts:
        for name, function in OPERATORS.items():
            if name in ("@", "concatenate", "where"):
                continue
            for call in (lambda x, f=function, o=left: f(o, x), lambda x, f=function, o=left: f(x, o)):
                value, pull = vjp(lambda x, call=call: call(x) * 1.0, x)
                np.testing.assert_allclose(value, call(x) * 1.0)
                assert pull(np.ones(value.shape))[0].shape == (2,)
    assert grad(lambda x: np.sum(+x) + np.sum(-x) + np.sum(abs(x)))(x).tolist() == [1, 1]
    assert grad(lambda x: np.float64(3.0) * x)(2.0) == 3
    assert grad(lambda x: np.float64(3.0) ** x)(2.0) == pytest.approx(9 * np.log(3))


def test_a_name_may_be_written_in_place() -> None:
    def f(x: Any) -> Any:
        y = x
        y = y * 1.0
        y += x
        y *= np.float64(2)
        y -= 1
        y /= 4
        y **= 2
        return np.sum(y)

    x = np.array([1.0, 2.0], np.float32)
    value, gradient = autodiff.value_and_grad(f)(x)
    assert value == f(x)
    assert value.dtype == gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, 2 * (x - 0.25), rtol=1e-6)

    def small(x: Any) -> Any:
        y = x * 1
        y += np.ones(2)  # float64: NumPy keeps float32
        return y

    assert vjp(small, x)[0].dtype == small(x).dtype == np.float32
    with pytest.raises(TypeError, match=r"np\.add in place: int64\[2\] cannot take a result of float64"):
        vmap(_in_place)(np.ones((3, 2), int))
    with pytest.raises(ValueError, match=r"float32\[2\] cannot take a result of shape \(2, 2\)"):
        grad(lambda x: np.sum(_in_place(x, np.ones((2, 2)))))(x)


def _in_place(y: Any, by: Any = 0.5) -> Any:
    y += by
    return y


@pytest.mark.parametrize("name", ["add", "maximum", "minimum", "multiply"])
def test_reduce_of_a_ufunc(name: str) -> None:
    x = np.array([[1.0, 4.0], [3.0, 2.0]])
    for settings in ({}, {"axis": 1}, {"axis": None}, {"axis": -1, "keepdims": True}, {"axis": (0, 1)}):
        function = lambda x, s=settings: getattr(np, name).reduce(x, **s)  # noqa: E731
        np.testing.assert_array_equal(vjp(function, x)[0], function(x), strict=True)


FORMS: dict[str, Callable[[Any], Any]] = {
    **{"iteration": lambda x: sum(row * i for i, row in enumerate(x)), "unpacking": lambda x: (lambda a, b: a * b)(*x)},
    **{
        "len": lambda x: x * len(x),
        "T": lambda x: x.T @ x,
        "flatten": lambda x: x.flatten(),
        "size": lambda x: x / x.size,
    },
    **{
        "reshape": lambda x: x.reshape(3, 2),
        "reshape -1": lambda x: x.reshape((-1,)),
        "transpose": lambda x: x.transpose(1, 0),
    },
    **{
        "methods": lambda x: x.mean(0, keepdims=True) + x.std(axis=0) + x.clip(1, 2) + x.swapaxes(0, 1).T,
        "out=None": lambda x: np.sum(x, axis=0, out=None),
    },
    **{
        "ddof": lambda x: x.var(axis=1, ddof=1),
        "keepdims=1": lambda x: np.sum(x, axis=0, keepdims=1),
        "tril": lambda x: np.tril(x[0]),
    },
    **{
        "ndim": lambda x: x * x.ndim,
        "dtype": lambda x: x.astype(x.dtype),
        "divmod": lambda x: x // 2 + x % 2,
        "ravel": lambda x: x.ravel(),
    },
    **{
        "chained": lambda x: (x > 0) & (x < 2) | ~(x > 5),
        "split": lambda x: np.stack(np.split(x, 3, axis=1)),
        "prod": lambda x: np.prod(x, axis=(0, 1)),
    },
    **{
        "if": lambda x: x * 2 if x[0, 0] > 0 and len(x) == 2 else x,
        "while": lambda x: _doubled(x),
        "sorted": lambda x: x[np.argsort([3, 1])],
    },
    **{
        "arrays of lists": lambda x: x * [1, 2, 3] + [[1.0], [2.0]],
        "pad": lambda x: np.pad(x, ((0, 1), (2, 0))),
        "pad 1": lambda x: np.pad(x, 1),
    },
    **{
        "linear algebra": lambda x: (
            np.trace(x @ x.T) + np.linalg.norm(x) + np.dot(x[0], x[1]) + np.outer(x[0], x[1]).sum()
        )
    },
}


def _doubled(x: Any) -> Any:
    while np.max(x) < 100:
        x = x * 2
    return x


@pytest.mark.parametrize("function", FORMS.values(), ids=FORMS)
def test_ordinary_numpy_has_the_same_value(function: Callable[[Any], Any]) -> None:
    x = np.array([[0.5, 1.5, 2.5], [3.5, 0.25, 1.25]])
    np.testing.assert_array_equal(vjp(function, x)[0], function(x), strict=True)
    np.testing.assert_allclose(jvp(function, (x,), (x,))[0], function(x), rtol=1e-15)
