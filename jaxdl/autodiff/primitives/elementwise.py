"""Elementwise primitives: one number out for each number in, after broadcasting.

Most are NumPy's own ufuncs, known to the engine under the ufunc itself.
"""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive
from jaxdl.autodiff.engine.trace import Tracer
from jaxdl.autodiff.numpy_protocol import IMPLEMENTED, ArrayLike, implements, kind
from jaxdl.autodiff.primitives import error_function


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
        if any(dtype.kind == "c" for dtype in dtypes):
            raise TypeError(f"{self.name}: complex numbers are not differentiated here; split them into two arrays")
        return self.bind(*(prepared(arg, shape, dtype) for arg, dtype in zip(arrays, dtypes, strict=False)), **params)


def arrays_and_kinds(args: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The arguments as arrays, and what decides on the result's dtype: theirs, or the type of a Python number."""
    arrays, kinds = [], []
    for arg in args:
        number = type(arg) is float or type(arg) is int
        array = arg if isinstance(arg, ArrayLike | np.ndarray) else np.asarray(arg)
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


def fitting(name: str, *args: Any) -> tuple[int, ...]:
    """The shape of all arguments together.

    Raises:
        ValueError: there is none.
    """
    try:
        return np.broadcast_shapes(*(arg.shape for arg in args))
    except ValueError:
        raise ValueError(f"{name}: the shapes do not fit, {' and '.join(map(kind, args))}") from None


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


# Linear in each argument.

add = elementwise(np.add)
subtract = elementwise(np.subtract)
negative = elementwise(np.negative)
multiply = elementwise(np.multiply)


@add.jvp(0, 1)
def _(t, y, a, b):
    """ẏ = ȧ + ḃ"""
    return t


@add.transpose(0, 1)
def _(ct, a, b):
    """ā = b̄ = ȳ"""
    return ct


@subtract.jvp(0)
def _(t, y, a, b):
    """ẏ = ȧ − ḃ"""
    return t


@subtract.jvp(1)
def _(t, y, a, b):
    """ẏ = ȧ − ḃ"""
    return -t


@subtract.transpose(0)
def _(ct, a, b):
    """ā = ȳ"""
    return ct


@subtract.transpose(1)
def _(ct, a, b):
    """b̄ = −ȳ"""
    return -ct


@negative.transpose(0)
def _(ct, x):
    """x̄ = −ȳ"""
    return -ct


@multiply.transpose(0)
def _(ct, a, b):
    """ā = b ȳ"""
    return ct * b


@multiply.transpose(1)
def _(ct, a, b):
    """b̄ = a ȳ"""
    return ct * a


divide = elementwise(np.divide)


@divide.transpose(0)
def _(ct, a, b):
    """ā = ȳ / b"""
    return ct / b


@divide.jvp(1)
def _(t, y, a, b):
    """ẏ = −(y / b) ḃ"""
    return t * (-y / b)


power = elementwise(np.power)


@power.jvp(0)
def _(t, y, a, b):
    """ẏ = b a^(b−1) ȧ, which is 0 for b = 0"""
    return t * np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1))


@power.jvp(1)
def _(t, y, a, b):
    """ẏ = y ln(a) ḃ, which is 0 for a = 0, b ≥ 0"""
    zero = (a == 0) & (b >= 0)
    return t * np.where(zero, 0, y * np.log(np.where(zero, 1, a)))


# One argument.

exp = elementwise(np.exp)
expm1 = elementwise(np.expm1)
log = elementwise(np.log)
log1p = elementwise(np.log1p)
sin = elementwise(np.sin)
cos = elementwise(np.cos)
tanh = elementwise(np.tanh)
arctan = elementwise(np.arctan)
sqrt = elementwise(np.sqrt)
absolute = elementwise(np.absolute)


@exp.jvp(0)
def _(t, y, x):
    """ẏ = y ẋ"""
    return t * y


@expm1.jvp(0)
def _(t, y, x):
    """ẏ = (y + 1) ẋ"""
    return t * (y + 1)


@log.jvp(0)
def _(t, y, x):
    """ẏ = ẋ / x"""
    return t / x


@log1p.jvp(0)
def _(t, y, x):
    """ẏ = ẋ / (1 + x)"""
    return t / (1 + x)


@sin.jvp(0)
def _(t, y, x):
    """ẏ = cos(x) ẋ"""
    return t * np.cos(x)


@cos.jvp(0)
def _(t, y, x):
    """ẏ = −sin(x) ẋ"""
    return t * -np.sin(x)


@tanh.jvp(0)
def _(t, y, x):
    """ẏ = (1 − y²) ẋ"""
    return t * (1 - y * y)


@arctan.jvp(0)
def _(t, y, x):
    """ẏ = ẋ / (1 + x²)"""
    return t / (1 + x * x)


@sqrt.jvp(0)
def _(t, y, x):
    """ẏ = ẋ / (2y)"""
    return t / (2 * y)


@absolute.jvp(0)
def _(t, y, x):
    """ẏ = sign(x) ẋ, which is 0 at x = 0"""
    return t * np.sign(x)


def _sigmoid(x: Any) -> Any:
    """y = 1 / (1 + e⁻ˣ)"""
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1, e) / (1 + e)


erf = Elementwise("erf", error_function.erf, like=np.exp)
sigmoid = Elementwise("sigmoid", _sigmoid, like=np.exp)


@erf.jvp(0)
def _(t, y, x):
    """ẏ = 2/√π e^(−x²) ẋ"""
    return t * (2 / math.sqrt(math.pi) * np.exp(-x * x))


