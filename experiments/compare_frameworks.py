"""The framework benchmark: jax and PyTorch on the same work, parity first, then time; a table, a page, pictures, JSON.

python -m experiments.compare_frameworks
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jaxdl.cli import guarded

OUT = Path("reports/compare")
QUICK_TURN = 0.1  # seconds


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
    (out / "operations.md").write_text(report.operations_page(result), encoding="utf-8")
    screen = Console()
    screen.print(report.operations_table(result))
    screen.print(f"page: {out / 'operations.md'}   data: {out / 'operations.json'}", soft_wrap=True)


def compare_growth(settings: Any, out: Path) -> None:
    """How a step's time grows: a table, pictures, JSON."""
    from jaxdl import compare, report
    from jaxdl.compare import growth

    with telling(growth.stages(growth.series_here())) as tell:
        result = growth.run(settings, tell)
    compare.save(result, out / "growth.json")
    screen = Console()
    screen.print(report.growth_table(result))
    for picture in report.growth_pictures(result, out):
        screen.print(f"picture: {picture}", soft_wrap=True)
    screen.print(f"data: {out / 'growth.json'}", soft_wrap=True)


def compare_loops(works: Any, settings: Any, out: Path) -> None:
    """Whether `train.fit` chooses well where its loop is: a table, JSON."""
    from jaxdl import compare, report
    from jaxdl.compare import loops

    with telling(len(works)) as tell:
        result = loops.run(works, settings, tell)
    compare.save(result, out / "loops.json")
    screen = Console()
    screen.print(report.loops_table(result))
    screen.print(f"data: {out / 'loops.json'}", soft_wrap=True)


def chosen(names: tuple[str, ...], depth: str) -> Any:
    """The named experiments as they are, or as much of the suite."""
    from jaxdl import compare
    from jaxdl.experiment import find

    return [compare.training(find(name)) for name in names] or compare.suite(depth)


def benchmark(works: Any, settings: Any) -> Any:
    """The result, with progress."""
    from jaxdl import compare

    with telling(compare.stages(works, settings)) as tell:
        return compare.run(works, settings, tell)


def show(result: Any, out: Path, against: Any) -> None:
    """The tables, the page, the JSON; an error at the end where numbers differ, or something became slower."""
    from jaxdl import compare, report

    compare.save(result, out / "results.json")
    result = report.load(out / "results.json")
    grown = out / "growth.json"
    page = report.page(result, out, json.loads(grown.read_text(encoding="utf-8")) if grown.is_file() else None)
    screen = Console()
    screen.print(report.table(result))
    screen.print(report.summary(result))
    screen.print(f"page: {page}   data: {out / 'results.json'}   {result['seconds']:.0f} s", soft_wrap=True)
    broken = [one["label"] for one in result["experiments"] if not one["parity"]["agrees"]]
    if broken:
        raise ValueError(f"parity failed, and no time is shown, for {', '.join(broken)}")
    if against is not None:
        found = report.changes(result, against)
        screen.print(report.changes_table(found))
        slower = [f"{change.workload}, {change.mode}" for change in found if change.slower]
        if slower:
            raise ValueError(f"slower than the earlier result beyond the noise: {'; '.join(slower)}")


def compare_options() -> list[click.Option]:
    """What `python -m experiments compare NAME` takes besides the flags of the experiment's Config."""
    return [
        click.Option(["--quick"], is_flag=True, help="without torch.compile, and in short turns"),
        click.Option(["--rounds"], type=int, default=7, show_default=True, help="turns that each mode gets"),
        click.Option(
            ["--device", "where"], type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True, help="for both"
        ),
        click.Option(
            ["--out"], type=click.Path(path_type=Path), help="folder of the page  [default: reports/compare/NAME]"
        ),
    ]


def compare(experiment: Any, config: Any, quick: bool, rounds: int, where: str, out: Path | None = None) -> int:
    """Time a training step of experiment NAME beside its PyTorch twin, once their numbers agree.

    `compare NAME --help` lists what NAME takes. `python -m experiments.compare_frameworks` does it for a whole suite.
    """
    from jaxdl import compare

    if experiment.twin is None:
        raise ValueError(f"{experiment.name} has no PyTorch twin to be compared with")
    turn = QUICK_TURN if quick else compare.Settings.turn
    settings = compare.Settings(rounds=rounds, turn=turn, quick=quick, device=where)
    show(benchmark([compare.training(experiment, config)], settings), out or OUT / experiment.name, None)
    return 0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1)
@click.option(
    "--quick",
    is_flag=True,
    help="four workloads, without torch.compile and second starts: under three minutes on two cores",
)
@click.option("--full", is_flag=True, help="ResNet-20, a larger GPT and every second start as well: fifteen minutes")
@click.option("--whole", is_flag=True, help="compare the numbers over whole runs before anything is timed")
@click.option("--rounds", type=int, default=7, show_default=True, help="turns that each mode gets")
@click.option("--threads", type=int, default=None, help="cores for every framework  [default: all]")
@click.option("--frameworks", default="jax,torch", show_default=True, help="these, or jax,torch,tensorflow")
@click.option("--gpu", is_flag=True, help="on the GPU that both jax and PyTorch see")
@click.option("--bf16", is_flag=True, help="forward and backward in bfloat16, parameters in float32")
@click.option("--tf32", is_flag=True, help="with --gpu: both may round the factors of float32 products to TF32")
@click.option("--growth", is_flag=True, help="how a step's time grows with batch size, width and length")
@click.option("--loops", is_flag=True, help="whether train.fit chooses well between a call a step and a device loop")
@click.option(
    "--ops", is_flag=True, help="the functions NAMES (default: all) beside stock jax, Flax, optax and PyTorch"
)
@click.option(
    "--against", type=click.Path(path_type=Path), help="an earlier results.json: say what became slower since"
)
@click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="folder of the page")
def compare_frameworks(
    names: tuple[str, ...],
    quick: bool,
    full: bool,
    rounds: int,
    frameworks: str,
    gpu: bool,
    growth: bool,
    loops: bool,
    ops: bool,
    against: Path | None,
    out: Path,
    **given: Any,
) -> None:
    """Compare jax with PyTorch: on the suite's workloads, or on training the experiments NAMES as they are.

    First the numbers, then the times; a table, a page and JSON.
    """
    if quick and full:
        raise click.UsageError("--quick is a shorter suite and --full a longer one: give one of them")
    if full and (names or ops or growth):
        raise click.UsageError("--full is of the suite: give it without NAMES, --ops and --growth")
    if ops:
        compare_operations(names, rounds, out)
        return
    from jaxdl import compare, report

    earlier = None if against is None else report.load(against)  # a wrong path must not cost ten minutes
    depth = "quick" if quick else "full" if full else "default"
    settings = compare.Settings(
        rounds=rounds,
        turn=QUICK_TURN if quick else compare.Settings.turn,
        quick=quick,
        frameworks=tuple(frameworks.split(",")),
        device="gpu" if gpu else "cpu",
        **given,
    )
    if growth:
        compare_growth(settings, out)
    elif loops:
        compare_loops(chosen(names, depth), settings, out)
    else:
        show(benchmark(chosen(names, depth), settings), out, earlier)


if __name__ == "__main__":
    sys.exit(guarded(compare_frameworks, None, "python -m experiments.compare_frameworks"))
