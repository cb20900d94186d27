"""Convolution."""

from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._bias import plus
from jaxdl.functional._checks import integer, require_same_dtype, sizes
from jaxdl.functional.convolution._geometry import Geometry, output_size
from jaxdl.functional.convolution._lowering import convolve
from jaxdl.functional.convolution._operands import require_operands

Size: TypeAlias = int | tuple[int, ...] | list[int]

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def conv1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> jax.Array:
    """Cross-correlation over one spatial axis.

        y[n, o, i] = b[o] + Σ_{c, u} W[o, c, u] · x[n, c, s·i + d·u - p]

    where x is 0 outside, c runs over the channels of o's group, and s, d, p are stride, dilation and padding.

    **Matches** and **Differs** as `conv2d`.

    Args:
        input: [N, in_channels, L], or [in_channels, L].
        weight: [out_channels, in_channels / groups, k].
        bias: [out_channels].
        stride: an integer or a tuple of one, at least 1; so too below.
        padding: zeros on both sides, or 'valid', or 'same' (with stride 1 only).
        dilation: the distance of neighbouring kernel elements.
        groups: input and output channels are cut into this many groups, convolved apart.

    Returns:
        [N, out_channels, L'] (or without N) in the input's dtype, L' = ⌊(L + 2p - d(k - 1) - 1) / s⌋ + 1.

    Raises:
        ValueError: a wrong rank or number of channels, groups that do not divide, a kernel larger than the
            padded input, a stride, padding or dilation out of range.
        TypeError: booleans, or dtypes that differ.

    >>> conv1d(jnp.array([[1.0, 2.0, 4.0, 8.0]]), jnp.array([[[-1.0, 1.0]]]), padding="same").tolist()
    [[1.0, 2.0, 4.0, -8.0]]
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> jax.Array:
    """Cross-correlation over two spatial axes.

        y[n, o, i, j] = b[o] + Σ_{c, u, v} W[o, c, u, v] · x[n, c, s·i + d·u - p, s·j + d·v - p]

    where x is 0 outside, c runs over the channels of o's group, and s, d, p are stride, dilation and padding.

    **Matches** PyTorch 2.13: value and gradients, unbatched input, groups, `padding='same'` (the odd element
    on the right) and 'valid', integer and complex dtypes, half types summed in float32 and rounded once; an input
    without channels gives an output without channels. **Differs**: a gradient with respect to something complex is
    the conjugate of PyTorch's, as everywhere in JAX; on accelerators the precision of float32 products is JAX's to
    choose (`jax.default_matmul_precision`), on CPU it is full.

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
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> jax.Array:
    """Cross-correlation over three spatial axes: `conv2d`'s sum, over depth as well.

    **Matches** and **Differs** as `conv2d`.

    Args:
        input: [N, in_channels, D, H, W], or [in_channels, D, H, W].
        weight: [out_channels, in_channels / groups, kd, kh, kw].
        bias: [out_channels].
        stride: an integer or one for each axis, at least 1; so too below.
        padding: zeros on both sides of each axis, or 'valid', or 'same' (with stride 1 only).
        dilation: the distance of neighbouring kernel elements.
        groups: input and output channels are cut into this many groups, convolved apart.

    Returns:
        [N, out_channels, D', H', W'] (or without N) in the input's dtype;
        D' = ⌊(D + 2p - d(kd - 1) - 1) / s⌋ + 1.

    Raises:
        ValueError: a wrong rank or number of channels, groups that do not divide, a kernel larger than the
            padded input, a stride, padding or dilation out of range.
        TypeError: booleans, or dtypes that differ.

    >>> conv3d(jnp.ones((1, 4, 4, 4)), jnp.ones((2, 1, 3, 3, 3)), stride=(1, 1, 2)).shape
    (2, 2, 2, 1)
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def conv_tbc(input: ArrayLike, weight: ArrayLike, bias: ArrayLike, pad: int = 0) -> jax.Array:
    """Cross-correlation over time of a sequence laid out as (time, batch, channels).

        y[t, n, o] = b[o] + Σ_{c, u} W[u, c, o] · x[t + u - pad, n, c]

    **Matches** PyTorch 2.13: a negative `pad`, which crops, and an output without time steps included.
    **Differs**: a bias of another dtype than the input's is refused (PyTorch casts it).

    Args:
        input: [T, N, in_channels].
        weight: [k, in_channels, out_channels].
        bias: [out_channels].
        pad: zeros before and behind.

    Returns:
        [T + 2·pad - k + 1, N, out_channels] in the input's dtype.

    Raises:
        ValueError: a wrong rank, lengths that do not fit, a kernel more than one step longer than the padded input.
        TypeError: booleans, dtypes that differ, a pad that is no integer.

    >>> conv_tbc(jnp.array([[[1.0]], [[2.0]]]), jnp.ones((2, 1, 1)), jnp.zeros(1), pad=1).ravel().tolist()
    [1.0, 3.0, 2.0]
    """
    x, w, b = jnp.asarray(input), jnp.asarray(weight), jnp.asarray(bias)
    if x.ndim != 3 or w.ndim != 3 or x.shape[2] != w.shape[1] or b.shape != w.shape[2:]:
        raise ValueError(
            f"conv_tbc: input, weight and bias have shapes {x.shape}, {w.shape} and {b.shape}; they must be "
            "[T, N, C], [k, C, O] and [O]"
        )
    require_same_dtype("conv_tbc", input=x, weight=w, bias=b)
    if x.dtype == jnp.bool_:
        raise TypeError("conv_tbc: input has dtype bool; cast it to a numeric dtype")
    edge = integer("conv_tbc", "pad", pad)
    steps = x.shape[0] + 2 * edge - w.shape[0] + 1
    if steps < 0:
        raise ValueError(
            f"conv_tbc: weight is {w.shape[0]} steps long but input with pad={pad} has {x.shape[0] + 2 * edge}; "
            "use a longer input, more padding or a shorter kernel"
        )
    if 0 in (steps, x.size, w.size):  # nothing to sum
        return jnp.broadcast_to(b, (steps, x.shape[1], w.shape[2]))
    y = convolve(x.swapaxes(0, 1), w, Geometry((1,), ((edge, edge),), (1,)))
    return plus(y, b).astype(x.dtype).swapaxes(0, 1)


def _conv(
    rank: int,
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    stride: Size,
    padding: Size | str,
    dilation: Size,
    groups: int,
) -> jax.Array:
    x, w = jnp.asarray(input), jnp.asarray(weight)
    b = None if bias is None else jnp.asarray(bias)
    require_operands(f"conv{rank}d", rank, x, w, b, groups, transposed=False)
    geometry = _geometry(x.shape[-rank:], w.shape[2:], stride, padding, dilation)
    batch = x if x.ndim == rank + 2 else x[None]
    if 0 in batch.shape[:2]:
        outputs = w.shape[0] if batch.shape[1] else 0
        y = jnp.zeros((batch.shape[0], outputs, *output_size(x.shape[-rank:], w.shape[2:], geometry)), x.dtype)
    else:
        # Channels last within: XLA's fast CPU kernels know no other order, and keep it between layers where they can.
        space = range(2, rank + 2)
        y = convolve(batch.transpose(0, *space, 1), w.transpose(*space, 1, 0), geometry, groups)
        y = y if b is None else plus(y, b)
        y = y.astype(x.dtype).transpose(0, rank + 1, *range(1, rank + 1))
    return y if x.ndim == rank + 2 else y[0]


def _geometry(
    size: tuple[int, ...], kernel: tuple[int, ...], stride: Size, padding: Size | str, dilation: Size
) -> Geometry:
    rank = len(size)
    where = f"conv{rank}d"
    strides = sizes(where, "stride", stride, rank, smallest=1)
    dilations = sizes(where, "dilation", dilation, rank, smallest=1)
    reach = [d * (k - 1) for d, k in zip(dilations, kernel, strict=True)]
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(
                f"{where}: padding is {padding!r}; it must be 'same', 'valid', an integer or one for each axis"
            )
        if padding == "same" and set(strides) != {1}:
            raise ValueError(f"{where}: padding='same' needs stride 1 but stride is {stride}; give padding as integers")
        edges = [(t // 2, t - t // 2) if padding == "same" else (0, 0) for t in reach]
    else:
        edges = [(edge, edge) for edge in sizes(where, "padding", padding, rank, smallest=0)]
    for axis, n, t, (low, high) in zip(AXES[rank], size, reach, edges, strict=True):
        if t + 1 > n + low + high:
            raise ValueError(
                f"{where}: the kernel's {axis} spans {t + 1} but input's padded {axis} is {n + low + high}; "
                "use a larger input, more padding or a smaller kernel"
            )
    return Geometry(strides, tuple(edges), dilations)
