"""Power-average pooling."""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._windows import Size, exactly
from jaxdl.functional.pool.average import averages
from jaxdl.functional.pool.maximum import maximum


def lp_pool1d(
    input: ArrayLike,
    norm_type: int | float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> jax.Array:
    """p-norm of windows of one spatial axis, without absolute values.

        y[n, c, i] = (Σ_u x[n, c, s·i + u]^p)^(1/p)

    **Matches** PyTorch 2.13, as `lp_pool2d` does. **Differs**: as in `lp_pool2d`; `kernel_size` may be a tuple of one.

    Args:
        input: [N, C, L], or [C, L]; floating point, int32 or int64.
        norm_type: p, a Python number other than 0; inf takes the largest absolute value, -inf the smallest.
        kernel_size: an integer, at least 1; so too below.
        stride: the distance of neighbouring windows; None: the kernel's size.
        ceil_mode: let the last window hang over the edge.

    Returns:
        [N, C, L'] (or without N) in the input's dtype; of integers in JAX's default float.

    Raises:
        ValueError: as in `lp_pool2d`.
        TypeError: another dtype.

    >>> lp_pool1d(jnp.array([[3.0, 4.0, 0.0, 0.0]]), 2, 2).tolist()
    [[5.0, 0.0]]
    """
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: ArrayLike,
    norm_type: int | float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> jax.Array:
    """p-norm of windows of two spatial axes, without absolute values.

        y[n, c, i, j] = (Σ_{u, v} x[n, c, s·i + u, s·j + v]^p)^(1/p)

    **Matches** PyTorch 2.13: no absolute values are taken, so that an odd or fractional p of a negative sum or element
    gives NaN; where the sum of powers is 0 the derivatives of the root are 0; what `ceil_mode` lets hang over the edge
    counts as if it were the window's average; integers to an integer power are averaged as integers. **Differs**:
    int32 is taken as int64 is, since it is JAX's default.

    Args:
        input: [N, C, H, W], or [C, H, W]; floating point, int32 or int64.
        norm_type: p, a Python number other than 0; inf takes the largest absolute value, -inf the smallest.
        kernel_size: an integer or (height, width), at least 1; so too below.
        stride: the distance of neighbouring windows; None (or an empty tuple): the kernel's size.
        ceil_mode: let the last window hang over the edge.

    Returns:
        [N, C, H', W'] (or without N) in the input's dtype; of integers in JAX's default float.

    Raises:
        ValueError: p is 0 or NaN, or a negative power of integers; what `avg_pool2d` refuses.
        TypeError: p is not a number; another dtype.

    >>> lp_pool2d(jnp.array([[[1.0, 1.0], [1.0, 1.0]]]), 2, 2).tolist()
    [[[2.0]]]
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: ArrayLike,
    norm_type: int | float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> jax.Array:
    """p-norm of windows of three spatial axes, without absolute values.

        y[n, c, i, j, l] = (Σ_{t, u, v} x[n, c, s·i + t, s·j + u, s·l + v]^p)^(1/p)

    **Matches** PyTorch 2.13, as `lp_pool2d` does. **Differs**: as in `lp_pool2d`.

    Args:
        input: [N, C, D, H, W], or [C, D, H, W]; floating point, int32 or int64.
        norm_type: p, a Python number other than 0; inf takes the largest absolute value, -inf the smallest.
        kernel_size: an integer or (depth, height, width), at least 1; so too below.
        stride: the distance of neighbouring windows; None (or an empty tuple): the kernel's size.
        ceil_mode: let the last window hang over the edge.

    Returns:
        [N, C, D', H', W'] (or without N) in the input's dtype; of integers in JAX's default float.

    Raises:
        ValueError: as in `lp_pool2d`.
        TypeError: p is not a number; another dtype.

    >>> lp_pool3d(jnp.ones((1, 2, 2, 1)), 1, (2, 2, 1)).tolist()
    [[[[4.0]]]]
    """
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


def _lp_pool(
    where: str, axes: int, input: ArrayLike, norm_type: int | float, kernel_size: Size, stride: Size | None, ceil: bool
) -> jax.Array:
    x = jnp.asarray(input)
    p = _power(where, norm_type, x)
    kernel = exactly(where, "kernel_size", kernel_size, axes, smallest=1)
    if math.isinf(p):
        sign = 1 if p > 0 else -1
        magnitude = x * lax.stop_gradient(jnp.sign(x))  # the gradient of |x| at 0 is 0, as in PyTorch
        return sign * maximum(where, axes, sign * magnitude, kernel, stride, 0, 1, ceil, False)
    mean = averages(where, axes, x**p, kernel, stride, 0, ceil, True, None)
    root = jnp.where(mean == 0, 1, mean) * math.prod(kernel)
    return jnp.where(mean == 0, 0.0 if p > 0 else jnp.inf, root ** (1.0 / p))


def _power(where: str, norm_type: int | float, x: jax.Array) -> int | float:
    """The exponent, an integer where that changes no dtype: products are faster than powers."""
    if not isinstance(norm_type, int | float):
        raise TypeError(f"{where}: norm_type must be a Python number, but got {norm_type!r}")
    if norm_type == 0 or norm_type != norm_type:
        raise ValueError(f"{where}: norm_type is {norm_type}; it must be a number other than 0")
    if jnp.issubdtype(x.dtype, jnp.floating):
        return int(norm_type) if float(norm_type).is_integer() else norm_type
    if isinstance(norm_type, int) and norm_type < 0:
        raise ValueError(f"{where}: norm_type is {norm_type} but input has dtype {x.dtype}; pass it as a float")
    return norm_type
