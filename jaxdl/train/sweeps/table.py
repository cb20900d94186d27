"""A sweep's table, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from jaxdl.train.sweeps.result import Sweep

SHOWN = 40  # rows that are printed


def drawn(sweep: Sweep) -> Table:
    """A row for each combination of hyperparameters, the best in bold; for each run, where only seeds were swept."""
    points = sweep.summary
    by = "test_loss" if "test_loss" in sweep.metrics else "loss"
    best = min((p for p in points if p[by] is not None), key=lambda p: float(p[by]), default=None)
    rows = [_of_point(sweep, point) for point in points]
    if not sweep.names:
        rows = [_of_run(sweep, run) for run in sweep.table]
    made = Table(box=box.SIMPLE, show_edge=False, pad_edge=False, caption_justify="left")
    for name in rows[0]:
        made.add_column(name, justify="right")
    for number, row in enumerate(rows[:SHOWN]):
        bold = bool(sweep.names) and len(points) > 1 and points[number] is best
        made.add_row(*row.values(), style="bold" if bold else "")
    if not sweep.names and len(sweep) > 1:
        made.add_section()
        made.add_row(*({**dict.fromkeys(rows[0], ""), **_of_point(sweep, points[0]), "run": "mean"}.values()))
    made.caption = Text("\n".join(_notes(sweep, best if len(points) > 1 else None, by, len(rows))))
    return made


def _of_point(sweep: Sweep, point: Mapping[str, Any]) -> dict[str, str]:
    """A combination of hyperparameters: the means over its seeds, and the deviations."""
    cells = {name: _value(point[name]) for name in sweep.names}
    for name in sweep.metrics:
        mean, deviation = point[name], point[f"{name}_std"]
        cells[name] = "–" if mean is None else f"{mean:.4g}" + ("" if deviation is None else f" ± {deviation:.1g}")
    if any(row["diverged"] is not None for row in sweep.table):
        cells["diverged"] = f"{point['diverged']} of {point['runs']}" if point["diverged"] else ""
    return cells


def _of_run(sweep: Sweep, row: Mapping[str, Any]) -> dict[str, str]:
    cells = {"run": str(row["run"]), "seed": str(row["seed"])}
    cells |= {name: f"{row[name]:.4g}" for name in sweep.metrics}
    if any(other["diverged"] is not None for other in sweep.table):
        cells["diverged"] = "" if row["diverged"] is None else f"at step {row['diverged']}"
    return cells


def _notes(sweep: Sweep, best: Mapping[str, Any] | None, by: str, rows: int) -> list[str]:
    """What stands under the table."""
    runs, steps = sweep.losses.shape
    notes = [f"{runs} runs of {steps} steps: {sweep.seconds:.2g} s, and {sweep.compile_seconds:.2g} s to compile"]
    if sweep.names and len(sweep.over["seed"]) > 1:
        notes.append(f"mean ± standard deviation over {len(sweep.over['seed'])} seeds, without runs that diverged")
    if best is not None and sweep.names:
        notes.append(f"lowest {by}: {', '.join(f'{name} {_value(best[name])}' for name in sweep.names)}")
    if rows > SHOWN:
        notes.append(f"{rows - SHOWN} more rows are in .summary, and every run in .table")
    return notes


def _value(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
