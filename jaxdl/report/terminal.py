"""The benchmark's closing table, for a terminal."""

from rich import box
from rich.table import Table
from rich.text import Text

from jaxdl.report.numerals import significant
from jaxdl.report.result import Result, checked
from jaxdl.report.speed import Row, is_jax, label, median, rounds, timing
from jaxdl.report.wording import verdict

CAPTION = "Step: the median of the rounds, and the fastest to the slowest."
LONGEST = 18  # characters of a name that are kept together in 80 columns


def table(result: Result) -> Table:
    """A row for each experiment and mode: start, step, memory, and the step beside the best PyTorch mode's.

    Args:
        result: as `compare.run` gives it or `load` reads it.

    Returns:
        A table for `rich.console.Console().print` that fits into 80 columns. Where a time is missing stands a
        number in brackets, and under the table the reason.

    Raises:
        ValueError: that is no benchmark's result.

    >>> table({"experiments": [{"name": "tabular/mlp", "parity": {"agrees": True}}]}).row_count
    1
    """
    parts = [part for experiment in checked(result)["experiments"] for part in experiment["name"].split("/")]
    longest = max(map(len, ["experiment", *parts]))
    made = Table(title=Text("JAX beside PyTorch", "bold"), box=box.SIMPLE, show_edge=False, padding=0)
    made.caption_justify = "left"
    made.add_column("experiment", overflow="fold", width=min(LONGEST, longest))
    made.add_column("mode", overflow="fold")
    for heading in ("import\ns", "first\nstep s", "step ms\nrange", "peak\nMiB"):
        made.add_column(heading, justify="right", no_wrap=True)
    made.add_column("beside the best\nPyTorch mode", overflow="fold")
    notes = []
    for experiment in result["experiments"]:
        name, rows = experiment["name"].replace("/", "/\n"), timing(experiment)
        if not rows:
            notes.append(f"{experiment['name']}: {_why(experiment)}")
            made.add_row(Text(name), "", "", "", "", "", Text(f"no time [{len(notes)}]"), end_section=True)
        for row in rows:
            said = verdict(row, rows)
            if not rounds(row):
                notes.append(f"{experiment['name']}, {label(row)}: {said}")
                said = f"no time [{len(notes)}]"
            texts = [name if row is rows[0] else "", label(row), *_measured(row), said]
            cells = [Text(text, "bold" if is_jax(row) else "") for text in texts]
            made.add_row(*cells, end_section=row is rows[-1])
    reasons = [f"[{number}] {note}" for number, note in enumerate(notes, start=1)]
    made.caption = Text("\n".join([CAPTION, *reasons]))
    return made


def _measured(row: Row) -> list[str]:
    """Import, first step, steps and peak memory of a mode; empty where it has no time."""
    times = rounds(row)
    if not times:
        return [""] * 4
    spread = f"\n{significant(min(times))}–{significant(max(times))}" if len(times) > 1 else ""
    start = [significant(row.get("import_s")), significant(row.get("first_step_s"))]
    return [*start, f"{significant(median(row))}{spread}", significant(row.get("peak_mib"))]


def _why(experiment: Result) -> str:
    parity = experiment["parity"]
    failure = parity.get("failure") or "no reason given"
    return "no mode was timed" if parity["agrees"] else f"the numbers differ: {failure}"
