"""The benchmark's closing table, for a terminal."""

from rich.table import Table
from rich.text import Text

from jaxdl.report.numerals import significant
from jaxdl.report.result import Result, checked
from jaxdl.report.speed import Row, is_jax, label, median, rounds, timing
from jaxdl.report.wording import verdict


def table(result: Result) -> Table:
    """A row for each experiment and mode: start, step, memory, and the step beside the best PyTorch mode's.

    Args:
        result: as `compare.run` gives it or `load` reads it.

    Returns:
        A table for `rich.console.Console().print`. Where there is no time, the reason stands in its place; an experiment whose
        parity failed has one row that says so.

    Raises:
        ValueError: that is no benchmark's result.

    >>> table({"experiments": [{"name": "tabular/mlp", "parity": {"agrees": True}}]}).row_count
    1
    """
    made = Table(title=Text("JAX beside PyTorch"), caption=Text("step: the median of the rounds, and the fastest to the slowest"))
    for heading in ("experiment", "mode"):
        made.add_column(heading, overflow="fold")
    for heading in ("import s", "first step s", "step ms"):
        made.add_column(heading, justify="right")
    made.add_column("beside the best PyTorch mode", overflow="fold", min_width=14)
    made.add_column("peak MiB", justify="right")
    for experiment in checked(result)["experiments"]:
        name, rows = experiment["name"], timing(experiment)
        if not rows:
            made.add_row(Text(name), "", "", "", "", Text(f"no time: {_why(experiment)}"), "", end_section=True)
        for row in rows:
            cells = [name if row is rows[0] else "", label(row), *_measured(row)]
            cells[5:5] = [verdict(row, rows)]
            style = "bold" if is_jax(row) else ""
            made.add_row(*(Text(cell, style=style) for cell in cells), end_section=row is rows[-1])
    return made


def _measured(row: Row) -> list[str]:
    """Import, first step, step and peak memory of a mode; empty where it has no time."""
    times = rounds(row)
    if not times:
        return [""] * 4
    step = f"{significant(median(row))} ({significant(min(times))}–{significant(max(times))})"
    return [significant(row.get("import_s")), significant(row.get("first_step_s")), step, significant(row.get("peak_mib"))]


def _why(experiment: Result) -> str:
    parity = experiment["parity"]
    return "no mode was timed" if parity["agrees"] else f"the numbers differ: {parity.get('failure') or 'parity failed'}"
