"""Reductions and running sums."""

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive

Axes = tuple[int, ...]


def without(shape, axes):
    """A shape without some axes."""
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def restored(y, shape, axes):
    """A reduction's result stretched over what was reduced."""
    ones = tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return np.broadcast_to(np.reshape(y, ones), shape)


def shifted(axes):
    """The axes of one example among those of all."""
    return tuple(axis + 1 for axis in axes)


total = Primitive("sum")


@total.evaluate
def _(x, axes):
    """y[i] = Σⱼ x[i, j]"""
    return np.sum(x, axis=axes, dtype=x.dtype)


@total.result
def _(x, axes):
    """y has the shape of x without the axes"""
    return Hollow(without(x.shape, axes), x.dtype)


@total.batch
def _(size, batched, x, axes):
    """batch(X)ₙ = f(Xₙ)"""
    return total(x, axes=shifted(axes))


@total.transpose(0)
def _(ct, x, axes):
    """x̄[i, j] = ȳ[i]"""
    return restored(ct, x.shape, axes)


largest = Primitive("max")


@largest.evaluate
def _(x, axes):
    """y[i] = maxⱼ x[i, j]"""
    return np.max(x, axis=axes)


@largest.result
def _(x, axes):
    """y has the shape of x without the axes"""
    return Hollow(without(x.shape, axes), x.dtype)


@largest.batch
def _(size, batched, x, axes):
    """batch(X)ₙ = f(Xₙ)"""
    return largest(x, axes=shifted(axes))


@largest.jvp(0)
def _(t, y, x, axes):
    """ẏ[i] = the mean of ẋ[i, j] over those j where x[i, j] = y[i]"""
    there = x == restored(y, x.shape, axes)
    count = np.sum(there, axis=axes).astype(x.dtype)
    return np.sum(np.where(there, t, 0), axis=axes) / count


argmax = Primitive("argmax", flat=True)


@argmax.evaluate
def _(x, axis):
    """y[i] = the first j where x[i, j] is largest"""
    return np.argmax(x, axis)


@argmax.result
def _(x, axis):
    """y has the shape of x without the axis, and is an integer"""
    return Hollow(without(x.shape, (axis,)), np.int64)


@argmax.batch
def _(size, batched, x, axis):
    """batch(X)ₙ = f(Xₙ)"""
    return argmax(x, axis=axis + 1)


cumsum = Primitive("cumsum")


@cumsum.evaluate
def _(x, axis):
    """y[i] = Σ_{j ≤ i} x[j]"""
    return np.cumsum(x, axis, dtype=x.dtype)


@cumsum.result
def _(x, axis):
    """y has the shape of x"""
    return Hollow(x.shape, x.dtype)


@cumsum.batch
def _(size, batched, x, axis):
    """batch(X)ₙ = f(Xₙ)"""
    return cumsum(x, axis=axis + 1)


@cumsum.transpose(0)
def _(ct, x, axis):
    """x̄[j] = Σ_{i ≥ j} ȳ[i]"""
    return np.flip(cumsum(np.flip(ct, axis), axis=axis), axis)
