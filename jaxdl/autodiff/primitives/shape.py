"""Primitives that move numbers and change none: all of them linear, their transposes each other."""

from itertools import pairwise
from operator import index as integer

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive

broadcast = Primitive("broadcast_to")


@broadcast.evaluate
def _(x, shape):
    """y[…, i] = x[i]"""
    return np.broadcast_to(x, shape)


@broadcast.result
def _(x, shape):
    """y has the shape that was asked for"""
    return Hollow(shape, x.dtype)


@broadcast.batch
def _(size, batched, x, shape):
    """batch(X)ₙ = f(Xₙ): the axes that are added come behind n"""
    ones = (1,) * (len(shape) - x.ndim + 1)
    return broadcast(np.reshape(x, (size, *ones, *x.shape[1:])), shape=(size, *shape))


@broadcast.transpose(0)
def _(ct, x, shape):
    """x̄[i] = Σ ȳ[…, i]"""
    added = len(shape) - len(x.shape)
    stretched = [added + i for i, length in enumerate(x.shape) if length == 1 and shape[added + i] != 1]
    return np.reshape(np.sum(ct, axis=(*range(added), *stretched)), x.shape)


reshape = Primitive("reshape")


@reshape.evaluate
def _(x, shape):
    """y[k] = x[k], both counted through in C's order"""
    return np.reshape(x, shape)


@reshape.result
def _(x, shape):
    """y has the shape that was asked for"""
    return Hollow(shape, x.dtype)


@reshape.batch
def _(size, batched, x, shape):
    """batch(X)ₙ = f(Xₙ)"""
    return reshape(x, shape=(size, *shape))


@reshape.transpose(0)
def _(ct, x, shape):
    """x̄ = ȳ in the shape of x"""
    return reshape(ct, shape=x.shape)


permute = Primitive("transpose")


@permute.evaluate
def _(x, axes):
    """y = x, its axis axes[k] as axis k"""
    return np.transpose(x, axes)


@permute.result
def _(x, axes):
    """y.shape[k] = x.shape[axes[k]]"""
    return Hollow(tuple(x.shape[axis] for axis in axes), x.dtype)


@permute.batch
def _(size, batched, x, axes):
    """batch(X)ₙ = f(Xₙ): n stays first"""
    return permute(x, axes=(0, *(axis + 1 for axis in axes)))


@permute.transpose(0)
def _(ct, x, axes):
    """x̄ = ȳ with the axes put back"""
    return permute(ct, axes=tuple(integer(axis) for axis in np.argsort(axes)))


flip = Primitive("flip")


@flip.evaluate
def _(x, axes):
    """y[i] = x[L − 1 − i] along the axes"""
    return np.flip(x, axes)


@flip.result
def _(x, axes):
    """y has the shape of x"""
    return Hollow(x.shape, x.dtype)


@flip.batch
def _(size, batched, x, axes):
    """batch(X)ₙ = f(Xₙ)"""
    return flip(x, axes=tuple(axis + 1 for axis in axes))


@flip.transpose(0)
def _(ct, x, axes):
    """x̄[i] = ȳ[L − 1 − i]"""
    return flip(ct, axes=axes)


cut = Primitive("slice")


@cut.evaluate
def _(x, starts, lengths, steps):
    """y[i] = x[start + step · i] for i < length, along each axis"""
    return x[tuple(slice(a, a + max(0, n * s - s + 1), s) for a, n, s in zip(starts, lengths, steps, strict=True))]


@cut.result
def _(x, starts, lengths, steps):
    """y has the lengths that were asked for"""
    return Hollow(lengths, x.dtype)


@cut.batch
def _(size, batched, x, starts, lengths, steps):
    """batch(X)ₙ = f(Xₙ): of n, all"""
    return cut(x, starts=(0, *starts), lengths=(size, *lengths), steps=(1, *steps))


@cut.transpose(0)
def _(ct, x, starts, lengths, steps):
    """x̄[start + step · i] = ȳ[i], and 0 elsewhere"""
    return dilate(ct, starts=starts, steps=steps, shape=x.shape)


