"""The largest element of every window, its place, and derivatives that reach that element alone.

The rule is PyTorch's loop: an element wins over those before it if it is greater, or NaN. XLA's own gradient of
a pooled maximum (select-and-scatter) is slow on CPU, so none of the forms here uses it:

- windows that do not touch lie side by side after a reshape; the winner is marked and the others masked out;
- overlapping windows are put together axis by axis from runs of 1, 2, 4, ... elements: comparing two runs is a
  select, which has a cheap derivative, and a kernel of k costs log2(k) of them;
- windows that follow no pattern are gathered to find the winner, and only the winners are gathered again.
"""

import math
from functools import partial, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxdl.functional._windows import Span, elements, flat_places, laid_out, windowwise

FEW = 4  # elements along an axis of a window up to which their maximum is written out


class _Run(NamedTuple):
    """The winners among so many consecutive elements, for every place to begin at."""

    value: jax.Array
    place: jax.Array | None  # where the winner lies in the unpadded plane, flat; None if nobody asks
    inside: np.ndarray  # along the axis: whether any element of the run is not padding


@partial(jax.jit, static_argnums=(1, 2))  # called plainly, one program in place of thirty
def maxima(x: jax.Array, spans: tuple[Span, ...], with_place: bool) -> tuple[jax.Array, jax.Array | None]:
    """The maximum of every window, and its place in the flat plane."""
    lay = _among_disjoint if all(span.disjoint for span in spans) else _among_overlapping
    value, place = lay(x, spans, with_place)
    return value, None if place is None else place.astype(int)


@jax.jit
def maxima_at(x: jax.Array, places: list[jax.Array]) -> tuple[jax.Array, jax.Array]:
    """The same for windows of which only the elements' places along each axis are known.

    An element may stand in a window more than once, if side by side.
    """
    count = len(places)
    batch, shape = x.shape[:-count], x.shape[-count:]
    flat = x.reshape(*batch, math.prod(shape))
    place = flat_places(places, shape)
    if place.ndim == 2 * count:  # the same windows in every plane
        windows = jnp.take(lax.stop_gradient(flat), place, axis=-1, mode="clip")
    else:
        windows = _taken(lax.stop_gradient(flat), place)
    best = _place_of(_winners(windows, elements(windows, count)), place, count)
    return _taken(flat, best), best.astype(int)


def _taken(flat: jax.Array, place: jax.Array) -> jax.Array:
    """The elements at these places of [..., plane]."""
    batch = flat.shape[:-1]
    index = place.reshape(*batch, math.prod(place.shape[len(batch) :]))
    return jnp.take_along_axis(flat, index, axis=-1, mode="promise_in_bounds").reshape(place.shape)


