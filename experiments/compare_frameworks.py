"""The framework benchmark: jax and PyTorch on the same work, parity first, then time; a table, a page, pictures, JSON.

python -m experiments.compare_frameworks
"""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jaxdl.cli import guarded

OUT = Path("reports/compare")
QUICK_ROUNDS = 3


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1)
@click.option("--rounds", type=int, default=7, show_default=True, help="turns that each mode gets")
@click.option("--quick", is_flag=True, help=f"{QUICK_ROUNDS} rounds")
@click.option("--threads", type=int, default=None, help="cores for every framework  [default: all]")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="folder of the page")
def compare_frameworks(names: tuple[str, ...], rounds: int, quick: bool, threads: int | None, out: Path) -> None:
    """Compare jax with PyTorch on the experiments NAMES (default: all that have a twin)."""
    from jaxdl import compare, report
    from jaxdl.compare import machine
    from jaxdl.experiment import discover, find

    chosen = [find(name) for name in names] or [found for found in discover().values() if found.twin]
    rounds = QUICK_ROUNDS if quick else rounds
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=compare.stages(chosen, rounds))

        def tell(text: str) -> None:
            if console.is_terminal:
                progress.update(bar, advance=1, description=text)
            else:
                print(text, file=sys.stderr, flush=True)

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
