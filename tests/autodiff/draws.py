"""Strategies for the arguments of the table's cases: arrays of generated shapes, and settings that fit them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Draw = Callable[..., Any]


class Drawn(NamedTuple):
    """A call's arguments: those of floats are differentiated, the others held fixed."""

    arrays: list[np.ndarray]
    settings: dict[str, Any]


def filled(draw: Draw, shape: tuple[int, ...], low: float = -2, high: float = 2, which: int = 0) -> np.ndarray:
    """Floats without ties, also with another array (`which`), so that maxima and comparisons are differentiable."""
    return np.random.default_rng((draw(st.integers(0, 2**16)), which)).uniform(low, high, shape)


def shapes(draw: Draw, dims: tuple[int, int] = (0, 3), side: tuple[int, int] = (0, 3)) -> tuple[int, ...]:
    return draw(hnp.array_shapes(min_dims=dims[0], max_dims=dims[1], min_side=side[0], max_side=side[1]))


@st.composite
def broadcast(draw: Draw, *domains: Any) -> Drawn:
    """Arguments that broadcast: (low, high) of each, or bool."""
    found = draw(hnp.mutually_broadcastable_shapes(num_shapes=len(domains), max_dims=3, max_side=3, min_side=0))
    arrays = [
        filled(draw, shape, which=i) > 0 if domain is bool else filled(draw, shape, *domain, which=i)
        for i, (shape, domain) in enumerate(zip(found.input_shapes, domains, strict=True))
    ]
    return Drawn(arrays, {})


@st.composite
def reduced(draw: Draw, empty: bool = True, axes: str = "many", low: float = -2, keepdims: bool = True) -> Drawn:
    """An array and axes to reduce: None, one that may be negative, or a tuple."""
    shape = shapes(draw, (0 if axes != "one" else 1, 3), (0 if empty else 1, 3))
    one = st.integers(-len(shape), len(shape) - 1) if shape else st.nothing()
    several = {
        "many": st.none() | one | hnp.valid_tuple_axes(len(shape)),
        "one or all": st.none() | one,
        "one": one,
    }
    settings = {"axis": draw(several[axes])} | ({"keepdims": draw(st.booleans())} if keepdims else {})
    return Drawn([filled(draw, shape, low)], settings)


@st.composite
def shaped(
    draw: Draw,
    make: Callable[[Draw, tuple[int, ...]], dict[str, Any]] = lambda draw, shape: {},
    dims: tuple[int, int] = (0, 3),
    side: tuple[int, int] = (0, 3),
    count: int = 1,
) -> Drawn:
    """Arrays of one shape, and settings made for it."""
    shape = shapes(draw, dims, side)
    return Drawn([filled(draw, shape, which=i) for i in range(count)], make(draw, shape))


@st.composite
def made(draw: Draw, make: Callable[[Draw], tuple[list[Any], dict[str, Any]]]) -> Drawn:
    """Arrays given as they are, or as the shape of one."""
    arrays, settings = make(draw)
    return Drawn([x if isinstance(x, np.ndarray) else filled(draw, x, which=i) for i, x in enumerate(arrays)], settings)


def axis_of(draw: Draw, shape: tuple[int, ...]) -> int:
    return draw(st.integers(-len(shape), len(shape) - 1))


def order_of(draw: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes in some order, some of them counted from the end."""
    order = draw(st.permutations(range(len(shape))))
    return tuple(axis - len(shape) * draw(st.booleans()) for axis in order)


def numbers(draw: Draw, below: int, shape: tuple[int, ...], negative: bool = True) -> np.ndarray:
    """Indices into an axis."""
    seed = draw(st.integers(0, 2**16))
    return np.random.default_rng(seed).integers(-below if negative else 0, below, shape)
