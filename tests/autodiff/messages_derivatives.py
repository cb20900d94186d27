"""What a derivative is taken of and by: calls that go wrong, and what is said."""

from typing import Any

import numpy as np

from jaxdl.autodiff import grad, hvp, jacfwd, jacrev, jvp, value_and_grad, vjp

X = np.array([1.0, 2.0, 3.0])
M = np.ones((2, 3))

MESSAGES: list[tuple[str, Any, type[Exception], str]] = [
    # gradients of what, and by what
    (
        "array",
        lambda: grad(lambda x: x * 2)(X),
        TypeError,
        r"grad: the function must give one floating number, given float64\[3\]; np\.sum or np\.mean",
    ),
    (
        "integers out",
        lambda: grad(lambda x: np.argmax(x))(X),
        TypeError,
        r"must give one floating number, given int64\[\]",
    ),
    (
        "tree out",
        lambda: value_and_grad(lambda x: (x, x))(1.0),
        TypeError,
        r"value_and_grad: .* given a tuple.*has_aux=True",
    ),
    ("nothing out", lambda: grad(lambda x: None)(1.0), TypeError, r"must give one floating number, given a NoneType"),
    (
        "word out",
        lambda: grad(lambda x: "a")(1.0),
        TypeError,
        r"grad: the function must give arrays, or trees of them, given a str",
    ),
    (
        "integer in",
        lambda: grad(lambda x: x)(1),
        TypeError,
        r"grad: argument 0 must be real floating point .* given int64\[\]; x\.astype\(float\)",
    ),
    (
        "path",
        lambda: grad(lambda p: p)({"params": {"w": np.arange(2)}}),
        TypeError,
        r"argument 0\['params'\]\['w'\] must be real floating point",
    ),
    (
        "path behind argnums",
        lambda: grad(lambda a, p: a, (0, 1))(1.0, [2.0, (3,)]),
        TypeError,
        r"argument 1\[1\]\[0\] must be",
    ),
    (
        "word in",
        lambda: vjp(lambda x: x, "abc"),
        TypeError,
        r"vjp: argument 0 must be real floating point .* given <U3\[\]",
    ),
    ("object in", lambda: jvp(lambda x: x, (object(),), (1.0,)), TypeError, r"jvp: argument 0 .* given a object"),
    (
        "complex in",
        lambda: jacfwd(lambda x: x)(1j),
        TypeError,
        r"jacfwd: argument 0 must be real .* given complex128\[\]",
    ),
    ("truth in", lambda: jacrev(lambda x: x)(True), TypeError, r"jacrev: argument 0 .* given bool\[\]; x\.astype"),
    # argnums, aux
    (
        "argnums 2 of 1",
        lambda: grad(lambda x: x, 2)(1.0),
        ValueError,
        r"grad: argnums=2, but the function was given 1 arguments by place",
    ),
    ("argnums -2", lambda: jacrev(lambda x: x, (0, -2))(1.0), ValueError, r"jacrev: argnums=\(0, -2\), but"),
    (
        "argnums twice",
        lambda: grad(lambda x, y: x, (0, -2))(1.0, 1.0),
        ValueError,
        r"argnums=\(0, -2\) names an argument twice",
    ),
    (
        "argnums by name",
        lambda: grad(lambda x: x, "x")(1.0),
        TypeError,
        r"argnums must be the number of an argument, or a tuple of them, given 'x'",
    ),
    (
        "aux",
        lambda: grad(lambda x: x, has_aux=True)(1.0),
        TypeError,
        r"with has_aux=True the function must give a pair, given \w+",
    ),
    # tangents and cotangents
    (
        "tangent's shape",
        lambda: jvp(np.sin, (X,), (X[:2],)),
        ValueError,
        r"jvp: the tangent must have the shape of .*float64\[3\], given float64\[2\]",
    ),
    (
        "tangent's form",
        lambda: jvp(lambda p: p["a"], ({"a": X},), ([X],)),
        ValueError,
        r"jvp: the tangent must have the form of",
    ),
    (
        "tangents bare",
        lambda: jvp(np.sin, X, X),
        TypeError,
        r"primals and tangents must be tuples of arguments, as in jvp\(f, \(x,\), \(v,\)\), given ndarray",
    ),
    (
        "cotangent's shape",
        lambda: vjp(np.sin, X)[1](1.0),
        ValueError,
        r"vjp: the cotangent must have the shape .*float64\[3\], given float64\[\]",
    ),
    ("cotangent's form", lambda: vjp(lambda x: (x, x), X)[1](X), ValueError, r"vjp: the cotangent must have the form"),
    ("hvp", lambda: hvp(lambda x: np.sum(x), X, M), ValueError, r"the tangent must have the shape"),
]
