"""Shapes, axes, indices and other arguments that do not fit: calls that go wrong, and what is said."""

from typing import Any

import numpy as np

from jaxdl import autodiff
from jaxdl.autodiff import checkpoint, custom_vjp, grad, jit, trace

X = np.array([1.0, 2.0, 3.0])
M = np.ones((2, 3))

MESSAGES: list[tuple[str, Any, type[Exception], str]] = [
    # shapes and axes
    ("axis", lambda: grad(lambda x: np.sum(x, axis=2))(M), ValueError, r"axis=2 is out of bounds for float64\[2, 3\]"),
    ("axis twice", lambda: grad(lambda x: np.sum(x, axis=(0, -2)))(M), ValueError, r"names an axis twice"),
    (
        "reshape",
        lambda: grad(lambda x: x.reshape(4, -1))(M),
        ValueError,
        r"cannot reshape float64\[2, 3\], 6 numbers, into \(4, -1\)",
    ),
    ("reshape negative", lambda: grad(lambda x: x.reshape(-2, -3))(M), ValueError, r"only -1 stands for one"),
    (
        "matmul",
        lambda: grad(lambda x: np.sum(x @ x))(M),
        ValueError,
        r"matmul: the shapes do not fit, float64\[2, 3\] and float64\[2, 3\]",
    ),
    ("matmul of a number", lambda: grad(lambda x: x @ 2.0)(X), ValueError, r"matmul: the shapes do not fit"),
    (
        "broadcast",
        lambda: grad(lambda x: np.broadcast_to(x, (2, 2)))(X),
        ValueError,
        r"cannot broadcast float64\[3\] to \(2, 2\)|broadcast",
    ),
    (
        "add",
        lambda: grad(lambda x: np.sum(x + np.ones(2)))(X),
        ValueError,
        r"the shapes of float64\[3\] and float64\[2\] do not broadcast",
    ),
    (
        "where",
        lambda: grad(lambda x: np.where(M > 0, x, np.ones(2)))(X),
        ValueError,
        r"the shapes of bool\[2, 3\] and float64\[3\] and float64\[2\] do not broadcast",
    ),
    (
        "einsum lengths",
        lambda: grad(lambda x: np.einsum("i,i", x, X[:2]))(X),
        ValueError,
        r"letter 'i' has lengths 3 and 2",
    ),
    ("einsum terms", lambda: grad(lambda x: np.einsum("i,i", x))(X), ValueError, r"2 terms for 1 arrays"),
    ("einsum rank", lambda: grad(lambda x: np.einsum("ij", x))(X), ValueError, r"einsum 'ij'"),
    (
        "einsum result",
        lambda: grad(lambda x: np.einsum("i->ii", x))(X),
        ValueError,
        r"the result must name letters of the terms, each once",
    ),
    (
        "concatenate",
        lambda: grad(lambda x: np.concatenate([x, M]))(X),
        ValueError,
        r"np\.concatenate: all but axis 0 must agree, given float64\[3\], float64\[2, 3\]",
    ),
    (
        "stack",
        lambda: grad(lambda x: np.stack([x, X[:2]]))(X),
        ValueError,
        r"np\.stack: all arrays must have one shape",
    ),
    (
        "squeeze",
        lambda: grad(lambda x: np.squeeze(x, 0))(X),
        ValueError,
        r"cannot squeeze axis=0 of float64\[3\]: it is longer than 1",
    ),
    ("expand_dims", lambda: grad(lambda x: np.expand_dims(x, 5))(X), ValueError, r"np\.expand_dims: axis=5"),
    (
        "moveaxis",
        lambda: grad(lambda x: np.moveaxis(x, (0, 1), (0,)))(M),
        ValueError,
        r"as many axes to move as places",
    ),
    ("transpose", lambda: grad(lambda x: np.transpose(x, (0,)))(M), ValueError, r"must name all 2"),
    ("max of none", lambda: grad(lambda x: np.max(x))(X[:0]), ValueError, r"the largest number of none: float64\[0\]"),
    (
        "index out of bounds",
        lambda: grad(lambda x: x[3])(X),
        IndexError,
        r"index 3 is out of bounds for axis 0 of length 3",
    ),
    (
        "too many indices",
        lambda: grad(lambda x: x[0, 0])(X),
        IndexError,
        r"reading float64\[3\]: too many indices for an array of 1 axes",
    ),
    (
        "mask's length",
        lambda: grad(lambda x: x[np.array([True, False])])(X),
        IndexError,
        r"a mask must have the lengths of its axes, \(3,\), given \(2,\)",
    ),
    (
        "float index",
        lambda: grad(lambda x: x[1.0])(X),
        IndexError,
        r"an index must be of integers, slices, None or \.\.\., given float64",
    ),
    (
        "+= of another shape",
        lambda: grad(lambda x: np.add(x, M, out=x))(X),
        ValueError,
        r"np\.add in place: float64\[3\] cannot take a result of shape \(2, 3\)",
    ),
    # calls
    (
        "no rules yet",
        lambda: custom_vjp(np.sin)(1.0),
        TypeError,
        r"custom_vjp sin has no rules yet; its defvjp\(forward, backward\) gives them",
    ),
    (
        "checkpoint of a word",
        lambda: checkpoint(lambda x: x)("a"),
        TypeError,
        r"checkpoint: argument 0 must be an array, given a str",
    ),
    (
        "jit of a word",
        lambda: jit(lambda x, y: x)(1.0, {"a": "b"}),
        TypeError,
        r"jit: argument 1\['a'\] must be an array, given a str",
    ),
    (
        "trace of a word",
        lambda: trace(lambda word: word)("b"),
        TypeError,
        r"trace: argument word must be an array, given a str",
    ),
    ("dropout", lambda: autodiff.dropout(X, X > 0, p=1.0), ValueError, r"p must be at least 0 and below 1, given 1\.0"),
    (
        "convolution",
        lambda: autodiff.conv2d(M, M),
        ValueError,
        r"convolution: x \[N, C, L\.\.\.\] and weight .* given float64\[2, 3\]",
    ),
    (
        "window",
        lambda: autodiff.max_pool2d(M, 3),
        ValueError,
        r"max_pool2d: a window of \(3, 3\) \(dilation \(1, 1\)\) is larger than the padded float64\[2, 3\]",
    ),
    (
        "cross_entropy",
        lambda: autodiff.cross_entropy(M, np.zeros(3, int)),
        ValueError,
        r"logits \[N, C, \.\.\.\] and target \[N, \.\.\.\]",
    ),
]
