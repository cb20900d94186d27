"""Where a run's loop is best, and what `train.fit` chooses: a table."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from jaxdl.report.intervals import interval
from jaxdl.report.numerals import significant

WAYS = {"jax": "fit's choice", "jax_host": "a call a step", "jax_device": "a device loop"}


def loops_rows(result: Mapping[str, Any]) -> list[list[str]]:
    """A row a workload: milliseconds a step in the three ways; the choice over the better one, and its interval."""
    rows = []
    for one in result["loops"]:
        if "reason" in one:
            rows.append([one["label"], *["–"] * len(WAYS), one["reason"], ""])
            continue
        low, high = interval(one["ratios"])
        times = [significant(median(one["step_ms"][way])) for way in WAYS]
        rows.append([one["label"], *times, f"{one['ratio']:.2f}", f"{low:.2f}–{high:.2f}"])
    return rows


def loops_table(result: Mapping[str, Any]) -> Table:
    """The same for a terminal.

    Args:
        result: the JSON of `compare.loops.run`.
    """
    made = Table(title=Text("Where the loop is, ms a step", "bold"), box=box.SIMPLE, padding=(0, 1, 0, 0))
    made.add_column("workload", overflow="fold")
    for heading in (*WAYS.values(), "over the better", "95 %"):
        made.add_column(heading, justify="right", overflow="fold")
    for row in loops_rows(result):
        made.add_row(*map(Text, row))
    return made
