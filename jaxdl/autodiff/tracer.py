"""What a function sees in place of its arrays while the engine watches it: tracers; and whose they are: traces.

A trace is one transformation at work: one call of `grad`, `jvp`, `vmap` or `trace`. Each has a level, and one that
begins later has a higher one, so it is inside those that began before. An operation goes to the innermost trace among
its arguments, which takes its own wrapping off, does its part, and calls the operation again on what was inside:

    bind(f, x) = f.evaluate(x)                             if no argument is a tracer
    bind(f, x) = trace.process(f, x)                        for the trace with the highest level among the arguments

Since the levels keep traces apart, derivatives nest: an inner derivative never mistakes an outer perturbation for its
own. Nothing is kept outside the tracers, so an exception leaves nothing behind, and threads do not meet.
"""

import itertools
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

Params = dict[str, Any]

# What NumPy's functions do on tracers: `jaxdl.autodiff.functions` and the primitives put their own here.
IMPLEMENTED: dict[Callable[..., Any], Callable[..., Any]] = {}

_LEVELS = itertools.count()


class Trace:
    """One transformation at work.

    Args:
        purpose: what the user called, for errors: 'grad'.
    """

    def __init__(self, purpose: str) -> None:
        self.level = next(_LEVELS)
        self.purpose = purpose
        self.ended = False

    def process(self, primitive: Any, args: tuple[Any, ...], params: Params) -> Any:
        """What the transformation makes of one operation."""
        raise NotImplementedError

    def truth(self, tracer: Any) -> bool:
        """The tracer as a condition of Python's `if` and `while`."""
        raise TypeError(
            f"the condition of an `if` or `while` depends on {tracer}, whose value {self.purpose} does not know while "
            "it watches the function; np.where chooses between two values"
        )

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception: object) -> None:
        self.ended = True


def innermost(args: Any) -> Trace | None:
    """The trace that an operation on these arguments belongs to; none if they are all plain arrays.

    Raises:
        RuntimeError: an argument was made in a trace that has ended.
    """
    found = None
    for arg in args:
        if isinstance(arg, Tracer):
            trace = arg.trace
            if trace.ended:
                raise RuntimeError(
                    f"{arg} was made while {trace.purpose} watched a function, and is used after that has ended; "
                    "return it from the function instead of keeping it elsewhere (has_aux=True passes it on)"
                )
            if found is None or trace.level > found.level:
                found = trace
    return found


class Tracer(NDArrayOperatorsMixin):
    """An array's place in a function that is watched: NumPy's operators and functions work on it.

    NumPy itself calls `__array_ufunc__` and `__array_function__` for its functions of it, and those look up what
    `IMPLEMENTED` has for them.
    """

    __slots__ = ("dtype", "shape", "trace")

    def __init__(self, trace: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.trace, self.shape, self.dtype = trace, shape, dtype

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **settings: Any) -> Any:
        name = f"np.{ufunc.__name__}"
        if method == "at" or any(not isinstance(target, Tracer) for target in out or ()):
            refuse_write()
        if method == "reduce" and ufunc in REDUCTIONS:
            return implementation(REDUCTIONS[ufunc], name)(*inputs, **settings)
        if method != "__call__" or settings:
            raise NotImplementedError(f"{name} with {method if method != '__call__' else settings} has no rule here")
        return implementation(ufunc, name)(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.get("out") is not None or function in (np.copyto, np.put, np.put_along_axis, np.place, np.putmask):
            refuse_write()
        return implementation(function, f"{function.__module__}.{function.__name__}")(*args, **kwargs)

    def __array__(self, *args: Any, **settings: Any) -> NoReturn:
        raise TypeError(
            f"{self} cannot become a NumPy array, or be written into one, while {self.trace.purpose} watches the "
            "function; np.stack makes one array of several values"
        )

    def __getitem__(self, index: Any) -> Any:
        return IMPLEMENTED[Tracer.__getitem__](self, index)

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        refuse_write()

    @property
    def at(self) -> Any:
        """`x.at[index].set(value)` and `x.at[index].add(value)`: new arrays, written at an index."""
        return IMPLEMENTED[Tracer.at](self)

    def __bool__(self) -> bool:
        if self.shape:
            raise ValueError(f"{self} is no condition: it has {self.size} values; np.all or np.any makes one of them")
        return self.trace.truth(self)

    def __float__(self) -> NoReturn:
        raise TypeError(
            f"{self} cannot become a Python number while {self.trace.purpose} watches the function (float, int, math "
            "and index need one); NumPy's functions, such as np.sin and np.take, take it as it is"
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

    def __repr__(self) -> str:
        return f"{kind(self)} (watched by {self.trace.purpose})"

    # NumPy's methods, which are its functions of the array.
    def astype(self, dtype: Any) -> Any:
        """The values in another dtype."""
        return np.astype(self, dtype)  # type: ignore[call-overload]

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
_SAME_AS_FUNCTION = (
    *("all", "any", "argmax", "argmin", "clip", "copy", "cumsum", "diagonal", "dot", "max", "mean", "min", "prod"),
    *("ravel", "repeat", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var"),
)  # fmt: skip


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Tracer, *args: Any, **settings: Any) -> Any:
        return function(self, *args, **settings)

    method.__doc__ = f"`np.{function.__name__}` of the array."
    return method


for _name in _SAME_AS_FUNCTION:
    if _name != "trace":  # a tracer's trace is another thing
        setattr(Tracer, _name, _method(getattr(np, _name)))
Tracer.flatten = Tracer.ravel  # type: ignore[attr-defined]


def implementation(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """What one of NumPy's functions does on tracers.

    Raises:
        NotImplementedError: nothing is known of it.
    """
    if function not in IMPLEMENTED:
        raise NotImplementedError(
            f"there is no rule for {name}: compose it of functions that have one (autodiff.supported() lists them), "
            "make it a Primitive with rules, or give its derivative with custom_vjp"
        )
    return IMPLEMENTED[function]


def supported() -> list[str]:
    """The names of NumPy's functions that work on tracers.

    >>> "np.exp" in supported(), "np.sum" in supported(), "np.linalg.svd" in supported()
    (True, True, False)
    """
    named = {
        f"{f.__module__}.{f.__name__}" if f.__module__ else f"np.{f.__name__}"
        for f in IMPLEMENTED
        if f.__module__ != __name__
    }
    return sorted(name.replace("numpy.", "np.") for name in named)


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
