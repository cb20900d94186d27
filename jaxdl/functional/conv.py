"""Convolution."""

from functools import partial, reduce
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jax.typing import ArrayLike

from jaxdl.functional._checks import IntOrPair, integer, pair, require_same_dtype

Pair: TypeAlias = tuple[int, int]
Geometry: TypeAlias = tuple[Pair, tuple[Pair, Pair], Pair]  # strides, (low, high) padding of each axis, dilation


def conv2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: IntOrPair = 1,
    padding: IntOrPair | str = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> jax.Array:
    """Cross-correlation over two spatial axes.

        y[n, o, i, j] = b[o] + Σ_{c, u, v} W[o, c, u, v] · x[n, c, s·i + d·u - p, s·j + d·v - p]

    where x is 0 outside, c runs over the channels of o's group, and s, d, p are stride, dilation and padding.

    **Matches** PyTorch 2.13: value and gradients, unbatched input, groups, `padding='same'` (the odd element
    on the right) and 'valid', integer and complex dtypes. **Differs**: on accelerators the precision of
    float32 products is JAX's to choose (`jax.default_matmul_precision`); on CPU it is full.

    Args:
        input: [N, in_channels, H, W], or [in_channels, H, W].
        weight: [out_channels, in_channels / groups, kh, kw].
        bias: [out_channels].
        stride: an integer or (vertical, horizontal), at least 1; so too below.
        padding: zeros on both sides of each axis, or 'valid', or 'same' (with stride 1 only).
        dilation: the distance of neighbouring kernel elements.
        groups: input and output channels are cut into this many groups, convolved apart.

    Returns:
        [N, out_channels, H', W'] (or without N) in the input's dtype;
        H' = ⌊(H + 2p - d(kh - 1) - 1) / s⌋ + 1.

    Raises:
        ValueError: a wrong rank or number of channels, groups that do not divide, a kernel larger than the
            padded input, a stride, padding or dilation out of range.
        TypeError: booleans, or dtypes that differ.

    >>> conv2d(jnp.ones((1, 1, 3, 3)), jnp.ones((1, 1, 2, 2)), jnp.array([0.5])).tolist()
    [[[[4.5, 4.5], [4.5, 4.5]]]]

    LeCun et al., Backpropagation applied to handwritten zip code recognition, Neural Computation 1, 1989.
    """
    x, w = jnp.asarray(input), jnp.asarray(weight)
    b = None if bias is None else jnp.asarray(bias)
    _check_channels(x, w, b, groups)
    geometry = _geometry(x.shape, w.shape, stride, padding, dilation)
    batch = x if x.ndim == 4 else x[None]
    # NHWC within: XLA's fast CPU kernels know no other order, and they keep it between layers where they can.
    batch, kernel = batch.transpose(0, 2, 3, 1), w.transpose(2, 3, 1, 0)
    if groups == 1 and jnp.issubdtype(x.dtype, jnp.floating):
        y = _convolve(batch, kernel, geometry)
    else:
        y = _lax_convolve(batch, kernel, geometry, "NHWC", "HWIO", "NHWC", groups)
    if b is not None:
        y = y + b.reshape(1, 1, 1, -1)
    y = y.transpose(0, 3, 1, 2)
    return y if x.ndim == 4 else y[0]


