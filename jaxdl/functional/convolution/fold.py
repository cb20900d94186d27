"""Blocks of an image as columns of a matrix, and the way back."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import IntOrPair, pair, widen


class _Axis(NamedTuple):
    """How blocks lie along one axis."""

    size: int
    kernel: int
    dilation: int
    padding: int
    stride: int

    @property
    def blocks(self) -> int:
        return (self.size + 2 * self.padding - self.dilation * (self.kernel - 1) - 1) // self.stride + 1


def unfold(
    input: ArrayLike, kernel_size: IntOrPair, dilation: IntOrPair = 1, padding: IntOrPair = 0, stride: IntOrPair = 1
) -> jax.Array:
    """Every block that a kernel meets as a column.

        y[n, (c, u, v), (i, j)] = x[n, c, s·i + d·u - p, s·j + d·v - p]

    where x is 0 outside, s, d, p are stride, dilation and padding, and the indices in brackets run together, the
    last one fastest.

    **Matches** PyTorch 2.13: value, gradients, the dtypes it takes. **Differs**: a tuple of one integer is taken for
    both axes, as PyTorch's documentation says (its code refuses it).

    Args:
        input: [N, C, H, W] or [C, H, W]; floating point, complex or bool.
        kernel_size: an integer or (height, width), at least 1; so too below.
        dilation: the distance of neighbouring elements of a block.
        padding: zeros on both sides of each axis.
        stride: the distance of neighbouring blocks.

    Returns:
        [N, C·kh·kw, L] (or without N) in the input's dtype; L = H'·W', H' = ⌊(H + 2p - d(kh - 1) - 1) / s⌋ + 1.

    Raises:
        ValueError: a wrong rank, an empty axis other than N, no room for a block, a size out of range.
        TypeError: integer input.

    >>> unfold(jnp.arange(9.0).reshape(1, 3, 3), 2).tolist()
    [[0.0, 1.0, 3.0, 4.0], [1.0, 2.0, 4.0, 5.0], [3.0, 4.0, 6.0, 7.0], [4.0, 5.0, 7.0, 8.0]]
    """
    x = jnp.asarray(input)
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        raise ValueError(f"unfold: input has shape {x.shape}; it must be [N, C, H, W] or [C, H, W], only N may be 0")
    _require_dtype("unfold", x)
    height, width = _axes("unfold", x.shape[-2:], kernel_size, dilation, padding, stride)
    if min(height.blocks, width.blocks) < 1:
        raise ValueError(
            f"unfold: kernel_size={kernel_size} with dilation={dilation} is larger than the input's {x.shape[-2:]} "
            f"padded by {padding}; use a smaller kernel, more padding or a larger input"
        )
    return _columns(x, height, width)


def fold(
    input: ArrayLike,
    output_size: IntOrPair,
    kernel_size: IntOrPair,
    dilation: IntOrPair = 1,
    padding: IntOrPair = 0,
    stride: IntOrPair = 1,
) -> jax.Array:
    """Columns laid back as blocks of an image, added where blocks overlap: the transpose of `unfold`.

        y[n, c, s·i + d·u - p, s·j + d·v - p] += x[n, (c, u, v), (i, j)]   for all u, v, i, j, from y = 0

    where s, d, p are stride, dilation and padding, and what falls outside is dropped.

    **Matches** PyTorch 2.13: value, gradients, the dtypes it takes (of bool it is the logical or). **Differs**: half
    types are added up in float32 and rounded once; a tuple of one integer is taken for both axes, as PyTorch's
    documentation says (its code refuses it).

    Args:
        input: [N, C·kh·kw, L] or [C·kh·kw, L]; floating point, complex or bool.
        output_size: the image's (height, width), or an integer for both.
        kernel_size: an integer or (height, width), at least 1; so too below.
        dilation: the distance of neighbouring elements of a block.
        padding: how many rows and columns are cut off on both sides of each axis.
        stride: the distance of neighbouring blocks.

    Returns:
        [N, C, H, W] (or without N) in the input's dtype.

    Raises:
        ValueError: a wrong rank, an empty axis other than N, a number of rows that the kernel's size does not
            divide, a number of columns other than that of the blocks, a size out of range.
        TypeError: integer input.

    >>> fold(jnp.ones((4, 4)), 3, 2).tolist()
    [[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]
    """
    x = jnp.asarray(input)
    if x.ndim not in (2, 3) or 0 in x.shape[-2:]:
        raise ValueError(
            f"fold: input has shape {x.shape}; it must be [N, C·kh·kw, L] or [C·kh·kw, L], only N may be 0"
        )
    _require_dtype("fold", x)
    height, width = _axes(
        "fold", pair("fold", "output_size", output_size, smallest=1), kernel_size, dilation, padding, stride
    )
    rows, columns = x.shape[-2:]
    area, blocks = height.kernel * width.kernel, max(height.blocks, 0) * max(width.blocks, 0)
    if rows % area:
        raise ValueError(f"fold: input has {rows} rows, which kernel_size={kernel_size} does not divide into channels")
    if columns != blocks:
        raise ValueError(
            f"fold: input has {columns} columns but output_size={output_size} with kernel_size={kernel_size}, "
            f"dilation={dilation}, padding={padding}, stride={stride} has {blocks} blocks; they must be equal"
        )
    wide = x.astype(jnp.int32) if x.dtype == jnp.bool_ else widen(x)
    image = jax.ShapeDtypeStruct((*x.shape[:-2], rows // area, height.size, width.size), wide.dtype)
    (y,) = jax.linear_transpose(partial(_columns, height=height, width=width), image)(wide)
    return y.astype(x.dtype)


def _columns(x: jax.Array, height: _Axis, width: _Axis) -> jax.Array:
    axis = x.ndim - 2
    y = _windows(_windows(x, axis, height), axis + 2, width).swapaxes(axis + 1, axis + 2)
    channels, kernel, blocks = x.shape[axis - 1], height.kernel * width.kernel, height.blocks * width.blocks
    return y.reshape(*x.shape[: axis - 1], channels * kernel, blocks)


def _windows(x: jax.Array, axis: int, span: _Axis) -> jax.Array:
    """One axis as two, [kernel, blocks], by reshapes alone.

    The axis repeated, each repetition followed by one element: read in rows of its old length plus one, every row
    begins one element later. The elements are pieces of `stride` where neighbours lie side by side.
    """
    together = span.dilation == 1
    piece, step = (span.stride, 1) if together else (1, span.stride)
    turns = -(-span.kernel // piece)
    count = (span.blocks - 1) * step + span.dilation * (turns - 1) + 1  # pieces that are looked at
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    x = _padded(x, axis, span.padding, count * piece - span.size - span.padding)
    x = jnp.broadcast_to(x.reshape(*before, 1, count, piece, *after), (*before, turns, count, piece, *after))
    x = _padded(x.reshape(*before, turns * count, piece, *after), axis, 0, turns * span.dilation)
    x = x.reshape(*before, turns, count + span.dilation, piece, *after)
    x = lax.slice_in_dim(x, 0, (span.blocks - 1) * step + 1, step, axis + 1).swapaxes(axis + 1, axis + 2)
    return lax.slice_in_dim(x.reshape(*before, turns * piece, span.blocks, *after), 0, span.kernel, axis=axis)


def _padded(x: jax.Array, axis: int, low: int, high: int) -> jax.Array:
    """Zeros before and behind along one axis; negative numbers take away."""
    config = [(low, high, 0) if a == axis else (0, 0, 0) for a in range(x.ndim)]
    return lax.pad(x, jnp.zeros((), x.dtype), config)


def _axes(
    where: str,
    size: tuple[int, ...],
    kernel_size: IntOrPair,
    dilation: IntOrPair,
    padding: IntOrPair,
    stride: IntOrPair,
) -> list[_Axis]:
    kernels = pair(where, "kernel_size", kernel_size, smallest=1)
    dilations = pair(where, "dilation", dilation, smallest=1)
    paddings = pair(where, "padding", padding, smallest=0)
    strides = pair(where, "stride", stride, smallest=1)
    return [_Axis(*axis) for axis in zip(size, kernels, dilations, paddings, strides, strict=True)]


def _require_dtype(where: str, x: jax.Array) -> None:
    if jnp.issubdtype(x.dtype, jnp.integer):
        raise TypeError(f"{where}: input has dtype {x.dtype}; it must be floating point, complex or bool")
