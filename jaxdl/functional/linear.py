"""The affine map."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_same_dtype


def linear(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> jax.Array:
    """Affine map of the last axis.

        y = x Wᵀ + b

    **Matches** PyTorch 2.13's `linear`, integer and complex dtypes, a one-dimensional weight and a broadcast
    bias included. **Differs**: on accelerators the precision of float32 products is JAX's to choose
    (`jax.default_matmul_precision`); on CPU it is full.

    Args:
        input: [..., in_features].
        weight: [out_features, in_features], or [in_features] for a single output without its axis.
        bias: [out_features], or anything that broadcasts to the output; not allowed with a one-dimensional
            weight.

    Returns:
        [..., out_features], or [...] for a one-dimensional weight, in the input's dtype.

    Raises:
        ValueError: a wrong rank, different numbers of features, or a bias that does not fit the output.
        TypeError: booleans, or dtypes that differ.

    >>> linear(jnp.array([[1.0, 2.0]]), jnp.array([[3.0, 4.0], [5.0, 6.0]]), jnp.array([0.5, 0.0])).tolist()
    [[11.5, 17.0]]
    """
    x, w = jnp.asarray(input), jnp.asarray(weight)
    b = None if bias is None else jnp.asarray(bias)
    _check(x, w, b)
    y = jnp.matmul(x, w.T)
    return y if b is None else y + jnp.broadcast_to(b, y.shape)


def _check(x: jax.Array, w: jax.Array, b: jax.Array | None) -> None:
    if x.ndim < 1:
        raise ValueError("linear: input is a scalar; it needs at least one axis, [..., in_features]")
    if w.ndim not in (1, 2):
        raise ValueError(f"linear: weight has shape {w.shape}; it must be [out_features, in_features] or [in_features]")
    if x.shape[-1] != w.shape[-1]:
        raise ValueError(
            f"linear: input has {x.shape[-1]} features (shape {x.shape}) but weight expects {w.shape[-1]} "
            f"(shape {w.shape}); their last axes must be equal"
        )
    require_same_dtype("linear", input=x, weight=w, bias=b)
    if x.dtype == jnp.bool_:
        raise TypeError("linear: input has dtype bool; cast it to a numeric dtype")
    if b is None:
        return
    if w.ndim == 1:
        raise ValueError(f"linear: a weight of shape {w.shape} takes no bias; give weight the shape {(1, *w.shape)}")
    output = (*x.shape[:-1], w.shape[0])
    trailing = output[len(output) - b.ndim :] if b.ndim <= len(output) else None
    if trailing is None or any(have not in (1, want) for have, want in zip(b.shape, trailing, strict=True)):
        raise ValueError(
            f"linear: bias has shape {b.shape}, which does not broadcast to the output's {output}; "
            f"give it the shape ({w.shape[0]},)"
        )