def _lax_convolve(
    x: jax.Array,
    kernel: jax.Array,
    geometry: Geometry,
    inputs: str,
    kernels: str,
    outputs: str,
    groups: int = 1,
) -> jax.Array:
    stride, padding, dilation = geometry
    return lax.conv_general_dilated(
        x,
        kernel,
        stride,
        padding,
        rhs_dilation=dilation,
        dimension_numbers=(inputs, kernels, outputs),
        feature_group_count=groups,
    )


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _convolve(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    return _lax_convolve(x, kernel, geometry, "NHWC", "HWIO", "NHWC")


@partial(_convolve.defjvp, symbolic_zeros=True)
def _convolve_jvp(
    geometry: Geometry,
    primals: tuple[jax.Array, jax.Array],
    tangents: tuple[jax.Array | SymbolicZero, jax.Array | SymbolicZero],
) -> tuple[jax.Array, jax.Array]:
    """The product rule, each term stored in the order whose transpose comes out NHWC, HWIO, NHWC.

    What reverse mode runs is the transpose. XLA's CPU compiler has fast kernels for that one order; it
    rewrites others to it outside loops, and not inside `lax.scan`, where a training step on lax's own gradient
    takes 6 (LeNet) to 37 (a 3×3 CNN) times as long. Only lax is differentiated here, so forward mode, vmap and
    higher derivatives stay.
    """
    (x, kernel), (dx, dkernel) = primals, tangents
    y = _convolve(x, kernel, geometry)
    terms = []
    if not isinstance(dx, SymbolicZero):
        terms.append(_lax_convolve(dx, kernel.transpose(0, 1, 3, 2), geometry, "NHWC", "HWOI", "NHWC"))
    if not isinstance(dkernel, SymbolicZero):
        term = _lax_convolve(x.transpose(3, 1, 2, 0), dkernel.transpose(2, 0, 1, 3), geometry, "CHWN", "IHWO", "HWNC")
        terms.append(term.transpose(2, 0, 1, 3))
    return y, reduce(jnp.add, terms) if terms else jnp.zeros_like(y)


def _geometry(
    x: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: IntOrPair,
    padding: IntOrPair | str,
    dilation: IntOrPair,
) -> Geometry:
    strides = pair("conv2d", "stride", stride, smallest=1)
    dilations = pair("conv2d", "dilation", dilation, smallest=1)
    reach = tuple(d * (k - 1) for d, k in zip(dilations, kernel[2:], strict=True))
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(
                f"conv2d: padding is {padding!r}; it must be 'same', 'valid', an integer or a pair of them"
            )
        if padding == "same" and strides != (1, 1):
            raise ValueError(f"conv2d: padding='same' needs stride 1 but stride is {stride}; give padding as integers")
        total = reach if padding == "same" else (0, 0)
        low, high = zip(*((t // 2, t - t // 2) for t in total), strict=True)
    else:
        low = high = pair("conv2d", "padding", padding, smallest=0)
    for axis, size, t, lo, hi in zip(("height", "width"), x[-2:], reach, low, high, strict=True):
        if t + 1 > size + lo + hi:
            raise ValueError(
                f"conv2d: the kernel's {axis} spans {t + 1} but input's padded {axis} is {size + lo + hi}; "
                "use a larger input, more padding or a smaller kernel"
            )
    return strides, ((low[0], high[0]), (low[1], high[1])), dilations


def _check_channels(x: jax.Array, w: jax.Array, b: jax.Array | None, groups: int) -> None:
    if w.ndim != 4 or 0 in w.shape:
        raise ValueError(f"conv2d: weight has shape {w.shape}; it must be [out_channels, in_channels / groups, kh, kw]")
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        raise ValueError(f"conv2d: input has shape {x.shape}; it must be [N, C, H, W] or [C, H, W]")
    if integer("conv2d", "groups", groups) < 1:
        raise ValueError(f"conv2d: groups is {groups}; it must be at least 1")
    if w.shape[0] % groups:
        raise ValueError(f"conv2d: weight's out_channels (={w.shape[0]}) must be divisible by groups (={groups})")
    channels, expected = x.shape[-3], w.shape[1] * groups
    if channels != expected:
        raise ValueError(
            f"conv2d: input has {channels} channels but weight expects {expected} (weight.shape[1] "
            f"(={w.shape[1]}) * groups (={groups})); input is [N, C, H, W] and weight "
            "[out_channels, C / groups, kh, kw]"
        )
    require_same_dtype("conv2d", input=x, weight=w, bias=b)
    if x.dtype == jnp.bool_:
        raise TypeError("conv2d: input has dtype bool; cast it to a numeric dtype")
    if b is not None and b.shape != (w.shape[0],):
        raise ValueError(f"conv2d: bias has shape {b.shape}; it must be ({w.shape[0]},), one for each output channel")
