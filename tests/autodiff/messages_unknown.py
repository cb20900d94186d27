"""Values that are not known and axes that are not there: calls that go wrong, and what is said."""

import math
from typing import Any

import numpy as np

from jaxdl import autodiff
from jaxdl.autodiff import grad, jit, trace, vmap

X = np.array([1.0, 2.0, 3.0])
M = np.ones((2, 3))


def _branch(x: Any) -> Any:
    return x if x[0] > 0 else -x


def _loop(x: Any) -> Any:
    while np.sum(x) < 10:
        x = x * 2
    return x


MESSAGES: list[tuple[str, Any, type[Exception], str]] = [
    # vmap
    (
        "sizes",
        lambda: vmap(lambda a, b: a)(X, M),
        ValueError,
        r"vmap: the arguments must have as many examples each, given argument 0: 3, argument 1: 2",
    ),
    ("no examples", lambda: vmap(lambda a: a, in_axes=None)(X), ValueError, r"no argument has any \(in_axes\)"),
    (
        "no axis",
        lambda: vmap(lambda a: a, in_axes=1)(X),
        ValueError,
        r"vmap: argument 0 has no axis 1: it is float64\[3\]",
    ),
    ("a number", lambda: vmap(lambda a: a)(1.0), ValueError, r"has no axis 0: it is float64\[\]"),
    ("out_axes", lambda: vmap(lambda a: a, out_axes=2)(X), ValueError, r"vmap: out_axes, a result has no axis 2"),
    (
        "out_axes None",
        lambda: vmap(lambda a: a, out_axes=None)(X),
        ValueError,
        r"out_axes, a result must have an axis of the examples, given None",
    ),
    (
        "too few in_axes",
        lambda: vmap(lambda a, b: a, in_axes=(0,))(X, X),
        ValueError,
        r"in_axes has 1 entries for 2 arguments",
    ),
    (
        "form of in_axes",
        lambda: vmap(lambda a: a["x"], in_axes=({"y": 0},))({"x": X}),
        ValueError,
        r"the axes \{'y': 0\} do not fit the structure",
    ),
    ("in_axes deeper", lambda: vmap(lambda a: a, in_axes=([],))(X), ValueError, r"the axes \[\] do not fit"),
    ("in_axes a float", lambda: vmap(lambda a: a, in_axes=0.5)(X), ValueError, r"the axes 0\.5 do not fit"),
    # values that are not known
    (
        "if in vmap",
        lambda: vmap(_branch)(M),
        TypeError,
        r"the condition of an `if` or `while` depends on bool\[\] \(watched by vmap\).*np\.where",
    ),
    ("while in trace", lambda: trace(_loop)(X), TypeError, r"whose value trace does not know"),
    ("while in jit", lambda: jit(_loop)(X), TypeError, r"np\.where chooses between two values"),
    (
        "array as condition",
        lambda: grad(lambda x: x if autodiff.relu(x) else -x)(X),
        ValueError,
        r"is no condition: it has 3 values; np\.all or np\.any",
    ),
    (
        "float",
        lambda: grad(lambda x: float(x))(1.0),
        TypeError,
        r"cannot become a Python number while grad watches .*NumPy's functions, such as np\.sin",
    ),
    ("math.sin", lambda: grad(lambda x: math.sin(x))(1.0), TypeError, r"cannot become a Python number"),
    ("item", lambda: trace(lambda x: x.item())(1.0), TypeError, r"cannot become a Python number while trace watches"),
    (
        "index",
        lambda: vmap(lambda i: X[i])(np.arange(2)),
        TypeError,
        r"autodiff\.embedding\(i, x\) reads x at a traced i",
    ),
    ("range", lambda: vmap(lambda n: list(range(n)))(np.arange(2)), TypeError, r"cannot become a Python number"),
    ("len", lambda: grad(lambda x: len(x))(1.0), TypeError, r"has no length: it is one number"),
    (
        "mask",
        lambda: vmap(lambda x: x[x > 0])(M),
        TypeError,
        r"a mask that is traced, bool\[3\].*np\.where\(mask, x, 0\) keeps the shape",
    ),
    (
        "where of one",
        lambda: vmap(lambda x: np.where(x > 0))(M),
        TypeError,
        r"np\.where of a traced condition takes all three",
    ),
    (
        "np.array",
        lambda: grad(lambda x: np.sum(np.array([x[0], x[1]])))(X),
        TypeError,
        r"cannot become a NumPy array.*np\.stack makes one",
    ),
]
