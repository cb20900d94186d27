"""The larger, the smaller, or whichever a condition says."""

from typing import Any

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive
from jaxdl.autodiff.numpy_protocol import implements
from jaxdl.autodiff.primitives.elementwise import arrays_and_kinds, elementwise, joint_shape, loop, prepared

maximum = elementwise(np.maximum)
minimum = elementwise(np.minimum)


def _share(chosen: Any, other: Any) -> Any:
    """1 where y is this argument, ½ where it is both."""
    return np.where(chosen == other, 0.5, 1.0)


@minimum.jvp(0)
@maximum.jvp(0)
def _(t, y, a, b):
    """ẏ = ȧ where y = a alone, ½ (ȧ + ḃ) where y = a = b"""
    return np.where(a == y, t * _share(a, b).astype(t.dtype), 0)


@minimum.jvp(1)
@maximum.jvp(1)
def _(t, y, a, b):
    """ẏ = ḃ where y = b alone, ½ (ȧ + ḃ) where y = a = b"""
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
