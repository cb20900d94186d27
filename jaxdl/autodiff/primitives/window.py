"""Windows that slide over the last axes: what convolution and pooling are made of."""

from itertools import product

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive

windows = Primitive("windows")


@windows.evaluate
def _(x, size, stride, dilation):
    """y[…, p, i] = x[…, p · stride + i · dilation] along each of the last axes: first all p, then all i"""
    axes = tuple(range(-len(size), 0))
    spans = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axis=axes)
    return view[(..., *(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation))]


@windows.result
def _(x, size, stride, dilation):
    """y has P = ⌊(L − dilation (K − 1) − 1) / stride⌋ + 1 windows of K along each axis"""
    rank = len(size)
    places = tuple(
        (length - d * (k - 1) - 1) // s + 1
        for length, k, s, d in zip(x.shape[-rank:], size, stride, dilation, strict=True)
    )
    return Hollow((*x.shape[:-rank], *places, *size), x.dtype)


@windows.batch
def _(size_, batched, x, size, stride, dilation):
    """batch(X)ₙ = f(Xₙ)"""
    return windows(x, size=size, stride=stride, dilation=dilation)


@windows.transpose(0)
def _(ct, x, size, stride, dilation):
    """x̄[m] = Σ ȳ[p, i] over those p, i where p · stride + i · dilation = m"""
    return overlap_add(ct, lengths=x.shape[-len(size) :], stride=stride, dilation=dilation)


overlap_add = Primitive("overlap_add")


@overlap_add.evaluate
def _(x, lengths, stride, dilation):
    """y[m] = Σ x[p, i] over those p, i where p · stride + i · dilation = m"""
    rank = len(lengths)
    leading, places, size = x.shape[: -2 * rank], x.shape[-2 * rank : -rank], x.shape[-rank:]
    y = np.zeros((*leading, *lengths), x.dtype)
    for offset in product(*map(range, size)):
        there = tuple(
            slice(i * d, i * d + (p - 1) * s + 1, s)
            for i, p, s, d in zip(offset, places, stride, dilation, strict=True)
        )
        y[(..., *there)] += x[(..., *offset)]
    return y


@overlap_add.result
def _(x, lengths, stride, dilation):
    """y has the lengths that were asked for"""
    return Hollow((*x.shape[: -2 * len(lengths)], *lengths), x.dtype)


@overlap_add.batch
def _(size, batched, x, lengths, stride, dilation):
    """batch(X)ₙ = f(Xₙ)"""
    return overlap_add(x, lengths=lengths, stride=stride, dilation=dilation)


@overlap_add.transpose(0)
def _(ct, x, lengths, stride, dilation):
    """x̄[p, i] = ȳ[p · stride + i · dilation]"""
    return windows(ct, size=x.shape[-len(lengths) :], stride=stride, dilation=dilation)
