"""Convolution as a matrix product with the windows, copied out of the image side by side.

XLA's CPU compiler has no fast convolution in float64; it has a fast product.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from jaxdl.functional.convolution._geometry import Geometry, met


def as_product(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """x [N, *space, C] with kernel [*space, C, O]: a row for each window, a few examples at a time."""
    return in_blocks(partial(_product, geometry=geometry), x, kernel)


def _product(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    rows = jnp.concatenate(list(met(x, kernel, geometry)), axis=-1)
    return rows @ kernel.reshape(-1, kernel.shape[-1])


def in_blocks(f: Callable[[jax.Array, jax.Array], jax.Array], x: jax.Array, kernel: jax.Array) -> jax.Array:
    """f(x, kernel) a block of examples at a time.

    Among several devices a block is made of examples from all parts of the batch, not of neighbours: the loop would
    run over the axis that is split, and every device would fetch the whole batch. On one device neighbours save a
    tenth of the time.
    """
    count = x.shape[0]
    block = max((n for n in range(1, min(16, count // 2) + 1) if count % n == 0), default=0)
    if block == 0:
        return f(x, kernel)
    one = jax.checkpoint(lambda rows: f(rows, kernel), prevent_cse=False)
    if jax.device_count() == 1:
        y = lax.map(one, x.reshape(-1, block, *x.shape[1:]))
    else:
        y = lax.map(one, x.reshape(block, -1, *x.shape[1:]).swapaxes(0, 1)).swapaxes(0, 1)
    return y.reshape(count, *y.shape[2:])
