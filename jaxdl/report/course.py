"""The figures of training runs: what each step and each epoch measured, of one run or of several over each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report.canvas import TEXT, Style, blank, drawable, legend, log_axis, panel
from jaxdl.report.curve import Curve, better, curve, limits
from jaxdl.report.theme import Theme
from jaxdl.report.trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTES = {
    "light": ("#1d5fbf", "#c2500f", "#17704a", "#8a3fb5", "#b0103f", "#0b7f93", "#8a6a00", "#5b626c"),
    "dark": ("#7cb0ff", "#ff9c5b", "#63cf9a", "#cf9bf2", "#ff809b", "#5fd0e4", "#e0bf4f", "#a3a9b2"),
}
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)))
MORE = 7  # panels beside the first one
FIRST, OTHER, GAP, FOOT, KEY = 2.3, 1.25, 0.62, 0.5, 0.2  # heights in inches
MANY = 40  # epochs from which on they have no points or lines of their own


def step_figure(traces: Sequence[Trace], names: Sequence[str], metrics: Sequence[str], theme: Theme) -> "Figure":
    """Metrics of each step. One run: every step pale, the mean of its neighbours over it, a line after each epoch.

    Args:
        traces: the runs.
        names: theirs, for the key under several.
        metrics: a panel each.
        theme: its colours.
    """
    figure, panels = _panels(traces, names, [_words(metric) for metric in metrics], "step", theme)
    for metric, axes in zip(metrics, panels, strict=True):
        found = [curve(trace.steps[metric]) if metric in trace.steps else None for trace in traces]
        drawn = [one for one in found if one is not None]
        if len(traces) > 1:
            drawn = [one._replace(low=one.smooth, high=one.smooth) for one in drawn]
        _fit(axes, drawn, metric)
        for one, (colour, dash) in zip(found, looks(len(traces), theme), strict=True):
            if one is not None:
                _draw(axes, one, colour, dash, theme, alone=len(traces) == 1)
        if len(traces) == 1:
            _mark_epochs(axes, traces[0], theme)
            legend(axes, theme)
        _over_steps(axes, max(trace.length for trace in traces))
    return figure


def epoch_figure(traces: Sequence[Trace], names: Sequence[str], metrics: Sequence[str], theme: Theme) -> "Figure":
    """Metrics on test data after each epoch; where there is one run, its mean over the epoch's training steps as well.

    Args:
        traces: the runs.
        names: theirs, for the key under several.
        metrics: a panel each, such as 'accuracy' for the records' 'test_accuracy' and 'accuracy'.
        theme: its colours.
    """
    figure, panels = _panels(traces, names, [_words(metric) for metric in metrics], "epoch", theme)
    for metric, axes in zip(metrics, panels, strict=True):
        drawn = []
        for trace, (colour, dash) in zip(traces, looks(len(traces), theme), strict=True):
            lines = {"training mean": trace.epoch_values(metric), "test": trace.epoch_values(f"test_{metric}")}
            lines = {label: pairs for label, pairs in lines.items() if len(pairs[0])}
            for label, (epochs, values) in lines.items() if len(traces) == 1 else [*lines.items()][-1:]:
                pale: Style = {"color": theme.jax_pale, "linewidth": 3}
                bold: Style = {"color": colour, "linewidth": 1.4, "linestyle": dash}
                look = pale if len(lines) == 2 and label != "test" else bold
                axes.plot(epochs, values, label=label if len(traces) == 1 else None, **look, **_points(epochs))
                drawn.append(curve(values))
        _fit(axes, drawn, metric)
        _mark_bound(axes, traces, metric, theme)
        if axes.get_legend_handles_labels()[1]:
            legend(axes, theme)
        _over_epochs(axes, max((record["epoch"] for trace in traces for record in trace.epochs), default=1))
    return figure


def looks(count: int, theme: Theme) -> list[tuple[str, Any]]:
    """A colour and a dash for each run."""
    palette = PALETTES[theme.name]
    return [(palette[i % len(palette)], DASHES[i // len(palette) % len(DASHES)]) for i in range(count)]


def _panels(
    traces: Sequence[Trace], names: Sequence[str], titles: Sequence[str], along: str, theme: Theme
) -> tuple["Figure", list["Axes"]]:
    """A figure with a panel a title, the first one higher, and under several runs their key."""
    keys = KEY * len(traces) + 0.12 if len(traces) > 1 else 0.0
    heights = [FIRST, *[OTHER] * (len(titles) - 1)]
    total = sum(heights) + GAP * (len(titles) - 1) + 0.36 + FOOT + keys
    figure, top, panels = blank(total, theme), total - 0.36, []
    for title, height in zip(titles, heights, strict=True):
        panels.append(panel(figure, (0.64, top - height, 4.3, height), title, theme))
        top -= height + GAP
    panels[-1].set_xlabel(along, fontsize=TEXT, color=theme.muted)
    if keys:
        _key(figure, names, theme, total)
    return figure, panels


def _key(figure: "Figure", names: Sequence[str], theme: Theme, total: float) -> None:
    from matplotlib.lines import Line2D

    for number, (name, (colour, dash)) in enumerate(zip(names, looks(len(names), theme), strict=True)):
        y = (KEY * (len(names) - number - 0.5) + 0.04) / total
        line = Line2D([0.128, 0.188], [y, y], transform=figure.transFigure, color=colour, linestyle=dash, linewidth=2)
        figure.add_artist(line)
        figure.text(0.205, y, drawable(name), fontsize=TEXT, color=theme.ink, va="center", parse_math=False)


def _draw(axes: "Axes", one: Curve, colour: str, dash: Any, theme: Theme, alone: bool) -> None:
    dots: Style = {"marker": "o", "markersize": 5} if len(one.steps) == 1 else {}
    smoothed = not np.array_equal(one.smooth, one.mean, equal_nan=True)
    if alone and one.size > 1:
        axes.fill_between(one.steps, one.low, one.high, color=theme.jax_pale, linewidth=0, label="lowest to highest")
    elif alone and smoothed:
        axes.plot(one.steps, one.mean, color=theme.jax_pale, linewidth=1, label="each step", **dots)
    label = "smoothed" if smoothed else "each step"
    axes.plot(one.steps, one.smooth, color=colour, linestyle=dash, linewidth=1.5, label=label, **dots)


def _fit(axes: "Axes", drawn: Sequence[Curve], metric: str) -> None:
    logarithmic, low, high = limits(drawn, bounded=better(metric) is np.nanargmax)
    if logarithmic:
        log_axis(axes, low, high)
    else:
        axes.set_ylim(low, high)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}")
    if not any(np.isfinite(one.mean).any() for one in drawn):
        style: Style = {"ha": "center", "va": "center", "fontsize": TEXT, "transform": axes.transAxes}
        axes.text(0.5, 0.5, "no finite value", color=axes.xaxis.get_ticklabels()[0].get_color(), **style)
        axes.set_yticks([])


def _mark_epochs(axes: "Axes", trace: Trace, theme: Theme) -> None:
    """A thin line after each epoch, or after every so many."""
    length, epochs = trace.epoch_length, len(trace.epochs)
    if not length or not epochs:
        return
    stride = next(size for size in (1, 2, 5, *(10**power for power in range(1, 12))) if epochs / size <= 12)
    for epoch in range(stride, epochs + 1, stride):
        axes.axvline(epoch * length, color=theme.line, linewidth=0.8, zorder=0)
    if axes.get_xlabel():
        axes.set_xlabel(f"step (a line after {'each epoch' if stride == 1 else f'every {stride} epochs'})")


def _mark_bound(axes: "Axes", traces: Sequence[Trace], metric: str, theme: Theme) -> None:
    bounds = {trace.bound for trace in traces}
    bound = next(iter(bounds)) if len(bounds) == 1 else None
    if bound is None or bound[0] != f"test_{metric}":
        return
    low, high = axes.get_ylim()
    _, relation, value = bound
    if not low < value < high and axes.get_yscale() == "linear":
        axes.set_ylim(min(low, value - 0.05 * (high - low)), max(high, value + 0.05 * (high - low)))
    elif not low < value < high and value > 0:
        log_axis(axes, min(low, value / 1.5), max(high, value * 1.5))
    label = f"{'≥' if relation == '>=' else '≤'} {value:g}"
    axes.axhline(value, color=theme.good, linewidth=1, linestyle=(0, (5, 3)), label=label, zorder=1)


def _over_steps(axes: "Axes", steps: int) -> None:
    from matplotlib.ticker import MaxNLocator

    margin = 0.01 * steps if steps > 1 else 0.5
    axes.set_xlim(1 - margin, steps + margin)
    places = MaxNLocator(5, integer=True).tick_values(1, steps)
    room = steps * (1.014 - 0.01 * len(f"{steps:,}"))  # a number's right half must not leave the figure
    axes.set_xticks([place for place in places if 1 <= place <= room] or [1])
    axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")


def _over_epochs(axes: "Axes", epochs: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(1 - 0.02 * epochs, 1.02 * epochs)
    axes.set_xticks([place for place in MaxNLocator(8, integer=True).tick_values(1, epochs) if 1 <= place <= epochs])


def _points(epochs: np.ndarray) -> Style:
    return {"marker": "o", "markersize": 3.5} if len(epochs) <= MANY else {}


def _words(metric: str) -> str:
    return drawable(metric.replace("_", " "))
