"""Functions whose derivative is zero, comparisons among them; and another dtype."""

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive
from jaxdl.autodiff.primitives.elementwise import elementwise

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
