"""Pooling, padding and interpolation."""

from collections.abc import Iterator

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tries
from jaxdl.parity.divergence.causes.convolution import each, shown, splits

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
    kernel, stride, padding = (each(value, axes) or () for value in (given.a.kernel_size, stride, given.a.padding))
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
    for sides in splits(given.a.input.shape[2:], kernel, padding, stride, (1,) * axes):
        if sides not in seen:
            seen.add(sides)
            flat = [p for pair in reversed(sides) for p in pair]
            for fill, what in ((0.0, "zeros"), (float("-inf"), "-∞")):
                if not (mean and fill):
                    yield Try(
                        "padding side",
                        f"padding by {shown(sides)} (before, after) with {what} "
                        f"instead of {shown((p, p) for p in padding)}",
                        lambda a, flat=flat, fill=fill: function(
                            F.pad(a.input, flat, value=fill), kernel, stride, ceil_mode=a.ceil_mode
                        ),
                    )


@tries("adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d", "input, output_size")
def adaptive_pooling(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    axes = len(given.output.shape) - 2
    for kind, what in (("avg", "mean"), ("max", "maximum")):
        function = getattr(F, f"adaptive_{kind}_pool{axes}d")
        yield Try("other function", f"pooling by the {what}", lambda a, f=function: f(a.input, a.output_size))


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
