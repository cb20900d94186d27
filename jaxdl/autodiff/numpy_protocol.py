"""How NumPy's own functions come to the engine: what stands for an array answers NumPy's two protocols.

NumPy calls `__array_ufunc__` for its elementwise functions (and so for all operators), `__array_function__` for the
others; both look up in `IMPLEMENTED` what is to be done.
"""

import inspect
import operator
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# What NumPy's functions do on tracers: `jaxdl.autodiff.functions` and the primitives put their own here.
IMPLEMENTED: dict[Callable[..., Any], Callable[..., Any]] = {}


class ArrayLike(NDArrayOperatorsMixin):
    """What NumPy's operators, functions and methods work on."""

    __slots__ = ()
    trace: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **settings: Any) -> Any:
        if out is not None and method == "__call__" and out[0] is inputs[0] and isinstance(out[0], ArrayLike):
            return _assigned(out[0], implementation(ufunc)(*inputs), _full_name(ufunc))
        if method == "at" or out is not None:
            refuse_write()
        if method == "reduce" and ufunc in REDUCTIONS:
            return implementation(REDUCTIONS[ufunc])(*inputs, **{"axis": 0, **settings})
        if method != "__call__" or settings:
            asked = method if method != "__call__" else ", ".join(settings)
            raise NotImplementedError(f"{_full_name(ufunc)} with {asked} has no rule here; without it, it has")
        return implementation(ufunc)(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.get("out") is not None or function in (np.copyto, np.put, np.put_along_axis, np.place, np.putmask):
            refuse_write()
        ours = implementation(function)
        given = {name: value for name, value in kwargs.items() if name != "out"}
        unknown = ", ".join(name for name in given if name not in _keywords(ours))
        if unknown:
            raise NotImplementedError(f"{_full_name(function)} with {unknown} has no rule here; without it, it has")
        return ours(*args, **given)

    def __array__(self, *args: Any, **settings: Any) -> NoReturn:
        raise TypeError(
            f"{self} cannot become a NumPy array, or be written into one, while {self.trace.purpose} watches the "
            "function; np.stack makes one array of several values, autodiff.embedding(i, x) reads x at a traced i"
        )

    def __getitem__(self, index: Any) -> Any:
        return IMPLEMENTED[operator.getitem](self, index)

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        refuse_write()

    @property
    def at(self) -> Any:
        """`x.at[index].set(value)` and `x.at[index].add(value)`: new arrays, written at an index."""
        from jaxdl.autodiff.functions.indexing import At

        return At(self)

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"{self} is no condition: it has {self.size} values; np.all or np.any makes one of them")
        return self.trace.truth(self)

    def __float__(self) -> NoReturn:
        raise TypeError(
            f"{self} cannot become a Python number while {self.trace.purpose} watches the function (float, int, math "
            "and index need one); NumPy's functions, such as np.sin, take it as it is"
            ", and autodiff.embedding(i, x) reads a plain x at a traced i"
        )

    __int__ = __index__ = __complex__ = __float__
    __hash__ = object.__hash__

    def item(self) -> NoReturn:
        """A Python number, which a tracer has none of."""
        self.__float__()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"{self} has no length: it is one number")
        return self.shape[0]

    def __iter__(self) -> Any:
        return iter([self[i] for i in range(len(self))])

    ndim = property(lambda self: len(self.shape), doc="How many axes there are.")
    size = property(lambda self: int(np.prod(self.shape, dtype=np.int64)), doc="How many numbers there are.")
    T = property(lambda self: np.transpose(self), doc="The axes in reverse order.")

    # NumPy's methods, which are its functions of the array.
    def astype(self, dtype: Any) -> Any:
        """The values in another dtype."""
        return np.astype(self, dtype)  # type: ignore[call-overload]  # the stubs want an ndarray

    def reshape(self, *shape: Any) -> Any:
        """The values in another shape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order, by default the reverse."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)


REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: np.sum,
    np.maximum: np.max,
    np.minimum: np.min,
    np.multiply: np.prod,
}
# All but `trace`, which is another thing in a tracer.
_SAME_AS_FUNCTION = (
    *("all", "any", "argmax", "argmin", "clip", "copy", "cumsum", "diagonal", "dot", "max", "mean", "min", "prod"),
    *("ravel", "repeat", "squeeze", "std", "sum", "swapaxes", "take", "var"),
)  # fmt: skip


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: ArrayLike, *args: Any, **settings: Any) -> Any:
        return function(self, *args, **settings)

    method.__doc__ = f"`np.{function.__name__}` of the array."
    return method


for _name in _SAME_AS_FUNCTION:
    setattr(ArrayLike, _name, _method(getattr(np, _name)))
ArrayLike.flatten = ArrayLike.ravel  # type: ignore[attr-defined]  # set above, by name


def _assigned(target: Any, value: Any, name: str) -> Any:
    """`x += y` as NumPy has it: the name x is bound to a new value, in the shape and dtype of the old.

    Raises:
        ValueError: the value has another shape.
        TypeError: it has another kind of dtype.
    """
    if value.shape != target.shape:
        raise ValueError(f"{name} in place: {kind(target)} cannot take a result of shape {value.shape}")
    if not np.can_cast(value.dtype, target.dtype, "same_kind"):
        raise TypeError(f"{name} in place: {kind(target)} cannot take a result of {value.dtype}")
    return value if value.dtype == target.dtype else value.astype(target.dtype)


def implementation(function: Callable[..., Any]) -> Callable[..., Any]:
    """What one of NumPy's functions does on tracers.

    Raises:
        NotImplementedError: nothing is known of it.
    """
    if function not in IMPLEMENTED:
        raise NotImplementedError(
            f"there is no rule for {_full_name(function)}: compose it of functions that have one "
            "(autodiff.supported() lists them), make it a Primitive with rules, or give its derivative with custom_vjp"
        )
    return IMPLEMENTED[function]


@cache
def _keywords(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


def supported() -> list[str]:
    """The names of NumPy's functions that work on tracers.

    >>> "np.exp" in supported(), "np.sum" in supported(), "np.linalg.svd" in supported()
    (True, True, False)
    """
    return sorted(_full_name(function) for function in IMPLEMENTED if function is not operator.getitem)


def _full_name(function: Callable[..., Any]) -> str:
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def implements(*functions: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Declare what NumPy's functions do on tracers."""

    def declare(ours: Callable[..., Any]) -> Any:
        IMPLEMENTED.update(dict.fromkeys(functions, ours))
        return ours

    return declare


def refuse_write() -> NoReturn:
    """Say that nothing is written in place.

    Raises:
        TypeError: always.
    """
    raise TypeError(
        "an array that is being traced cannot be written in place, nor a traced value into a NumPy array: "
        "x.at[index].set(value) or x.at[index].add(value) gives a new array with the change (autodiff.at(x) where x "
        "is a plain array)"
    )


def kind(value: Any) -> str:
    """An array's type and shape, as in `float64[3, 2]`."""
    return f"{value.dtype}[{', '.join(str(length) for length in value.shape)}]"


def as_arraylike(value: Any) -> Any:
    """What stands for an array as it is, and anything else as an array."""
    return value if isinstance(value, ArrayLike) else np.asarray(value)
