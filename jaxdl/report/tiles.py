"""Small images in rows: pictures, and weights or other numbers of both signs that belong to pixels."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jaxdl.report.canvas import WIDTH, Style, png, tiles
from jaxdl.report.theme import LIGHT, Theme

SIDE = 0.05  # inches left of an image and below it
TAKEN = SIDE + 0.12, SIDE + 0.26  # inches that canvas.tiles takes from an image's width and height


@dataclass(frozen=True)
class Tile:
    """A small image.

    Attributes:
        title: stands above it.
        pixels: `[height, width]`. Brightness, where nothing is negative and not `signed`: 0 is paper.
        signed: whether the numbers have a sign: blue above zero, orange below it, zero has the page's colour.
        scale: the number that has the full colour; None is the image's own largest. Images on one scale compare.
    """

    title: str
    pixels: Any
    signed: bool = False
    scale: float | None = None


def tiles_picture(images: Sequence[Tile], path: str | os.PathLike[str], theme: Theme = LIGHT, columns: int = 5) -> None:
    """Draw images line by line into a PNG file, each under its title.

    Args:
        images: at least one.
        path: of the file.
        theme: its colours.
        columns: images in a line, at least 1.

    Raises:
        ValueError: no image, one that is not `[height, width]`, or columns below 1.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tiles_picture([Tile("weights", [[1.0, -1.0], [0.0, 0.5]], signed=True)], f"{folder}/weights.png")
    """
    arrays = [np.asarray(image.pixels, float) for image in images]
    wrong = [array.shape for array in arrays if array.ndim != 2 or not array.size]
    if not arrays or wrong:
        raise ValueError(f"images must be tiles of pixels [height, width], given {wrong[0] if wrong else 'none'}")
    if columns < 1:
        raise ValueError(f"columns must be at least 1, given {columns}")
    highest = max(height / width for height, width in (array.shape for array in arrays))
    height = (WIDTH / columns - TAKEN[0]) * highest + TAKEN[1]
    figure = tiles([image.title for image in images], columns, height, theme, edge=(SIDE, SIDE))
    for axes, image, array in zip(figure.axes, images, arrays, strict=True):
        axes.imshow(array, interpolation="nearest", **_shades(image, array, theme))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=theme.line)
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(png(figure, colours=256))


def _shades(image: Tile, array: np.ndarray, theme: Theme) -> Style:
    """The row of colours, and the numbers at its ends."""
    from matplotlib.colors import LinearSegmentedColormap

    most = image.scale or float(np.abs(array[np.isfinite(array)]).max(initial=0.0)) or 1.0
    ends = [theme.torch, theme.card, theme.jax] if image.signed else [theme.paper, theme.pencil]
    colours = LinearSegmentedColormap.from_list("shades", ends)
    return {"cmap": colours, "vmin": -most if image.signed else 0.0, "vmax": most}
