"""Gradient clipping as torch.nn.utils has it."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import require_non_negative


def _norm(array: jax.Array, order: float) -> jax.Array:
    """torch.linalg.vector_norm of all numbers, in float32 at least."""
    size = jnp.abs(array)
    size = size.astype(jnp.float32) if size.dtype.itemsize < 4 else size
    if math.isinf(order):
        return jnp.max(size) if order > 0 else jnp.min(size)
    if order == 0:
        return jnp.sum(size != 0).astype(size.dtype)
    if order == 2:
        return jnp.sqrt(jnp.sum(size * size))
    return jnp.sum(size) if order == 1 else jnp.sum(size**order) ** (1 / order)


def _order(where: str, norm_type: Any) -> float:
    if isinstance(norm_type, jax.Array):
        raise TypeError(
            f"{where}: norm_type must be a Python number, given an array "
            "(with optax.inject_hyperparams: static_args='norm_type')"
        )
    order = float(norm_type)
    if math.isnan(order):
        raise ValueError(f"{where}: norm_type must be a number or inf, given {norm_type}")
    return order


def total_norm(tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> jax.Array:
    """The norm of the norms of all arrays: that of all their numbers in one vector.

    (Σ |x| ** norm_type) ** (1 / norm_type); the largest |x| for inf, the least for -inf. For 0, PyTorch counts the
    arrays that are not all zero, and so does this.

    **Matches** `torch.nn.utils.get_total_norm`, PyTorch 2.13, complex arrays included. Half types are summed in
    float32.
    **Differs**: `foreach` does not exist. Inside jit nobody can look at the norm: `error_if_nonfinite` is refused
    there.

    Args:
        tensors: a tree of arrays, of any shapes.
        norm_type: the order, a Python number or 'inf'.
        error_if_nonfinite: raise where the norm is NaN or infinite.

    Returns:
        The norm, a real scalar in the arrays' dtype; 0 for an empty tree.

    Raises:
        ValueError: a norm that is not finite, or cannot be looked at, with `error_if_nonfinite`.

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> optim.total_norm({"weight": jnp.array([3.0]), "bias": jnp.array(4.0)}).item()
    5.0
    """
    return _total_norm("total_norm", tensors, norm_type, error_if_nonfinite)


def _total_norm(where: str, tensors: Any, norm_type: Any, error_if_nonfinite: bool) -> jax.Array:
    order = _order(where, norm_type)
    leaves = jax.tree.leaves(tensors)
    if not leaves:
        return jnp.zeros(())
    norm = _norm(jnp.stack([_norm(leaf, order) for leaf in leaves]), order)
    if error_if_nonfinite:
        if isinstance(norm, jax.core.Tracer):
            raise ValueError(
                f"{where}: error_if_nonfinite=True must be used outside jit, where the norm is known; inside, return "
                "optim.total_norm(grads) from the step and look at it afterwards"
            )
        if not jnp.isfinite(norm):
            raise ValueError(
                f"{where}: the gradients must be finite, but their norm of order {norm_type} is {norm}; "
                "error_if_nonfinite=False lets them pass"
            )
    return norm.astype(jnp.finfo(jnp.result_type(*leaves)).dtype)


def clip_grad_norm(
    max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> optax.GradientTransformation:
    """Shrinks all gradients together where their norm is above `max_norm`.

    g ← g · min(1, max_norm / (norm + 1e-6)), the norm over all parameters.

    **Matches** `torch.nn.utils.clip_grad_norm_`, PyTorch 2.13: the 1e-6, all norm types, NaN in every gradient where
    the norm is NaN. (optax.clip_by_global_norm has no 1e-6 and the 2-norm alone.)
    **Differs**: a transformation, to stand before the optimiser in `optax.chain`; `total_norm` gives the norm that
    PyTorch returns. `foreach` does not exist; a negative `max_norm`, with which PyTorch turns the gradient round, is
    refused; so is `error_if_nonfinite` inside jit.

    Args:
        max_norm: the largest norm.
        norm_type: its order, a Python number or 'inf'.
        error_if_nonfinite: raise where the norm is NaN or infinite.

    Returns:
        An optax transformation without state.

    Raises:
        ValueError: a negative `max_norm`; with `error_if_nonfinite`, a norm that is not finite or not known.

    Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optax.chain(optim.clip_grad_norm(1.0), optim.sgd(1.0))
    >>> params = {"w": jnp.zeros(2)}
    >>> updates, _ = tx.update({"w": jnp.array([3.0, 4.0])}, tx.init(params), params)
    >>> [round(x, 4) for x in updates["w"].tolist()]
    [-0.6, -0.8]
    """
    require_non_negative("clip_grad_norm", max_norm=max_norm)
    _order("clip_grad_norm", norm_type)

    def clip(updates: optax.Updates, params: optax.Params | None) -> optax.Updates:
        del params
        norm = _total_norm("clip_grad_norm", updates, norm_type, error_if_nonfinite)
        factor = jnp.minimum(max_norm / (norm + 1e-6), 1.0)
        return jax.tree.map(lambda g: (g * factor).astype(g.dtype), updates)

    return optax.stateless(clip)


def clip_grad_value(clip_value: float) -> optax.GradientTransformation:
    """Brings every number of every gradient between -clip_value and clip_value.

    g ← min(max(g, -clip_value), clip_value), optax.clip with PyTorch's name.

    **Matches** `torch.nn.utils.clip_grad_value_`, PyTorch 2.13: NaN stays NaN.
    **Differs**: a transformation, to stand before the optimiser in `optax.chain`; `foreach` does not exist; a
    negative `clip_value`, with which PyTorch makes all gradients equal, is refused.

    Args:
        clip_value: the largest size.

    Returns:
        An optax transformation without state.

    Raises:
        ValueError: a negative `clip_value`.
        TypeError: complex gradients, which have no order.

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> tx = optim.clip_grad_value(0.5)
    >>> tx.update({"w": jnp.array([3.0, -0.25])}, tx.init(None))[0]["w"].tolist()
    [0.5, -0.25]
    """
    require_non_negative("clip_grad_value", clip_value=clip_value)

    def clip(updates: optax.Updates, params: optax.Params | None) -> optax.Updates:
        del params
        for leaf in jax.tree.leaves(updates):
            if jnp.iscomplexobj(leaf):
                raise TypeError(f"clip_grad_value: gradients must be real, given dtype {leaf.dtype}")
        return jax.tree.map(lambda g: jnp.clip(g, -clip_value, clip_value).astype(g.dtype), updates)

    return optax.stateless(clip)
