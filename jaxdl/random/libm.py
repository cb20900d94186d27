"""The C library's functions of one number: what PyTorch calls where it has no vector kernel of its own."""

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from jaxdl.random.stream import Array


@cache
def library() -> ctypes.CDLL:
    """The library that holds them; Python itself is linked against it."""
    return ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)


def function(name: str, kind: type[Any] = ctypes.c_double) -> Callable[[float], float]:
    """Function `name` of float64, or of float32 (ctypes.c_float).

    NumPy's own vector versions differ in some last bits; Python's math raises where C returns an infinity.
    """
    found = library()[name]
    found.argtypes, found.restype = [kind], kind
    return found


def apply(name: str, x: Array) -> Array:
    """Function `name` of each element, in float32 or float64 as x is."""
    kind = ctypes.c_float if x.dtype == np.float32 else ctypes.c_double
    return each(function(name, kind), x)


def each(function: Callable[[float], float], x: Array) -> Array:
    """`function` of each element, in x's dtype; for float64 Python's math is the C library, and quicker to call."""
    return np.fromiter(map(function, x.ravel().tolist()), x.dtype, x.size).reshape(x.shape)
