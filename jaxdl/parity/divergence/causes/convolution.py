"""Convolutions: their kernels, biases and paddings."""

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tensor, tries

CONVOLUTION = "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1"


@tries("conv1d conv2d conv3d", CONVOLUTION)
def convolution(given: Given) -> Iterator[Try]:
    weight = tensor(given, "weight")
    axes = given.a.weight.ndim - 2
    last = tuple(range(2, 2 + axes))
    yield Try("flipped kernel", f"turning {weight} round in space", lambda a: _conv(a, weight=a.weight.flip(last)))
    for order in list(permutations(last))[1:]:
        if all(given.a.weight.shape[i] == given.a.weight.shape[j] for i, j in zip(last, order, strict=True)):
            yield Try(
                "transposed weight",
                f"exchanging height and width of {weight}",
                lambda a, order=order: _conv(a, weight=a.weight.permute(0, 1, *order)),
            )
    if given.a.weight.shape[0] == given.a.weight.shape[1]:
        yield Try(
            "transposed weight",
            f"exchanging the input and output channels of {weight}",
            lambda a: _conv(a, weight=a.weight.transpose(0, 1)),
        )
    if given.a.bias is not None:
        yield Try("missing bias", f"leaving out {tensor(given, 'bias')}", lambda a: _conv(a, bias=None))
    yield from _dilations(given)
    yield from _paddings(given)


def _dilations(given: Given) -> Iterator[Try]:
    """No dilation: with the same padding, or with as much less as keeps the size of the result."""
    axes = given.a.weight.ndim - 2
    padding, dilation = (each(value, axes) for value in (given.a.padding, given.a.dilation))
    if padding is None or dilation is None or set(dilation) == {1}:
        return
    lost = [(d - 1) * (k - 1) for d, k in zip(dilation, given.a.weight.shape[2:], strict=True)]
    less = tuple(max(p - loss // 2, 0) for p, loss in zip(padding, lost, strict=True))
    for sides in dict.fromkeys((padding, less)):
        yield Try(
            "dilation",
            f"no dilation, with padding {shown((p, p) for p in sides)},",
            lambda a, sides=sides: _conv(a, dilation=1, padding=sides),
        )


def _paddings(given: Given) -> Iterator[Try]:
    """Other splits of the padding: as TensorFlow's and XLA's 'SAME' has it, or all on one side."""
    from torch.nn import functional as F

    a = given.a
    axes = a.weight.ndim - 2
    padding, stride, dilation = (each(value, axes) for value in (a.padding, a.stride, a.dilation))
    if padding is None or stride is None or dilation is None:
        return
    seen = {tuple((p, p) for p in padding)}
    for sides in splits(a.input.shape[2:], a.weight.shape[2:], padding, stride, dilation):
        if sides in seen:
            continue
        seen.add(sides)
        for mode in ("constant", "reflect", "replicate", "circular"):
            flat = [p for pair in reversed(sides) for p in pair]
            name = "" if mode == "constant" else f", mode {mode}"
            yield Try(
                "padding side",
                f"padding by {shown(sides)} (before, after){name} instead of {shown((p, p) for p in padding)}",
                lambda a, flat=flat, mode=mode: _conv(a, input=F.pad(a.input, flat, mode=mode), padding=0),
            )
            if mode == "constant" and any(before != after for before, after in sides):
                break
    flat = [p for q in reversed(padding) for p in (q, q)]
    for mode in ("reflect", "replicate", "circular"):
        if any(padding):
            yield Try(
                "padding mode",
                f"padding in mode {mode} instead of with zeros",
                lambda a, mode=mode: _conv(a, input=F.pad(a.input, flat, mode=mode), padding=0),
            )


def splits(shape: Any, kernel: Any, padding: Any, stride: Any, dilation: Any) -> Iterator[tuple[tuple[int, int], ...]]:
    totals, same = [], []
    for length, k, p, s, d in zip(shape, kernel, padding, stride, dilation, strict=True):
        totals.append(2 * p)
        reach = d * (k - 1) + 1
        same.append(max((-(-length // s) - 1) * s + reach - length, 0))
    for total in (same, totals):
        yield tuple((t // 2, t - t // 2) for t in total)
        yield tuple((t - t // 2, t // 2) for t in total)
        yield tuple((0, t) for t in total)
        yield tuple((t, 0) for t in total)
    yield tuple((max(p - 1, 0), p + 1) for p in padding)
    yield tuple((p + 1, max(p - 1, 0)) for p in padding)
    yield tuple((max(p - 1, 0), p) for p in padding)
    yield tuple((p, max(p - 1, 0)) for p in padding)
    yield tuple((0, 0) for _ in padding)


def shown(sides: Any) -> str:
    return ", ".join(f"({before}, {after})" for before, after in sides)


def each(value: Any, axes: int) -> tuple[int, ...] | None:
    if isinstance(value, str):
        return None
    return (value,) * axes if isinstance(value, int) else tuple(value) if len(value) == axes else tuple(value) * axes


def _conv(a: Any, **changed: Any) -> Any:
    import torch

    a = type(a)(**{**vars(a), **changed})
    function = getattr(torch.nn.functional, f"conv{a.weight.ndim - 2}d")
    return function(a.input, a.weight, a.bias, a.stride, a.padding, a.dilation, a.groups)


@tries(
    "conv_transpose1d conv_transpose2d conv_transpose3d",
    "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
)
def convolution_transposed(given: Given) -> Iterator[Try]:
    import torch

    def run(a: Any, **changed: Any) -> Any:
        a = type(a)(**{**vars(a), **changed})
        function = getattr(torch.nn.functional, f"conv_transpose{a.weight.ndim - 2}d")
        return function(a.input, a.weight, a.bias, a.stride, a.padding, a.output_padding, a.groups, a.dilation)

    weight = tensor(given, "weight")
    axes = given.a.weight.ndim - 2
    last = tuple(range(2, 2 + axes))
    yield Try("flipped kernel", f"turning {weight} round in space", lambda a: run(a, weight=a.weight.flip(last)))
    if given.a.weight.shape[0] == given.a.weight.shape[1]:
        text = f"exchanging the input and output channels of {weight}"
        yield Try("transposed weight", text, lambda a: run(a, weight=a.weight.transpose(0, 1)))
        yield Try(
            "flipped kernel",
            f"{text} and turning it round in space",
            lambda a: run(a, weight=a.weight.transpose(0, 1).flip(last)),
        )
    if given.a.bias is not None:
        yield Try("missing bias", f"leaving out {tensor(given, 'bias')}", lambda a: run(a, bias=None))
    padding = each(given.a.padding, axes)
    more = each(given.a.output_padding, axes)
    if padding is not None and more is not None:
        for shift in product((-1, 0, 1), repeat=axes):
            if any(shift) and len(set(shift)) == 1:
                yield Try(
                    "padding side",
                    f"cutting {-shift[0]:+d} more before and as much less behind",
                    lambda a, shift=shift: _moved(
                        run(a, padding=0, output_padding=0), given.output.shape, padding, shift
                    ),
                )


def _moved(full: Any, shape: Any, padding: Any, shift: Any) -> Any:
    from torch.nn import functional as F

    for axis, (length, cut, by) in enumerate(zip(shape[2:], padding, shift, strict=True), start=2):
        start = cut + by
        room = [0] * (2 * (full.ndim - axis))
        room[-2], room[-1] = max(-start, 0), max(start + length - full.shape[axis], 0)
        full = F.pad(full, room).narrow(axis, max(start, 0), length)
    return full
