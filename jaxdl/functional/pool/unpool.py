"""Max unpooling: maxima back to the places that they came from."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer, require_floating
from jaxdl.functional._concrete import concrete
from jaxdl.functional._windows import Size, exactly, require_planes


def max_unpool1d(
    input: ArrayLike,
    indices: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: tuple[int, ...] | list[int] | None = None,
) -> jax.Array:
    """Zeros of the size that `max_pool1d` pooled, with its maxima where they were.

        y[n, c, indices[n, c, i]] = x[n, c, i]

    **Matches** PyTorch 2.13, as `max_unpool2d` does. **Differs**: as there.

    Args:
        input: [N, C, L'], or [C, L']; floating point.
        indices: int32 or int64 of the same shape, in [0, L).
        kernel_size: the pooling's, an integer or a tuple of one, at least 1; so too below.
        stride: the pooling's; None: the kernel's size.
        padding: the pooling's.
        output_size: the pooled shape, L or all of it, which lies less than a stride from (L' - 1)·s + k - 2p, the
            default.

    Returns:
        [N, C, L] (or without N) in the input's dtype.

    Raises:
        ValueError, TypeError: as in `max_unpool2d`.

    >>> max_unpool1d(jnp.array([[3.0, 5.0]]), jnp.array([[0, 3]]), 2).tolist()
    [[3.0, 0.0, 0.0, 5.0]]
    """
    return _max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: ArrayLike,
    indices: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: tuple[int, ...] | list[int] | None = None,
) -> jax.Array:
    """Zeros of the size that `max_pool2d` pooled, with its maxima where they were.

        y[n, c, indices[n, c, i, j]] = x[n, c, i, j],   indices flat into H·W

    **Matches** PyTorch 2.13: of elements that share a place the last one stays (on CPU; elsewhere one of them), yet
    each gets the gradient of that place. **Differs**: int32 indices are taken as well, since they are JAX's default;
    forward mode adds up the tangents that share a place, so that it agrees with reverse mode; under `jit` an index out
    of range is not refused, and its element falls away.

    Args:
        input: [N, C, H', W'], or [C, H', W']; floating point.
        indices: int32 or int64 of the same shape, in [0, H·W).
        kernel_size: the pooling's, an integer or (height, width), at least 1; so too below.
        stride: the pooling's; None: the kernel's size.
        padding: the pooling's.
        output_size: the pooled shape, (H, W) or all of it; H lies less than a stride from (H' - 1)·s + k - 2p, the
            default.

    Returns:
        [N, C, H, W] (or without N) in the input's dtype.

    Raises:
        ValueError: a wrong rank, an empty axis other than N, indices of another shape or out of range (where they are
            concrete), an output size that no pooling explains, a size out of range.
        TypeError: input that is not floating point, indices that are not int32 or int64.

    >>> from jaxdl.functional import max_pool2d
    >>> x = jnp.array([[[1.0, 4.0], [2.0, 3.0]]])
    >>> value, index = max_pool2d(max_unpool2d(x, jnp.array([[[0, 3], [8, 15]]]), 2), 2, return_indices=True)
    >>> value.tolist() == x.tolist(), index.tolist()
    (True, [[[0, 3], [8, 15]]])
    """
    return _max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: ArrayLike,
    indices: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: tuple[int, ...] | list[int] | None = None,
) -> jax.Array:
    """Zeros of the size that `max_pool3d` pooled, with its maxima where they were.

        y[n, c, indices[n, c, i, j, l]] = x[n, c, i, j, l],   indices flat into D·H·W

    **Matches** PyTorch 2.13, as `max_unpool2d` does. **Differs**: as there.

    Args:
        input: [N, C, D', H', W'], or [C, D', H', W']; floating point.
        indices: int32 or int64 of the same shape, in [0, D·H·W).
        kernel_size: the pooling's, an integer or (depth, height, width), at least 1; so too below.
        stride: the pooling's; None: the kernel's size.
        padding: the pooling's.
        output_size: the pooled shape, (D, H, W) or all of it.

    Returns:
        [N, C, D, H, W] (or without N) in the input's dtype.

    Raises:
        ValueError, TypeError: as in `max_unpool2d`.

    >>> max_unpool3d(jnp.array([[[[5.0]]]]), jnp.array([[[[2]]]]), (1, 2, 2)).tolist()
    [[[[0.0, 0.0], [5.0, 0.0]]]]
    """
    return _max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


def _max_unpool(
    where: str,
    axes: int,
    input: ArrayLike,
    indices: ArrayLike,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    output_size: Any,
) -> jax.Array:
    x, index = jnp.asarray(input), jnp.asarray(indices)
    require_planes(where, x, axes)
    require_floating(where, input=x)
    if index.dtype not in (jnp.int32, jnp.int64):
        raise TypeError(f"{where}: indices has dtype {index.dtype}; it must be int32 or int64")
    if index.shape != x.shape:
        raise ValueError(f"{where}: indices has shape {index.shape}; it must be the input's, {x.shape}")
    kernels = exactly(where, "kernel_size", kernel_size, axes, smallest=1)
    strides = kernels if stride is None else exactly(where, "stride", stride, axes, smallest=1)
    paddings = exactly(where, "padding", padding, axes, smallest=0)
    pooled = zip(x.shape[-axes:], kernels, strides, paddings, strict=True)
    default = tuple((size - 1) * s + k - 2 * p for size, k, s, p in pooled)
    plane = default if output_size is None else _plane(where, output_size, default, strides)
    if min(plane) < 0:
        raise ValueError(f"{where}: the output would have the shape {plane}; padding={padding} leaves nothing of it")
    _require_inside(where, index, plane)

    return _placed(x, index, plane)


@partial(jax.jit, static_argnums=2)
def _placed(x: jax.Array, index: jax.Array, plane: tuple[int, ...]) -> jax.Array:
    batch, pooled = x.shape[: -len(plane)], x.shape[-len(plane) :]
    rows = math.prod(batch), math.prod(pooled)
    return _scatter(x.reshape(rows), index.reshape(rows), math.prod(plane)).reshape(*batch, *plane)


def _plane(where: str, output_size: Any, default: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """The spatial part of `output_size`, one that pooling could have come from."""
    axes = len(default)
    entries = tuple(output_size) if isinstance(output_size, tuple | list) else ()
    if len(entries) not in (axes, axes + 2):
        raise ValueError(f"{where}: output_size must hold {axes} or {axes + 2} integers, but got {output_size!r}")
    plane = tuple(integer(where, "output_size", entry) for entry in entries[-axes:])
    for size, middle, stride in zip(plane, default, strides, strict=True):
        if abs(size - middle) >= stride:
            raise ValueError(
                f"{where}: output_size is {plane}; it must lie less than the stride {strides} from {default}"
            )
    return plane


def _require_inside(where: str, index: jax.Array, plane: tuple[int, ...]) -> None:
    """Values are looked at only where that needs no tracing."""
    values = concrete(index)
    if values is None:
        return
    wrong = values[(values < 0) | (values >= math.prod(plane))]
    if wrong.size:
        raise ValueError(
            f"{where}: indices holds {wrong.flat[0]}; an output of {plane} has places 0 to {math.prod(plane) - 1}"
        )


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _scatter(x: jax.Array, index: jax.Array, size: int) -> jax.Array:
    """Rows of zeros with x at its places; one out of range falls away."""
    return _at(x, index, size).set(x, mode="drop")


@_scatter.defjvp
def _scatter_jvp(
    size: int, primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, Any]
) -> tuple[jax.Array, jax.Array]:
    """Added up, so that its transpose hands every element the cotangent of its place, as PyTorch does."""
    (x, index), (dx, _) = primals, tangents
    return _scatter(x, index, size), _at(x, index, size).add(dx, mode="drop")


def _at(x: jax.Array, index: jax.Array, size: int) -> Any:
    index = jnp.where(index < 0, size, index)  # JAX would count a negative one from the end
    rows = jnp.arange(x.shape[0], dtype=index.dtype)[:, None]
    return jnp.zeros((x.shape[0], size), x.dtype).at[rows, index]
