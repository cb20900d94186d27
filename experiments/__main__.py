"""`python -m experiments list | run | report | check | compare | freeze`: the experiments' command line."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from experiments import compare_frameworks, proof, runs
from experiments.proof import PROGRAM
from jaxdl import runtime
from jaxdl.cli import guarded, leave, report_option

WIDEST, ROOMY = 22, 120  # a name in the list goes on in the next line after so many columns, in fewer than that

Action = Callable[..., int]
Dispatch = Callable[[str, Sequence[str]], int]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Experiments in JAX, each beside its twin in PyTorch."""


@commands.command("list")
def list_() -> None:
    """Every experiment, topic by topic: what it teaches, its data, its time on two cores, the score that it reaches."""
    from jaxdl.experiment import discover

    console, data = Console(), Column("data", max_width=16)
    look: dict[str, Any] = {"box": SIMPLE_HEAD, "pad_edge": False, "padding": (0, 1, 0, 0)}
    table = Table("experiment", "what it teaches", data, "time", "score", **look)
    before = None
    for name, experiment in sorted(discover().items()):
        topic, _, short = name.partition("/")
        if topic != before:
            table.add_section()
            table.add_row(f"[bold]{topic}")
            before = topic
        name = "\n".join(wrap(short.replace("_", "_ "), WIDEST if console.width < ROOMY else ROOMY)).replace("_ ", "_")
        time, score = experiment.time.removesuffix(" on two cores"), str(experiment.bound).replace(" ", "\n", 1)
        table.add_row(name, experiment.summary, experiment.data, time, score)
    console.print(table)


def by_experiment(action: Action, options: Callable[[], list[click.Option]] = list) -> Dispatch:
    """What turns an experiment's name, then a typed flag for each field of its Config and `options`, into a call."""

    def dispatch(name: str, flags: Sequence[str]) -> int:
        from jaxdl.experiment import find, on

        experiment = find(name)
        fields = dataclasses.fields(experiment.module.Config)

        def act(device: str | None = None, **values: Any) -> int:
            config = experiment.config(**{field.name: values.pop(field.name) for field in fields})
            with on(device):
                return action(experiment, config, **values)

        command = click.Command(
            experiment.name,
            params=[*(_flag(field) for field in fields), *options()],
            callback=act,
            help=f"\b\n{experiment.module.__doc__}",
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        return command.main(list(flags), f"{PROGRAM} {action.__name__} {experiment.name}", standalone_mode=False) or 0

    return dispatch


def _flag(field: dataclasses.Field[Any]) -> click.Option:
    name = field.name.replace("_", "-")
    spelling = f"--{name}/--no-{name}" if field.type is bool else f"--{name}"
    kind: Any = field.type
    return click.Option([spelling], type=kind, default=field.default, show_default=True, help=field.metadata["help"])


OWN_FLAGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@commands.command("run", help=runs.run.__doc__, context_settings=OWN_FLAGS)
@click.argument("name")
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
def _run(name: str, flags: Sequence[str]) -> int:
    return by_experiment(runs.run, runs.run_options)(name, flags)


@commands.command("report", help=runs.report.__doc__)
@click.argument("runs_", nargs=-1, metavar="NAME|FOLDER...")
@report_option
@click.option("--all", "every", is_flag=True, help="the gallery of every experiment, which does first what is missing")
@click.option("--as-is", is_flag=True, help="with --all: of what is there, and nothing is run")
def _report(runs_: Sequence[str], out: Path | None, every: bool, as_is: bool) -> int:
    if every == bool(runs_):
        raise click.UsageError("give NAMES or FOLDERS of runs, or --all without them")
    if as_is and not every:
        raise click.UsageError("--as-is belongs to --all")
    if not every:
        return runs.report(runs_, out)
    from experiments import gallery

    return gallery.report_all(out or gallery.PAGE, as_is)


@commands.command("check", help=proof.check.__doc__, context_settings=OWN_FLAGS)
@click.argument("name", required=False)
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
@click.option("--all", "every", is_flag=True, help="every experiment, up to the first that fails, in one table")
def _check(name: str | None, flags: Sequence[str], every: bool, reference: str | None) -> int:
    if every == (name is not None):
        raise click.UsageError("give the NAME of one experiment, or --all without NAME and without flags of one")
    if name is None:
        return proof.check_all(reference)
    given = [] if reference is None else ["--reference", reference]
    return by_experiment(proof.check, proof.check_options)(name, [*given, *flags])


_check.params.append(proof.reference_option())


@commands.command("compare", help=compare_frameworks.compare.__doc__, context_settings=OWN_FLAGS)
@click.argument("name")
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
def _compare(name: str, flags: Sequence[str]) -> int:
    return by_experiment(compare_frameworks.compare, compare_frameworks.compare_options)(name, flags)


@commands.command("freeze", help=proof.freeze.__doc__)
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="all of them, as without NAMES")
def _freeze(names: Sequence[str], every: bool) -> int:
    if every and names:
        raise click.UsageError("give NAMES or --all, not both")
    return proof.freeze(names)


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m experiments`."""
    leave(guarded(commands, arguments, PROGRAM))


def run_file(file: str) -> None:
    """What `python -m experiments.<topic>.<name> [flags]` does: run that file's experiment."""
    runtime.tune()
    path = Path(file)
    main(["run", f"{path.parent.name}/{path.stem}", *sys.argv[1:]])


if __name__ == "__main__":
    runtime.tune()
    main()
