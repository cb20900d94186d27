"""The C library's logf, sinf and cosf: what PyTorch calls where its AVX2 kernel does not run."""

import ctypes
import sys
from functools import cache

import numpy as np

from jaxdl.random.stream import Array


@cache
def library() -> ctypes.CDLL:
    """The library that holds them; Python itself is linked against it."""
    return ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)


def apply(name: str, x: Array) -> Array:
    """float32 function `name` of each element: NumPy's own vector versions differ in some last bits."""
    function = library()[name]
    function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float
    return np.array([function(value) for value in x.ravel().tolist()], np.float32).reshape(x.shape)
