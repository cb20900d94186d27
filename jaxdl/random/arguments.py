"""What a caller may give: integers, numbers, shapes, dtypes, and the sentence for each that will not do."""

import math
import operator
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

Shape = int | Sequence[int]

# Name → (the type in which PyTorch computes, the largest finite value). A table of names, because NumPy does
# not know bfloat16 until ml_dtypes has registered it, and np.finfo not even then.
FLOATS: dict[str, tuple[type[np.floating[Any]], float]] = {
    "float32": (np.float32, float(np.finfo(np.float32).max)),
    "float64": (np.float64, float(np.finfo(np.float64).max)),
    "float16": (np.float32, 65504.0),
    "bfloat16": (np.float32, float.fromhex("0x1.fep127")),
}


def integer(value: Any, name: str, lowest: int, highest: int) -> int:
    """`value` as an int of lowest … highest; a float is refused, as truncating it could hide a mistake."""
    wanted = f"an integer from {power(lowest)} to {power(highest)}"
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"`{name}` (={value!r}) must be {wanted}, not a bool")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"`{name}` (={value!r}) must be {wanted}, not a {type(value).__name__}") from None
    if not lowest <= number <= highest:
        raise ValueError(f"`{name}` (={number}) must be {wanted}")
    return number


def power(number: int) -> str:
    """A bound as people write it: 2**64 - 1, not 18446744073709551615."""
    for exponent in (31, 32, 63, 64):
        if abs(number) == 2**exponent:
            return f"{'-' if number < 0 else ''}2**{exponent}"
        if number == 2**exponent - 1:
            return f"2**{exponent} - 1"
    return str(number)


def number(value: Any, name: str) -> float:
    """`value` as a Python float, infinities included."""
    if np.iscomplexobj(value):  # float() of NumPy's would drop the imaginary part
        raise TypeError(f"`{name}` (={value!r}) must be one real number, not a complex one")
    try:
        converted = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"`{name}` (={value!r}) must be one number, not a {type(value).__name__}") from None
    return converted


def real(value: Any, name: str) -> float:
    """`value` as a finite Python float."""
    converted = number(value, name)
    if not math.isfinite(converted):
        raise ValueError(f"`{name}` (={converted}) must be finite")
    return converted


def positive(value: Any, name: str) -> float:
    """`value` as a finite Python float above 0."""
    converted = real(value, name)
    if converted <= 0:
        raise ValueError(f"`{name}` (={converted}) must be positive")
    return converted


def probability(value: Any, name: str) -> float:
    """`value` as a Python float of [0, 1]."""
    converted = real(value, name)
    if not 0 <= converted <= 1:
        raise ValueError(f"`{name}` (={converted}) must lie between 0 and 1")
    return converted


def values(array: Any, name: str, names: Collection[str] = tuple(FLOATS)) -> np.ndarray[Any, np.dtype[Any]]:
    """`array` as a NumPy array of one of the dtypes called `names`."""
    converted = np.asarray(array)
    if converted.dtype.name not in names:
        raise TypeError(f"`{name}` (of dtype {converted.dtype}) must be an array of {' or '.join(names)}")
    return converted


def numbers(array: Any, name: str, dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """`array` rounded to `dtype`, which must be able to hold it."""
    converted = real_array(array, name, dtype)
    if not np.isfinite(converted).all():
        raise ValueError(f"`{name}` must be finite everywhere and within the range of {dtype.name}")
    return converted


def real_array(array: Any, name: str, dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """`array` rounded to `dtype`; strings, complex numbers and what else is no number are refused."""
    given = np.asarray(array)
    if given.dtype.kind not in "biufV":  # V: ml_dtypes' types, bfloat16 among them
        raise TypeError(f"`{name}` (of dtype {given.dtype}) must be real numbers: an array of floats or integers")
    with np.errstate(over="ignore"):
        return given.astype(dtype)


def shared_shape(**arrays: np.ndarray[Any, np.dtype[Any]]) -> tuple[int, ...]:
    """The shape that the named arrays have together."""
    try:
        return np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        given = " and ".join(f"`{name}` (of shape {array.shape})" for name, array in arrays.items())
        raise ValueError(f"{given} must broadcast to one shape") from None


def extents(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple of sizes; one integer is a shape of one dimension, as in NumPy."""
    try:
        sizes = tuple(shape)
    except TypeError:
        sizes = (shape,)
    if not all(isinstance(size, int | np.integer) and not isinstance(size, bool) and size >= 0 for size in sizes):
        raise ValueError(f"`shape` (={shape!r}) must be an integer or a tuple of integers, none of them negative")
    return tuple(int(size) for size in sizes)


def floating(dtype: DTypeLike) -> np.dtype[Any]:
    """One of the four floating types that PyTorch fills on a CPU."""
    resolved = resolve(dtype)
    if resolved is None or resolved.name not in FLOATS:
        raise TypeError(f"`dtype` (={dtype!r}) must be one of {', '.join(FLOATS)}")
    return resolved


def integral(dtype: DTypeLike) -> np.dtype[Any]:
    """An integer type."""
    resolved = resolve(dtype)
    if resolved is None or resolved.kind not in "iu":
        raise TypeError(f"`dtype` (={dtype!r}) must be an integer type such as int64 or int32")
    return resolved


def resolve(dtype: DTypeLike) -> np.dtype[Any] | None:
    """The NumPy dtype, or None where there is none (np.dtype(None) would be float64)."""
    if isinstance(dtype, str) and dtype == "bfloat16":
        import ml_dtypes  # noqa: F401  lets NumPy know the name; whoever does not ask for it needs NumPy alone
    try:
        return None if dtype is None else np.dtype(dtype)
    except TypeError:
        return None


def within(value: float, name: str, dtype: np.dtype[Any]) -> float:
    """`value`, if `dtype` can hold it."""
    largest = FLOATS[dtype.name][1]
    if abs(value) > largest:
        raise ValueError(f"`{name}` (={value}) must lie within ±{largest}, the range of {dtype.name}")
    return value


def integer_range(low: Any, high: Any, dtype: np.dtype[Any]) -> tuple[int, int]:
    """low and high, low < high, of a range low … high − 1 that `dtype` can hold."""
    low, high = integer(low, "low", -(2**63), 2**63 - 1), integer(high, "high", -(2**63), 2**63 - 1)
    if low >= high:
        raise ValueError(f"`low` (={low}) must be less than `high` (={high}), which is not in the range itself")
    if low < np.iinfo(dtype).min or high - 1 > np.iinfo(dtype).max:
        raise ValueError(f"`low` (={low}) and `high` - 1 (={high - 1}) must both fit into {dtype.name}")
    return low, high
