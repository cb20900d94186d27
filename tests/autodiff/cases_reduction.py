"""Reductions, running sums and products of matrices."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.autodiff.case import Case, named
from tests.autodiff.draws import Draw, axis_of, made, order_of, reduced, shaped, shapes


def _ones_by_one(torch: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """torch.prod takes one axis."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    for each in sorted((a % x.ndim for a in axes), reverse=True):
        x = torch.prod(x, dim=each, keepdim=keepdims)
    return x


def _largest(name: str) -> Any:
    def function(torch: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axis = tuple(range(x.ndim)) if axis is None else axis
        return x.clone() if axis == () else getattr(torch, name)(x, dim=axis, keepdim=keepdims)

    return function


def _dims(function: Any, **fixed: Any) -> Any:
    """PyTorch takes no axes, dim=(), for all of them."""

    def reduced(torch: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if axis == ():
            x, axis, keepdims = x[..., None], -1, False
        axis = tuple(range(x.ndim)) if axis is None else axis
        if axis == ():
            x, axis = x[None], 0
            return function(torch)(x, dim=axis, **fixed)
        return function(torch)(x, dim=axis, keepdim=keepdims, **fixed)

    return reduced


def _place(torch: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    y = torch.argmax(x, axis, keepdim=keepdims) if axis is not None else torch.argmax(x)
    return torch.reshape(y, (1,) * x.ndim) if keepdims and axis is None else y


def _matrices(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    found = draw(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3, min_side=0))
    return list(found.input_shapes), {}


def _tensordot(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    a = shapes(draw, (0, 3))
    count = draw(st.integers(0, len(a)))
    if draw(st.booleans()):
        return [a, a[len(a) - count :] + shapes(draw, (0, 1))], {"axes": count}
    left = order_of(draw, a)[:count]
    b = shapes(draw, (0, 1)) + tuple(a[i] for i in left)
    return [a, b], {"axes": (list(left), [len(b) - count + i for i in range(count)])}


SPELLINGS = [
    *("ij,jk->ik", "ij,jk", "i,i", "i,i->", "i,j->ij", "i,j", "ij->ji", "ij->", "ij->i", "ii", "ii->i", "iij->j"),
    "bij,bjk->bik",
    *("...ij,...jk->...ik", "i...,i...->...", "ij,jk,kl->il", "i,i,i->i", "ij,ij->ij", "ba", "...i->..."),
    *("ij,j->", "ij,kj->ki", "ij,ij,j->i", "bhqd,bhkd->bhqk", "iji->j", " i j , j -> i "),
]  # fmt: skip


def _einsum(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    spec = draw(st.sampled_from(SPELLINGS))
    lengths = {letter: draw(st.integers(0, 3)) for letter in "abhdqkijl"}
    extra = shapes(draw, (0, 2))
    terms = spec.replace(" ", "").partition("->")[0].split(",")
    sizes = [
        tuple(lengths[c] for c in term.replace("...", ""))
        if "..." not in term
        else (*(lengths[c] for c in term.partition("...")[0]), *extra, *(lengths[c] for c in term.partition("...")[2]))
        for term in terms
    ]
    return sizes, {"spec": spec}


def _dot(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    a, b = shapes(draw, (0, 3)), shapes(draw, (0, 3))
    if a and b:
        b = (*b[:-2], a[-1], *b[-1:]) if len(b) > 1 else (a[-1],)
    return [a, b], {}


def _dotted(torch: Any, a: Any, b: Any) -> Any:
    return a * b if not (a.ndim and b.ndim) else torch.tensordot(a, b, ([a.ndim - 1], [max(0, b.ndim - 2)]))


def _running(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"axis": draw(st.none() | st.just(axis_of(draw, shape)))}


def _variance(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw, (1, 3), (2, 3))
    return [shape], {"axis": axis_of(draw, shape), "ddof": draw(st.integers(0, 1)), "keepdims": draw(st.booleans())}


def _diagonal(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw, (2, 3))
    first, second = order_of(draw, shape)[:2]
    return [shape], {"offset": draw(st.integers(-2, 2)), "axis1": first, "axis2": second}


def _diagonals(torch: Any, x: Any, offset: int, axis1: int, axis2: int) -> Any:
    rows, columns = x.shape[axis1], x.shape[axis2]
    offset = max(-rows, min(offset, columns))
    return torch.diagonal(x, offset, axis1, axis2)


CASES = [
    named("sum", reduced(), _dims(lambda torch: torch.sum)),
    named("mean", reduced(empty=False), _dims(lambda torch: torch.mean)),
    *(named(name, reduced(empty=False), _largest(name)) for name in ("amax", "amin")),
    named("max", reduced(empty=False), _largest("amax")),
    named("min", reduced(empty=False), _largest("amin")),
    named("prod", reduced(), _ones_by_one),
    named(
        "var",
        made(_variance),
        lambda torch, x, axis, ddof, keepdims: torch.var(x, axis, correction=ddof, keepdim=keepdims),
    ),
    named(
        "std",
        made(_variance),
        lambda torch, x, axis, ddof, keepdims: torch.std(x, axis, correction=ddof, keepdim=keepdims),
    ),
    named("argmax", reduced(empty=False, axes="one or all"), _place),
    named(
        "argmin", reduced(empty=False, axes="one or all"), lambda torch, x, **settings: _place(torch, -x, **settings)
    ),
    *(named(name, reduced(low=0.5), lambda torch, x, **settings: None) for name in ("any", "all")),
    named(
        "cumsum",
        shaped(_running, (1, 3)),
        lambda torch, x, axis: torch.cumsum(x.ravel() if axis is None else x, axis or 0),
    ),
    Case(
        "np.linalg.norm",
        reduced(empty=False, axes="one or all"),
        lambda xp, x, **settings: xp.linalg.norm(x, **settings),
        lambda jnp, x, axis, keepdims: jnp.sqrt(jnp.sum(x * x, axis=axis, keepdims=keepdims)),
        lambda torch, x, axis, keepdims: _dims(lambda torch: torch.sum)(torch, x * x, axis, keepdims).sqrt(),
    ),
    named("matmul", made(_matrices)),
    Case("@", made(_matrices), lambda xp, a, b: a @ b),
    named("dot", made(_dot), _dotted),
    named(
        "outer",
        made(lambda draw: ([shapes(draw), shapes(draw)], {})),
        lambda torch, a, b: torch.outer(a.ravel(), b.ravel()),
    ),
    named("tensordot", made(_tensordot), lambda torch, a, b, axes: torch.tensordot(a, b, dims=axes)),
    Case("np.einsum", made(_einsum), lambda xp, *arrays, spec: xp.einsum(spec, *arrays)),
    named("diagonal", made(_diagonal), _diagonals),
    named("trace", made(_diagonal), lambda torch, *args, **settings: _diagonals(torch, *args, **settings).sum(-1)),
    named(
        "diag",
        made(lambda draw: ([shapes(draw, (1, 2), (1, 3))], {"k": draw(st.integers(-1, 1))})),
        lambda torch, x, k: torch.diag(x, k),
    ),
    *(
        named(
            name,
            made(lambda draw: ([shapes(draw, (2, 3))], {"k": draw(st.integers(-2, 2))})),
            lambda torch, x, k, name=name: getattr(torch, name)(x, k),
        )
        for name in ("tril", "triu")
    ),
]
