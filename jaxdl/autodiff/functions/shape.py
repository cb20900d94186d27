"""NumPy's functions of shapes on tracers."""

from collections.abc import Sequence
from operator import index as integer
from typing import Any

import numpy as np

from jaxdl.autodiff.engine.trace import Tracer
from jaxdl.autodiff.functions.reduction import axes_of
from jaxdl.autodiff.numpy_protocol import as_arraylike, implements, kind
from jaxdl.autodiff.primitives import shape as primitives
from jaxdl.autodiff.primitives.shape import cut, dilate, permute
from jaxdl.autodiff.primitives.steps import convert

implements(np.shape)(lambda x: x.shape)
implements(np.ndim)(lambda x: x.ndim)
implements(np.size)(lambda x, axis=None: x.size if axis is None else x.shape[axis])
implements(np.copy, np.real)(lambda x, order="K": x)


@implements(np.astype)
def astype(x: Any, dtype: Any, *, copy: bool = True) -> Any:
    """`np.astype`."""
    dtype = np.dtype(dtype)
    return x if x.dtype == dtype else convert(x, dtype=dtype)


@implements(np.reshape)
def reshape(x: Any, shape: Any, order: str = "C") -> Any:
    """`np.reshape`, in C's order.

    Raises:
        ValueError: the numbers do not fit.
    """
    if order != "C":
        raise NotImplementedError(f"np.reshape with order={order!r} has no rule here; order='C' has")
    given = tuple(integer(n) for n in shape) if isinstance(shape, list | tuple) else (integer(shape),)
    if min(given, default=0) < -1:
        raise ValueError(
            f"cannot reshape {kind(x)} into {shape}: a length is negative, and only -1 stands for one to be found"
        )
    known = int(np.prod([n for n in given if n != -1], dtype=np.int64))
    if -1 in given and known:
        given = tuple(x.size // known if n == -1 else n for n in given)
    if given.count(-1) or int(np.prod(given, dtype=np.int64)) != x.size:
        raise ValueError(f"cannot reshape {kind(x)}, {x.size} numbers, into {shape}")
    return x if given == x.shape else primitives.reshape(x, shape=given)


@implements(np.ravel)
def ravel(x: Any, order: str = "C") -> Any:
    """`np.ravel`."""
    return reshape(x, (x.size,), order)


@implements(np.transpose, np.permute_dims)
def transpose(x: Any, axes: Any = None) -> Any:
    """`np.transpose`.

    Raises:
        ValueError: the axes are not all of them.
    """
    axes = tuple(reversed(range(x.ndim))) if axes is None else axes_of(x, tuple(axes), "axes")
    if len(axes) != x.ndim:
        raise ValueError(f"axes {axes} do not match {kind(x)}: they must name all {x.ndim}")
    return x if axes == tuple(range(x.ndim)) else permute(x, axes=axes)


@implements(np.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """`np.matrix_transpose`."""
    return np.swapaxes(x, -1, -2)


@implements(np.swapaxes)
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """`np.swapaxes`."""
    order, (a, b) = list(range(x.ndim)), (axes_of(x, axis1)[0], axes_of(x, axis2)[0])
    order[a], order[b] = order[b], order[a]
    return transpose(x, order)


@implements(np.moveaxis)
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """`np.moveaxis`."""
    sources, destinations = axes_of(x, source, "source"), axes_of(x, destination, "destination")
    if len(sources) != len(destinations):
        raise ValueError(f"np.moveaxis: as many axes to move as places for them, given {source} and {destination}")
    order = [axis for axis in range(x.ndim) if axis not in sources]
    for there, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(there, axis)
    return transpose(x, order)


@implements(np.expand_dims)
def expand_dims(x: Any, axis: Any) -> Any:
    """`np.expand_dims`."""
    added = axis if isinstance(axis, list | tuple) else (axis,)
    rank = x.ndim + len(added)
    places = {each % rank for each in added}
    if len(places) < len(added) or any(not -rank <= each < rank for each in added):
        raise ValueError(
            f"np.expand_dims: axis={axis} does not name {len(added)} of the {rank} axes that {kind(x)} is to have"
        )
    lengths = iter(x.shape)
    return reshape(x, tuple(1 if i in places else next(lengths) for i in range(rank)))


@implements(np.squeeze)
def squeeze(x: Any, axis: Any = None) -> Any:
    """`np.squeeze`.

    Raises:
        ValueError: an axis is longer than 1.
    """
    axes = tuple(i for i, n in enumerate(x.shape) if n == 1) if axis is None else axes_of(x, axis)
    if any(x.shape[i] != 1 for i in axes):
        raise ValueError(f"cannot squeeze axis={axis} of {kind(x)}: it is longer than 1")
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


@implements(np.broadcast_to)
def broadcast_to(x: Any, shape: Any) -> Any:
    """`np.broadcast_to`.

    Raises:
        ValueError: the shape is not wider.
    """
    shape = tuple(integer(n) for n in shape) if isinstance(shape, list | tuple) else (integer(shape),)
    if x.shape == shape:
        return x
    if len(shape) < x.ndim or np.broadcast_shapes(x.shape, shape) != shape:
        raise ValueError(f"cannot broadcast {kind(x)} to {shape}")
    return primitives.broadcast(x, shape=shape)


@implements(np.broadcast_arrays)
def broadcast_arrays(*xs: Any) -> tuple[Any, ...]:
    """`np.broadcast_arrays`."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in xs))
    return tuple(np.broadcast_to(x, shape) for x in xs)


@implements(np.flip)
def flip(x: Any, axis: Any = None) -> Any:
    """`np.flip`."""
    axes = axes_of(x, axis)
    return primitives.flip(x, axes=axes) if axes else x


@implements(np.concatenate)
def concatenate(arrays: Sequence[Any], axis: int | None = 0, dtype: Any = None) -> Any:
    """`np.concatenate`.

    Raises:
        ValueError: the shapes differ elsewhere than along the axis.
    """
    xs = [as_arraylike(x) for x in arrays]
    if axis is None:
        xs, axis = [np.ravel(x) for x in xs], 0
    (axis,) = axes_of(xs[0], axis)
    if len({(x.ndim, x.shape[:axis], x.shape[axis + 1 :]) for x in xs}) > 1:
        raise ValueError(f"np.concatenate: all but axis {axis} must agree, given {', '.join(kind(x) for x in xs)}")
    dtype = np.result_type(*(x.dtype for x in xs)) if dtype is None else np.dtype(dtype)
    return primitives.concatenate(*(x if x.dtype == dtype else x.astype(dtype) for x in xs), axis=axis)


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """`np.stack`.

    Raises:
        ValueError: the shapes differ.
    """
    xs = [as_arraylike(x) for x in arrays]
    if len({x.shape for x in xs}) > 1:
        raise ValueError(f"np.stack: all arrays must have one shape, given {', '.join(kind(x) for x in xs)}")
    return concatenate([np.expand_dims(x, axis) for x in xs], axis)


@implements(np.vstack)
def vstack(arrays: Sequence[Any]) -> Any:
    """`np.vstack`."""
    return concatenate([np.atleast_2d(x) for x in arrays], 0)


@implements(np.hstack)
def hstack(arrays: Sequence[Any]) -> Any:
    """`np.hstack`."""
    xs = [np.atleast_1d(x) for x in arrays]
    return concatenate(xs, 0 if xs[0].ndim == 1 else 1)


@implements(np.atleast_1d)
def atleast_1d(x: Any) -> Any:
    """`np.atleast_1d` of one array."""
    return x if x.ndim else reshape(x, (1,))


@implements(np.atleast_2d)
def atleast_2d(x: Any) -> Any:
    """`np.atleast_2d` of one array."""
    return x if x.ndim >= 2 else reshape(x, (1, x.size))


@implements(np.split)
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`np.split`."""
    (axis,) = axes_of(x, axis)
    return _cut_apart(x, np.split(np.arange(x.shape[axis]), indices_or_sections), axis)


@implements(np.array_split)
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`np.array_split`: the parts need not be equal."""
    (axis,) = axes_of(x, axis)
    return _cut_apart(x, np.array_split(np.arange(x.shape[axis]), indices_or_sections), axis)


def _cut_apart(x: Any, parts: list[Any], axis: int) -> list[Any]:
    """The parts that stand at these places of the axis: one operation, unless they overlap or leave something out."""
    if np.array_equal(np.concatenate(parts), np.arange(x.shape[axis])):
        ends = np.cumsum([0, *(len(part) for part in parts)])
        return primitives.split(x, ends=tuple(ends.tolist()), axis=axis)
    pieces = [slice(int(part[0]), int(part[-1]) + 1) if len(part) else slice(0, 0) for part in parts]
    return [x[(slice(None),) * axis + (piece,)] for piece in pieces]


@implements(np.pad)
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """`np.pad` with a constant; negative widths cut off.

    Raises:
        NotImplementedError: another mode.
    """
    if mode != "constant":
        raise NotImplementedError(f"np.pad with mode={mode!r} has no rule here; mode='constant' has")
    if np.ndim(constant_values):
        raise NotImplementedError(
            f"np.pad with several constant_values, {constant_values}, has no rule here; one number has"
        )
    widths = [(integer(a), integer(b)) for a, b in np.broadcast_to(np.asarray(pad_width), (x.ndim, 2))]
    starts = tuple(max(0, -a) for a, _ in widths)
    lengths = tuple(n + min(0, a) + min(0, b) for n, (a, b) in zip(x.shape, widths, strict=True))
    steps = (1,) * x.ndim
    if lengths != x.shape:
        x = cut(x, starts=starts, lengths=lengths, steps=steps)
    wide = tuple(n + max(0, a) + max(0, b) for n, (a, b) in zip(lengths, widths, strict=True))
    if wide == x.shape:
        return x
    before = tuple(max(0, a) for a, _ in widths)
    padded = dilate(x, starts=before, steps=steps, shape=wide)
    if not isinstance(constant_values, Tracer) and np.all(np.equal(constant_values, 0)):
        return padded
    inside = dilate(np.ones(x.shape, bool), starts=before, steps=steps, shape=wide)
    return np.where(inside, padded, constant_values)


@implements(np.tile)
def tile(x: Any, reps: Any) -> Any:
    """`np.tile`."""
    times = tuple(reps) if isinstance(reps, list | tuple) else (reps,)
    rank = max(x.ndim, len(times))
    times = (1,) * (rank - len(times)) + times
    x = reshape(x, (1,) * (rank - x.ndim) + x.shape)
    for axis, n in enumerate(times):
        x = concatenate([x] * n, axis) if n > 1 else x if n else x[(slice(None),) * axis + (slice(0, 0),)]
    return x


@implements(np.repeat)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """`np.repeat`."""
    if axis is None:
        x, axis = np.ravel(x), 0
    return np.take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis=axis)


@implements(np.roll)
def roll(x: Any, shift: int, axis: int | None = None) -> Any:
    """`np.roll` along one axis, or of all numbers in their order.

    Raises:
        NotImplementedError: several axes.
    """
    if isinstance(shift, list | tuple) or isinstance(axis, list | tuple):
        raise NotImplementedError(f"np.roll along several axes, axis={axis}, has no rule here; one after the other has")
    if axis is None:
        return reshape(roll(np.ravel(x), shift, 0), x.shape)
    return np.take(x, np.roll(np.arange(x.shape[axis]), shift), axis=axis)


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """`np.tril`."""
    return np.where(np.tri(m.shape[-min(2, m.ndim)], m.shape[-1], k, dtype=bool), m, 0)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """`np.triu`."""
    return np.where(np.tri(m.shape[-min(2, m.ndim)], m.shape[-1], k - 1, dtype=bool), 0, m)
