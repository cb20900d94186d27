"""The benchmark's closing table, for a terminal."""

from rich import box
from rich.table import Table
from rich.text import Text

from jaxdl.report.numerals import significant
from jaxdl.report.result import Result, checked
from jaxdl.report.speed import (
    Row,
    Speed,
    best_torch,
    framework,
    is_jax,
    label,
    median,
    of_jax,
    of_stock,
    rounds,
    speed,
    timing,
    title,
)
from jaxdl.report.wording import compared, range_of, verdict

CAPTION = (
    "First step: with an empty cache, and below it, after a second start, with a warm one. Step: the median of the "
    "rounds, and the fastest to the slowest. The ratio's interval holds 95 % of bootstrap samples; where it spans 1 "
    "there is a tie."
)
QUICK = "Left out, as this was --quick: torch.compile, and the second start of what keeps its compiled programs."
LONGEST = 15  # characters of a name that are kept together in 80 columns


def table(result: Result) -> Table:
    """A row for each experiment and mode: start, step, memory, and the step beside the best PyTorch mode's.

    Args:
        result: as `compare.run` gives it or `load` reads it.

    Returns:
        A table for `rich.console.Console().print` that fits into 80 columns. Where a time is missing stands a
        number in brackets, and under the table the reason.

    Raises:
        ValueError: that is no benchmark's result.

    >>> table({"experiments": [{"name": "supervised/mlp", "parity": {"agrees": True}}]}).row_count
    1
    """
    parts = [part for experiment in checked(result)["experiments"] for part in _name(experiment).split("\n")]
    longest = max(map(len, ["workload", *parts]))
    made = Table(title=Text("JAX beside PyTorch", "bold"), box=box.SIMPLE, show_edge=False, padding=0)
    made.caption_justify = "left"
    made.add_column("workload", overflow="fold", width=min(LONGEST, longest))
    made.add_column("mode", overflow="fold")
    for heading in ("import\ns", "first\nstep s", "step ms\nrange", "peak\nMiB"):
        made.add_column(heading, justify="right", no_wrap=True)
    made.add_column("beside the best\nPyTorch mode", overflow="fold", min_width=15)
    notes = []
    for experiment in result["experiments"]:
        name, rows = _name(experiment), timing(experiment)
        if not rows:
            notes.append(f"{title(experiment)}: {_why(experiment)}")
            made.add_row(Text(name), "", "", "", "", "", Text(f"no time [{len(notes)}]"), end_section=True)
        for row in rows:
            said = verdict(row, rows)
            if not rounds(row):
                notes.append(f"{title(experiment)}, {label(row)}: {said}")
                said = f"no time [{len(notes)}]"
            elif spread := range_of(speed(row, rows)) if row is not best_torch(rows) else "":
                said = f"{said}\n{spread}"
            texts = [name if row is rows[0] else "", label(row), *_measured(row), said]
            cells = [Text(text, "bold" if is_jax(row) else "") for text in texts]
            made.add_row(*cells, end_section=row is rows[-1])
    reasons = [f"[{number}] {note}" for number, note in enumerate(notes, start=1)]
    quick = [QUICK] if (result.get("settings") or {}).get("quick") else []
    made.caption = Text("\n".join([CAPTION, *quick, *reasons]))
    return made


def summary(result: Result) -> Table:
    """A line a workload: jax, stock Flax and the best PyTorch mode, and jax beside both.

    Args:
        result: as for `table`.

    Raises:
        ValueError: that is no benchmark's result.

    >>> summary({"experiments": [{"name": "supervised/mlp", "parity": {"agrees": True}}]}).row_count
    1
    """
    made = Table(title=Text("In short, in ms", "bold"), box=box.SIMPLE, show_edge=False, padding=(0, 1, 0, 0))
    made.add_column("workload", overflow="fold")
    for heading in ("JAX", "stock\nFlax", "best\nPyTorch"):
        made.add_column(heading, justify="right", no_wrap=True)
    for heading in ("JAX beside\nPyTorch", "JAX beside\nstock Flax"):
        made.add_column(heading, overflow="fold")
    for experiment in checked(result)["experiments"]:
        rows = timing(experiment)
        best = best_torch(rows)
        shown = [next((row for row in rows if framework(row) == name), None) for name in ("jax", "flax")]
        times = [significant(median(row)) if row and rounds(row) else "–" for row in (*shown, best)]
        said = [_beside(of_jax(experiment)), _beside(of_stock(experiment))]
        made.add_row(*(Text(text) for text in (title(experiment), *times, *said)))
    return made


def _beside(found: Speed | None) -> str:
    return "–" if found is None else "\n".join(filter(None, (compared(found), range_of(found))))


def _measured(row: Row) -> list[str]:
    """Import, first step, steps and peak memory of a mode; empty where it has no time."""
    times = rounds(row)
    if not times:
        return [""] * 4
    spread = f"\n{significant(min(times))}–{significant(max(times))}" if len(times) > 1 else ""
    first = significant(row.get("first_cold_s"))
    warm = f"\n{significant(row['first_warm_s'])}" if row.get("first_warm_s") is not None else ""
    start = [significant(row.get("import_s")), f"{first}{warm}"]
    return [*start, f"{significant(median(row))}{spread}", significant(row.get("peak_mib"))]


def _name(experiment: Result) -> str:
    """In lines: of a path its parts, of a label with a task both."""
    return title(experiment).replace("/", "/\n").replace(", ", ",\n")


def _why(experiment: Result) -> str:
    parity = experiment["parity"]
    failure = parity.get("failure") or "no reason given"
    return "no mode was timed" if parity["agrees"] else f"the numbers differ: {failure}"
