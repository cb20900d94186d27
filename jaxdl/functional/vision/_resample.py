"""One axis resampled: how the weights are applied.

XLA's gather is fast, along all axes but the last very fast; its transpose, a scatter, is slow. So values are gathered
and derivatives are products with the matrix of weights, which is what `jax.image.resize` uses for both.
"""

from functools import partial, reduce
from operator import add

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxdl.functional.vision._taps import Resampling, Taps, taps, weight_matrix

UNROLLED = 4  # so many taps are added one by one, more in a reduction


def resample(x: jax.Array, plan: Resampling, axis: int) -> jax.Array:
    """`x` with `axis` resampled."""
    if plan.kind.startswith("nearest"):
        return _nearest(x, plan, axis)
    if plan.size == plan.out and (plan.kind == "linear" or plan.antialias):
        return x  # whatever the scale
    seen = taps(plan)
    slices = [_strided(x, places, axis) for places in seen.places.T]
    if None in slices:
        return _weighted(x, plan, axis)
    return reduce(add, [s * w for s, w in zip(slices, _columns(x, seen, axis), strict=True) if s is not None])


def resample_bytes(x: jax.Array, plan: Resampling, axis: int) -> jax.Array:
    """`x`, of uint8, with `axis` resampled in integers: the weights are rounded to 16 bits, as in PyTorch."""
    if plan.size == plan.out:
        return x
    matrix = weight_matrix(plan._replace(precision="float64"))
    bits = next(bits for bits in range(23) if bits == 22 or int(0.5 + matrix.max() * 2 ** (bits + 1)) >= 2**15)
    matrix = np.trunc(matrix * 2**bits + np.copysign(0.5, matrix)).astype(np.int32)
    first = np.argmax(matrix != 0, axis=1)[:, None]
    last = plan.size - 1 - np.argmax(matrix[:, ::-1] != 0, axis=1)[:, None]
    wanted = first + np.arange(1 + np.max(last - first))
    places = np.minimum(wanted, last)
    weights = np.where(wanted <= last, np.take_along_axis(matrix, places, 1), 0)
    total = _gathered(x.astype(jnp.int32), Taps(places, weights), axis) + (1 << bits >> 1)
    return jnp.clip(total >> bits, 0, 255).astype(jnp.uint8)


def _nearest(x: jax.Array, plan: Resampling, axis: int) -> jax.Array:
    """A copy of one element each. Whole steps are slices, whole repeats a broadcast: their gradients are fast."""
    places = taps(plan).places[:, 0]
    part = _strided(x, places, axis)
    if part is not None:
        return part
    times = plan.out // plan.size
    if times * plan.size == plan.out and np.array_equal(places, np.arange(plan.out) // times):
        before, after = x.shape[: axis + 1], x.shape[axis + 1 :]
        repeated = jnp.broadcast_to(jnp.expand_dims(x, axis + 1), (*before, times, *after))
        return repeated.reshape(*before[:-1], plan.out, *after)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return jnp.take(x, places, axis, mode="clip")
    return _weighted(x, plan, axis)


@partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _weighted(x: jax.Array, plan: Resampling, axis: int) -> jax.Array:
    """The sum of the taps. An infinity or NaN stays where it is seen, which a product would spread along the axis.

    Along the last axis a product is faster from three taps on, and serves unless there is one.
    """
    seen = taps(plan)
    if axis < x.ndim - 1 or seen.places.shape[1] < 3:
        return _gathered(x, seen, axis)
    finite = jnp.isfinite(x).all()
    return lax.cond(finite, lambda x: _product(x, plan, axis), lambda x: _gathered(x, seen, axis), x)


@_weighted.defjvp
def _weighted_jvp(
    plan: Resampling, axis: int, primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    return _weighted(primals[0], plan, axis), _product(tangents[0], plan, axis)


def _product(x: jax.Array, plan: Resampling, axis: int) -> jax.Array:
    matrix = jnp.asarray(weight_matrix(plan), x.dtype)
    if axis == x.ndim - 1:
        return jnp.matmul(x, matrix.T, precision="highest")
    planes = x.reshape(*x.shape[: axis + 1], -1)
    planes = jnp.matmul(matrix, planes, precision="highest")
    return planes.reshape(*x.shape[:axis], plan.out, *x.shape[axis + 1 :])


def _gathered(x: jax.Array, seen: Taps, axis: int) -> jax.Array:
    if seen.places.shape[1] <= UNROLLED:
        columns = zip(seen.places.T, _columns(x, seen, axis), strict=True)
        return reduce(add, [jnp.take(x, places, axis, mode="clip") * weights for places, weights in columns])
    weights = jnp.asarray(seen.weights, x.dtype).reshape(*seen.weights.shape, *(1,) * (x.ndim - 1 - axis))
    return (jnp.take(x, seen.places, axis, mode="clip") * weights).sum(axis + 1)


def _columns(x: jax.Array, seen: Taps, axis: int) -> list[jax.Array]:
    """Each tap's weights, to be multiplied with what it takes along `axis`."""
    return [jnp.asarray(column, x.dtype).reshape(-1, *(1,) * (x.ndim - 1 - axis)) for column in seen.weights.T]


def _strided(x: jax.Array, places: np.ndarray, axis: int) -> jax.Array | None:
    """What lies at `places`, as a slice; None if they do not go in whole steps."""
    start, step = int(places[0]), int(places[1] - places[0]) if len(places) > 1 else 1
    if step < 1 or not np.array_equal(places, start + step * np.arange(len(places))):
        return None
    return lax.slice_in_dim(x, start, int(places[-1]) + 1, step, axis)
