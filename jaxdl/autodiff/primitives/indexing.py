"""Reading at indices, and writing at them: each the transpose of the other."""

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive

gather = Primitive("gather")


@gather.evaluate
def _(x, *indices):
    """y[n, …] = x[i₀[n], i₁[n], …, …]: one array of indices for each of the first axes"""
    return x[indices]


@gather.result
def _(x, *indices):
    """y has the indices' shape, then the axes that are not indexed"""
    return Hollow((*np.broadcast_shapes(*(i.shape for i in indices)), *x.shape[len(indices) :]), x.dtype)


@gather.batch
def _(size, batched, x, *indices):
    """batch(X)ₙ = Xₙ[i]: where X has the examples, n is one more index"""
    if not batched[0]:
        return gather(x, *aligned(batched[1:], indices))
    _, indices = with_examples(size, batched[1:], indices)
    return gather(x, *indices)


@gather.transpose(0)
def _(ct, x, *indices):
    """x̄[j] = Σ ȳ[n] over those n where i[n] = j"""
    return scatter_add(ct, *indices, shape=x.shape)


scatter_add = Primitive("scatter_add")


@scatter_add.evaluate
def _(x, *indices, shape):
    """y[j] = Σ x[n] over those n where i[n] = j"""
    y = np.zeros(shape, x.dtype)
    np.add.at(y, indices, x)
    return y


@scatter_add.result
def _(x, *indices, shape):
    """y has the shape that was asked for"""
    return Hollow(shape, x.dtype)


@scatter_add.batch
def _(size, batched, x, *indices, shape):
    """batch(X)ₙ = f(Xₙ): n is one more index"""
    _, indices = with_examples(size, batched[1:], indices)
    x = x if batched[0] else np.broadcast_to(x, (size, *x.shape))
    return scatter_add(x, *indices, shape=(size, *shape))


@scatter_add.transpose(0)
def _(ct, x, *indices, shape):
    """x̄[n] = ȳ[i[n]]"""
    return gather(ct, *indices)


scatter_last = Primitive("scatter_last", flat=True)


@scatter_last.evaluate
def _(*indices, shape):
    """y[j] = the last n where i[n] = j, and −1 where there is none"""
    y = np.full(shape, -1)
    numbers = np.broadcast_shapes(*(i.shape for i in indices))
    np.maximum.at(y, indices, np.arange(int(np.prod(numbers, dtype=int))).reshape(numbers))
    return y


@scatter_last.result
def _(*indices, shape):
    """y has the shape that was asked for"""
    return Hollow(shape, np.int64)


@scatter_last.batch
def _(size, batched, *indices, shape):
    """batch(I)ₙ = f(Iₙ): n is one more index, and each example counts for itself"""
    numbers, indices = with_examples(size, batched, indices)
    own = int(np.prod(numbers[1:], dtype=int))
    y = scatter_last(*indices, shape=(size, *shape))
    start = np.reshape(np.arange(size) * own, (size, *(1,) * len(shape)))
    return np.where(y < 0, -1, y - start)


def aligned(batched, indices):
    """Indices of one shape but for the first axis, which those with examples have."""
    rank = max(len(i.shape) - own for own, i in zip(batched, indices, strict=True))
    return [
        np.reshape(i, (i.shape[0], *(1,) * (rank - len(i.shape) + 1), *i.shape[1:])) if own else i
        for own, i in zip(batched, indices, strict=True)
    ]


def with_examples(size, batched, indices):
    """The indices' shape with the examples first, and the indices behind one that counts the examples."""
    indices = aligned(batched, indices)
    shape = np.broadcast_shapes(*(i.shape[1:] if own else i.shape for own, i in zip(batched, indices, strict=True)))
    count = np.reshape(np.arange(size), (size, *(1,) * len(shape)))
    return (size, *shape), [count, *indices]
