"""The sum behind every convolution, channels last, in the form that `_rules` chooses."""

import jax
import jax.numpy as jnp
from jax import lax

from jaxdl.functional._checks import widen
from jaxdl.functional.convolution import _rules as rules
from jaxdl.functional.convolution._canonical import canonical, lax_convolve
from jaxdl.functional.convolution._columns import as_product
from jaxdl.functional.convolution._geometry import Geometry
from jaxdl.functional.convolution._written_out import written_out


def convolve(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int = 1) -> jax.Array:
    """x [N, *space, C] with kernel [*space, C / groups, O]: [N, *space', O], in float32 for half types."""
    if jnp.iscomplexobj(x):
        return _convolve_complex(x, kernel, geometry, groups)
    half = jnp.issubdtype(x.dtype, jnp.floating) and x.dtype.itemsize < 4
    match rules.form(x, kernel, groups):
        case "as a product":
            return as_product(x, kernel, geometry)
        case "written out":
            return written_out(widen(x), widen(kernel), geometry, groups)
        case "canonical":
            return canonical(x, kernel, geometry, groups)
        case _:
            return lax_convolve(x, kernel, geometry, groups, widened=half)


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
