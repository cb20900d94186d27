"""One axis resampled: where each output looks, and with which weights.

All of it is known while tracing and computed in NumPy, in the precision in which PyTorch computes it: float32 for
float32 input, so that a place rounds as it does there.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Resampling(NamedTuple):
    """How one axis is resampled."""

    kind: str  # 'nearest', 'nearest-exact', 'linear', 'cubic' or 'lanczos'
    size: int
    out: int
    scale: float | None  # how much larger the output is, where it is not out / size
    align_corners: bool
    antialias: bool
    precision: str  # the dtype to compute places in
    brief: bool  # a small image, for which PyTorch's nearest neighbours have a kernel of their own


class Taps(NamedTuple):
    """What each output element is a sum of."""

    places: np.ndarray  # [out, taps]
    weights: np.ndarray  # [out, taps]


def weight_matrix(plan: Resampling) -> np.ndarray:
    """The weights, [out, size]."""
    places, weights = taps(plan)
    matrix = np.zeros((plan.out, plan.size), weights.dtype)
    np.add.at(matrix, (np.arange(plan.out)[:, None], places), weights)
    return matrix


def taps(plan: Resampling) -> Taps:
    if plan.kind.startswith("nearest"):
        index = _nearest_index(plan)[:, None]
        return Taps(index, np.ones(index.shape, plan.precision))
    if plan.antialias:
        return _filtered_taps(plan)
    place = _place(plan)
    if plan.kind == "linear":
        place = np.maximum(place, place.dtype.type(0))
    # PyTorch rounds the place to float32 before it takes the floor.
    first = np.minimum(np.floor(place.astype(np.float32)).astype(np.int64), plan.size - 1)
    beyond = np.clip(place - first.astype(place.dtype), 0, 1).astype(place.dtype)[:, None]
    if plan.kind == "linear":
        index, weight = first[:, None] + np.arange(2), np.concatenate([1 - beyond, beyond], axis=1)
    else:
        index, weight = first[:, None] + np.arange(-1, 3), np.concatenate(cubic_weights(beyond), axis=1)
    return Taps(np.clip(index, 0, plan.size - 1), weight)


def _scale(plan: Resampling) -> Any:
    """The distance in the input between neighbours of the output."""
    real = np.dtype(plan.precision).type
    if plan.align_corners:
        return real(plan.size - 1) / real(plan.out - 1) if plan.out > 1 else real(0)
    return real(plan.size) / real(plan.out) if plan.scale is None else real(1.0 / plan.scale)


def _place(plan: Resampling) -> np.ndarray:
    """Where in the input each output element lies; the product and the difference are rounded once."""
    real = np.dtype(plan.precision)
    wider: Any = np.float64 if real == np.float32 else np.longdouble
    index, scale = np.arange(plan.out).astype(wider), np.asarray(_scale(plan), wider)
    return (scale * index if plan.align_corners else scale * (index + 0.5) - 0.5).astype(real)


def _nearest_index(plan: Resampling) -> np.ndarray:
    """The nearest element, as the kernel computes it that PyTorch chooses."""
    if plan.brief:
        plan = plan._replace(precision="float32")
    index, scale, exact = np.arange(plan.out), _scale(plan), plan.kind == "nearest-exact"
    if plan.brief and exact:
        place = (index + 0.5) * np.float64(scale)
    elif plan.brief and plan.out in (plan.size, 2 * plan.size):
        return index * plan.size // plan.out
    elif exact:
        place = np.maximum(_place(plan), 0).astype(np.float64) + 0.5
    else:
        place = index.astype(plan.precision) * scale
    return np.minimum(np.floor(place.astype(np.float32)).astype(np.int64), plan.size - 1)


def _filtered_taps(plan: Resampling) -> Taps:
    """With antialias a filter as wide as the step between outputs, its weights made to sum to one."""
    real = np.dtype(plan.precision).type
    radius, filter = _FILTERS[plan.kind]
    scale = _scale(plan)
    width = max(scale, real(1))
    support = real(radius) * width
    centre = scale * (np.arange(plan.out).astype(real) + real(0.5))
    first = np.maximum((centre - support + real(0.5)).astype(np.int64), 0)
    last = np.minimum((centre + support + real(0.5)).astype(np.int64), plan.size) - 1
    last = np.minimum(last, first + 2 * int(np.ceil(support)))[:, None]
    places = first[:, None] + np.arange(1 + np.max(last - first[:, None]))
    weight = filter((places.astype(real) - centre[:, None] + real(0.5)) / width)
    weight = np.where(places <= last, weight, 0).astype(real)
    return Taps(np.minimum(places, last), weight / weight.sum(axis=1, keepdims=True))


def _triangle(distance: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(distance), 0)


def cubic_weights(beyond: Any, a: float = -0.75) -> list[Any]:
    """Keys' cubic convolution (1981): the weights of the elements at -1, 0, 1, 2 for a place `beyond` 0."""
    return [
        _outer(beyond + 1, a),
        _inner(beyond, a),
        _inner(1 - beyond, a),
        _outer(2 - beyond, a),
    ]


def _inner(d: Any, a: float) -> Any:
    """Keys' kernel at a distance up to 1."""
    return ((a + 2) * d - (a + 3)) * d * d + 1


def _outer(d: Any, a: float) -> Any:
    """Keys' kernel at a distance between 1 and 2."""
    return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a


def _cubic(distance: np.ndarray, a: float = -0.5) -> np.ndarray:
    d = np.abs(distance)
    return np.where(d <= 1, _inner(d, a), np.where(d < 2, _outer(d, a), 0))


def _lanczos(distance: np.ndarray) -> np.ndarray:
    return np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)


_FILTERS: dict[str, tuple[float, Callable[[np.ndarray], np.ndarray]]] = {
    "linear": (1.0, _triangle),
    "cubic": (2.0, _cubic),
    "lanczos": (3.0, _lanczos),
}
