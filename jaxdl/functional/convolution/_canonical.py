"""Convolution by lax's own, with derivatives that XLA's CPU compiler runs fast.

XLA's CPU compiler has fast kernels for one order alone: images [N, *space, C], kernels [*space, C, O]. It rewrites
other orders to it outside loops, and not inside `lax.scan`; and a grouped convolution's weight gradient as lax writes
it takes up to 300 times as long as the convolution. So the derivatives are given here, as products of plain lax
operations in the order whose *transpose*, which is what reverse mode runs, comes out in the fast one. Only lax is ever
differentiated: forward mode, `vmap` and higher derivatives stay.
"""

from functools import partial, reduce
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from jaxdl.functional.convolution import _rules as rules
from jaxdl.functional.convolution._geometry import Geometry, met, output_size

Tangents: TypeAlias = tuple[jax.Array | SymbolicZero, jax.Array | SymbolicZero]


def lax_convolve(
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
def canonical(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    return lax_convolve(x, kernel, geometry, groups, widened=x.dtype.itemsize < 4)


@partial(canonical.defjvp, symbolic_zeros=True)
def _canonical_jvp(
    geometry: Geometry, groups: int, primals: tuple[jax.Array, jax.Array], tangents: Tangents
) -> tuple[jax.Array, jax.Array]:
    (x, kernel), (dx, dkernel) = primals, tangents
    y = canonical(x, kernel, geometry, groups)
    terms = []
    if not isinstance(dx, SymbolicZero):
        terms.append(along_image(dx, kernel, geometry, groups))
    if not isinstance(dkernel, SymbolicZero):
        terms.append(along_kernel(x, dkernel, geometry, groups))
    return y, reduce(jnp.add, terms).astype(y.dtype) if terms else jnp.zeros_like(y)


def along_image(dx: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """dx convolved with kernel, so that the transpose is the fast way back to the image."""
    if rules.few_channels(dx, kernel, groups):
        return _along_few_channels(dx, kernel, geometry)
    return lax_convolve(dx, jnp.swapaxes(kernel, -1, -2), geometry, groups, names=("N*C", "*OI", "N*C"))


def _along_few_channels(dx: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """What the last axis of the kernel meets laid side by side as channels, and lax's convolution over the other axes.

    The transpose is a convolution to as many times more channels, which fill a vector register, and a sum of so many
    shifted results.
    """
    *others, taps, inputs, outputs = kernel.shape
    still = [(0, 0)] * len(others)
    across = Geometry((*(1 for _ in others), geometry.strides[-1]), (*still, geometry.padding[-1]), geometry.dilation)
    rows = jnp.concatenate(list(met(dx, kernel[(slice(1),) * len(others)], across)), axis=-1)
    kernel = kernel.reshape(*others, 1, taps * inputs, outputs)
    down = Geometry((*geometry.strides[:-1], 1), (*geometry.padding[:-1], (0, 0)), geometry.dilation)
    return lax_convolve(rows, jnp.swapaxes(kernel, -1, -2), down, names=("N*C", "*OI", "N*C"))


def along_kernel(x: jax.Array, dkernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
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
    y = lax_convolve(images, kernels, geometry, names=names, batch_groups=groups)
    return y.transpose(rank, *space, rank + 1)


def _first_last(grouped: jax.Array, groups: int) -> tuple[int, ...]:
    batch, *space, _, channels = grouped.shape
    return (channels, *space, groups * batch)
