"""How a step's time grows with the work: a picture a series, and a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from jaxdl.report.canvas import TEXT, blank, legend, panel
from jaxdl.report.numerals import significant
from jaxdl.report.pictures import Picture, picture
from jaxdl.report.speed import beside, median, rounds
from jaxdl.report.theme import Theme
from jaxdl.report.wording import compared, range_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Result = Mapping[str, Any]
BOTH = {"jax": "JAX", "eager": "PyTorch"}


def growth_table(result: Result) -> Table:
    """A row a point: the time of a step in both frameworks, and what jax reaches of the machine's ceiling.

    Args:
        result: the JSON of `compare.growth.run`.
    """
    made = Table(title=Text("Cost as work grows", "bold"), box=box.SIMPLE, show_edge=False, padding=(0, 1, 0, 0))
    made.add_column("series", overflow="fold")
    for heading in ("value", "JAX\nms", "PyTorch\nms", "beside PyTorch", "JAX\nGFLOP/s", "PyTorch\nGFLOP/s"):
        made.add_column(heading, justify="right", no_wrap=True)
    for series in result["series"]:
        for point in series["points"]:
            rows = _rows(point)
            first = series["title"] if point is series["points"][0] else ""
            found = beside(rows["jax"], rows["eager"]) if len(rows) == len(BOTH) else None
            said = f"{compared(found)} {range_of(found)}" if found else "–"
            times = [significant(median(rows[mode])) if mode in rows else "–" for mode in BOTH]
            reached = [significant(_reached(point, rows[mode])) if mode in rows else "–" for mode in BOTH]
            made.add_row(Text(first), str(point["value"]), *times, said, *reached)
    ceiling = result["ceiling"]
    said = ", ".join(f"{name} {significant(ceiling[mode])}" for mode, name in BOTH.items() if mode in ceiling)
    made.caption = Text(f"The ceiling is a product of two matrices, 2048 × 2048, in float32; GFLOP/s: {said}.")
    made.caption_justify = "left"
    return made


def growth_pictures(result: Result, folder: Path) -> list[Path]:
    """Write a picture a series, `growth-1.png` and so on, and each for dark pages, `growth-1-dark.png`.

    Returns:
        The paths of the light ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("growth-*.png"):
        old.unlink()
    paths = []
    for number, drawn in enumerate(drawn_series(result), start=1):
        paths.append(folder / f"growth-{number}.png")
        paths[-1].write_bytes(drawn.light)
        (folder / f"growth-{number}-dark.png").write_bytes(drawn.dark)
    return paths


def drawn_series(result: Result) -> list[Picture]:
    """Each series as a picture by day and by night."""
    return [
        picture("growth", _described(series), lambda theme, series=series: _grown(series, result["ceiling"], theme))  # type: ignore[misc]  # mypy cannot type the default
        for series in result["series"]
    ]


def _grown(series: Mapping[str, Any], ceiling: Mapping[str, float], theme: Theme) -> "Figure":
    """Milliseconds a step over what grows, both axes logarithmic; dashed what the ceiling allows.

    >>> from jaxdl.report.theme import LIGHT
    >>> times = {"timing": [{"mode": "jax", "step_ms": [1.0]}, {"mode": "eager", "step_ms": [2.0]}]}
    >>> points = [{"value": 8, "flops": 1e6, **times}, {"value": 16, "flops": 2e6, **times}]
    >>> _grown({"title": "MLP: batch size", "field": "batch_size", "points": points}, {"jax": 100.0}, LIGHT)
    <Figure size 1000x700 with 1 Axes>
    """
    figure = blank(3.5, theme)
    axes = panel(figure, (0.64, 0.5, 4.3, 2.6), f"{series['title']}: ms a step", theme)
    axes.set(xscale="log", yscale="log")
    colours = {"jax": theme.jax, "eager": theme.torch}
    for mode, name in BOTH.items():
        known = [(point, _rows(point)[mode]) for point in series["points"] if mode in _rows(point)]
        if not known:
            continue
        places = [point["value"] for point, _ in known]
        times = [rounds(row) for _, row in known]
        middle = [median(row) for _, row in known]
        spread = [
            [m - min(t) for m, t in zip(middle, times, strict=True)],
            [max(t) - m for m, t in zip(middle, times, strict=True)],
        ]
        axes.errorbar(places, middle, yerr=spread, color=colours[mode], marker="o", markersize=4, capsize=3, label=name)
    best = max(ceiling.values(), default=0)
    counted = [(point["value"], 1e-6 * point["flops"] / best) for point in series["points"] if point["flops"] and best]
    if counted:
        label = f"at {best:,.0f} GFLOP/s"
        axes.plot(*zip(*counted, strict=True), color=theme.muted, linestyle=(0, (5, 3)), linewidth=1, label=label)
    places = [point["value"] for point in series["points"]]
    axes.set_xticks(places, [str(place) for place in places])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda time, _: f"{time:g}")
    axes.set_xlabel(series["field"].replace("_", " "), fontsize=TEXT, color=theme.muted)
    legend(axes, theme)
    return figure


def _rows(point: Mapping[str, Any]) -> dict[str, Any]:
    return {row["mode"]: row for row in point["timing"] if rounds(row)}


def _reached(point: Mapping[str, Any], row: Mapping[str, Any]) -> float | None:
    """GFLOP/s."""
    return 1e-6 * point["flops"] / median(row) if point["flops"] else None


def _described(series: Mapping[str, Any]) -> str:
    said = []
    for point in series["points"]:
        rows = _rows(point)
        times = ", ".join(f"{name} {significant(median(rows[mode]))} ms" for mode, name in BOTH.items() if mode in rows)
        said.append(f"{series['field']} {point['value']}: {times}")
    return f"{series['title']}. {'; '.join(said)}."
