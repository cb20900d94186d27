"""What the functions ask of their arguments, and how they say what is wrong.

Only ranks, shapes, dtypes and Python values are looked at, never the numbers in an array: these checks run
before anything is traced and cost nothing inside `jit`.
"""

import operator
from typing import TypeAlias

import jax
import jax.numpy as jnp

IntOrPair: TypeAlias = int | tuple[int, ...] | list[int]


def require_floating(where: str, **arrays: jax.Array) -> None:
    """Refuse integer, boolean and complex arrays."""
    for name, array in arrays.items():
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise TypeError(f"{where}: {name} has dtype {array.dtype}; it must be floating point, such as float32")


def require_same_dtype(where: str, **arrays: jax.Array | None) -> None:
    """Refuse to mix dtypes where PyTorch refuses; JAX alone would promote and say nothing."""
    (first, reference), *rest = [(name, array) for name, array in arrays.items() if array is not None]
    assert reference is not None
    for name, array in rest:
        if array is not None and array.dtype != reference.dtype:
            raise TypeError(
                f"{where}: {first} has dtype {reference.dtype} but {name} has dtype {array.dtype}; "
                "cast one of them (PyTorch does not promote here either)"
            )


def require_length(where: str, name: str, array: jax.Array, length: int, meaning: str) -> None:
    """Refuse anything but a vector of `length` elements."""
    if array.shape != (length,):
        raise ValueError(f"{where}: {name} has shape {array.shape}; it must be ({length},), {meaning}")


def integer(where: str, name: str, value: int) -> int:
    """`value` as a Python integer."""
    try:
        return operator.index(value)
    except TypeError as error:
        raise TypeError(f"{where}: {name} must be an integer, but got {value!r}") from error


def pair(where: str, name: str, value: IntOrPair, smallest: int) -> tuple[int, int]:
    """`value` as (height, width), from one integer or two, each at least `smallest`."""
    values = tuple(value) if isinstance(value, tuple | list) else (value,)
    wanted = f"{where}: {name} must be an integer or a pair of integers, at least {smallest}, but got {value!r}"
    try:
        integers = tuple(operator.index(item) for item in values)
    except TypeError as error:
        raise TypeError(wanted) from error
    if len(integers) not in (1, 2) or min(integers) < smallest:
        raise ValueError(wanted)
    return integers[0], integers[-1]


def widen(array: jax.Array) -> jax.Array:
    """In the dtype to compute sums in: float32 for the half types, as in PyTorch, otherwise unchanged."""
    return array.astype(jnp.float32) if array.dtype.itemsize < 4 else array