dilate = Primitive("dilate")


@dilate.evaluate
def _(x, starts, steps, shape):
    """y[start + step · i] = x[i] along each axis, and 0 elsewhere"""
    y = np.zeros(shape, x.dtype)
    y[tuple(slice(a, a + max(0, n * s - s + 1), s) for a, n, s in zip(starts, x.shape, steps, strict=True))] = x
    return y


@dilate.result
def _(x, starts, steps, shape):
    """y has the shape that was asked for"""
    return Hollow(shape, x.dtype)


@dilate.batch
def _(size, batched, x, starts, steps, shape):
    """batch(X)ₙ = f(Xₙ)"""
    return dilate(x, starts=(0, *starts), steps=(1, *steps), shape=(size, *shape))


@dilate.transpose(0)
def _(ct, x, starts, steps, shape):
    """x̄[i] = ȳ[start + step · i]"""
    return cut(ct, starts=starts, lengths=x.shape, steps=steps)


class Concatenation(Primitive):
    """Of any number of arguments, and linear in all of them together."""

    def push(self, primals, tangents, params):
        """ẏ = (ẋ₀, ẋ₁, …) along the axis"""
        filled = [np.zeros(x.shape, x.dtype) if t is None else t for x, t in zip(primals, tangents, strict=True)]
        return self(*primals, **params), None if all(t is None for t in tangents) else self(*filled, **params)

    def pull(self, cotangents, args, wanted, params):
        """x̄ᵢ = ȳ where xᵢ stands in y"""
        (ct,), axis = cotangents, params["axis"]
        ends = np.cumsum([0, *(arg.shape[axis] for arg in args)])
        before = (slice(None),) * axis
        return [ct[(*before, slice(int(ends[i]), int(ends[i + 1])))] for i in wanted]


concatenate = Concatenation("concatenate")


@concatenate.evaluate
def _(*xs, axis):
    """y = (x₀, x₁, …) along the axis"""
    return np.concatenate(xs, axis)


@concatenate.result
def _(*xs, axis):
    """the lengths of y along the axis are the sum of those of all x"""
    length = sum(x.shape[axis] for x in xs)
    return Hollow((*xs[0].shape[:axis], length, *xs[0].shape[axis + 1 :]), xs[0].dtype)


@concatenate.batch
def _(size, batched, *xs, axis):
    """batch(X)ₙ = f(Xₙ): those without examples are repeated"""
    whole = [x if own else np.broadcast_to(x, (size, *x.shape)) for own, x in zip(batched, xs, strict=True)]
    return concatenate(*whole, axis=axis + 1)


class Splitting(Primitive):
    """The pieces of one argument, all of them at once: their cotangents are put together once."""

    def push(self, primals, tangents, params):
        """ẏᵢ = the piece of ẋ"""
        return self.bind(*primals, **params), self.bind(*tangents, **params)

    def pull(self, cotangents, args, wanted, params):
        """x̄ = (ȳ₀, ȳ₁, …) along the axis"""
        hollows = self.rule("result")(*args, **params)
        filled = [
            np.zeros(each.shape, each.dtype) if ct is None else ct for each, ct in zip(hollows, cotangents, strict=True)
        ]
        return [concatenate(*filled, axis=params["axis"])]


split = Splitting("split")


@split.evaluate
def _(x, ends, axis):
    """yᵢ = x from one end to the next along the axis"""
    before = (slice(None),) * axis
    return [x[(*before, slice(a, b))] for a, b in pairwise(ends)]


@split.result
def _(x, ends, axis):
    """the length of yᵢ along the axis is that between the ends"""
    return [Hollow((*x.shape[:axis], b - a, *x.shape[axis + 1 :]), x.dtype) for a, b in pairwise(ends)]


@split.batch
def _(size, batched, x, ends, axis):
    """batch(X)ₙ = f(Xₙ)"""
    return split(x, ends=ends, axis=axis + 1)
