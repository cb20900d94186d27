"""Max pooling."""

from typing import Any, Literal, overload

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._windows import Size, require_planes, spans
from jaxdl.functional.pool._maximum import maxima


@overload
def max_pool1d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = ...,
    padding: Size = ...,
    dilation: Size = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
) -> jax.Array: ...
@overload
def max_pool1d(input: ArrayLike, *args: Any, **kwargs: Any) -> Any: ...


def max_pool1d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum over windows of one spatial axis.

        y[n, c, i] = max_u x[n, c, s·i + d·u - p]

    where x is -inf outside, and s, d, p are stride, dilation and padding.

    **Matches** PyTorch 2.13: ties, NaN and `ceil_mode` as in `max_pool2d`. **Differs**: as in `max_pool2d`; integers
    are taken with and without `return_indices` (PyTorch: only with).

    Args:
        input: [N, C, L], or [C, L]; floating point or integer.
        kernel_size: an integer or a tuple of one, at least 1; so too below.
        stride: the distance of neighbouring windows; None (or an empty tuple): the kernel's size.
        padding: on both sides, at most half the kernel.
        dilation: the distance of neighbouring elements of a window.
        ceil_mode: let the last window hang over the edge.
        return_indices: return the place of each maximum as well.

    Returns:
        [N, C, L'] (or without N) in the input's dtype, L' = ⌊(L + 2p - d(k - 1) - 1) / s⌋ + 1 (⌈⌉ with `ceil_mode`);
        with `return_indices`, that and integers of the same shape.

    Raises:
        ValueError: as in `max_pool2d`.
        TypeError: boolean or complex input.

    >>> max_pool1d(jnp.array([[3.0, 1.0, 2.0, 5.0]]), 2).tolist()
    [[3.0, 5.0]]
    """
    return maximum("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@overload
def max_pool2d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = ...,
    padding: Size = ...,
    dilation: Size = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
) -> jax.Array: ...
@overload
def max_pool2d(input: ArrayLike, *args: Any, **kwargs: Any) -> Any: ...


def max_pool2d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum over windows of two spatial axes.

        y[n, c, i, j] = max_{u, v} x[n, c, s·i + d·u - p, s·j + d·v - p]

    where x is -inf outside, and s, d, p are stride, dilation and padding.

    **Matches** PyTorch 2.13: the gradient of a tie goes to the first maximum of a window, row by row; NaN
    propagates (and the last NaN of a window takes gradient and index); `ceil_mode` adds a window that starts
    inside the input or its left padding. **Differs**: indices have JAX's default integer dtype, int32 unless
    x64 is enabled (PyTorch: int64). A dilated window whose elements all lie in the padding is -inf with no gradient
    and no meaningful index (PyTorch 2.13 writes its gradient outside the array).

    Args:
        input: [N, C, H, W], or [C, H, W]; floating point or integer.
        kernel_size: an integer or (height, width), at least 1; so too below.
        stride: the distance of neighbouring windows; None (or, as in PyTorch, an empty tuple): the kernel's size.
        padding: on both sides of each axis, at most half the kernel.
        dilation: the distance of neighbouring elements of a window.
        ceil_mode: let the last window hang over the edge.
        return_indices: return the place of each maximum as well.

    Returns:
        [N, C, H', W'] (or without N) in the input's dtype, H' = ⌊(H + 2p - d(k - 1) - 1) / s⌋ + 1 (⌈⌉ with
        `ceil_mode`); with `return_indices`, that and integers of the same shape, flat into the unpadded H·W.

    Raises:
        ValueError: a wrong rank, an empty axis other than N, padding larger than half the kernel, no room for
            any window, a size out of range.
        TypeError: boolean or complex input.

    >>> value, index = max_pool2d(jnp.arange(16.0).reshape(1, 4, 4), 2, return_indices=True)
    >>> value.tolist(), index.tolist()
    ([[[5.0, 7.0], [13.0, 15.0]]], [[[5, 7], [13, 15]]])
    """
    return maximum("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@overload
def max_pool3d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = ...,
    padding: Size = ...,
    dilation: Size = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
) -> jax.Array: ...
@overload
def max_pool3d(input: ArrayLike, *args: Any, **kwargs: Any) -> Any: ...


def max_pool3d(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum over windows of three spatial axes.

        y[n, c, i, j, l] = max_{t, u, v} x[n, c, s·i + d·t - p, s·j + d·u - p, s·l + d·v - p]

    where x is -inf outside, and s, d, p are stride, dilation and padding.

    **Matches** PyTorch 2.13: ties, NaN and `ceil_mode` as in `max_pool2d`. **Differs**: as in `max_pool2d`.

    Args:
        input: [N, C, D, H, W], or [C, D, H, W]; floating point or integer.
        kernel_size: an integer or (depth, height, width), at least 1; so too below.
        stride: the distance of neighbouring windows; None (or an empty tuple): the kernel's size.
        padding: on both sides of each axis, at most half the kernel.
        dilation: the distance of neighbouring elements of a window.
        ceil_mode: let the last window hang over the edge.
        return_indices: return the place of each maximum as well.

    Returns:
        [N, C, D', H', W'] (or without N) in the input's dtype; with `return_indices`, that and integers of the same
        shape, flat into the unpadded D·H·W.

    Raises:
        ValueError: as in `max_pool2d`.
        TypeError: boolean or complex input.

    >>> max_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 2).tolist()
    [[[[7.0]]]]
    """
    return maximum("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """`max_pool1d(..., return_indices=True)`: value and index, whatever `return_indices` says.

    **Matches** PyTorch 2.13's function of this name.

    >>> max_pool1d_with_indices(jnp.array([[3.0, 1.0, 2.0, 5.0]]), 2)[1].tolist()
    [[0, 3]]
    """
    return maximum("max_pool1d_with_indices", 1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """`max_pool2d(..., return_indices=True)`: value and index, whatever `return_indices` says.

    **Matches** PyTorch 2.13's function of this name.

    >>> max_pool2d_with_indices(jnp.arange(16.0).reshape(1, 4, 4), 2)[1].tolist()
    [[[5, 7], [13, 15]]]
    """
    return maximum("max_pool2d_with_indices", 2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """`max_pool3d(..., return_indices=True)`: value and index, whatever `return_indices` says.

    **Matches** PyTorch 2.13's function of this name.

    >>> max_pool3d_with_indices(jnp.arange(8.0).reshape(1, 2, 2, 2), 2)[1].tolist()
    [[[[7]]]]
    """
    return maximum("max_pool3d_with_indices", 3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def maximum(
    where: str,
    axes: int,
    input: ArrayLike,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    """The maximum of every window of the last `axes` axes; errors are said to be `where`'s."""
    x = jnp.asarray(input)
    require_planes(where, x, axes)
    if not (jnp.issubdtype(x.dtype, jnp.floating) or jnp.issubdtype(x.dtype, jnp.integer)):
        raise TypeError(f"{where}: input has dtype {x.dtype}; it must be floating point or integer")
    windows = spans(where, x.shape, axes, kernel_size, stride, padding, dilation, ceil_mode)
    value, place = maxima(x, windows, return_indices)
    return value if place is None else (value, place)
