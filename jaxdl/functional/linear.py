"""Affine and bilinear maps."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._bias import plus
from jaxdl.functional._checks import require_same_dtype, widen


def linear(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> jax.Array:
    """Affine map of the last axis.

        y = x Wᵀ + b

    **Matches** PyTorch 2.13's `linear`, integer and complex dtypes, a one-dimensional weight and a broadcast
    bias included; half types are summed in float32, bias and all, and rounded once. **Differs**: a gradient with
    respect to something complex is the conjugate of PyTorch's, as everywhere in JAX; on accelerators the precision of
    float32 products is JAX's to choose (`jax.default_matmul_precision`), on CPU it is full.

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
    half = jnp.issubdtype(x.dtype, jnp.floating) and x.dtype.itemsize < 4
    y = _wide_product(x, w) if half else jnp.matmul(x, w.T)
    if b is not None:
        y = plus(y, b)
    return y.astype(x.dtype)


def bilinear(input1: ArrayLike, input2: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> jax.Array:
    """Bilinear map of the last axes.

        y[..., o] = b[o] + Σ_{i, j} x₁[..., i] · W[o, i, j] · x₂[..., j]

    **Matches** PyTorch 2.13's `bilinear`, integer and complex dtypes included. **Differs**: half types are summed in
    float32 and rounded once (PyTorch rounds more often); inputs without features give the bias (PyTorch raises); a
    gradient with respect to something complex is the conjugate of PyTorch's, as everywhere in JAX.

    Args:
        input1: [..., in1_features].
        input2: [..., in2_features], with the same leading axes: they do not broadcast.
        weight: [out_features, in1_features, in2_features].
        bias: [out_features].

    Returns:
        [..., out_features] in the inputs' dtype.

    Raises:
        ValueError: a wrong rank, leading axes or numbers of features that differ, a bias that does not fit.
        TypeError: booleans, or dtypes that differ.

    >>> bilinear(jnp.array([1.0, 2.0]), jnp.array([3.0]), jnp.array([[[1.0], [10.0]]]), jnp.array([0.5])).tolist()
    [63.5]
    """
    x1, x2, w = jnp.asarray(input1), jnp.asarray(input2), jnp.asarray(weight)
    b = None if bias is None else jnp.asarray(bias)
    _check_bilinear(x1, x2, w, b)
    y = jnp.einsum("...i,oij,...j->...o", _wide(x1), _wide(w), _wide(x2))
    if b is not None:
        y = plus(y, b)
    return y.astype(x1.dtype)


@jax.custom_jvp
def _wide_product(x: jax.Array, w: jax.Array) -> jax.Array:
    """x wᵀ of half types, left in float32."""
    return jnp.matmul(x, w.T, preferred_element_type=jnp.float32)


@_wide_product.defjvp
def _wide_product_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """In the half type: in reverse mode every product has the operands' dtype, for which accelerators are fast."""
    (x, w), (dx, dw) = primals, tangents
    return _wide_product(x, w), (jnp.matmul(dx, w.T) + jnp.matmul(x, dw.T)).astype(jnp.float32)


def _wide(x: jax.Array) -> jax.Array:
    return widen(x) if jnp.issubdtype(x.dtype, jnp.floating) else x


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


def _check_bilinear(x1: jax.Array, x2: jax.Array, w: jax.Array, b: jax.Array | None) -> None:
    if w.ndim != 3:
        raise ValueError(f"bilinear: weight has shape {w.shape}; it must be [out_features, in1_features, in2_features]")
    if x1.ndim < 1 or x1.shape[:-1] != x2.shape[:-1] or x1.ndim != x2.ndim:
        raise ValueError(
            f"bilinear: input1 has shape {x1.shape} and input2 {x2.shape}; all axes but their last must be equal"
        )
    for name, x, features in (("input1", x1, w.shape[1]), ("input2", x2, w.shape[2])):
        if x.shape[-1] != features:
            raise ValueError(
                f"bilinear: {name} has {x.shape[-1]} features (shape {x.shape}) but weight expects {features} "
                f"(shape {w.shape})"
            )
    require_same_dtype("bilinear", input1=x1, input2=x2, weight=w, bias=b)
    if x1.dtype == jnp.bool_:
        raise TypeError("bilinear: input1 has dtype bool; cast it to a numeric dtype")
    if b is not None and b.shape != (w.shape[0],):
        raise ValueError(f"bilinear: bias has shape {b.shape}; it must be ({w.shape[0]},), one for each output feature")
