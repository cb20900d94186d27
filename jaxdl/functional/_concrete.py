"""The numbers in an argument, where they can be looked at."""

from collections.abc import Sequence

import jax
import numpy as np
from jax.typing import ArrayLike


def concrete(value: ArrayLike | Sequence[int]) -> np.ndarray | None:
    """An argument's numbers; None while it is traced, or where another host holds them.

    Ask before `jnp.asarray`, which inside `jit` traces constants as well.
    """
    parts = value if isinstance(value, tuple | list) else (value,)
    if any(isinstance(part, jax.core.Tracer) for part in parts):
        return None
    if isinstance(value, jax.Array) and not value.is_fully_addressable:
        return None
    return np.asarray(value)