def _winners(windows: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """True at one element of every window, which are numbered along `axes`: its last NaN, or else its first maximum."""
    windows = lax.stop_gradient(windows)
    shape = [n if axis in axes else 1 for axis, n in enumerate(windows.shape)]
    size = math.prod(shape)
    order = jnp.arange(size, dtype=jnp.int32).reshape(shape)
    largest = windows == jnp.max(windows, axes, keepdims=True)
    rank = jnp.where(windows != windows, size + order, jnp.where(largest, size - 1 - order, -1))
    return rank == jnp.max(rank, axes, keepdims=True)


def _among_disjoint(x: jax.Array, spans: tuple[Span, ...], with_place: bool) -> tuple[jax.Array, jax.Array | None]:
    if not with_place:
        return windowwise(_largest, x, spans), None
    windows = laid_out(x, spans)
    wins = _winners(windows, elements(windows, len(spans)))
    value = jnp.sum(jnp.where(wins, windows, 0), elements(wins, len(spans)), dtype=x.dtype)
    places = [jnp.asarray(span.starts[:, None] + np.arange(span.kernel)) for span in spans]
    return value, _place_of(wins, flat_places(places, x.shape[-len(spans) :]), len(spans))


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _largest(windows: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """The maximum of every window, one axis after another: a tenth of the time that marking the winner takes."""
    for axis in reversed(axes):
        if windows.shape[axis] <= FEW:  # half the time that jnp.max takes
            windows = reduce(jnp.maximum, lax.split(windows, (1,) * windows.shape[axis], axis))
        else:
            windows = jnp.max(windows, axis, keepdims=True)
    return lax.squeeze(windows, axes)


@_largest.defjvp
def _largest_jvp(
    axes: tuple[int, ...], primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    (windows,), (change,) = primals, tangents
    wins = _winners(windows, axes)
    return _largest(windows, axes), jnp.sum(jnp.where(wins, change, 0), axes, dtype=change.dtype)


def _place_of(wins: jax.Array, place: jax.Array, count: int) -> jax.Array:
    """The winners' places; `place` may be the same for the whole batch."""
    place = lax.expand_dims(place, range(wins.ndim - place.ndim))
    return jnp.sum(jnp.where(wins, place, 0), elements(wins, count), dtype=jnp.int32)


def _among_overlapping(x: jax.Array, spans: tuple[Span, ...], with_place: bool) -> tuple[jax.Array, jax.Array | None]:
    place: jax.Array | None = None
    scale = 1
    for axis, span in zip(range(x.ndim - 1, -1, -1), reversed(spans), strict=False):
        x, place = _along(x, place, span, axis, scale, with_place)
        scale *= span.size
    return x, place


def _along(
    x: jax.Array, place: jax.Array | None, span: Span, axis: int, scale: int, with_place: bool
) -> tuple[jax.Array, jax.Array | None]:
    """Windows along one axis, however they overlap. A flat place grows by `scale` with each step along it."""
    last = (span.windows - 1) * span.stride + 1
    length = last + span.dilation * (span.kernel - 1)
    edges = [(0, 0, 0)] * x.ndim
    edges[axis] = (span.padding, length - span.padding - span.size, 0)  # a negative one crops
    steps = np.arange(length, dtype=np.int32) - span.padding
    if with_place:
        here = jnp.asarray(steps * scale).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
        place = here if place is None else here + lax.pad(place, jnp.zeros((), place.dtype), edges)
    run = _Run(lax.pad(x, _lowest(x.dtype), edges), place, (steps >= 0) & (steps < span.size))

    width = 1
    while 2 * width <= span.kernel:
        shift = width * span.dilation
        end = length - shift
        run = _first_maximum(_cut(run, axis, 0, end), _cut(run, axis, shift, length), axis)
        length, width = end, 2 * width
    best = _cut(run, axis, 0, last, span.stride)
    if width < span.kernel:  # one more run of that width ends where the window ends
        offset = (span.kernel - width) * span.dilation
        best = _first_maximum(best, _cut(run, axis, offset, offset + last, span.stride), axis)
    return best.value, None if best.place is None else jnp.broadcast_to(best.place, best.value.shape)


def _cut(run: _Run, axis: int, start: int, stop: int, stride: int = 1) -> _Run:
    place = None if run.place is None else lax.slice_in_dim(run.place, start, stop, stride, axis)
    return _Run(lax.slice_in_dim(run.value, start, stop, stride, axis), place, run.inside[start:stop:stride])


def _first_maximum(run: _Run, later: _Run, axis: int) -> _Run:
    """The winners of two runs, the second of which begins and ends later."""
    wins = (later.value > run.value) | (later.value != later.value)  # greater, or NaN
    entering = later.inside & ~run.inside
    if entering.any():  # against padding even -inf wins
        wins = wins | jnp.asarray(entering).reshape([-1 if a == axis else 1 for a in range(wins.ndim)])
    place = None
    if run.place is not None and later.place is not None:
        place = jnp.where(wins, later.place, run.place)
    return _Run(jnp.where(wins, later.value, run.value), place, run.inside | later.inside)


def _lowest(dtype: jnp.dtype) -> jax.Array:
    return jnp.array(-jnp.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min, dtype)
