"""Pictures that experiments show: curves in panels, and paths over the contours of a function.

Their words come from an experiment's own file, not from outside, and may hold any character that the font has.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report.canvas import TEXT, Style, blank, colour, legend, log_axis, panel, png
from jaxdl.report.numerals import power
from jaxdl.report.theme import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 1.75  # inches of a panel's axes
GAP = 0.85  # between two of them: an axis' name below, a title above
NAMES = 1.35  # for the lines' names, right of the axes
GRID = 141  # points a side of a landscape
LEVELS = 14
POINTS = 200  # of a path, up to which each is seen


@dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        name: stands beside the axes; empty for a line that needs none.
        x, y: its points. What is not finite is left out.
        colour: of the theme ('jax', 'torch', 'good', 'bad', 'muted', 'ink'), or a place in a row of colours, 0 to 1.
        dashes: matplotlib's name of a line's style; '' with a marker is points alone.
        marker: matplotlib's name of a point.
    """

    name: str
    x: Any
    y: Any
    colour: str | float = "jax"
    dashes: str = "-"
    marker: str = ""


@dataclass(frozen=True)
class Plot:
    """Axes with curves.

    Attributes:
        title: what the y axis measures.
        lines: the curves.
        x: what the x axis measures.
        logarithmic: the axes that are: '', 'x', 'y' or 'xy'.
        limits: of the y axis; None is where the curves are.
        marks: a dotted vertical line at each number, with its name.
    """

    title: str
    lines: Sequence[Line]
    x: str
    logarithmic: str = ""
    limits: tuple[float, float] | None = None
    marks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Landscape:
    """A function of two numbers, and the paths that descents take over it.

    Attributes:
        title: what is seen.
        function: of two arrays `[GRID, GRID]`, to the height at each place.
        x, y: from where to where.
        paths: by name, `[steps, 2]`; a path that leaves the picture is cut at its edge.
        least: where the function is least.
    """

    title: str
    function: Callable[[np.ndarray, np.ndarray], Any]
    x: tuple[float, float]
    y: tuple[float, float]
    paths: Mapping[str, Any]
    least: tuple[float, float]


def plots_picture(plots: Sequence[Plot], path: str | os.PathLike[str], theme: Theme = LIGHT) -> None:
    """Draw panels one below the other into a PNG file, the names of their curves at the right."""
    figure = blank(len(plots) * (HEIGHT + GAP), theme)
    for place, plot in enumerate(reversed(plots)):
        named = any(line.name for line in plot.lines)
        width = 4.94 - 0.68 - (NAMES if named else 0.0)
        axes = panel(figure, (0.68, 0.5 + place * (HEIGHT + GAP), width, HEIGHT), plot.title, theme)
        _draw_plot(axes, plot, theme)
    _written(figure, path)


def landscapes_picture(landscapes: Sequence[Landscape], path: str | os.PathLike[str], theme: Theme = LIGHT) -> None:
    """Draw contours with paths into a PNG file, one landscape below the other."""
    gap = GAP - 0.2  # their axes have no names
    figure = blank(len(landscapes) * (HEIGHT + gap), theme)
    for place, landscape in enumerate(reversed(landscapes)):
        axes = panel(figure, (0.5, 0.3 + place * (HEIGHT + gap), 4.3, HEIGHT), landscape.title, theme)
        _draw_landscape(axes, landscape, theme)
    _written(figure, path)


def _written(figure: Any, path: str | os.PathLike[str]) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(png(figure))


