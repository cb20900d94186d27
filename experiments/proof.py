"""`python -m experiments check` and `freeze`: an experiment beside PyTorch, computing now or frozen."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from experiments.runs import device_option
from jaxdl.cli import MISTAKES

PROGRAM = "python -m experiments"
REFERENCES = ("live", "frozen")


def reference_option() -> click.Option:
    """Which PyTorch an experiment is held against."""
    return click.Option(
        ["--reference"],
        type=click.Choice(REFERENCES),
        help="PyTorch running now, or its frozen numbers  [default: live where PyTorch is installed]",
    )


def check_options() -> list[click.Option]:
    """What `check NAME` takes besides the flags of the experiment's Config."""
    from jaxdl.parity.ladder import RUNGS

    return [
        device_option(),
        reference_option(),
        click.Option(["--tensors"], is_flag=True, help="every tensor of every rung, after the summary"),
        click.Option(["--rung"], type=click.Choice(RUNGS), help="every tensor of this rung alone"),
        click.Option(
            ["--json", "file"], type=click.Path(path_type=Path, dir_okay=False), help="save every row and the curves"
        ),
    ]


def check(
    experiment: Any,
    config: Any,
    reference: str | None = None,
    tensors: bool = False,
    rung: str | None = None,
    file: Path | None = None,
) -> int:
    """Compare NAME with its PyTorch twin, tensor by tensor, in float64 and then float32; or all of them.

    `check NAME --help` lists what NAME takes, and --rung, --tensors and --json.
    """
    from jaxdl import parity

    ladder = parity.check(experiment, config, reference=reference, spread=True)
    if file is not None:
        ladder.save(file)
    screen = Console()
    for shown in ladder.rungs_of(rung) if rung else [None, *(ladder.rungs if tensors else [])]:
        screen.print(ladder.table(shown))
    if ladder.spread and rung is None:
        ours, *own = (f"{gap:.0e} ({name})" for name, gap in ladder.departures().items())
        screen.print(
            f"float32 losses: {ours.partition(' ')[0]} of the largest from PyTorch's; PyTorch's own with its sums in "
            f"another order: {', '.join(own)}",
            soft_wrap=True,
        )
    for failure in ladder.failures[:1]:
        print(f"{PROGRAM} check: {experiment.name}: {failure}", file=sys.stderr)
    return 1 if ladder.failures else 0


def check_all(reference: str | None = None) -> int:
    """Check one experiment after the other, up to the first that fails; one table of them in the end."""
    from jaxdl import parity
    from jaxdl.experiment import discover

    experiments = discover()
    table, sources = _table_of_all(), dict[str, None]()
    failure = None
    try:
        with progress(len(experiments)) as advance:
            for name, experiment in sorted(experiments.items()):
                advance(name)
                if experiment.twin is None:
                    table.add_row(name, *[""] * 5, "no twin")
                    continue
                try:
                    ladder = parity.check(experiment, reference=reference)
                except MISTAKES as error:
                    raise ValueError(f"{name}: {error}") from error
                table.add_row(name, *_cells(ladder))
                sources[f"{ladder.reference}"] = None
                if ladder.failures:
                    failure = f"{name}: {ladder.failures[0]}"
                    break
    finally:
        table.caption = "\n".join(["Largest difference of a tensor in units of its scale. Against", *sources])
        Console().print(table)
    if failure is not None:
        print(f"{PROGRAM} check: {failure}", file=sys.stderr)
    return 0 if failure is None else 1


def _table_of_all() -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=0, caption_justify="left")
    table.add_column("experiment", overflow="fold")
    for heading in ("against", "rungs", "float64", "float32\ngradient", "float32\nstep 1", "verdict"):
        table.add_column(heading, no_wrap=True)
    return table


def _cells(ladder: Any) -> list[str]:
    def largest(dtype: str, *rungs: str) -> str:
        rows = [row for row in ladder.rows if row.dtype == dtype and (row.rung in rungs or not rungs)]
        return f"{max((row.relative for row in rows), default=0.0):.1e}"

    return [
        ladder.reference.kind,
        str(len(ladder.rungs)),
        largest("float64"),
        largest("float32", "gradient"),
        largest("float32", "step 1"),
        "[bold]DIFFERS" if ladder.failures else "agrees",
    ]


def freeze(names: Sequence[str] = ()) -> int:
    """Write PyTorch's numbers for the default Config of NAMES (default: all) beside each experiment."""
    from jaxdl.experiment import discover, find
    from jaxdl.parity import frozen

    chosen = [find(name) for name in names] or [found for _, found in sorted(discover().items()) if found.twin]
    written = []
    try:
        with progress(len(chosen)) as advance:
            for experiment in chosen:
                advance(experiment.name)
                written.append(frozen.save(experiment))
    finally:
        for path in written:
            print(f"{path.parent.name}/{path.name}  {path.stat().st_size / 1000:.0f} kB")
    return 0


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on stderr, where that is a terminal: it names what is being worked on."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=total)
        begun = 0

        def advance(name: str) -> None:
            nonlocal begun
            progress.update(bar, completed=begun, description=name)
            begun += 1

        yield advance
