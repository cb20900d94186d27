"""Elementwise primitives: one number out for each number in, after broadcasting.

Most are NumPy's own ufuncs, known to the engine under the ufunc itself.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive
from jaxdl.autodiff.engine.trace import Tracer
from jaxdl.autodiff.numpy_protocol import IMPLEMENTED, as_arraylike, kind


class Elementwise(Primitive):
    """y[i] = f(x₀[i], x₁[i], …), in the dtype that NumPy's `like` has for these arguments.

    Called, it promotes and broadcasts first, each a primitive of its own, so that the rules find every argument that
    is traced in the shape and dtype of the computation. (Constants stay as small as they are.)
    """

    def __init__(self, name: str, function: Callable[..., Any], *, like: np.ufunc, flat: bool = False) -> None:
        super().__init__(name, flat=flat)
        self.evaluate(function)
        self.like = like

        @self.result
        def _(*args):
            """y has the broadcast shape of all x."""
            outcome = loop(like, *(arg.dtype for arg in args))[-1]
            return Hollow(joint_shape(args), outcome)

        @self.batch
        def _(size, batched, *args):
            """batch(X)ₙ = f(Xₙ): the first axis broadcasts like any other."""
            return self(*args)

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Promote, broadcast, bind."""
        arrays, kinds = arrays_and_kinds(args)
        dtypes, shape = loop(self.like, *kinds), joint_shape(arrays)
        if dtypes[0].kind == "c":
            raise TypeError(f"{self.name}: complex numbers are not differentiated here; split them into two arrays")
        return self.bind(*(prepared(arg, shape, dtype) for arg, dtype in zip(arrays, dtypes, strict=False)), **params)


def arrays_and_kinds(args: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The arguments as arrays, and what decides on the result's dtype: theirs, or the type of a Python number."""
    arrays, kinds = [], []
    for arg in args:
        number = type(arg) is float or type(arg) is int
        array = as_arraylike(arg)
        arrays.append(array)
        kinds.append(type(arg) if number else array.dtype)
    return arrays, kinds


def joint_shape(arrays: list[Any]) -> tuple[int, ...]:
    """The shape that all broadcast to."""
    shape = arrays[0].shape
    for array in arrays[1:]:
        if array.shape != shape and array.shape:
            shape = broadcast_shape(arrays) if shape else array.shape
    return shape


def broadcast_shape(arrays: list[Any]) -> tuple[int, ...]:
    """The same, checked.

    Raises:
        ValueError: the shapes do not fit.
    """
    try:
        return np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        given = " and ".join(kind(array) for array in arrays)
        raise ValueError(f"the shapes of {given} do not broadcast: lengths must be equal, or one of them 1") from None


@lru_cache(maxsize=4096)
def loop(ufunc: np.ufunc, *kinds: Any) -> tuple[np.dtype[Any], ...]:
    """The dtypes in which NumPy computes, of arguments and result; Python's numbers have none of their own."""
    return ufunc.resolve_dtypes((*kinds, None))


def prepared(arg: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """An argument in the dtype of the computation, and, if it is traced, in its shape."""
    if arg.dtype != dtype:
        arg = arg.astype(dtype)
    return np.broadcast_to(arg, shape) if isinstance(arg, Tracer) and arg.shape != shape else arg


def elementwise(ufunc: np.ufunc, *, flat: bool = False) -> Elementwise:
    """NumPy's ufunc as a primitive."""
    primitive = Elementwise(ufunc.__name__, ufunc, like=ufunc, flat=flat)
    IMPLEMENTED[ufunc] = primitive
    return primitive
