"""A sweep's picture: how the loss falls for each value of a hyperparameter, and where each run ends."""

import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report.canvas import TEXT, TITLE, Style, blank, drawable, legend, log_axis, panel, png
from jaxdl.report.curve import better, curve
from jaxdl.report.numerals import significant
from jaxdl.report.theme import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from jaxdl.train import Sweep

DECADES = 20.0  # from this ratio of its values on a hyperparameter has a logarithmic axis
GROUPS = 150  # of neighbouring steps, a point each
NAMED = 10  # values beside the curves
DASHES = ("-", "--", ":")  # of the settings of other hyperparameters


def sweep_picture(
    sweep: "Sweep",
    path: str | os.PathLike[str],
    *,
    by: str | None = None,
    metric: str | None = None,
    theme: Theme = LIGHT,
) -> None:
    """Draw a sweep into a PNG file.

    Above the training loss: for each value of a hyperparameter the median of its runs and the band of their middle
    half. Below every run's last value of a metric over the hyperparameter, with the median; the axis is logarithmic
    where the values span decades. Runs that diverged are crosses at the edge. Where only seeds were swept, below stands
    the share of runs up to each value.

    Args:
        sweep: from `train.sweep`.
        path: of the file.
        by: the hyperparameter; None is the first that was swept.
        metric: a column of the table; None is an accuracy or the like of the evaluation, else its loss, else the loss.
        theme: its colours.

    Raises:
        KeyError: no such hyperparameter, or no such metric.
    """
    if by is not None and by not in sweep.names:
        raise KeyError(f"the sweep is over {', '.join(sweep.names) or 'seeds alone'}, not {by!r}")
    if metric is not None and metric not in sweep.metrics:
        raise KeyError(f"the sweep measured {', '.join(sweep.metrics)}, not {metric!r}")
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(png(_figure(sweep, by or next(iter(sweep.names), None), metric or _chosen(sweep), theme)))


def _chosen(sweep: "Sweep") -> str:
    """What the lower panel shows, unless somebody says."""
    tests = [name for name in sweep.metrics if name.startswith("test_")]
    rising = [name for name in tests if better(name) is np.nanargmax]
    return next(iter([*rising, *(name for name in tests if name == "test_loss"), "loss"]))


def _figure(sweep: "Sweep", by: str | None, metric: str, theme: Theme) -> "Figure":
    figure = blank(5.6, theme)
    upper = panel(figure, (0.64, 3.3, 3.1 if by else 4.15, 1.95), "training loss", theme)
    values: list[Any] = sorted(sweep.over[by]) if by else [None]
    colours = _colours(len(values), theme)
    _draw_losses(upper, sweep, by, values, colours, theme)
    if by is None:
        _draw_shares(panel(figure, (0.64, 0.5, 4.15, 1.95), "share of the runs", theme), sweep, metric, theme)
        return figure
    _name_colours(upper, by, values, colours, theme)
    lower = panel(figure, (0.64, 0.5, 4.15, 1.95), drawable(metric), theme)
    _draw_ends(lower, sweep, by, metric, dict(zip(values, colours, strict=True)), theme)
    return figure


def _colours(count: int, theme: Theme) -> list[Any]:
    """From dark to bright, an order that every kind of colour vision sees; by night the brighter part of it."""
    from matplotlib import colormaps

    if count == 1:
        return [theme.jax]
    low, high = (0.0, 0.86) if theme.name == "light" else (0.28, 1.0)
    return [colormaps["viridis"](low + (high - low) * place / (count - 1)) for place in range(count)]


def _draw_losses(
    axes: "Axes", sweep: "Sweep", by: str | None, values: Sequence[Any], colours: Sequence[Any], theme: Theme
) -> None:
    curves = [curve(losses, GROUPS) for losses in sweep.losses]
    whole = []  # medians over all steps
    for value, colour in zip(values, colours, strict=True):
        runs = [row["run"] for row in sweep.table if by is None or row[by] == value]
        smooth = np.array([curves[run].smooth for run in runs])
        known = np.isfinite(smooth).mean(axis=0) > 0.5  # while most of them are there
        if known.any():
            low, middle, high = np.nanpercentile(smooth[:, known], [25, 50, 75], axis=0)
            steps = curves[runs[0]].steps[known]
            axes.fill_between(steps, low, high, color=colour, alpha=0.22, linewidth=0)
            axes.plot(steps, middle, color=colour, linewidth=1.6)
            if known.all():
                whole.append(middle)
    bottom, top = _range(whole)
    if bottom > 0 and top > 5 * bottom:
        log_axis(axes, bottom / 1.3, top * 1.3)
    else:
        axes.set_ylim(bottom - 0.05 * (top - bottom), top + 0.05 * (top - bottom) or 1.0)
    axes.set_xlim(1, max(2, sweep.losses.shape[1]))
    seen = sum(bool((median < axes.get_ylim()[1]).any()) for median in whole)
    hidden = f"  ({len(values) - seen} of {len(values)} lie above, or diverged)" if seen < len(values) else ""
    axes.set_xlabel(f"step{hidden}", fontsize=TEXT, color=theme.muted)


