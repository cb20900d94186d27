"""Adaptive max pooling."""

from typing import Any, Literal, overload

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating
from jaxdl.functional.pool._adaptive import Extent, adaptive_output, adaptive_windows, even_spans
from jaxdl.functional.pool._maximum import maxima, maxima_at


@overload
def adaptive_max_pool1d(input: ArrayLike, output_size: Extent, return_indices: Literal[False] = ...) -> jax.Array: ...
@overload
def adaptive_max_pool1d(input: ArrayLike, output_size: Extent, return_indices: bool) -> Any: ...


def adaptive_max_pool1d(input: ArrayLike, output_size: Extent, return_indices: bool = False) -> Any:
    """Maximum over windows of one spatial axis that divide it into `output_size` parts.

        y[n, c, i] = max of x[n, c, ⌊i·L / L'⌋ : ⌈(i + 1)·L / L'⌉]

    **Matches** PyTorch 2.13, as `adaptive_max_pool2d` does. **Differs**: as there.

    Args:
        input: [N, C, L], or [C, L]; floating point.
        output_size: L', an integer or a tuple of one, at least 0.
        return_indices: return the place of each maximum as well.

    Returns:
        [N, C, L'] (or without N) in the input's dtype; with `return_indices`, that and integers of the same shape.

    Raises:
        ValueError: a wrong rank, an empty axis other than the first, a size out of range.
        TypeError: input that is not floating point, a size that is not an integer.

    >>> adaptive_max_pool1d(jnp.array([[1.0, 5.0, 3.0, 2.0, 4.0]]), 2).tolist()
    [[5.0, 4.0]]
    """
    return _adaptive_maximum("adaptive_max_pool1d", 1, input, output_size, return_indices)


@overload
def adaptive_max_pool2d(input: ArrayLike, output_size: Extent, return_indices: Literal[False] = ...) -> jax.Array: ...
@overload
def adaptive_max_pool2d(input: ArrayLike, output_size: Extent, return_indices: bool) -> Any: ...


def adaptive_max_pool2d(input: ArrayLike, output_size: Extent, return_indices: bool = False) -> Any:
    """Maximum over windows of two spatial axes that divide each into as many parts as `output_size` says.

        y[n, c, i, j] = max of x[n, c, ⌊i·H / H'⌋ : ⌈(i + 1)·H / H'⌉, ⌊j·W / W'⌋ : ⌈(j + 1)·W / W'⌉]

    **Matches** PyTorch 2.13: windows overlap by one element where the division leaves a rest; ties and NaN as in
    `max_pool2d`. **Differs**: indices have JAX's default integer dtype, int32 unless x64 is enabled (PyTorch: int64).

    Args:
        input: [N, C, H, W], or [C, H, W]; floating point.
        output_size: H' = W', or (H', W'), each at least 0; None: the input's own size.
        return_indices: return the place of each maximum as well.

    Returns:
        [N, C, H', W'] (or without N) in the input's dtype; with `return_indices`, that and integers of the same
        shape, flat into H·W.

    Raises:
        ValueError: a wrong rank, an empty axis other than the first, a size out of range.
        TypeError: input that is not floating point, a size that is not an integer.

    >>> value, index = adaptive_max_pool2d(jnp.arange(16.0).reshape(1, 4, 4), (1, 2), return_indices=True)
    >>> value.tolist(), index.tolist()
    ([[[13.0, 15.0]]], [[[13, 15]]])
    """
    return _adaptive_maximum("adaptive_max_pool2d", 2, input, output_size, return_indices)


@overload
def adaptive_max_pool3d(input: ArrayLike, output_size: Extent, return_indices: Literal[False] = ...) -> jax.Array: ...
@overload
def adaptive_max_pool3d(input: ArrayLike, output_size: Extent, return_indices: bool) -> Any: ...


def adaptive_max_pool3d(input: ArrayLike, output_size: Extent, return_indices: bool = False) -> Any:
    """Maximum over windows of three spatial axes that divide each into as many parts as `output_size` says.

        y[n, c, i, j, l] = max of x[n, c, ⌊i·D / D'⌋ : ⌈(i + 1)·D / D'⌉, ...]

    **Matches** PyTorch 2.13, as `adaptive_max_pool2d` does. **Differs**: as there.

    Args:
        input: [N, C, D, H, W], or [C, D, H, W]; floating point.
        output_size: D' = H' = W', or (D', H', W'), each at least 0; None: the input's own size.
        return_indices: return the place of each maximum as well.

    Returns:
        [N, C, D', H', W'] (or without N) in the input's dtype; with `return_indices`, that and integers of the same
        shape, flat into D·H·W.

    Raises:
        ValueError: a wrong rank, an empty axis other than the first, a size out of range.
        TypeError: input that is not floating point, a size that is not an integer.

    >>> adaptive_max_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), (1, None, 1)).tolist()
    [[[[5.0], [7.0]]]]
    """
    return _adaptive_maximum("adaptive_max_pool3d", 3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: ArrayLike, output_size: Extent, return_indices: bool = False
) -> tuple[jax.Array, jax.Array]:
    """`adaptive_max_pool1d(..., return_indices=True)`: value and index, whatever `return_indices` says.

    **Matches** PyTorch 2.13's function of this name.

    >>> adaptive_max_pool1d_with_indices(jnp.array([[1.0, 5.0, 3.0]]), 1)[1].tolist()
    [[1]]
    """
    return _adaptive_maximum("adaptive_max_pool1d_with_indices", 1, input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: ArrayLike, output_size: Extent, return_indices: bool = False
) -> tuple[jax.Array, jax.Array]:
    """`adaptive_max_pool2d(..., return_indices=True)`: value and index, whatever `return_indices` says.

    **Matches** PyTorch 2.13's function of this name.

    >>> adaptive_max_pool2d_with_indices(jnp.arange(16.0).reshape(1, 4, 4), (1, 2))[1].tolist()
    [[[13, 15]]]
    """
    return _adaptive_maximum("adaptive_max_pool2d_with_indices", 2, input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: ArrayLike, output_size: Extent, return_indices: bool = False
) -> tuple[jax.Array, jax.Array]:
    """`adaptive_max_pool3d(..., return_indices=True)`: value and index, whatever `return_indices` says.

    **Matches** PyTorch 2.13's function of this name.

    >>> adaptive_max_pool3d_with_indices(jnp.arange(8.0).reshape(1, 2, 2, 2), 1)[1].tolist()
    [[[[7]]]]
    """
    return _adaptive_maximum("adaptive_max_pool3d_with_indices", 3, input, output_size, True)


def _adaptive_maximum(where: str, axes: int, input: ArrayLike, output_size: Extent, return_indices: bool) -> Any:
    x = jnp.asarray(input)
    output = adaptive_output(where, x.shape, axes, output_size, may_lack_channels=False)
    require_floating(where, input=x)
    spans = even_spans(x.shape, output)
    place: jax.Array | None
    if spans is not None:
        value, place = maxima(x, spans, return_indices)
    else:
        windows = [adaptive_windows(*pair)[0] for pair in zip(x.shape[-axes:], output, strict=True)]
        value, place = maxima_at(x, [jnp.asarray(places) for places in windows])
    return (value, place) if return_indices and place is not None else value
