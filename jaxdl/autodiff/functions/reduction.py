"""NumPy's reductions and scans on tracers."""

from typing import Any

import numpy as np

from jaxdl.autodiff.engine.trace import Tracer
from jaxdl.autodiff.numpy_protocol import implements, kind
from jaxdl.autodiff.primitives.reduction import argmax as argmax_
from jaxdl.autodiff.primitives.reduction import cumsum as cumsum_
from jaxdl.autodiff.primitives.reduction import largest, total

Axis = int | tuple[int, ...] | None


def axes_of(x: Any, axis: Axis, name: str = "axis") -> tuple[int, ...]:
    """The axes that are meant, each counted from the front.

    Raises:
        ValueError: one is not there, or named twice.
    """
    given = range(x.ndim) if axis is None else axis if isinstance(axis, list | tuple | range) else (axis,)
    for each in given:
        if not -x.ndim <= each < x.ndim:
            raise ValueError(f"{name}={each} is out of bounds for {kind(x)}")
    axes = tuple(int(each) % x.ndim for each in given)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{name}={axis} names an axis twice")
    return axes


def _with_axes(y: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.reshape(y, tuple(1 if i in axes else length for i, length in enumerate(x.shape))) if keepdims else y


@implements(np.sum)
def sum(x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """`np.sum`."""
    axes, x = axes_of(x, axis), _wide(x, dtype)
    return _with_axes(total(x, axes=axes) if axes else x, x, axes, keepdims)


@implements(np.mean)
def mean(x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """`np.mean`."""
    x = x if dtype is None else x.astype(dtype)
    return np.sum(x, axis=axis, keepdims=keepdims) / _count(x, axes_of(x, axis))


def _wide(x: Any, dtype: Any) -> Any:
    """Small integers and truths add up in int64, as NumPy has it."""
    wide = np.sum(np.zeros((), x.dtype)).dtype if dtype is None else np.dtype(dtype)
    return x if x.dtype == wide else x.astype(wide)


def _count(x: Any, axes: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[axis] for axis in axes], dtype=np.int64))


@implements(np.var)
def var(x: Any, axis: Axis = None, dtype: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """`np.var`."""
    x = x if dtype is None else x.astype(dtype)
    away = x - np.mean(x, axis=axis, keepdims=True)
    return np.sum(away * away, axis=axis, keepdims=keepdims) / (_count(x, axes_of(x, axis)) - ddof)


@implements(np.std)
def std(x: Any, axis: Axis = None, dtype: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """`np.std`."""
    return np.sqrt(np.var(x, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims))


@implements(np.max, np.amax)
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.max`; among equal ones the gradient is shared, as `torch.amax` does."""
    axes = axes_of(x, axis)
    if 0 in (x.shape[axis] for axis in axes):
        raise ValueError(f"the largest number of none: {kind(x)}, axis={axis}")
    return _with_axes(largest(x, axes=axes), x, axes, keepdims)


@implements(np.min, np.amin)
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.min`."""
    return _turned(np.max(_turned(x), axis=axis, keepdims=keepdims))


def _turned(x: Any) -> Any:
    """The largest first: −x, and ~x of what is no float, for unsigned integers and truths have no −x."""
    return -x if np.issubdtype(x.dtype, np.floating) else ~x


@implements(np.prod)
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.prod`, halves multiplied until one is left: its derivatives hold at zeros, too."""
    axes, x = axes_of(x, axis), _wide(x, None)
    others = tuple(i for i in range(x.ndim) if i not in axes)
    y = np.reshape(np.transpose(x, (*others, *axes)), (*(x.shape[i] for i in others), _count(x, axes)))
    if not y.shape[-1]:
        return _with_axes(np.ones(y.shape[:-1], x.dtype), x, axes, keepdims)
    while y.shape[-1] > 1:
        half = y.shape[-1] // 2
        rest = y[..., 2 * half :]
        y = y[..., :half] * y[..., half : 2 * half]
        y = np.concatenate([y, rest], -1) if rest.shape[-1] else y
    return _with_axes(y[..., 0], x, axes, keepdims)


@implements(np.cumsum)
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """`np.cumsum`."""
    x = _wide(x, dtype)
    if axis is None:
        x, axis = np.ravel(x), 0
    return cumsum_(x, axis=axes_of(x, axis)[0])


@implements(np.argmax)
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """`np.argmax`; it has no derivative."""
    flat, place = (np.ravel(x), 0) if axis is None else (x, axes_of(x, axis)[0])
    return _with_axes(argmax_(flat, axis=place), x, axes_of(x, axis), keepdims)


@implements(np.argmin)
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """`np.argmin`; it has no derivative."""
    return argmax(_turned(x), axis, keepdims)


@implements(np.any)
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.any`; it has no derivative."""
    return np.sum(x != 0, axis=axis, keepdims=keepdims) > 0


@implements(np.all)
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.all`; it has no derivative."""
    return np.sum(x == 0, axis=axis, keepdims=keepdims) == 0


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`, the Euclidean one; its gradient at 0 is 0, as torch's.

    Raises:
        NotImplementedError: another `ord`.
    """
    if ord not in (None, 2, "fro") or (ord == 2 and (x.ndim if axis is None else len(axes_of(x, axis))) > 1):
        raise NotImplementedError(f"np.linalg.norm with ord={ord!r} has no rule here; the Euclidean one has")
    squares = np.sum(x * x, axis=axis, keepdims=keepdims)
    zero = squares == 0
    return np.where(zero, 0, np.sqrt(np.where(zero, 1, squares)))


@implements(np.zeros_like)
def zeros_like(x: Any, dtype: Any = None, shape: Any = None) -> Any:
    """`np.zeros_like`, a constant."""
    return np.zeros(x.shape if shape is None else shape, dtype or x.dtype)


@implements(np.ones_like)
def ones_like(x: Any, dtype: Any = None, shape: Any = None) -> Any:
    """`np.ones_like`, a constant."""
    return np.ones(x.shape if shape is None else shape, dtype or x.dtype)


@implements(np.full_like)
def full_like(x: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    """`np.full_like`."""
    shape = x.shape if shape is None else shape
    if isinstance(fill_value, Tracer):
        return np.broadcast_to(fill_value.astype(dtype or x.dtype), shape)
    return np.full(shape, fill_value, dtype or x.dtype)