@sigmoid.jvp(0)
def _(t, y, x):
    """ẏ = y (1 − y) ẋ"""
    return t * (y * (1 - y))


# A choice of two.

maximum = elementwise(np.maximum)
minimum = elementwise(np.minimum)


def _share(chosen: Any, other: Any) -> Any:
    """1 where y is this argument, ½ where it is both."""
    return np.where(chosen == other, 0.5, 1.0)


@maximum.jvp(0)
def _(t, y, a, b):
    """ẏ = ȧ where a > b, ½ (ȧ + ḃ) where they are equal"""
    return np.where(a == y, t * _share(a, b).astype(t.dtype), 0)


@maximum.jvp(1)
def _(t, y, a, b):
    """ẏ = ḃ where b > a, ½ (ȧ + ḃ) where they are equal"""
    return np.where(b == y, t * _share(a, b).astype(t.dtype), 0)


@minimum.jvp(0)
def _(t, y, a, b):
    """ẏ = ȧ where a < b, ½ (ȧ + ḃ) where they are equal"""
    return np.where(a == y, t * _share(a, b).astype(t.dtype), 0)


@minimum.jvp(1)
def _(t, y, a, b):
    """ẏ = ḃ where b < a, ½ (ȧ + ḃ) where they are equal"""
    return np.where(b == y, t * _share(a, b).astype(t.dtype), 0)


select = Primitive("where")


@select.evaluate
def _(condition, a, b):
    """y = a where the condition holds, b elsewhere"""
    return np.where(condition, a, b)


@select.result
def _(condition, a, b):
    """y has the broadcast shape of all three"""
    return Hollow(joint_shape([condition, a, b]), a.dtype)


@select.batch
def _(size, batched, condition, a, b):
    """batch(X)ₙ = f(Xₙ): the first axis broadcasts like any other."""
    return where(condition, a, b)


@select.jvp(1)
def _(t, y, condition, a, b):
    """ẏ = ȧ where the condition holds, 0 elsewhere"""
    return where(condition, t, np.zeros((), t.dtype))


@select.jvp(2)
def _(t, y, condition, a, b):
    """ẏ = 0 where the condition holds, ḃ elsewhere"""
    return where(condition, np.zeros((), t.dtype), t)


@select.transpose(1)
def _(ct, condition, a, b):
    """ā = ȳ where the condition holds, 0 elsewhere"""
    return where(condition, ct, np.zeros((), ct.dtype))


@select.transpose(2)
def _(ct, condition, a, b):
    """b̄ = 0 where the condition holds, ȳ elsewhere"""
    return where(condition, np.zeros((), ct.dtype), ct)


@implements(np.where)
def where(condition, a=None, b=None):
    """`np.where` with all three arguments.

    Raises:
        TypeError: the condition alone is given.
    """
    if a is None or b is None:
        raise TypeError(
            "np.where of a traced condition takes all three, np.where(condition, x, y): how many hold is not known"
        )
    (condition, a, b), (_, *kinds) = arrays_and_kinds((condition, a, b))
    dtype, shape = loop(np.add, *kinds)[-1], joint_shape([condition, a, b])
    condition = condition if condition.dtype == bool else condition != 0
    return select(prepared(condition, shape, condition.dtype), prepared(a, shape, dtype), prepared(b, shape, dtype))


# Derivative zero.

sign = elementwise(np.sign, flat=True)
floor = elementwise(np.floor, flat=True)
ceil = elementwise(np.ceil, flat=True)
rint = elementwise(np.rint, flat=True)
trunc = elementwise(np.trunc, flat=True)
for _ufunc in (
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.logical_and, np.logical_or, np.logical_not, np.bitwise_and, np.bitwise_or, np.invert),
    *(np.isnan, np.isinf, np.isfinite, np.floor_divide),
):
    elementwise(_ufunc, flat=True)

stop_gradient = Primitive("stop_gradient", flat=True)


@stop_gradient.evaluate
def _(x):
    """y = x, and ẏ = 0"""
    return x


@stop_gradient.result
def _(x):
    """y has the shape of x"""
    return Hollow(x.shape, x.dtype)


@stop_gradient.batch
def _(size, batched, x):
    """batch(X)ₙ = Xₙ"""
    return stop_gradient(x)


remainder = elementwise(np.remainder)


@remainder.jvp(0)
def _(t, y, a, b):
    """ẏ = ȧ: y = a − ⌊a / b⌋ b"""
    return t


@remainder.jvp(1)
def _(t, y, a, b):
    """ẏ = −⌊a / b⌋ ḃ: y = a − ⌊a / b⌋ b"""
    return t * -np.floor(a / b)


convert = Primitive("astype")


@convert.evaluate
def _(x, dtype):
    """y = x in another dtype"""
    return np.asarray(x).astype(dtype)


@convert.result
def _(x, dtype):
    """y has the shape of x"""
    return Hollow(x.shape, dtype)


@convert.batch
def _(size, batched, x, dtype):
    """batch(X)ₙ = f(Xₙ)"""
    return convert(x, dtype=dtype)


@convert.jvp(0)
def _(t, y, x, dtype):
    """ẏ = ẋ in the dtype of y; 0 where that is no floating one"""
    return convert(t, dtype=dtype) if np.issubdtype(dtype, np.floating) else None


@convert.transpose(0)
def _(ct, x, dtype):
    """x̄ = ȳ in the dtype of x"""
    return convert(ct, dtype=x.dtype)
