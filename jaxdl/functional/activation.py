"""Elementwise and softmax activations."""

import warnings
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxdl.functional._checks import integer, require_floating, widen


def relu(input: ArrayLike, inplace: bool = False) -> jax.Array:
    """Rectified linear unit.

        relu(x) = max(x, 0)

    **Matches** PyTorch 2.13: value and gradient, with relu'(0) = 0 and relu'(NaN) = 1, on floating and
    integer dtypes. **Differs**: `inplace` is accepted and has no effect, since arrays are immutable.

    Args:
        input: any shape, real.
        inplace: no effect.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: boolean or complex input.

    >>> relu(jnp.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]

    Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, ICML 2010.
    """
    del inplace
    x = jnp.asarray(input)
    if jnp.issubdtype(x.dtype, jnp.integer):
        return jnp.maximum(x, 0)
    require_floating("relu", input=x)
    return _relu(x)


@jax.custom_jvp
def _relu(x: jax.Array) -> jax.Array:
    return jnp.maximum(x, 0)


@_relu.defjvp
def _relu_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    y, dx = _relu(*primals), tangents[0]
    return y, jnp.where(
        y <= 0, jnp.zeros_like(dx), dx
    )  # asked of the output, and this way round, NaN passes as in PyTorch


def softmax(
    input: ArrayLike, dim: int | None = None, _stacklevel: int = 3, dtype: DTypeLike | None = None
) -> jax.Array:
    """Softmax along one axis.

        softmax(x)_i = exp(x_i) / Σ_j exp(x_j)

    **Matches** PyTorch 2.13, the deprecated choice of axis included (`dim=None` means 0 for 0, 1 and 3
    dimensions and 1 otherwise, with a UserWarning), half types computed in float32, and NaN for a slice that
    is all -inf. **Differs**: a `dim` out of range is a ValueError (PyTorch: IndexError), and `dtype=float64`
    needs x64 to be enabled.

    Args:
        input: any shape, floating point after the cast to `dtype`.
        dim: the axis that sums to one.
        dtype: cast the input to this first.

    Returns:
        An array of the input's shape, in `dtype` or the input's dtype.

    Raises:
        ValueError: `dim` out of range.
        TypeError: a dtype that is not floating point, a `dim` that is not an integer.

    >>> softmax(jnp.array([[0.0, 0.0], [1.0, 1.0]]), dim=1).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    return _along("softmax", jax.nn.softmax, input, dim, _stacklevel, dtype)


def log_softmax(
    input: ArrayLike, dim: int | None = None, _stacklevel: int = 3, dtype: DTypeLike | None = None
) -> jax.Array:
    """Logarithm of softmax along one axis, without overflow.

        log_softmax(x)_i = x_i - log Σ_j exp(x_j)

    **Matches** and **differs** as `softmax` does.

    Args:
        input: any shape, floating point after the cast to `dtype`.
        dim: the axis whose exponentials sum to one.
        dtype: cast the input to this first.

    Returns:
        An array of the input's shape, in `dtype` or the input's dtype.

    Raises:
        ValueError: `dim` out of range.
        TypeError: a dtype that is not floating point, a `dim` that is not an integer.

    >>> log_softmax(jnp.array([1e4, 0.0]), dim=0).tolist()
    [0.0, -10000.0]
    """
    return _along("log_softmax", jax.nn.log_softmax, input, dim, _stacklevel, dtype)


def _along(
    where: str,
    function: Callable[..., jax.Array],
    input: ArrayLike,
    dim: int | None,
    stacklevel: int,
    dtype: DTypeLike | None,
) -> jax.Array:
    x = jnp.asarray(input)
    if dtype is not None:
        x = x.astype(dtype)
    require_floating(where, input=x)
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {where} has been deprecated. "
            "Change the call to include dim=X as an argument.",
            stacklevel=stacklevel,
        )
        dim = 0 if x.ndim in (0, 1, 3) else 1
    axes = max(x.ndim, 1)  # a scalar has one axis here, as in PyTorch
    if not -axes <= integer(where, "dim", dim) < axes:
        raise ValueError(f"{where}: dim is {dim} but input has shape {x.shape}; it must lie in [{-axes}, {axes - 1}]")
    if x.size == 0:
        return x
    return function(widen(jnp.atleast_1d(x)), axis=dim).astype(x.dtype).reshape(x.shape)
