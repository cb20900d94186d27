"""The windows of adaptive pooling: as many as the output has places, as equal as they can be."""

from typing import Any, TypeAlias

import numpy as np

from jaxdl.functional._checks import sizes
from jaxdl.functional._windows import SHAPES, Span

Extent: TypeAlias = int | tuple[int | None, ...] | list[int | None] | None


def adaptive_output(
    where: str, shape: tuple[int, ...], axes: int, output_size: Any, may_lack_channels: bool
) -> tuple[int, ...]:
    """The output's spatial shape; None stands for the input's size, in two and three dimensions."""
    if len(shape) not in (axes + 1, axes + 2) or 0 in shape[-axes:] or (0 in shape[1:] and not may_lack_channels):
        raise ValueError(f"{where}: input has shape {shape}; it must be {SHAPES[axes]}, only N may be 0")
    entries = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size,) * axes
    if len(entries) != axes:
        raise ValueError(f"{where}: output_size must be an integer or {axes} of them, but got {output_size!r}")
    if axes > 1 and output_size is not None:
        entries = tuple(size if entry is None else entry for entry, size in zip(entries, shape[-axes:], strict=True))
    return sizes(where, "output_size", entries, axes, smallest=0)


def even_spans(shape: tuple[int, ...], output: tuple[int, ...]) -> tuple[Span, ...] | None:
    """The windows as spans, if each axis is divided without a rest."""
    plane = shape[-len(output) :]
    if any(n == 0 or size % n for size, n in zip(plane, output, strict=True)):
        return None
    return tuple(Span(size, size // n, size // n, 0, 1, n) for size, n in zip(plane, output, strict=True))


def adaptive_windows(size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of every window's elements, [count, longest], and which of them count: the others repeat the last.

    Window i begins at ⌊i·size / count⌋ and ends before ⌈(i + 1)·size / count⌉.
    """
    index = np.arange(count)
    starts, ends = index * size // max(count, 1), -(-(index + 1) * size // max(count, 1))
    places = starts[:, None] + np.arange(max(ends - starts, default=1))
    return np.minimum(places, ends[:, None] - 1), places < ends[:, None]
