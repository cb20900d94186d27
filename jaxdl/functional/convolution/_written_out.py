"""Convolution with few terms a sum, every product written out: XLA makes one loop of them."""

import itertools
from collections.abc import Iterator
from functools import partial, reduce

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from jaxdl.functional.convolution._canonical import Tangents, along_image, along_kernel
from jaxdl.functional.convolution._columns import in_blocks
from jaxdl.functional.convolution._geometry import Geometry, met, output_size, starts


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def written_out(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """The sum written out, a product for each element of a group's kernel: XLA makes one loop of it."""
    return in_blocks(partial(_summed, geometry=geometry, groups=groups), x, kernel)


@partial(written_out.defjvp, symbolic_zeros=True)
def _written_out_jvp(
    geometry: Geometry, groups: int, primals: tuple[jax.Array, jax.Array], tangents: Tangents
) -> tuple[jax.Array, jax.Array]:
    (x, kernel), (dx, dkernel) = primals, tangents
    y = written_out(x, kernel, geometry, groups)
    terms = []
    if not isinstance(dx, SymbolicZero):
        back = partial(_spread, geometry=geometry, groups=groups)
        terms.append(along_image(dx, kernel, geometry, groups) if groups == 1 else in_blocks(back, dx, kernel))
    if not isinstance(dkernel, SymbolicZero):
        depthwise = kernel.shape[-2] == 1 and kernel.shape[-1] == groups > 1
        if depthwise:
            terms.append(in_blocks(partial(_along_few, geometry=geometry, groups=groups), x, dkernel))
        else:
            terms.append(along_kernel(x, dkernel, geometry, groups))
    return y, reduce(jnp.add, terms) if terms else jnp.zeros_like(y)


def _summed(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    windows = _windows(x, kernel, geometry, groups)
    terms = [window * row for window, row in zip(windows, _rows(kernel, groups), strict=True)]
    y = reduce(jnp.add, terms)
    return y.reshape(*y.shape[:-2], -1)


def _rows(kernel: jax.Array, groups: int) -> list[jax.Array]:
    """For each element of a group's kernel its weights, [1, 1 for each axis, groups, O / groups]."""
    rows = kernel.reshape(-1, *(1,) * (kernel.ndim - 1), groups, kernel.shape[-1] // groups)
    return [row[0] for row in lax.split(rows, (1,) * rows.shape[0])]


def _windows(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> Iterator[jax.Array]:
    """For each element of a group's kernel what it meets, [N, *space', groups, 1]."""
    for window in met(x, kernel, geometry):
        grouped = window.reshape(*window.shape[:-1], groups, -1)
        yield from lax.split(grouped, (1,) * grouped.shape[-1], axis=grouped.ndim - 1)


def _spread(dx: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """dx convolved with kernel as sums of shifted products: the transpose is products of shifted slices."""
    rank = dx.ndim - 2
    grouped = dx.reshape(*dx.shape[:-1], groups, -1)
    channels = lax.split(grouped, (1,) * grouped.shape[-1], axis=rank + 2)
    reach = [d * (k - 1) for d, k in zip(geometry.dilation, kernel.shape[:-2], strict=True)]
    zero = jnp.zeros((), dx.dtype)
    places = itertools.product(starts(kernel, geometry), channels)
    terms = []
    for (start, channel), row in zip(places, _rows(kernel, groups), strict=True):
        edges = [(far - near, near, 0) for far, near in zip(reach, start, strict=True)]
        terms.append(lax.pad(channel * row, zero, [(0, 0, 0), *edges, (0, 0, 0), (0, 0, 0)]))
    y = reduce(jnp.add, terms)
    y = y.reshape(*y.shape[:-2], -1)
    size = output_size(dx.shape[1:-1], kernel.shape[:-2], geometry)
    for axis, (far, (low, _), count, stride) in enumerate(
        zip(reach, geometry.padding, size, geometry.strides, strict=True), 1
    ):
        last = (count - 1) * stride + 1
        y = lax.pad(
            y,
            zero,
            [(low - far, last - (y.shape[axis] + low - far), 0) if a == axis else (0, 0, 0) for a in range(y.ndim)],
        )
        y = lax.slice_in_dim(y, 0, last, stride, axis)
    return y


def _along_few(x: jax.Array, dkernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """x convolved with a depthwise dkernel, laid out over the plane first: the transpose sums over N, then over it."""
    size = output_size(x.shape[1:-1], dkernel.shape[:-2], geometry)
    rows = dkernel.reshape(-1, *(1 for _ in size), groups, 1)
    rows = jnp.broadcast_to(rows, (rows.shape[0], *size, groups, 1))
    planes = lax.split(rows, (1,) * rows.shape[0])
    terms = [window * plane for window, plane in zip(_windows(x, dkernel, geometry, groups), planes, strict=True)]
    y = reduce(jnp.add, terms)
    return y.reshape(*y.shape[:-2], -1)
