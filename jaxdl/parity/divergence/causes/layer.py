"""Linear maps, convolutions, embeddings and pooling."""

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tensor, tries

CONVOLUTION = "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1"


@tries("linear", "input, weight, bias=None")
def linear(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    weight = tensor(given, "weight")
    if given.a.weight.shape[0] == given.a.weight.shape[-1]:
        yield Try(
            "transposed weight", f"transposing {weight}", lambda a: F.linear(a.input, a.weight.T.contiguous(), a.bias)
        )
    if given.a.bias is not None:
        bias = tensor(given, "bias")
        yield Try("missing bias", f"leaving out {bias}", lambda a: F.linear(a.input, a.weight))
        yield Try("wrong bias", f"subtracting {bias}", lambda a: F.linear(a.input, a.weight, -a.bias))
        yield Try("wrong bias", f"adding {bias} twice", lambda a: F.linear(a.input, a.weight, 2 * a.bias))


@tries("addmm", "bias, input, weight")
def addmm(given: Given) -> Iterator[Try]:
    weight, bias = tensor(given, "weight"), tensor(given, "bias")
    if given.a.weight.shape[0] == given.a.weight.shape[1]:
        yield Try("transposed weight", f"transposing {weight}", lambda a: a.input @ a.weight.T + a.bias)
    yield Try("missing bias", f"leaving out {bias}", lambda a: a.input @ a.weight)


@tries("matmul __matmul__ mm bmm", "input, other")
def matmul(given: Given) -> Iterator[Try]:
    if given.a.other.ndim > 1 and given.a.other.shape[-1] == given.a.other.shape[-2]:
        yield Try(
            "transposed weight",
            "transposing the second factor of the matrix product",
            lambda a: a.input @ a.other.transpose(-1, -2),
        )
    if given.a.input.ndim > 1 and given.a.input.shape[-1] == given.a.input.shape[-2]:
        yield Try(
            "transposed weight",
            "transposing the first factor of the matrix product",
            lambda a: a.input.transpose(-1, -2) @ a.other,
        )


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
    yield from _paddings(given)


def _paddings(given: Given) -> Iterator[Try]:
    """Other splits of the padding: as TensorFlow's and XLA's 'SAME' has it, or all on one side."""
    from torch.nn import functional as F

    a = given.a
    axes = a.weight.ndim - 2
    padding, stride, dilation = (_each(value, axes) for value in (a.padding, a.stride, a.dilation))
    if padding is None or stride is None or dilation is None:
        return
    seen = {tuple((p, p) for p in padding)}
    for sides in _splits(a.input.shape[2:], a.weight.shape[2:], padding, stride, dilation):
        if sides in seen:
            continue
        seen.add(sides)
        for mode in ("constant", "reflect", "replicate", "circular"):
            flat = [p for pair in reversed(sides) for p in pair]
            name = "" if mode == "constant" else f", mode {mode}"
            yield Try(
                "padding side",
                f"padding by {_sides(sides)} (before, after){name} instead of {_sides((p, p) for p in padding)}",
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


def _splits(shape: Any, kernel: Any, padding: Any, stride: Any, dilation: Any) -> Iterator[tuple[tuple[int, int], ...]]:
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


def _sides(sides: Any) -> str:
    return ", ".join(f"({before}, {after})" for before, after in sides)


def _each(value: Any, axes: int) -> tuple[int, ...] | None:
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
    padding = _each(given.a.padding, axes)
    more = _each(given.a.output_padding, axes)
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


@tries("embedding", "input, weight, padding_idx=None")
def embedding(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    width = given.a.weight.shape[1]
    rows = given.a.weight.shape[0]
    yield Try("scale", f"multiplying the embedding by √{width}", lambda a: F.embedding(a.input, a.weight) * width**0.5)
    yield Try("scale", f"dividing the embedding by √{width}", lambda a: F.embedding(a.input, a.weight) / width**0.5)
    for by in (-1, 1, 2):
        yield Try(
            "shifted indices",
            f"looking up the index {by:+d}",
            lambda a, by=by: F.embedding((a.input + by).clamp(0, rows - 1), a.weight),
        )
    for name, row in (("padding_idx's row", given.a.padding_idx), ("row 0", 0)):
        if row is not None:
            yield Try(
                "padding row",
                f"taking zeros for {name}",
                lambda a, row=row: F.embedding(a.input, a.weight) * (a.input != row % rows)[..., None],
            )


POOL = "input, kernel_size, stride=None, padding=0"


@tries("max_pool1d max_pool2d max_pool3d", f"{POOL}, dilation=1, ceil_mode=False, return_indices=False")
@tries("avg_pool1d avg_pool2d avg_pool3d", f"{POOL}, ceil_mode=False, count_include_pad=True, divisor_override=None")
def pooling(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    mean = hasattr(given.a, "count_include_pad")
    axes = given.output.ndim - 2
    if axes not in (1, 2, 3):
        return
    function = getattr(F, f"{'avg' if mean else 'max'}_pool{axes}d")
    other = getattr(F, f"{'max' if mean else 'avg'}_pool{axes}d")
    stride = given.a.kernel_size if given.a.stride in (None, [], ()) else given.a.stride
    kernel, stride, padding = (_each(value, axes) or () for value in (given.a.kernel_size, stride, given.a.padding))
    yield Try(
        "other function",
        f"pooling by the {'maximum' if mean else 'mean'}",
        lambda a: other(a.input, kernel, stride, padding, ceil_mode=a.ceil_mode),
    )
    if mean:
        yield Try(
            "padding counted",
            f"{'not ' if given.a.count_include_pad else ''}counting the padding in the mean",
            lambda a: function(a.input, kernel, stride, padding, a.ceil_mode, not a.count_include_pad),
        )
    yield Try(
        "ceil_mode",
        f"ceil_mode={not given.a.ceil_mode}",
        lambda a: function(a.input, kernel, stride, padding, ceil_mode=not a.ceil_mode),
    )
    seen = {tuple((p, p) for p in padding)}
    for sides in _splits(given.a.input.shape[2:], kernel, padding, stride, (1,) * axes):
        if sides not in seen:
            seen.add(sides)
            flat = [p for pair in reversed(sides) for p in pair]
            for fill, what in ((0.0, "zeros"), (float("-inf"), "-∞")):
                if not (mean and fill):
                    yield Try(
                        "padding side",
                        f"padding by {_sides(sides)} (before, after) with {what} "
                        f"instead of {_sides((p, p) for p in padding)}",
                        lambda a, flat=flat, fill=fill: function(
                            F.pad(a.input, flat, value=fill), kernel, stride, ceil_mode=a.ceil_mode
                        ),
                    )


@tries("interpolate", "input, size=None, scale_factor=None, mode='nearest', align_corners=None")
def interpolate(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    size = tuple(given.output.shape[2:])
    line = {3: "linear", 4: "bilinear", 5: "trilinear"}[given.output.ndim]
    for mode in ("nearest", "nearest-exact", line, "bicubic"):
        for corners in (None,) if mode.startswith("nearest") else (False, True):
            if (mode, bool(corners)) != (given.a.mode, bool(given.a.align_corners)) and not (
                mode == "bicubic" and line != "bilinear"
            ):
                yield Try(
                    "interpolation",
                    f"mode={mode!r}" + ("" if corners is None else f", align_corners={corners}"),
                    lambda a, mode=mode, corners=corners: F.interpolate(
                        a.input, size, mode=mode, align_corners=corners
                    ),
                )
    if line == "bilinear":
        yield Try(
            "interpolation",
            "smoothing before it makes smaller (antialias=True)",
            lambda a: F.interpolate(a.input, size, mode="bilinear", antialias=True),
        )


@tries("pad", "input, pad, mode='constant', value=None")
def pad(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    sides = list(given.a.pad)
    turned = [sides[i ^ 1] for i in range(len(sides))]
    pairs = [p for i in range(len(sides) - 2, -1, -2) for p in sides[i : i + 2]]
    for text, other in (("exchanging the sides of the padding", turned), ("padding the axes in reverse order", pairs)):
        if other != sides:
            yield Try("padding side", text, lambda a, other=other: F.pad(a.input, other, a.mode, a.value))
    for mode in ("constant", "reflect", "replicate", "circular"):
        if mode != given.a.mode:
            yield Try("padding mode", f"padding in mode {mode}", lambda a, mode=mode: F.pad(a.input, a.pad, mode))
