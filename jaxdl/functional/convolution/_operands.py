"""What the convolutions ask of input, weight, bias and groups."""

import jax
import jax.numpy as jnp

from jaxdl.functional._checks import integer, require_same_dtype
from jaxdl.functional._windows import SHAPES

KERNELS = {1: "k", 2: "kh, kw", 3: "kd, kh, kw"}


def require_operands(
    where: str, rank: int, x: jax.Array, w: jax.Array, b: jax.Array | None, groups: int, *, transposed: bool
) -> None:
    """Refuse shapes and dtypes that do not fit together; a transposed weight has the input's channels first."""
    names = ("in_channels", "out_channels / groups") if transposed else ("out_channels", "in_channels / groups")
    layout = f"[{', '.join(names)}, {KERNELS[rank]}]"
    if w.ndim != rank + 2 or 0 in (w.shape[0], w.shape[1] if transposed else 1, *w.shape[2:]):
        raise ValueError(f"{where}: weight has shape {w.shape}; it must be {layout}")
    if x.ndim not in (rank + 1, rank + 2) or 0 in x.shape[-rank:]:
        raise ValueError(f"{where}: input has shape {x.shape}; it must be {SHAPES[rank]}")
    if integer(where, "groups", groups) < 1:
        raise ValueError(f"{where}: groups is {groups}; it must be at least 1")
    if w.shape[0] % groups:
        raise ValueError(f"{where}: weight's {names[0]} (={w.shape[0]}) must be divisible by groups (={groups})")
    channels = x.shape[-rank - 1]
    expected = w.shape[0] if transposed else w.shape[1] * groups
    if channels != expected:
        product = "weight.shape[0]" if transposed else f"weight.shape[1] (={w.shape[1]}) * groups (={groups})"
        raise ValueError(
            f"{where}: input has {channels} channels but weight expects {expected} ({product}); input is "
            f"{SHAPES[rank]} and weight {layout}"
        )
    require_same_dtype(where, input=x, weight=w, bias=b)
    if x.dtype == jnp.bool_:
        raise TypeError(f"{where}: input has dtype bool; cast it to a numeric dtype")
    outputs = w.shape[1] * groups if transposed else w.shape[0]
    if b is not None and b.shape != (outputs,):
        raise ValueError(f"{where}: bias has shape {b.shape}; it must be ({outputs},), one for each output channel")
