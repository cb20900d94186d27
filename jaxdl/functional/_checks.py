"""What the functions ask of their arguments, and how they say what is wrong.

Only ranks, shapes, dtypes and Python values are looked at, never the numbers in an array: these checks run
before anything is traced and cost nothing inside `jit`.
"""

import operator
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

IntOrPair: TypeAlias = int | tuple[int, ...] | list[int]


def require_floating(where: str, **arrays: jax.Array | jax.ShapeDtypeStruct) -> None:
    """Refuse integer, boolean and complex arrays."""
    for name, array in arrays.items():
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise TypeError(f"{where}: {name} has dtype {array.dtype}; it must be floating point, such as float32")


def require_same_dtype(where: str, **arrays: jax.Array | jax.ShapeDtypeStruct | None) -> None:
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
    height, width = sizes(where, name, value, 2, smallest)
    return height, width


def sizes(where: str, name: str, value: Any, count: int, smallest: int) -> tuple[int, ...]:
    """`value` as `count` integers, from one integer, one in a tuple, or `count` of them, each at least `smallest`."""
    values = tuple(value) if isinstance(value, tuple | list) else (value,)
    several = {1: "", 2: " or a pair of integers", 3: " or three integers"}[count]
    wanted = f"{where}: {name} must be an integer{several}, at least {smallest}, but got {value!r}"
    try:
        integers = tuple(operator.index(item) for item in values)
    except TypeError as error:
        raise TypeError(wanted) from error
    if len(integers) not in (1, count) or min(integers) < smallest:
        raise ValueError(wanted)
    return integers * count if len(integers) == 1 else integers


def widen(array: jax.Array) -> jax.Array:
    """In the dtype to compute sums in: float32 for the half types, as in PyTorch, otherwise unchanged."""
    return array.astype(jnp.float32) if array.dtype.itemsize < 4 else array


def broadcast_together(where: str, **arrays: jax.Array) -> tuple[jax.Array, ...]:
    """The arrays, each broadcast to the shape that all have together."""
    try:
        shape = jnp.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} of shape {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{where}: {shapes} do not broadcast; give them one shape") from None
    return tuple(jnp.broadcast_to(array, shape) for array in arrays.values())


def number(where: str, name: str, value: Any) -> float:
    """`value` as a Python float, from a number or a scalar array whose value is known."""
    try:
        if isinstance(value, str) or np.ndim(value):
            raise TypeError
        return float(value)
    except TypeError as error:
        raise TypeError(f"{where}: {name} must be a number that is known while tracing, but got {value!r}") from error


def axis(where: str, name: str, value: Any, array: jax.Array) -> int:
    """`value` as an axis of `array`, counted from 0; a scalar has one axis, as in PyTorch."""
    axes = max(array.ndim, 1)
    place = integer(where, name, value)
    if not -axes <= place < axes:
        raise ValueError(
            f"{where}: {name} is {value} but input has shape {array.shape}; it must lie in [{-axes}, {axes - 1}]"
        )
    return place % axes
