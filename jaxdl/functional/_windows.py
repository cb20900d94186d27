"""How the windows of a pooling lie over the spatial axes, which are always an array's last."""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxdl.functional._checks import sizes
from jaxdl.functional._layout import turns

Size: TypeAlias = int | tuple[int, ...] | list[int]

SHAPES = {1: "[N, C, L] or [C, L]", 2: "[N, C, H, W] or [C, H, W]", 3: "[N, C, D, H, W] or [C, D, H, W]"}


class Span(NamedTuple):
    """How windows lie along one axis."""

    size: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    windows: int

    @property
    def starts(self) -> np.ndarray:
        """Where each window begins; negative in the padding."""
        return np.arange(self.windows) * self.stride - self.padding

    @property
    def disjoint(self) -> bool:
        """Whether no two windows touch, none leaves the input and all are in one piece."""
        last = (self.windows - 1) * self.stride + self.kernel
        whole = self.dilation == 1 or self.kernel == 1
        return self.stride >= self.kernel and self.padding == 0 and whole and last <= self.size


def require_planes(where: str, x: jax.Array, axes: int) -> None:
    """Refuse a wrong rank, and empty axes other than the batch."""
    if x.ndim not in (axes + 1, axes + 2) or 0 in x.shape[-axes - 1 :]:
        raise ValueError(f"{where}: input has shape {x.shape}; it must be {SHAPES[axes]}, only N may be 0")


def exactly(where: str, name: str, value: Size, count: int, smallest: int) -> tuple[int, ...]:
    """`value` as `count` integers, from one integer or from `count` of them: where PyTorch takes no tuple of one."""
    if isinstance(value, tuple | list) and len(value) != count:
        raise ValueError(f"{where}: {name} must be an integer or {count} of them, but got {value!r}")
    return sizes(where, name, value, count, smallest)


def spans(
    where: str,
    shape: tuple[int, ...],
    axes: int,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> tuple[Span, ...]:
    """One for each of the last `axes` axes of `shape`."""
    kernels = sizes(where, "kernel_size", kernel_size, axes, smallest=1)
    strides = kernels if stride in (None, (), []) else sizes(where, "stride", stride, axes, smallest=1)
    paddings = sizes(where, "padding", padding, axes, smallest=0)
    dilations = sizes(where, "dilation", dilation, axes, smallest=1)
    found = []
    for size, k, s, p, d in zip(shape[-axes:], kernels, strides, paddings, dilations, strict=True):
        if 2 * p > k:
            raise ValueError(
                f"{where}: padding is {padding} but kernel_size is {kernel_size}; "
                "padding may be at most half the kernel"
            )
        windows = (size + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (windows - 1) * s >= size + p:
            windows -= 1  # it would lie in the right padding alone
        if windows < 1:
            raise ValueError(
                f"{where}: kernel_size={kernel_size} with dilation={dilation} is larger than the input's "
                f"{shape[-axes:]} padded by {padding}; use a smaller kernel, more padding or a larger input"
            )
        found.append(Span(size, k, s, p, d, windows))
    return tuple(found)


def laid_out(x: jax.Array, spans: tuple[Span, ...], behind: int = 0) -> jax.Array:
    """Disjoint windows side by side, by a reshape: [..., windows, kernel, windows, kernel], and `behind` axes more."""
    batch = x.ndim - len(spans) - behind
    edges = [(0, s.windows * s.stride - s.size, 0) for s in spans]  # a negative one crops
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0)] * batch + edges + [(0, 0, 0)] * behind)
    x = x.reshape(*x.shape[:batch], *(n for s in spans for n in (s.windows, s.stride)), *x.shape[x.ndim - behind :])
    for i, span in enumerate(spans):
        x = lax.slice_in_dim(x, 0, span.kernel, axis=batch + 2 * i + 1)
    return x


def elements(x: jax.Array, count: int, behind: int = 0) -> tuple[int, ...]:
    """The axes of `laid_out` windows that number their elements; `count` spatial axes."""
    return tuple(range(x.ndim - behind - 2 * count + 1, x.ndim - behind, 2))


def windowwise(
    reduction: Callable[[jax.Array, tuple[int, ...]], jax.Array], x: jax.Array, spans: tuple[Span, ...]
) -> jax.Array:
    """`reduction` of disjoint windows and the axes that number their elements."""
    count = len(spans)
    if x.ndim != count + 2 or not turns(x):
        windows = laid_out(x, spans)
        return reduction(windows, elements(windows, count))
    windows = laid_out(jnp.moveaxis(x, 1, -1), spans, behind=1)
    return jnp.moveaxis(reduction(windows, elements(windows, count, behind=1)), -1, 1)


def flat_places(places: list[jax.Array], shape: tuple[int, ...]) -> jax.Array:
    """Where each window's elements lie in the flat plane, from their place along each axis, [..., windows, kernel]."""
    count, found = len(places), []
    for i, place in enumerate(places):
        scaled = place.astype(jnp.int32) * math.prod(shape[i + 1 :])
        batch = place.ndim - 2
        before, after = range(batch, batch + 2 * i), range(batch + 2 * i + 2, batch + 2 * count)
        found.append(lax.expand_dims(scaled, (*before, *after)))
    return sum(found[1:], found[0])
