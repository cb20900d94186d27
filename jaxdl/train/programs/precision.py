"""Mixed precision: a model computed in one floating type, its tensors kept in another."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxdl import nn
from jaxdl.train.programs.structure import settled


def computing_type(dtype: Any, owner: str) -> Any:
    """The dtype to compute in, checked; None for that of the parameters."""
    if dtype is None:
        return None
    wanted = nn.storable(dtype, owner)
    if not jnp.issubdtype(wanted, jnp.floating):
        raise TypeError(f"{owner} must be a floating type such as jax.numpy.bfloat16, given {wanted}")
    return wanted


def computed_in(apply: nn.Apply, dtype: Any) -> nn.Apply:
    """`apply` with floating parameters and inputs cast to `dtype`, and its outputs cast back.

    The casts are part of what is differentiated, so the gradients have the parameters' own dtypes. Buffers stay as
    they are: running statistics gather what bfloat16 would round away.
    """

    def cast(params: Any, buffers: Any, *inputs: Any, **settings: Any) -> tuple[Any, Any]:
        wide = jnp.result_type(jnp.float32, *(a.dtype for a in params.values() if _floats(a)))
        outputs, moved = apply(_cast(params, dtype), buffers, *_cast(inputs, dtype), **settings)
        return _cast(outputs, wide), settled(moved, buffers)

    return cast


def _cast(tree: Any, dtype: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if _floats(leaf) else leaf, tree)


def _floats(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)
