"""Transposed convolution: the map that takes a convolution's output gradient to its input gradient."""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._bias import plus
from jaxdl.functional._checks import sizes
from jaxdl.functional.convolution._geometry import Geometry
from jaxdl.functional.convolution._lowering import convolve
from jaxdl.functional.convolution._operands import require_operands

Size: TypeAlias = int | tuple[int, ...] | list[int]


class _Axis(NamedTuple):
    """One spatial axis: stride, cropping and dilation, and the sizes of input, kernel and output."""

    stride: int
    padding: int
    dilation: int
    size: int
    kernel: int
    output: int

    @property
    def taps(self) -> int:
        """How many elements of the input an output element meets, at most."""
        return -(-self.kernel // self.stride)

    @property
    def first(self) -> int:
        """The first block of `stride` outputs that is kept in part."""
        return self.padding // self.stride

    @property
    def edges(self) -> tuple[int, int]:
        """Zeros before and behind the input, so that every kept block and no other comes out."""
        last = (self.padding + self.output - 1) // self.stride
        return self.dilation * (self.taps - 1) - self.first, last - (self.size - 1)


def conv_transpose1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> jax.Array:
    """Transposed cross-correlation over one spatial axis.

        y[n, o, s·i + d·u - p] += W[c, o, u] · x[n, c, i]   for all i, u and the channels c of o's group,
                                                            from y = b

    where s, d, p are stride, dilation and padding.

    **Matches** and **Differs** as `conv_transpose2d`.

    Args:
        input: [N, in_channels, L], or [in_channels, L].
        weight: [in_channels, out_channels / groups, k].
        bias: [out_channels].
        stride: an integer or a tuple of one, at least 1; so too below.
        padding: how many elements of the result are cut off on both sides.
        output_padding: how much longer the result is behind; smaller than stride or dilation.
        groups: input and output channels are cut into this many groups, treated apart.
        dilation: the distance of neighbouring kernel elements.

    Returns:
        [N, out_channels, L'] (or without N) in the input's dtype,
        L' = (L - 1)·s - 2p + d(k - 1) + output_padding + 1.

    Raises:
        ValueError: a wrong rank or number of channels, groups that do not divide, a size out of range, an output
            without elements.
        TypeError: booleans, or dtypes that differ.

    >>> conv_transpose1d(jnp.array([[1.0, 2.0]]), jnp.array([[[1.0, 10.0, 100.0]]]), stride=2).tolist()
    [[1.0, 10.0, 102.0, 20.0, 200.0]]
    """
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> jax.Array:
    """Transposed cross-correlation over two spatial axes.

        y[n, o, s·i + d·u - p, s·j + d·v - p] += W[c, o, u, v] · x[n, c, i, j]

    for all i, j, u, v and the channels c of o's group, starting from y = b, where s, d, p are stride, dilation and
    padding. It is the transpose of the linear map x → conv2d(x, W, None, s, p, d, groups).

    **Matches** PyTorch 2.13: value and gradients, unbatched input, groups, `output_padding`, complex dtypes.
    **Differs**: integers of every width are taken (PyTorch: int64); half types are summed in float32 and rounded once
    (PyTorch: bias and groups of terms apart); a gradient with respect to something complex is the conjugate of
    PyTorch's, as everywhere in JAX.

    Args:
        input: [N, in_channels, H, W], or [in_channels, H, W].
        weight: [in_channels, out_channels / groups, kh, kw].
        bias: [out_channels].
        stride: an integer or (vertical, horizontal), at least 1; so too below.
        padding: how many rows or columns of the result are cut off on both sides.
        output_padding: how much larger the result is below and on the right; smaller than stride or dilation.
        groups: input and output channels are cut into this many groups, treated apart.
        dilation: the distance of neighbouring kernel elements.

    Returns:
        [N, out_channels, H', W'] (or without N) in the input's dtype,
        H' = (H - 1)·s - 2p + d(kh - 1) + output_padding + 1.

    Raises:
        ValueError: a wrong rank or number of channels, groups that do not divide, a size out of range, an output
            without elements.
        TypeError: booleans, or dtypes that differ.

    >>> conv_transpose2d(jnp.array([[[1.0, 2.0]]]), jnp.ones((1, 1, 1, 2)), stride=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]

    Zeiler et al., Deconvolutional networks, CVPR 2010.
    """
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> jax.Array:
    """Transposed cross-correlation over three spatial axes: `conv_transpose2d`'s sum, over depth as well.

    **Matches** and **Differs** as `conv_transpose2d`.

    Args:
        input: [N, in_channels, D, H, W], or [in_channels, D, H, W].
        weight: [in_channels, out_channels / groups, kd, kh, kw].
        bias: [out_channels].
        stride: an integer or one for each axis, at least 1; so too below.
        padding: how much of the result is cut off on both sides of each axis.
        output_padding: how much longer each axis of the result is behind; smaller than stride or dilation.
        groups: input and output channels are cut into this many groups, treated apart.
        dilation: the distance of neighbouring kernel elements.

    Returns:
        [N, out_channels, D', H', W'] (or without N) in the input's dtype,
        D' = (D - 1)·s - 2p + d(kd - 1) + output_padding + 1.

    Raises:
        ValueError: a wrong rank or number of channels, groups that do not divide, a size out of range, an output
            without elements.
        TypeError: booleans, or dtypes that differ.

    >>> conv_transpose3d(jnp.ones((1, 2, 2, 2)), jnp.ones((1, 3, 2, 2, 2)), stride=(2, 2, 1), padding=(0, 0, 1)).shape
    (3, 4, 4, 1)
    """
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv_transpose(
    rank: int,
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    stride: Size,
    padding: Size,
    output_padding: Size,
    groups: int,
    dilation: Size,
) -> jax.Array:
    x, w = jnp.asarray(input), jnp.asarray(weight)
    b = None if bias is None else jnp.asarray(bias)
    require_operands(f"conv_transpose{rank}d", rank, x, w, b, groups, transposed=True)
    axes = _axes(x.shape[-rank:], w.shape[2:], stride, padding, output_padding, dilation)
    batch = x if x.ndim == rank + 2 else x[None]
    if x.size == 0:
        y = jnp.zeros((0, w.shape[1] * groups, *(axis.output for axis in axes)), x.dtype)
    else:
        y = _blocks(batch.transpose(0, *range(2, rank + 2), 1), w, axes, groups)
        y = y if b is None else plus(y, b)
        y = y.astype(x.dtype).transpose(0, rank + 1, *range(1, rank + 1))
    return y if x.ndim == rank + 2 else y[0]


def _blocks(x: jax.Array, w: jax.Array, axes: list[_Axis], groups: int) -> jax.Array:
    """A plain convolution whose channels are the `stride` neighbours of a block of outputs, laid out side by side.

    Output s·q + r meets input q - a through kernel element r + s·a alone: nothing is multiplied by the zeros of an
    input that is pulled apart, and the derivatives are those of a plain convolution.
    """
    rank = len(axes)
    w, axes = _undilated(w, axes)
    geometry = Geometry((1,) * rank, tuple(axis.edges for axis in axes), tuple(axis.dilation for axis in axes))
    y = convolve(x, _block_kernel(w, axes, groups), geometry, groups)
    y = y.reshape(*y.shape[: rank + 1], groups, *(axis.stride for axis in axes), w.shape[1])
    y = y.transpose(0, *(i + j for i in range(rank) for j in (1, rank + 2)), rank + 1, 2 * rank + 2)
    y = y.reshape(y.shape[0], *(y.shape[2 * i + 1] * y.shape[2 * i + 2] for i in range(rank)), -1)
    for i, axis in enumerate(axes):
        start = axis.padding - axis.first * axis.stride
        y = lax.slice_in_dim(y, start, start + axis.output, axis=i + 1)
    return y


def _undilated(w: jax.Array, axes: list[_Axis]) -> tuple[jax.Array, list[_Axis]]:
    """The kernel with its dilation written out as zeros along the axes that have a stride."""
    config, changed = [(0, 0, 0), (0, 0, 0)], []
    for axis in axes:
        hole = axis.dilation - 1 if axis.stride > 1 else 0
        config.append((0, 0, hole))
        changed.append(axis._replace(kernel=axis.kernel + hole * (axis.kernel - 1), dilation=axis.dilation - hole))
    return lax.pad(w, jnp.zeros((), w.dtype), config), changed


def _block_kernel(w: jax.Array, axes: list[_Axis], groups: int) -> jax.Array:
    """[C, O, *k] as the convolution's kernel [*taps, C / groups, groups · strides · O]."""
    rank, inputs = len(axes), w.shape[0] // groups
    w = lax.pad(w, jnp.zeros((), w.dtype), [(0, 0, 0)] * 2 + [(0, a.taps * a.stride - a.kernel, 0) for a in axes])
    w = w.reshape(groups, inputs, w.shape[1], *(n for axis in axes for n in (axis.taps, axis.stride)))
    taps, phases = range(3, 3 + 2 * rank, 2), range(4, 4 + 2 * rank, 2)
    w = lax.rev(w, tuple(taps)).transpose(*taps, 1, 0, *phases, 2)
    return w.reshape(*w.shape[: rank + 1], -1)


def _axes(
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: Size,
    padding: Size,
    output_padding: Size,
    dilation: Size,
) -> list[_Axis]:
    rank = len(size)
    where = f"conv_transpose{rank}d"
    strides = sizes(where, "stride", stride, rank, smallest=1)
    paddings = sizes(where, "padding", padding, rank, smallest=0)
    extras = sizes(where, "output_padding", output_padding, rank, smallest=0)
    dilations = sizes(where, "dilation", dilation, rank, smallest=1)
    axes = []
    for n, k, s, p, extra, d in zip(size, kernel, strides, paddings, extras, dilations, strict=True):
        if extra >= max(s, d):
            raise ValueError(
                f"{where}: output_padding is {output_padding} but stride is {stride} and dilation {dilation}; "
                "it must be smaller than one of the two"
            )
        output = (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        if output < 1:
            raise ValueError(
                f"{where}: padding={padding} leaves an output of size {output} of an input of size {n} and a kernel "
                f"of size {k}; use less padding or a larger input"
            )
        axes.append(_Axis(s, p, d, n, k, output))
    return axes
