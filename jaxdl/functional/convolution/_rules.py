"""Which form a convolution takes. The one place: the figures are those of docs/performance.md's method, on two cores.

Accelerators have libraries of their own for convolutions, and get lax's plain form and its derivatives.
"""

import math

import jax
import jax.numpy as jnp

FEW = 49  # terms of a sum up to which it is written out: 7×7 depthwise, 5×5 of a grey picture, 3×3 of a coloured one
THIN = 4  # input channels, up to which that is for ungrouped ones: with 8 XLA's own kernel takes half the time
LANES = 8  # with fewer input channels XLA's convolution back to them leaves a vector register half empty


def form(x: jax.Array, kernel: jax.Array, groups: int) -> str:
    """'lax', 'canonical', 'as a product' or 'written out', for x [N, *space, C] and kernel [*space, C / groups, O].

    Milliseconds on two cores, float32 but for the second, batch 128 (the second 32): grey 28² with 5×5 for 6 channels:
    lax 6.3, written out 0.7; 32² with 3×3 from 32 to 32 channels in float64: lax 176, as a product 23, its weight
    gradient 192 and 30. Derivatives: see `_canonical`.
    """
    if jax.default_backend() != "cpu" or not jnp.issubdtype(x.dtype, jnp.floating):
        return "lax"
    *taps, inputs, _ = kernel.shape
    if groups == 1 and x.dtype.itemsize == 8:
        return "as a product"
    if math.prod(taps) * inputs <= FEW and (groups > 1 or inputs <= THIN):
        return "written out"
    return "canonical"


def few_channels(dx: jax.Array, kernel: jax.Array, groups: int) -> bool:
    """Whether the way back to the input's channels is a product and a sum: from 16 to 6 channels 1.7 ms, not 5.3."""
    return groups == 1 and kernel.shape[-2] < LANES and dx.dtype.itemsize >= 4
