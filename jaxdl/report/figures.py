"""The figures: each takes plain data and gives a matplotlib Figure, 500 pixels wide on the page.

Text from outside is never read as mathematics (`parse_math`), and shows only characters that the font has.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report.canvas import TEXT, WIDTH, Style, blank, drawable, legend, log_axis, panel
from jaxdl.report.images import thumbnails
from jaxdl.report.numerals import significant
from jaxdl.report.speed import Row, best_torch, framework, label, median, rounds
from jaxdl.report.theme import Theme
from jaxdl.report.wording import verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MANY = 150  # steps from which on lines are thinner and points smaller
FLOOR = " (points on the floor: exactly equal)"

Losses = Mapping[str, Sequence[float]]  # by framework, 'jax' and 'torch'
ByDtype = Mapping[str, Losses]


def curves(
    losses: ByDtype, allowed: Mapping[str, Sequence[float]], theme: Theme, spread: Losses | None = None
) -> "Figure":
    """The loss of every step in both frameworks on one axis; under it how far they are apart, on a log axis.

    Args:
        losses: by dtype, and in it by framework, 'jax' and 'torch': the loss of each step.
        allowed: by dtype, the difference that the tolerance allows at each step.
        theme: its colours.
        spread: the losses of PyTorch's own float32 runs with their sums in other orders, by what is other in them.

    Returns:
        The figure. A difference of exactly zero lies on the floor of the lower axis; NaN is left out.

    >>> from jaxdl.report.theme import LIGHT
    >>> curves({"float64": {"jax": [2.0, 1.0], "torch": [2.0, 1.0]}}, {}, LIGHT)
    <Figure size 1000x1050 with 2 Axes>
    """
    figure = blank(5.25, theme)
    upper = panel(figure, (0.64, 2.98, 4.3, 1.95), "training loss", theme)
    _draw_losses(upper, losses["float64"] if "float64" in losses else next(iter(losses.values())), theme)
    lower = panel(figure, (0.64, 0.5, 4.3, 1.85), "|JAX − PyTorch|", theme)
    _draw_differences(lower, losses, allowed, spread or {}, theme)
    lower.set_xlim(upper.get_xlim())
    for axes in (upper, lower):
        axes.locator_params(axis="x", integer=True)
    return figure


def bars(rows: Sequence[Row], theme: Theme, unit: str = "step") -> "Figure":
    """Milliseconds a step of each mode: a bar to the median, a whisker over all rounds, a point a round.

    Args:
        rows: of an experiment's timing; one without a time says why.
        theme: its colours.
        unit: what takes that time.

    >>> from jaxdl.report.theme import LIGHT
    >>> bars([{"mode": "jax", "step_ms": [1.0, 1.1]}, {"mode": "eager", "reason": "not installed"}], LIGHT)
    <Figure size 1000x384 with 1 Axes>
    """
    mode = 0.7  # inches
    figure = blank(mode * len(rows) + 0.52, theme)
    axes = panel(figure, (0.06, 0.52, WIDTH - 0.12, mode * len(rows)), "", theme)
    axes.set(ylim=(len(rows), 0), yticks=[])
    axes.set_xlim(0, 1.03 * max((time for row in rows for time in rounds(row)), default=1.0))
    axes.xaxis.set_major_formatter(lambda time, _: f"{time:g}")
    axes.set_xlabel(f"milliseconds a {unit}", fontsize=TEXT, color=theme.muted)
    axes.spines["left"].set_visible(False)
    best = best_torch(rows)
    for place, row in enumerate(rows):
        colour = {"jax": theme.jax, "flax": theme.jax, "torch": theme.torch}.get(framework(row), theme.muted)
        _write(axes, 0, place + 0.25, drawable(label(row)), theme, color=colour, weight="bold")
        if not rounds(row):
            _write(axes, 0, place + 0.62, drawable(verdict(row, rows)), theme, color=theme.muted)
            continue
        said = f"{significant(median(row))} ms · {verdict(row, rows)}"
        _write(axes, 1, place + 0.25, said, theme, color=theme.ink, ha="right")
        pale = {"torch": colour if row is best else theme.torch_pale, "flax": theme.jax_pale}
        fill = pale.get(framework(row), colour)
        _draw_bar(axes, place + 0.66, rounds(row), fill, theme)
    return figure


def scatter(target: Sequence[float], prediction: Sequence[float], theme: Theme) -> "Figure":
    """What a regression predicts over what is true, with the diagonal on which both are equal.

    >>> from jaxdl.report.theme import LIGHT
    >>> scatter([1.0, 2.0], [1.1, 1.9], LIGHT)
    <Figure size 1000x840 with 1 Axes>
    """
    figure = blank(4.2, theme)
    axes = panel(figure, (0.64, 0.5, 4.3, 3.38), "predicted", theme)
    axes.set_xlabel("true", fontsize=TEXT, color=theme.muted)
    pairs = np.column_stack([np.ravel(target), np.ravel(prediction)]).astype(float)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    low, high = (float(pairs.min()), float(pairs.max())) if len(pairs) else (0.0, 1.0)
    margin = 0.05 * (high - low) or 1.0
    axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
    axes.axline((low, low), slope=1, color=theme.muted, linewidth=1)
    axes.plot(pairs[:, 0], pairs[:, 1], "o", color=theme.jax, markersize=5.5, alpha=0.65, markeredgewidth=0)
    return figure


def digits(images: Sequence[Any], target: Sequence[int], prediction: Sequence[int], theme: Theme) -> "Figure":
    """Small grey pictures and what the model takes each for; a mistake has a frame, a cross and the truth.

    Args:
        images: `[N, height, width]`, 0 to 255.
        target: the true class of each.
        prediction: the model's class for each.
        theme: its colours.

    >>> from jaxdl.report.theme import LIGHT
    >>> digits([[[0, 255], [255, 0]]], [3], [8], LIGHT)
    <Figure size 1000x220 with 1 Axes>
    """
    pairs = list(zip(target, prediction, strict=True))
    notes = [[f"✓ {said}" if true == said else f"✗ {said}, is {true}"] for true, said in pairs]
    grey = [np.asarray(image) / 255 for image in images]
    return thumbnails(grey, notes, [true != said for true, said in pairs], theme)


def differences(both: Losses) -> np.ndarray:
    """|jax − torch| of each step that both have.

    >>> differences({"jax": [1.0, 2.0, 9.0], "torch": [1.0, 2.5]}).tolist()
    [0.0, 0.5]
    """
    steps = min(len(both["jax"]), len(both["torch"]))
    jax, torch = (np.array(both[framework][:steps], dtype=float) for framework in ("jax", "torch"))
    with np.errstate(invalid="ignore"):
        gap: np.ndarray = np.abs(jax - torch)
    return gap


def _draw_losses(axes: "Axes", both: Losses, theme: Theme) -> None:
    torch, jax = (np.array(both[framework], dtype=float) for framework in ("torch", "jax"))
    axes.plot(np.arange(1, len(torch) + 1), torch, color=theme.torch_pale, linewidth=4.5, label="PyTorch")
    thin = 1.1 if len(jax) < MANY else 0.8
    axes.plot(np.arange(1, len(jax) + 1), jax, color=theme.jax, linewidth=thin, label="JAX")
    seen = np.concatenate([torch, jax])
    seen = seen[np.isfinite(seen)]
    low, high = np.percentile(seen, [5, 95]) if seen.size else (1.0, 1.0)  # a single lucky batch decides nothing
    if low > 0 and high > 10 * low and seen.min() > 0:
        log_axis(axes, 0.7 * seen.min(), 1.5 * seen.max())
    legend(axes, theme)


def _draw_differences(
    axes: "Axes", losses: ByDtype, allowed: Mapping[str, Sequence[float]], spread: Losses, theme: Theme
) -> None:
    gaps = {dtype: differences(both) for dtype, both in losses.items()}
    own = [differences({"jax": curve, "torch": losses["float32"]["torch"]}) for curve in spread.values()]
    bounds = {dtype: np.array(allowed[dtype], float) for dtype in gaps if np.any(np.array(allowed.get(dtype, 0)) > 0)}
    floor, top = _range([*gaps.values(), *own, *bounds.values()])
    log_axis(axes, floor, top)
    for number, gap in enumerate(own):
        known = np.isfinite(gap) & (gap > 0)
        label_ = "PyTorch itself" if number == 0 else None
        axes.plot(np.arange(1, len(gap) + 1)[known], gap[known], color=theme.torch, linewidth=0.6, label=label_)
    for dtype, gap in gaps.items():
        colour, marker = (theme.ink, "o") if dtype == "float64" else (theme.jax if own else theme.muted, "x")
        steps, size = np.arange(1, len(gap) + 1), 2.0 if len(gap) > MANY else 4.0
        heights = np.where(gap > 0, gap, floor)
        look: Style = {"color": colour, "markersize": size, "markeredgewidth": 0.6, "clip_on": False}
        known = np.isfinite(gap)
        axes.plot(steps[known], heights[known], marker, label=dtype, **look)
        if dtype in bounds:
            bound = bounds[dtype]
            axes.plot(np.arange(1, len(bound) + 1), bound, color=colour, linewidth=1, linestyle=(0, (5, 3)))
            raised = bound[-1] * (top / floor) ** 0.015  # clear of its own line
            style: Style = {"color": colour, "ha": "right", "va": "bottom"}
            _write(axes, 1, raised, f"allowed in {dtype}", theme, **style)
    equal = any((gap == 0).any() for gap in gaps.values())
    axes.set_xlabel(f"step{FLOOR if equal else ''}", fontsize=TEXT, color=theme.muted)
    legend(axes, theme, scale=2.0)


def _range(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    """Powers of ten around all that is drawn on a log axis."""
    seen = np.concatenate(curves)
    seen = seen[np.isfinite(seen) & (seen > 0)]
    low, high = (seen.min(), seen.max()) if seen.size else (1e-17, 1e-15)
    return 10.0 ** (math.floor(math.log10(low)) - 1), 10.0 ** math.ceil(math.log10(high) + 1.4)


def _draw_bar(axes: "Axes", place: float, times: Sequence[float], colour: str, theme: Theme) -> None:
    axes.barh(place, float(np.median(times)), height=0.34, color=colour)
    axes.plot([min(times), max(times)], [place, place], "|-", color=theme.ink, linewidth=1.2, markersize=8)
    spread = np.linspace(-0.11, 0.11, len(times)) if len(times) > 1 else np.zeros(1)
    ring: Style = {
        "color": theme.card,
        "markeredgecolor": theme.ink,
        "markeredgewidth": 0.8,
        "markersize": 3.8,
    }
    axes.plot(times, place + spread, "o", **ring)


def _write(axes: "Axes", x: float, y: float, text: str, theme: Theme, **style: Any) -> None:
    """Text at x of the width, y of the data, readable over points."""
    settings: Style = {"va": "center", "fontsize": TEXT, "parse_math": False, **style}
    behind = {"facecolor": theme.card, "edgecolor": "none", "pad": 0.5, "alpha": 0.75}
    axes.text(x, y, text, transform=axes.get_yaxis_transform(), bbox=behind, **settings)
