"""Functions that turn numbers along an axis into shares of one."""

import warnings
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxdl.functional._checks import axis, number, require_floating, widen
from jaxdl.functional._scalar import straight_through


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
        dtype: cast the input to this first; of complex numbers the real part is taken, with a warning.

    Returns:
        An array of the input's shape, in `dtype` or the input's dtype.

    Raises:
        ValueError: `dim` out of range.
        TypeError: a dtype that is not floating point, a `dim` that is not an integer.

    >>> softmax(jnp.array([[0.0, 0.0], [1.0, 1.0]]), dim=1).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    return _along("softmax", jax.nn.softmax, input, dim, _stacklevel, dtype)


def softmin(
    input: ArrayLike, dim: int | None = None, _stacklevel: int = 3, dtype: DTypeLike | None = None
) -> jax.Array:
    """Softmax of the negated input along one axis: the smallest gets the largest share.

        softmin(x)_i = exp(-x_i) / Σ_j exp(-x_j)

    **Matches** and **differs** as `softmax` does; the sign is changed before the cast to `dtype`, so unsigned
    integers wrap as they do in PyTorch.

    Args:
        input: any shape, floating point after the cast to `dtype`.
        dim: the axis that sums to one.
        dtype: cast the negated input to this first.

    Returns:
        An array of the input's shape, in `dtype` or the input's dtype.

    Raises:
        ValueError: `dim` out of range.
        TypeError: boolean input, a dtype that is not floating point, a `dim` that is not an integer.

    >>> softmin(jnp.array([0.0, 1000.0]), dim=0).tolist()
    [1.0, 0.0]
    """
    x = jnp.asarray(input)
    if x.dtype == bool:
        raise TypeError("softmin: input has dtype bool, which has no sign to change; cast it to float32")
    return _along("softmin", jax.nn.softmax, -x, dim, _stacklevel, dtype)


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


def gumbel_softmax(
    logits: ArrayLike,
    tau: float = 1,
    hard: bool = False,
    eps: float = 1e-10,
    dim: int = -1,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """A sample of a categorical distribution that can be differentiated.

        y = softmax((logits + g) / tau),   g = -log(e), e ~ Exponential(1)

    With `hard` the value is one-hot at the largest y, and the derivatives are those of y.

    **Matches** PyTorch 2.13 in distribution and, given the noise, in value and gradient; `eps` has no effect and is
    deprecated. **Differs**: the noise comes from `key` and not from a global generator; with `hard` the ones and zeros
    are exact, where PyTorch's 1 - y + y can be off in the last digit.

    Args:
        logits: any shape, floating point; unnormalised log-probabilities.
        tau: temperature, a Python number.
        hard: give one-hot values.
        eps: no effect.
        dim: the axis that sums to one.
        key: a jax.random key; needed unless the input is empty.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: `dim` out of range, or no `key`, or `hard` along an empty axis.
        TypeError: logits that are not floating point, a tau that is not a number.

    >>> gumbel_softmax(jnp.array([0.0, 1e4, 0.0]), hard=True, key=jax.random.key(0)).tolist()
    [0.0, 1.0, 0.0]

    Jang, Gu and Poole, Categorical reparameterization with Gumbel-softmax, ICLR 2017.
    """
    x = jnp.asarray(logits)
    require_floating("gumbel_softmax", logits=x)
    if eps != 1e-10:
        warnings.warn("gumbel_softmax: eps is deprecated and has no effect", stacklevel=2)
    place, temperature = axis("gumbel_softmax", "dim", dim, x), number("gumbel_softmax", "tau", tau)
    if x.size == 0:
        if hard and x.shape[place] == 0:
            raise ValueError(f"gumbel_softmax: logits of shape {x.shape} have nothing to choose from in dim {dim}")
        return x
    if key is None:
        raise ValueError("gumbel_softmax: key is None but noise is drawn; pass key=jax.random.key(seed)")
    wide = jnp.atleast_1d(widen(x))
    soft = jax.nn.softmax((wide + jax.random.gumbel(key, wide.shape, wide.dtype)) / temperature, place)
    if hard:
        best = jnp.argmax(soft, place)
        soft = straight_through(jax.nn.one_hot(best, soft.shape[place], dtype=soft.dtype, axis=place), soft)
    return soft.astype(x.dtype).reshape(x.shape)


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
        if jnp.iscomplexobj(x) and not jnp.issubdtype(dtype, jnp.complexfloating):
            warnings.warn(f"{where}: of complex input only the real part is kept in {dtype}", stacklevel=stacklevel)
            x = x.real
        x = x.astype(dtype)
    require_floating(where, input=x)
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {where} has been deprecated. "
            "Change the call to include dim=X as an argument.",
            stacklevel=stacklevel,
        )
        dim = 0 if x.ndim in (0, 1, 3) else 1
    place = axis(where, "dim", dim, x)
    if x.size == 0:
        return x
    return function(widen(jnp.atleast_1d(x)), axis=place).astype(x.dtype).reshape(x.shape)