def _range(medians: Sequence[np.ndarray]) -> tuple[float, float]:
    """From the lowest to where most begin, or to what most have later: a spike, or a run that climbs, may leave it."""
    if not medians:
        return 0.0, 1.0
    starts, later = np.array([m[0] for m in medians]), np.array([m[len(m) // 10 :].max() for m in medians])
    top = max(float(np.median(starts)), float(np.percentile(later, 75)))
    return min(float(median.min()) for median in medians), top


def _name_colours(axes: "Axes", by: str, values: Sequence[Any], colours: Sequence[Any], theme: Theme) -> None:
    """The values beside the axes, in the colours of their curves; of many some."""
    style: Style = {"transform": axes.transAxes, "fontsize": TEXT, "parse_math": False, "va": "center"}
    axes.text(1.38, 1 + TITLE / 1.95, drawable(by), color=theme.ink, weight="bold", ha="right", **style)
    places = np.unique(np.linspace(0, len(values) - 1, min(NAMED, len(values))).round().astype(int))
    for line, place in enumerate(places):
        height = 0.95 - line * 0.1
        axes.plot([1.06, 1.12], [height] * 2, transform=axes.transAxes, color=colours[place], lw=2.4, clip_on=False)
        axes.text(1.15, height, f"{values[place]:.3g}", color=theme.ink, **style)


def _draw_ends(axes: "Axes", sweep: "Sweep", by: str, metric: str, colours: Mapping[Any, Any], theme: Theme) -> None:
    """Every run's last value over the hyperparameter; a line through the medians for each setting of the others."""
    sound = [row for row in sweep.table if row["diverged"] is None and np.isfinite(row[metric])]
    others = [name for name in sweep.names if name != by]
    kinds = list(dict.fromkeys(tuple(row[name] for name in others) for row in sound))
    best: tuple[float, Any] | None = None
    choose = better(metric)
    for kind, dashes in zip(kinds, itertools.cycle(DASHES)):
        rows = [row for row in sound if tuple(row[name] for name in others) == kind]
        ends = {value: [row[metric] for row in rows if row[by] == value] for value in sorted(colours)}
        line = [(value, float(np.median(numbers))) for value, numbers in ends.items() if numbers]
        label = " · ".join(f"{value:.3g}" for value in kind)
        if kind == kinds[0]:
            label = drawable(f"{' · '.join(others)} {label}")
        axes.plot(*zip(*line, strict=True), color=theme.muted, linewidth=1.2, linestyle=dashes, zorder=1, label=label)
        if choose is not None:
            point = line[int(choose([median for _, median in line]))]
            if best is None or choose([best[1], point[1]]) == 1:
                best = point
    for row in sound:
        axes.plot(row[by], row[metric], "o", color=colours[row[by]], markersize=5, alpha=0.75, markeredgewidth=0)
    _scale(axes, by, sorted(colours), [row[metric] for row in sound], theme)
    if len(kinds) > 1 and len(kinds) <= len(DASHES):
        legend(axes, theme)
    if best is not None:
        ring: Style = {"markerfacecolor": "none", "markeredgecolor": theme.ink, "markeredgewidth": 1.2}
        axes.plot(*best, "o", markersize=10, **ring)
        said = f"{by}  (circled: the best median, {significant(best[1])})"
        axes.set_xlabel(drawable(said), fontsize=TEXT, color=theme.muted)
    _cross_out(axes, [row[by] for row in sweep.table if row["diverged"] is not None], theme)


def _scale(axes: "Axes", by: str, values: Sequence[Any], ends: Sequence[float], theme: Theme) -> None:
    axes.set_xlabel(drawable(by), fontsize=TEXT, color=theme.muted)
    if values[0] > 0 and values[-1] >= DECADES * values[0]:
        axes.set_xscale("log")
        margin = (values[-1] / values[0]) ** 0.05
        axes.set_xlim(values[0] / margin, values[-1] * margin)
    if ends and min(ends) > 0 and max(ends) > DECADES * min(ends):
        log_axis(axes, min(ends) / 1.5, max(ends) * 1.5)
    elif ends:
        edge = 0.08 * (max(ends) - min(ends)) or 0.05 * abs(max(ends)) or 1.0
        axes.set_ylim(min(ends) - edge, max(ends) + edge)


def _cross_out(axes: "Axes", lost: Sequence[float], theme: Theme) -> None:
    """A cross at the upper edge where runs diverged, and the word for it."""
    if not lost:
        return
    style: Style = {"transform": axes.get_xaxis_transform(), "color": theme.bad, "clip_on": False}
    axes.plot(lost, [0.97] * len(lost), "x", markersize=6, **style)
    low, high = axes.get_xlim()
    log = axes.get_xscale() == "log"
    place = np.log(min(lost) / low) / np.log(high / low) if log else (min(lost) - low) / (high - low)
    left = place > 0.3
    axes.annotate(
        "diverged",
        (min(lost) if left else max(lost), 0.97),
        (-6 if left else 6, 0),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        color=theme.bad,
        ha="right" if left else "left",
        va="center",
        fontsize=TEXT,
    )


def _draw_shares(axes: "Axes", sweep: "Sweep", metric: str, theme: Theme) -> None:
    """Which part of the runs ends at or below each value of the metric."""
    ends = np.sort([row[metric] for row in sweep.table if row["diverged"] is None and np.isfinite(row[metric])])
    axes.set(ylim=(0, 1.03), yticks=[0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel(f"{drawable(metric)} up to", fontsize=TEXT, color=theme.muted)
    if not len(ends):
        return
    shares = np.arange(1, len(ends) + 1) / len(sweep.table)
    axes.step(ends, shares, where="post", color=theme.jax_pale, linewidth=1.2, zorder=1)
    axes.plot(ends, shares, "o", color=theme.jax, markersize=4.5, alpha=0.8, markeredgewidth=0)
    middle = float(np.median(ends))
    axes.axvline(middle, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    style: Style = {"fontsize": TEXT, "color": theme.ink, "ha": "right"}
    place: Style = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points"}
    axes.annotate(f"median {significant(middle)}", (middle, 0.9), (-6, 0), **place, **style)
