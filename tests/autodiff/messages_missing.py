"""What has no rule: calls that go wrong, and what is said."""

from typing import Any

import numpy as np

from jaxdl.autodiff import grad, trace, vmap

X = np.array([1.0, 2.0, 3.0])
M = np.ones((2, 3))


def _not_traced(name: str) -> Any:
    return {
        "svd": lambda x: np.linalg.svd(np.outer(x, x)),
        "sort": lambda x: np.sort(x),
        "cross": lambda x: np.cross(x, x),
        "arctan2": lambda x: np.arctan2(x, x),
        "ufunc.outer": lambda x: np.add.outer(x, x),
        "ufunc.accumulate": lambda x: np.multiply.accumulate(x),
        "complex": lambda x: x * 1j,
        "where=": lambda x: np.add(x, x, where=X > 1),
    }[name]


MESSAGES: list[tuple[str, Any, type[Exception], str]] = [
    # no rule
    (
        "svd",
        lambda: grad(_not_traced("svd"))(X),
        NotImplementedError,
        r"there is no rule for np\.linalg\.svd: compose .*autodiff\.supported\(\).*Primitive.*custom_vjp",
    ),
    ("sort", lambda: vmap(_not_traced("sort"))(M), NotImplementedError, r"there is no rule for np\.sort"),
    ("cross", lambda: trace(_not_traced("cross"))(X), NotImplementedError, r"no rule for np(\.lib)?.*cross"),
    ("arctan2", lambda: grad(_not_traced("arctan2"))(X), NotImplementedError, r"no rule for np\.arctan2"),
    (
        "ufunc.outer",
        lambda: grad(_not_traced("ufunc.outer"))(X),
        NotImplementedError,
        r"np\.add with outer has no rule here",
    ),
    (
        "ufunc.accumulate",
        lambda: grad(_not_traced("ufunc.accumulate"))(X),
        NotImplementedError,
        r"np\.multiply with accumulate has no rule",
    ),
    (
        "where=",
        lambda: grad(_not_traced("where="))(X),
        NotImplementedError,
        r"np\.add with where has no rule here; without it, it has",
    ),
    (
        "complex",
        lambda: grad(_not_traced("complex"))(X),
        TypeError,
        r"multiply: complex numbers are not differentiated here",
    ),
    (
        "unknown setting",
        lambda: grad(lambda x: np.sum(x, initial=1.0))(X),
        NotImplementedError,
        r"np\.sum with initial has no rule here",
    ),
    (
        "norm",
        lambda: grad(lambda x: np.linalg.norm(x, 1))(X),
        NotImplementedError,
        r"ord=1 has no rule here; the Euclidean one has",
    ),
    (
        "pad mode",
        lambda: grad(lambda x: np.pad(x, 1, mode="edge"))(X),
        NotImplementedError,
        r"mode='edge' has no rule here",
    ),
    (
        "pad values",
        lambda: grad(lambda x: np.pad(x, 1, constant_values=(1, 2)))(X),
        NotImplementedError,
        r"several constant_values, \(1, 2\)",
    ),
    ("order", lambda: grad(lambda x: np.reshape(x, 3, order="F"))(X), NotImplementedError, r"order='F' has no rule"),
    (
        "einsum lists",
        lambda: grad(lambda x: np.einsum(x, [0], []))(X),
        NotImplementedError,
        r"np\.einsum with lists of axes has no rule here",
    ),
    ("roll axes", lambda: grad(lambda x: np.roll(x, (1, 1), (0, 1)))(M), NotImplementedError, r"several axes"),
]