def _draw_plot(axes: "Axes", plot: Plot, theme: Theme) -> None:
    seen = []
    if "x" in plot.logarithmic:
        _log_x(axes)
    else:
        axes.locator_params(axis="x", nbins=4)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}".replace("-", "−"))
    for line in plot.lines:
        x, y = np.asarray(line.x, float), np.asarray(line.y, float)
        known = np.isfinite(y) & ((y > 0) | ("y" not in plot.logarithmic)) & ((x > 0) | ("x" not in plot.logarithmic))
        look: Style = {"linestyle": line.dashes or "none", "marker": line.marker, "markersize": 3.5}
        axes.plot(x[known], y[known], color=colour(line.colour, theme), linewidth=1.5, **look)
        seen.append(y[known])
    low, high = plot.limits or _limits(np.concatenate([np.empty(0), *seen]), "y" in plot.logarithmic)
    if "y" in plot.logarithmic:
        log_axis(axes, low, high)
    else:
        axes.set_ylim(low, high)
    axes.set_xlabel(plot.x, fontsize=TEXT, color=theme.muted)
    for name, mark in plot.marks.items():
        axes.axvline(mark, color=theme.bad, linewidth=1.2, linestyle=":")
        place: Style = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points", "va": "top"}
        axes.annotate(
            name, (mark, 0.99), (-4, 0), ha="right", fontsize=TEXT, color=theme.bad, parse_math=False, **place
        )
    _name_lines(axes, plot.lines, theme)


def _log_x(axes: "Axes") -> None:
    """A logarithmic x axis with whole powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=7))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,g}" if 1e-4 < value < 1e4 else power(round(np.log10(value))))
    )


def _limits(values: np.ndarray, logarithmic: bool) -> tuple[float, float]:
    """A little more than what is seen."""
    if not values.size:
        return (0.1, 10.0) if logarithmic else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        edge = max((high / low) ** 0.06, 1.05)
        return low / edge, high * edge
    edge = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return low - edge, high + edge


def _name_lines(axes: "Axes", lines: Sequence[Line], theme: Theme) -> None:
    """The names beside the axes, each with a piece of its line."""
    named = [line for line in lines if line.name]
    width, height = axes.get_position().width * 5.0, 0.17 / HEIGHT  # of a line of text, in heights of the axes
    style: Style = {"transform": axes.transAxes, "fontsize": TEXT, "parse_math": False, "va": "center"}
    for place, line in enumerate(named):
        at = 0.97 - place * height
        look: Style = {"color": colour(line.colour, theme), "linestyle": line.dashes or "none", "lw": 2.0}
        ends = (1 + 0.1 / width, 1 + 0.32 / width)
        axes.plot(ends, [at] * 2, transform=axes.transAxes, clip_on=False, **look)
        axes.plot(
            sum(ends) / 2,
            at,
            line.marker or "none",
            transform=axes.transAxes,
            clip_on=False,
            markersize=3.5,
            c=look["color"],
        )
        axes.text(1 + 0.4 / width, at, line.name, color=theme.ink, **style)


def _draw_landscape(axes: "Axes", landscape: Landscape, theme: Theme) -> None:
    from matplotlib import colormaps

    x, y = np.meshgrid(np.linspace(*landscape.x, GRID), np.linspace(*landscape.y, GRID))
    height = np.asarray(landscape.function(x, y), float)
    lowest = float(landscape.function(*(np.full((1, 1), number) for number in landscape.least)).item())
    # Logarithms: a valley that is steep at its sides and flat along its floor shows both.
    above = np.log10(np.maximum(height - lowest, 1e-12))
    low, high = np.percentile(above, [1.5, 100])
    levels = np.linspace(low, high, LEVELS)
    shade = colormaps["Greys"] if theme.name == "light" else colormaps["Greys_r"]
    span = high - low
    shades: Style = {"cmap": shade, "vmin": low - 0.3 * span, "vmax": high + span, "extend": "both"}
    axes.contourf(x, y, above, levels=levels, **shades)
    axes.contour(x, y, above, levels=levels, colors=theme.muted, linestyles="solid", linewidths=0.4)
    axes.plot(*landscape.least, "*", color=theme.ink, markersize=11, markeredgecolor=theme.card, zorder=4)
    colours = (theme.jax, theme.torch, theme.bad)
    for (name, path), drawn in zip(landscape.paths.items(), colours, strict=False):
        points = np.asarray(path, float)
        points = points[: int(np.argmin(np.isfinite(points).all(axis=1)))] if not np.isfinite(points).all() else points
        look: Style = {"marker": "o" if len(points) <= POINTS else "", "markersize": 2.6, "linewidth": 1.2}
        axes.plot(*points.T, color=drawn, label=name, zorder=3, **look)
    axes.set(xlim=landscape.x, ylim=landscape.y)
    if any(landscape.paths):
        legend(axes, theme)
