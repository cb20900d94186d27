"""The sum behind every convolution, channels last, with derivatives that XLA's CPU compiler runs fast.

XLA's CPU compiler has fast kernels for one order alone: images [N, *space, C], kernels [*space, C, O]. It rewrites
other orders to it outside loops, and not inside `lax.scan`; and a grouped convolution's weight gradient as lax writes
it takes up to 300 times as long as the convolution. So the derivatives are given here, as products of plain lax
operations in the order whose *transpose*, which is what reverse mode runs, comes out in the fast one. Only lax is ever
differentiated: forward mode, `vmap` and higher derivatives stay.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from jaxdl.functional._checks import widen

Pair: TypeAlias = tuple[int, int]
Tangents: TypeAlias = tuple[jax.Array | SymbolicZero, jax.Array | SymbolicZero]
FEW = 49  # terms of a group's sum up to which it is written out: 7×7 depthwise, 3×3 for 5 channels a group


class Geometry(NamedTuple):
    """How a kernel moves over an image, an entry for each axis."""

    strides: tuple[int, ...]
    padding: tuple[Pair, ...]  # zeros before and behind
    dilation: tuple[int, ...]


def convolve(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int = 1) -> jax.Array:
    """x [N, *space, C] with kernel [*space, C / groups, O]: [N, *space', O], in float32 for half types."""
    if jnp.iscomplexobj(x):
        return _convolve_complex(x, kernel, geometry, groups)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return _lax_convolve(x, kernel, geometry, groups)
    *taps, inputs, _ = kernel.shape
    if groups > 1 and reduce(int.__mul__, taps, inputs) <= FEW:
        return _convolve_few(widen(x), widen(kernel), geometry, groups)
    return _convolve(x, kernel, geometry, groups)


def _convolve_complex(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """As one real convolution of twice the channels: (re, im) times [[re, im], [-im, re]]."""
    *taps, inputs, outputs = kernel.shape
    parts = x.reshape(*x.shape[:-1], groups, inputs)
    parts = jnp.concatenate([parts.real, parts.imag], axis=-1).reshape(*x.shape[:-1], -1)
    kernels = kernel.reshape(*taps, inputs, groups, -1)
    real = jnp.concatenate([kernels.real, -kernels.imag], axis=-3)
    imag = jnp.concatenate([kernels.imag, kernels.real], axis=-3)
    both = jnp.stack([real, imag], axis=-2).reshape(*taps, 2 * inputs, 2 * outputs)
    y = convolve(parts, both, geometry, groups)
    y = y.reshape(*y.shape[:-1], groups, 2, -1)
    return lax.complex(y[..., 0, :], y[..., 1, :]).reshape(*y.shape[:-3], outputs)


def _lax_convolve(
    x: jax.Array,
    kernel: jax.Array,
    geometry: Geometry,
    groups: int = 1,
    names: tuple[str, str, str] = ("N*C", "*IO", "N*C"),
    batch_groups: int = 1,
    widened: bool = False,
) -> jax.Array:
    space = "DHW"[3 - len(geometry.strides) :]
    images, kernels, outputs = (name.replace("*", space) for name in names)
    return lax.conv_general_dilated(
        x,
        kernel,
        geometry.strides,
        geometry.padding,
        rhs_dilation=geometry.dilation,
        dimension_numbers=(images, kernels, outputs),
        feature_group_count=groups,
        batch_group_count=batch_groups,
        preferred_element_type=jnp.float32 if widened else None,
    )


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def _convolve(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    return _lax_convolve(x, kernel, geometry, groups, widened=x.dtype.itemsize < 4)


@partial(_convolve.defjvp, symbolic_zeros=True)
def _convolve_jvp(
    geometry: Geometry, groups: int, primals: tuple[jax.Array, jax.Array], tangents: Tangents
) -> tuple[jax.Array, jax.Array]:
    (x, kernel), (dx, dkernel) = primals, tangents
    y = _convolve(x, kernel, geometry, groups)
    terms = []
    if not isinstance(dx, SymbolicZero):
        swapped = jnp.swapaxes(kernel, -1, -2)
        terms.append(_lax_convolve(dx, swapped, geometry, groups, names=("N*C", "*OI", "N*C")))
    if not isinstance(dkernel, SymbolicZero):
        terms.append(_along_kernel(x, dkernel, geometry, groups))
    return y, reduce(jnp.add, terms).astype(y.dtype) if terms else jnp.zeros_like(y)


def _along_kernel(x: jax.Array, dkernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """x convolved with dkernel, as images [C / groups, *space, groups · N] with kernels [C / groups, *space, O].

    The transpose takes the images' C for their batch and N for their channels; groups of the batch become groups of
    channels.
    """
    rank = x.ndim - 2
    space = range(rank)
    reached = output_size(x.shape[1:-1], dkernel.shape[:-2], geometry)
    if any(places > size for places, size in zip(reached, x.shape[1:-1], strict=True)):
        # The transpose's kernel would be larger than its image, where XLA has a loop that takes up to 40 times as long.
        x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*edges, 0) for edges in geometry.padding), (0, 0, 0)])
        geometry = geometry._replace(padding=((0, 0),) * rank)
    grouped = x.reshape(*x.shape[:-1], groups, -1)
    images = grouped.transpose(rank + 2, *(1 + a for a in space), rank + 1, 0).reshape(*_first_last(grouped, groups))
    kernels = dkernel.transpose(rank, *space, rank + 1)
    names = ("C*N", "I*O", "*NC")
    y = _lax_convolve(images, kernels, geometry, names=names, batch_groups=groups)
    return y.transpose(rank, *space, rank + 1)


