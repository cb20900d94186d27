"""What every figure is drawn on: a matplotlib canvas without global state, and the PNG that comes of it."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report.numerals import power
from jaxdl.report.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 5.0  # inches, of 100 pixels on the page
DENSITY = 200  # twice that, for fine screens
TEXT = 10.0  # points: scaled to a phone's width still nine pixels
TITLE = 0.17  # inches from the axes up to the middle of their title
COLOURS = 128
REASON = 64  # characters of a line of text from outside

EDGE = 0.06, 0.06

Edge = tuple[float, float]  # inches: left, below
Box = tuple[float, float, float, float]
Style = dict[str, Any]  # keyword arguments of a matplotlib call


def blank(height: float, theme: Theme) -> "Figure":
    """An empty figure, `height` inches high, in the colour of the page's cards."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DENSITY, facecolor=theme.card)
    FigureCanvasAgg(figure)
    return figure


def panel(figure: "Figure", box: Box, title: str, theme: Theme) -> "Axes":
    """Axes at (left, bottom, width, height) in inches, their title at the figure's left edge above them."""
    width, height = figure.get_size_inches()
    left, bottom = box[0] / width, box[1] / height
    axes = figure.add_axes((left, bottom, box[2] / width, box[3] / height), facecolor=theme.card)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.line)
    axes.tick_params(colors=theme.muted, labelsize=TEXT, length=3, width=0.8, which="major")
    axes.tick_params(length=0, which="minor")
    axes.ticklabel_format(useOffset=False, useMathText=False)
    top = bottom + box[3] / height
    style: Style = {"color": theme.ink, "fontsize": TEXT, "weight": "bold", "va": "center", "parse_math": False}
    figure.text(0.01 / width, top + TITLE / height, title, **style)
    return axes


def tiles(titles: Sequence[str], columns: int, height: float, theme: Theme, edge: Edge = EDGE) -> "Figure":
    """Small panels line by line, each under its own title, `height` inches from one line to the next.

    Args:
        titles: one a panel.
        columns: panels in a line.
        height: of a panel with its title, in inches.
        theme: its colours.
        edge: room in inches to the left of each panel and below it, for ticks and labels.

    >>> from jaxdl.report.theme import LIGHT
    >>> tiles(["before", "after"], 2, 1.5, LIGHT)
    <Figure size 1000x300 with 2 Axes>
    """
    lines, cell = -(-len(titles) // columns), WIDTH / columns
    figure, (left, below) = blank(lines * height, theme), edge
    style: Style = {"color": theme.ink, "fontsize": TEXT, "weight": "bold", "loc": "left", "pad": 4}
    for number, title in enumerate(titles):
        column, bottom = number % columns, (lines - 1 - number // columns) * height
        box = (column * cell + left, bottom + below, cell - left - 0.12, height - below - 0.26)
        panel(figure, box, "", theme).set_title(title, parse_math=False, **style)
    return figure


def colour(wanted: str | float, theme: Theme) -> Any:
    """A colour that matplotlib takes: of the theme by its name, or by a place in a row of colours from dark to bright.

    Every kind of colour vision sees the row's order.

    Args:
        wanted: a colour's name in the theme, as in 'jax'; or a place from 0 to 1.
        theme: whose colour, and before whose background the row's are seen.

    >>> from jaxdl.report.theme import DARK, LIGHT
    >>> colour("jax", LIGHT), [round(float(part), 2) for part in colour(1.0, DARK)]
    ('#1d5fbf', [0.99, 0.91, 0.14, 1.0])
    """
    from matplotlib import colormaps

    if isinstance(wanted, str):
        return getattr(theme, wanted)
    low, high = (0.0, 0.78) if theme.name == "light" else (0.38, 1.0)
    return colormaps["viridis"](low + (high - low) * wanted)


def log_axis(axes: "Axes", floor: float, top: float) -> None:
    """A logarithmic y axis with a handful of whole powers of ten; over little more than one, with 2 and 5 between."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set(yscale="log", ylim=(floor, top))
    low, high = int(np.ceil(np.log10(floor) - 1e-9)), int(np.floor(np.log10(top) + 1e-9))
    stride = max(1, -(-(high - low) // 5))
    plain = floor > 1e-4 and top < 1e4
    marks = [10.0**exponent for exponent in range(low, high + 1, stride)]
    if plain and len(marks) < 3:
        finer = [digit * 10.0**exponent for exponent in range(low - 1, high + 1) for digit in (1, 2, 5)]
        marks = [mark for mark in finer if floor <= mark <= top]
    axes.yaxis.set_major_locator(FixedLocator(marks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:g}" if plain else power(round(np.log10(value))))
    )


def legend(axes: "Axes", theme: Theme, scale: float = 1.0) -> None:
    """The axes' legend, in the line of their title."""
    height = axes.get_position().height * axes.figure.get_figure(root=True).get_size_inches()[1]
    place: Style = {"loc": "center right", "bbox_to_anchor": (1.0, 1 + TITLE / height), "ncols": 3}
    spacing: Style = {"handlelength": 1.4, "handletextpad": 0.4, "columnspacing": 1.2, "borderpad": 0}
    axes.legend(**place, **spacing, frameon=False, fontsize=TEXT, labelcolor=theme.ink, markerscale=scale)


def drawable(text: str) -> str:
    """Text from outside in one line, with a question mark for each character that the font may lack."""
    known = "".join(c if c < "\u0500" or "\u2010" <= c < "\u2050" else "?" for c in " ".join(text.split()))
    return known if len(known) <= REASON else f"{known[: REASON - 1]}…"


def png(figure: "Figure", colours: int = COLOURS) -> bytes:
    """The figure as a PNG file's content, with a palette: a third of the size, and nobody sees it.

    Args:
        figure: from `blank` or `tiles`.
        colours: of the palette, at most 256; an image of many shades needs more than a few curves do.
    """
    from PIL import Image

    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())  # type: ignore[attr-defined]  # Agg's canvas, from `blank`
    content = io.BytesIO()
    picture = Image.fromarray(pixels).convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    picture.save(content, format="png", dpi=(DENSITY, DENSITY))
    return content.getvalue()
