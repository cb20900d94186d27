"""The figures: each takes plain data and gives a matplotlib Figure, 500 pixels wide on the page.

What comes from outside is never read as mathematics (`parse_math`), and every character of it is one that the font has.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report.canvas import TEXT, WIDTH, blank, legend, log_axis, panel
from jaxdl.report.numerals import significant
from jaxdl.report.speed import Row, best_torch, is_jax, label, median, rounds
from jaxdl.report.theme import Theme
from jaxdl.report.wording import verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REASON = 68  # characters of a reason that fit under a mode's name

Losses = Mapping[str, Sequence[float]]  # by framework, 'jax' and 'torch'


def curves(losses: Mapping[str, Losses], allowed: Mapping[str, float], theme: Theme) -> "Figure":
    """The loss of every step in both frameworks on one axis; under it how far they are apart, on a log axis.

    Args:
        losses: by dtype, and in it by framework, 'jax' and 'torch': the loss of each step.
        allowed: by dtype, the difference that the tolerance allows.
        theme: its colours.

    Returns:
        The figure. A difference of exactly zero lies on the floor of the lower axis; what is no number is left out.

    >>> from jaxdl.report.theme import LIGHT
    >>> curves({"float64": {"jax": [2.0, 1.0], "torch": [2.0, 1.0]}}, {}, LIGHT)
    <Figure size 1000x1070 with 2 Axes>
    """
    figure = blank(5.35, theme)
    upper = panel(figure, (0.74, 3.08, 4.08, 1.9), "training loss", theme)
    _draw_losses(upper, losses["float64"] if "float64" in losses else next(iter(losses.values())), theme)
    lower = panel(figure, (0.74, 0.58, 4.08, 1.8), "|JAX − PyTorch|", theme)
    _draw_differences(lower, losses, allowed, theme)
    lower.set_xlim(upper.get_xlim())
    return figure


def bars(rows: Sequence[Row], theme: Theme) -> "Figure":
    """Milliseconds a step of each mode: a bar to the median, a whisker from the fastest round to the slowest, a point a round.

    Args:
        rows: of an experiment's timing; one without a time says why.
        theme: its colours.

    >>> from jaxdl.report.theme import LIGHT
    >>> bars([{"mode": "jax", "step_ms": [1.0, 1.1]}, {"mode": "eager", "reason": "not installed"}], LIGHT)
    <Figure size 1000x450 with 1 Axes>
    """
    mode = 0.7  # inches
    figure = blank(mode * len(rows) + 0.85, theme)
    axes = panel(figure, (0.12, 0.65, WIDTH - 0.24, mode * len(rows)), "", theme)
    axes.set(ylim=(len(rows), 0), yticks=[])
    axes.set_xlim(0, 1.03 * max((time for row in rows for time in rounds(row)), default=1.0))
    axes.set_xlabel("milliseconds a step", fontsize=TEXT, color=theme.muted)
    axes.grid(axis="x", color=theme.line, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["left", "bottom"]].set_visible(False)
    best = best_torch(rows)
    for place, row in enumerate(rows):
        colour = theme.jax if is_jax(row) else theme.torch
        _write(axes, 0, place + 0.25, _drawable(label(row)), theme, color=colour, weight="bold")
        if not rounds(row):
            _write(axes, 0, place + 0.62, _drawable(verdict(row, rows)), theme, color=theme.muted)
            continue
        said = f"{significant(median(row))} ms · {verdict(row, rows)}"
        _write(axes, 1, place + 0.25, said, theme, color=theme.ink, ha="right")
        _draw_bar(axes, place + 0.66, rounds(row), colour if is_jax(row) or row is best else theme.torch_pale, theme)
    return figure


def scatter(target: Sequence[float], prediction: Sequence[float], theme: Theme) -> "Figure":
    """What a regression predicts over what is true, with the diagonal on which both are equal.

    >>> from jaxdl.report.theme import LIGHT
    >>> scatter([1.0, 2.0], [1.1, 1.9], LIGHT)
    <Figure size 1000x860 with 1 Axes>
    """
    figure = blank(4.3, theme)
    axes = panel(figure, (0.74, 0.58, 4.08, 3.35), "predicted", theme)
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
    """Small grey pictures with what the model takes each for; a mistake has a frame, a cross and the truth beside it.

    Args:
        images: `[N, height, width]`, 0 to 255.
        target: the true class of each.
        prediction: the model's class for each.
        theme: its colours.

    >>> from jaxdl.report.theme import LIGHT
    >>> digits([[[0, 255], [255, 0]]], [3], [8], LIGHT)
    <Figure size 1000x220 with 1 Axes>
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    columns, cell, gap = 6, (WIDTH - 0.12) / 6, 0.1
    lines = math.ceil(len(images) / columns)
    figure = blank(lines * 1.04 + 0.06, theme)
    axes = panel(figure, (0.06, 0.0, WIDTH - 0.12, lines * 1.04), "", theme)
    axes.set_axis_off()
    greys = LinearSegmentedColormap.from_list("grey", [theme.paper, theme.pencil])
    side = cell - gap
    for number, (image, true, said) in enumerate(zip(images, target, prediction, strict=True)):
        x, y = number % columns * cell + gap / 2, number // columns * 1.04
        extent = (x, x + side, y + side, y)
        axes.imshow(np.asarray(image), cmap=greys, vmin=0, vmax=255, extent=extent, interpolation="nearest")
        edge, width = (theme.bad, 2.4) if true != said else (theme.line, 1.0)
        axes.add_patch(Rectangle((x, y), side, side, facecolor="none", edgecolor=edge, linewidth=width))
        text, colour, weight = (f"✗ {said}, is {true}", theme.bad, "bold") if true != said else (f"✓ {said}", theme.muted, "normal")
        axes.text(x + side / 2, y + side + 0.14, text, color=colour, weight=weight, fontsize=TEXT, ha="center", va="center")
    axes.set(xlim=(0, columns * cell), ylim=(lines * 1.04, -0.03), aspect="auto")
    return figure


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
    axes.plot(np.arange(1, len(jax) + 1), jax, color=theme.jax, linewidth=1.1, label="JAX")
    seen = np.concatenate([torch, jax])
    seen = seen[np.isfinite(seen)]
    if seen.size and seen.min() > 0 and seen.max() > 30 * seen.min():
        log_axis(axes, 0.7 * seen.min(), 1.5 * seen.max())
    legend(axes, theme)


