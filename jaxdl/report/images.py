"""Pictures of pictures: what a network of images is shown, what it makes of it, and what it mistakes for what.

An image is `[H, W]` or `[H, W, 3]` from 0 to 1. A grey one is drawn in the theme's ink where it is 1, on its paper
where it is 0.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report.canvas import TEXT, WIDTH, Style, blank, panel
from jaxdl.report.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN = 0.06
LINE = 0.17  # inches of a line of text
HEADING = 0.4  # over a strip: its title is nearer to it than to the one above


def thumbnails(
    images: Sequence[Any], notes: Sequence[Sequence[str]], wrong: Sequence[bool], theme: Theme, columns: int = 6
) -> "Figure":
    """Small pictures, each over its own lines of text; one that is wrong has a frame, and a first line of its colour.

    Args:
        images: to be drawn.
        notes: under each, as many lines as under the others.
        wrong: whether each is.
        theme: its colours.
        columns: pictures in a line.

    >>> from jaxdl.report.theme import LIGHT
    >>> thumbnails([[[0, 1], [1, 0]]], [["✗ 8", "is 3"]], [True], LIGHT, columns=5)  # doctest: +ELLIPSIS
    <Figure size 1000x... with 1 Axes>
    """
    from matplotlib.patches import Rectangle

    lines, cell = math.ceil(len(images) / columns), (WIDTH - 2 * MARGIN) / columns
    side, pitch = cell - 0.1, round(cell + 0.06 + LINE * max(map(len, notes), default=1), 2)
    figure = blank(lines * pitch + MARGIN, theme)
    axes = panel(figure, (MARGIN, 0, WIDTH - 2 * MARGIN, lines * pitch), "", theme)
    axes.set_axis_off()
    for number, (image, note, bad) in enumerate(zip(images, notes, wrong, strict=True)):
        x, y = number % columns * cell + 0.05, number // columns * pitch
        _place(axes, image, (x, y, side), theme)
        colour, width = (theme.bad, 2.4) if bad else (theme.line, 1.0)
        axes.add_patch(Rectangle((x, y), side, side, facecolor="none", edgecolor=colour, linewidth=width))
        for line, text in enumerate(note):
            style: Style = {"color": theme.bad, "weight": "bold"} if bad and line == 0 else {"color": theme.muted}
            style |= {"fontsize": TEXT, "ha": "center", "va": "center", "parse_math": False}
            axes.text(x + side / 2, y + side + 0.14 + LINE * line, text, **style)
    axes.set(xlim=(0, columns * cell), ylim=(lines * pitch, -0.03), aspect="auto")
    return figure


def strips(rows: Mapping[str, Sequence[Any]], theme: Theme, columns: int = 8) -> "Figure":
    """Lines of small pictures, each kind under its own title.

    Args:
        rows: pictures by title; more than a line takes go on in the next.
        theme: its colours.
        columns: pictures in a line.

    >>> from jaxdl.report.theme import DARK
    >>> strips({"two": [[[0, 1], [1, 0]]] * 2, "nine": [np.zeros((2, 2, 3))] * 9}, DARK)  # doctest: +ELLIPSIS
    <Figure size 1000x... with 2 Axes>
    """
    from matplotlib.patches import Rectangle

    cell = WIDTH / columns
    edge: Style = {"facecolor": "none", "edgecolor": theme.line, "linewidth": 1.0}
    heights = [HEADING + cell * math.ceil(len(images) / columns) for images in rows.values()]
    figure, top = blank(sum(heights) + MARGIN, theme), sum(heights) + MARGIN
    for (title, images), height in zip(rows.items(), heights, strict=True):
        top, drawn = top - height, height - HEADING
        axes = panel(figure, (-0.02, top, WIDTH, drawn), title, theme)  # the first picture under its title's beginning
        axes.set_axis_off()
        for number, image in enumerate(images):
            at = number % columns * cell + 0.03, number // columns * cell + 0.03
            _place(axes, image, (*at, cell - 0.06), theme)
            axes.add_patch(Rectangle(at, cell - 0.06, cell - 0.06, **edge))
        axes.set(xlim=(0, columns * cell), ylim=(drawn, 0), aspect="auto")
    return figure


def confusion(counts: Any, classes: Sequence[str], theme: Theme) -> "Figure":
    """How often each class is taken for each: a line for what an image is, a column for what the model says.

    Args:
        counts: `[classes, classes]`, whole numbers.
        classes: their names.
        theme: its colours. A mistake's is deeper the more often it is made.

    >>> from jaxdl.report.theme import LIGHT
    >>> confusion([[5, 0], [1, 4]], ["cat", "dog"], LIGHT)  # doctest: +ELLIPSIS
    <Figure size 1000x... with 1 Axes>
    """
    from matplotlib.colors import to_rgb

    table, number = np.asarray(counts), len(classes)
    right = np.eye(number, dtype=bool)
    most = max(int(table[~right].max(initial=0)), 1)
    depth = np.where(right, 0.0, np.where(table > 0, 0.15 + 0.4 * table / most, 0.0))[..., None]
    shade = (1 - depth) * to_rgb(theme.card) + depth * np.array(to_rgb(theme.bad))
    shade[right] = to_rgb(theme.good_wash)
    room = 0.3 + 0.075 * max(map(len, classes))  # for the names, left and below
    below = room if room > 0.4 else 0.45
    figure = blank(3.6 + below + 0.29, theme)
    title = "what it is, by line; what is said, by column"
    axes = panel(figure, (room, below, WIDTH - room - MARGIN, 3.6), title, theme)
    axes.imshow(shade, aspect="auto", interpolation="nearest")
    for (line, column), count in np.ndenumerate(table):
        if count:
            style: Style = {"ha": "center", "va": "center", "fontsize": TEXT, "color": theme.ink}
            axes.text(column, line, f"{count}", weight="bold" if line == column else "normal", **style)
    axes.set_yticks(range(number), classes, parse_math=False)
    slant: Style = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if max(map(len, classes)) > 2 else {}
    axes.set_xticks(range(number), classes, parse_math=False, **slant)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def signed(weights: Any) -> np.ndarray:
    """Numbers from 0 to 1: a half is zero, and the largest of either sign is at an end; all zero, all are a half.

    >>> signed([-2.0, 0.0, 1.0]).tolist()
    [0.0, 0.5, 0.75]
    """
    array = np.asarray(weights, float)
    return 0.5 + array / (2 * (np.abs(array).max(initial=0.0) or 1.0))


def spread(values: Any) -> np.ndarray:
    """Numbers from 0, the least, to 1, the greatest; all alike, all are 0.

    >>> spread([2.0, 3.0, 4.0]).tolist(), spread([7.0]).tolist()
    ([0.0, 0.5, 1.0], [0.0])
    """
    array = np.asarray(values, float)
    return (array - array.min()) / (np.ptp(array) or 1.0)


def _place(axes: "Axes", image: Any, square: tuple[float, float, float], theme: Theme) -> None:
    """An image into a square: its left, its top, its side."""
    from matplotlib.colors import LinearSegmentedColormap

    left, top, side = square
    greys = LinearSegmentedColormap.from_list("grey", [theme.paper, theme.pencil])
    look: Style = {"cmap": greys, "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    pixels = np.asarray(image, float)
    axes.imshow(
        np.clip(pixels, 0, 1) if pixels.ndim == 3 else pixels, extent=(left, left + side, top + side, top), **look
    )