def _first_last(grouped: jax.Array, groups: int) -> tuple[int, ...]:
    batch, *space, _, channels = grouped.shape
    return (channels, *space, groups * batch)


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def _convolve_few(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """The sum written out, a product for each element of a group's kernel: XLA makes one loop of it."""
    return _in_blocks(partial(_written_out, geometry=geometry, groups=groups), x, kernel)


@partial(_convolve_few.defjvp, symbolic_zeros=True)
def _convolve_few_jvp(
    geometry: Geometry, groups: int, primals: tuple[jax.Array, jax.Array], tangents: Tangents
) -> tuple[jax.Array, jax.Array]:
    (x, kernel), (dx, dkernel) = primals, tangents
    y = _convolve_few(x, kernel, geometry, groups)
    terms = []
    if not isinstance(dx, SymbolicZero):
        terms.append(_in_blocks(partial(_spread, geometry=geometry, groups=groups), dx, kernel))
    if not isinstance(dkernel, SymbolicZero):
        depthwise = kernel.shape[-2] == 1 and kernel.shape[-1] == groups
        if depthwise:
            terms.append(_in_blocks(partial(_along_few, geometry=geometry, groups=groups), x, dkernel))
        else:
            terms.append(_along_kernel(x, dkernel, geometry, groups))
    return y, reduce(jnp.add, terms) if terms else jnp.zeros_like(y)


def _in_blocks(f: Callable[[jax.Array, jax.Array], jax.Array], x: jax.Array, kernel: jax.Array) -> jax.Array:
    """f(x, kernel) a block of examples at a time."""
    count = x.shape[0]
    block = max((n for n in range(1, min(16, count // 2) + 1) if count % n == 0), default=0)
    if block == 0:
        return f(x, kernel)
    one = jax.checkpoint(lambda rows: f(rows, kernel), prevent_cse=False)
    y = lax.map(one, x.reshape(-1, block, *x.shape[1:]))
    return y.reshape(count, *y.shape[2:])


def _written_out(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    windows = _windows(x, kernel, geometry, groups)
    terms = [window * row for window, row in zip(windows, _rows(kernel, groups), strict=True)]
    y = reduce(jnp.add, terms)
    return y.reshape(*y.shape[:-2], -1)


def _rows(kernel: jax.Array, groups: int) -> list[jax.Array]:
    """For each element of a group's kernel its weights, [1, 1 for each axis, groups, O / groups]."""
    rows = kernel.reshape(-1, *(1,) * (kernel.ndim - 1), groups, kernel.shape[-1] // groups)
    return [row[0] for row in lax.split(rows, (1,) * rows.shape[0])]


def _starts(kernel: jax.Array, geometry: Geometry) -> list[tuple[int, ...]]:
    """For each place in the kernel how far from the window's corner it lies."""
    axes = zip(kernel.shape[:-2], geometry.dilation, strict=True)
    return list(itertools.product(*(range(0, k * d, d) for k, d in axes)))


def _windows(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> Iterator[jax.Array]:
    """For each element of a group's kernel what it meets, [N, *space', groups, 1]."""
    padded = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*edges, 0) for edges in geometry.padding), (0, 0, 0)])
    padded = padded.reshape(*padded.shape[:-1], groups, -1)
    size = output_size(x.shape[1:-1], kernel.shape[:-2], geometry)
    for start in _starts(kernel, geometry):
        window = padded
        for axis, (first, count, stride) in enumerate(zip(start, size, geometry.strides, strict=True), 1):
            window = lax.slice_in_dim(window, first, first + (count - 1) * stride + 1, stride, axis)
        yield from lax.split(window, (1,) * window.shape[-1], axis=window.ndim - 1)


def _spread(dx: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """dx convolved with kernel as sums of shifted products: the transpose is products of shifted slices."""
    rank = dx.ndim - 2
    grouped = dx.reshape(*dx.shape[:-1], groups, -1)
    channels = lax.split(grouped, (1,) * grouped.shape[-1], axis=rank + 2)
    reach = [d * (k - 1) for d, k in zip(geometry.dilation, kernel.shape[:-2], strict=True)]
    zero = jnp.zeros((), dx.dtype)
    places = itertools.product(_starts(kernel, geometry), channels)
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


def output_size(size: Sequence[int], kernel: Sequence[int], geometry: Geometry) -> list[int]:
    """How many places the kernel has along each axis."""
    strides, padding, dilation = geometry
    axes = zip(size, kernel, strides, padding, dilation, strict=True)
    return [(n + low + high - d * (k - 1) - 1) // s + 1 for n, k, s, (low, high), d in axes]


def plus(y: jax.Array, bias: jax.Array) -> jax.Array:
    """y [N, *space, O] plus a bias for each channel."""
    return y + bias.astype(y.dtype).reshape((1,) * (y.ndim - 1) + (-1,))