def _draw_differences(axes: "Axes", losses: Mapping[str, Losses], allowed: Mapping[str, float], theme: Theme) -> None:
    gaps = {dtype: differences(both) for dtype, both in losses.items()}
    bounds = {dtype: allowed[dtype] for dtype in gaps if allowed.get(dtype, 0) > 0}
    seen = np.concatenate([*gaps.values(), list(bounds.values())])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    low, high = (seen.min(), seen.max()) if seen.size else (1e-17, 1e-15)
    floor = 10.0 ** (math.floor(math.log10(low)) - 1)
    log_axis(axes, floor, 10.0 ** math.ceil(math.log10(6 * high)))
    for dtype, gap in gaps.items():
        colour, marker = (theme.ink, "o") if dtype == "float64" else (theme.muted, "x")
        steps, size = np.arange(1, len(gap) + 1), 2.0 if len(gap) > 100 else 4.0
        heights = np.where(gap > 0, gap, floor)  # NaN > 0 is false as well: taken out again by the next line
        axes.plot(steps[np.isfinite(gap)], heights[np.isfinite(gap)], marker, color=colour, markersize=size, markeredgewidth=0.6, clip_on=False, label=dtype)  # fmt: skip
        if dtype in bounds:
            axes.axhline(bounds[dtype], color=colour, linewidth=1, linestyle=(0, (5, 3)))
            _write(axes, 1, bounds[dtype], f"allowed in {dtype}", theme, color=colour, ha="right", va="bottom", backgroundcolor="none")
    equal = any((gap == 0).any() for gap in gaps.values())
    axes.set_xlabel(f"step{' (points on the floor: exactly equal)' if equal else ''}", fontsize=TEXT, color=theme.muted)
    legend(axes, theme, scale=2.0)


def _draw_bar(axes: "Axes", place: float, times: Sequence[float], colour: str, theme: Theme) -> None:
    axes.barh(place, float(np.median(times)), height=0.34, color=colour)
    axes.plot([min(times), max(times)], [place, place], "|-", color=theme.ink, linewidth=1.2, markersize=8)
    spread = np.linspace(-0.11, 0.11, len(times)) if len(times) > 1 else np.zeros(1)
    axes.plot(times, place + spread, "o", color=theme.ink, markersize=3.4, markeredgecolor=theme.card, markeredgewidth=0.6)


def _write(axes: "Axes", x: float, y: float, text: str, theme: Theme, **style: Any) -> None:
    """Text at x of the width, y of the data, on the card's own colour."""
    settings: dict[str, Any] = {"va": "center", "fontsize": TEXT, "parse_math": False, **style}
    if "backgroundcolor" not in style:
        settings["bbox"] = {"facecolor": theme.card, "edgecolor": "none", "pad": 1.5}
    axes.text(x, y, text, transform=axes.get_yaxis_transform(), **settings)


def _drawable(text: str) -> str:
    """Text from outside, in one line, with a question mark for each character that matplotlib's own font may lack."""
    known = "".join(c if c.isprintable() and (c < "\u0500" or "\u2010" <= c < "\u2050") else "?" for c in " ".join(text.split()))
    return known if len(known) <= REASON else f"{known[: REASON - 1]}…"
