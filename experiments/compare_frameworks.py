"""The framework benchmark: jax and PyTorch on the same work, parity first, then time; a table, a page, pictures, JSON.

python -m experiments.compare_frameworks
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jaxdl.cli import guarded

OUT = Path("reports/compare")
QUICK_ROUNDS = 3


@contextmanager
def telling(stages: int) -> Iterator[Callable[[str], None]]:
    """A progress bar that moves with each line told; without a terminal, the lines."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=stages)

        def tell(text: str) -> None:
            if console.is_terminal:
                progress.update(bar, advance=1, description=text)
            else:
                print(text, file=sys.stderr, flush=True)

        yield tell


def compare_operations(names: tuple[str, ...], rounds: int, out: Path) -> None:
    """The functions of jaxdl beside stock ones: a table, a page in Markdown, JSON."""
    from jaxdl import report
    from jaxdl.compare import operations

    with telling(operations.stages(names)) as tell:
        result = operations.run(names, rounds=rounds, tell=tell)
    out.mkdir(parents=True, exist_ok=True)
    (out / "operations.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / "performance.md").write_text(report.operations_page(result), encoding="utf-8")
    screen = Console()
    screen.print(report.operations_table(result))
    screen.print(f"page: {out / 'performance.md'}   data: {out / 'operations.json'}", soft_wrap=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1)
@click.option("--rounds", type=int, default=7, show_default=True, help="turns that each mode gets")
@click.option("--quick", is_flag=True, help=f"{QUICK_ROUNDS} rounds")
@click.option("--threads", type=int, default=None, help="cores for every framework  [default: all]")
@click.option("--ops", is_flag=True, help="the functions NAMES (default: all) beside stock jax, Flax and optax")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="folder of the page")
def compare_frameworks(
    names: tuple[str, ...], rounds: int, quick: bool, threads: int | None, ops: bool, out: Path
) -> None:
    """Compare jax with PyTorch on the experiments NAMES (default: all that have a twin)."""
    from jaxdl import compare, report
    from jaxdl.compare import machine
    from jaxdl.experiment import discover, find

    if ops:
        compare_operations(names, QUICK_ROUNDS if quick else rounds, out)
        return
    chosen = [find(name) for name in names] or [found for found in discover().values() if found.twin]
    rounds = QUICK_ROUNDS if quick else rounds
    with telling(compare.stages(chosen, rounds)) as tell:
        result = compare.run(chosen, rounds=rounds, threads=machine.cores() if threads is None else threads, tell=tell)
    compare.save(result, out / "results.json")
    result = report.load(out / "results.json")
    page = report.page(result, out)
    screen = Console()
    screen.print(report.table(result))
    screen.print(f"page: {page}   data: {out / 'results.json'}   {result['seconds']:.0f} s", soft_wrap=True)
    broken = [one["name"] for one in result["experiments"] if not one["parity"]["agrees"]]
    if broken:
        raise ValueError(f"parity failed, and no time is shown, for {', '.join(broken)}")


if __name__ == "__main__":
    sys.exit(guarded(compare_frameworks, None, "python -m experiments.compare_frameworks"))
