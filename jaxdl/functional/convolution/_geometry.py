"""How a kernel moves over an image, channels last, and what it meets there."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

Pair: TypeAlias = tuple[int, int]


class Geometry(NamedTuple):
    """How a kernel moves over an image, an entry for each axis."""

    strides: tuple[int, ...]
    padding: tuple[Pair, ...]  # zeros before and behind
    dilation: tuple[int, ...]


def output_size(size: Sequence[int], kernel: Sequence[int], geometry: Geometry) -> list[int]:
    """How many places the kernel has along each axis."""
    strides, padding, dilation = geometry
    axes = zip(size, kernel, strides, padding, dilation, strict=True)
    return [(n + low + high - d * (k - 1) - 1) // s + 1 for n, k, s, (low, high), d in axes]


def starts(kernel: jax.Array, geometry: Geometry) -> list[tuple[int, ...]]:
    """For each place in the kernel how far from the window's corner it lies."""
    axes = zip(kernel.shape[:-2], geometry.dilation, strict=True)
    return list(itertools.product(*(range(0, k * d, d) for k, d in axes)))


def met(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> Iterator[jax.Array]:
    """For each place in the kernel what it meets of x [N, *space, C]: [N, *space', C]."""
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*edges, 0) for edges in geometry.padding), (0, 0, 0)])
    size = output_size(x.shape[1:-1], kernel.shape[:-2], geometry._replace(padding=((0, 0),) * (x.ndim - 2)))
    for start in starts(kernel, geometry):
        first = (0, *start, 0)
        last = [near + (count - 1) * s + 1 for near, count, s in zip(start, size, geometry.strides, strict=True)]
        yield lax.slice(x, first, (x.shape[0], *last, x.shape[-1]), (1, *geometry.strides, 1))
