"""`python -m experiments list | run NAME | check NAME`: the experiments' command line."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from jaxdl.cli import guarded

RUNS = Path("runs")
PROGRAM = "python -m experiments"
Action = Callable[[Any, Any], int]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Experiments in JAX, each beside its twin in PyTorch."""


@commands.command("list")
def list_() -> None:
    """Every experiment: what it is, how long it takes, what it reaches."""
    from jaxdl.experiment import discover

    table = Table(Column("experiment", no_wrap=True), "what it is", "time", "reaches")
    for name, experiment in sorted(discover().items()):
        table.add_row(name, experiment.summary, experiment.time, str(experiment.bound))
    Console().print(table)


def by_experiment(action: Action) -> click.Command:
    """A command that takes an experiment's name and then a typed flag for each field of its Config."""

    def dispatch(name: str, flags: Sequence[str]) -> int:
        from jaxdl.experiment import find

        experiment = find(name)
        command = click.Command(
            experiment.name,
            params=[_flag(field) for field in dataclasses.fields(experiment.module.Config)],
            callback=lambda **values: action(experiment, experiment.config(**values)),
            help=f"\b\n{experiment.module.__doc__}",
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        return command.main(list(flags), f"{PROGRAM} {action.__name__} {experiment.name}", standalone_mode=False) or 0

    return click.Command(
        action.__name__,
        params=[click.Argument(["name"]), click.Argument(["flags"], nargs=-1, type=click.UNPROCESSED)],
        callback=dispatch,
        help=action.__doc__,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )


def _flag(field: dataclasses.Field[Any]) -> click.Option:
    name = field.name.replace("_", "-")
    spelling = f"--{name}/--no-{name}" if field.type is bool else f"--{name}"
    kind: Any = field.type
    return click.Option([spelling], type=kind, default=field.default, show_default=True, help=field.metadata["help"])


def run(experiment: Any, config: Any) -> int:
    """Train experiment NAME; `run NAME --help` lists its flags."""
    from jaxdl import bridge, train

    folder = RUNS / experiment.name

    def keep(state: Any, history: Any) -> None:
        bridge.save(folder / "model.safetensors", {**state.params, **state.buffers})
        history.save(folder / "history.jsonl")

    try:
        state, history = experiment.run(config)
    except train.Interrupted as stopped:
        keep(stopped.state, stopped.history)
        print(
            f"interrupted after step {stopped.step}; what was trained so far is in {folder / 'model.safetensors'}",
            file=sys.stderr,
        )
        return 130
    keep(state, history)
    table = Table(experiment.name, *(name for name in history.final if name != "epoch"))
    table.add_row(f"epoch {history.final['epoch']}", *(f"{v:.4g}" for k, v in history.final.items() if k != "epoch"))
    for name, values in experiment.witnesses(config).items():
        table.add_row(name, *(f"{values[k]:.4g}" if k in values else "" for k in history.final if k != "epoch"))
    console = Console()
    console.print(table)
    verdict = "reached" if experiment.bound.holds(history.final) else "not reached"
    console.print(f"{experiment.bound}: {verdict}; parameters in {folder / 'model.safetensors'}", soft_wrap=True)
    return 0


def check(experiment: Any, config: Any) -> int:
    """Compare NAME with its PyTorch twin, tensor by tensor, in float64 and then float32."""
    from jaxdl import parity

    ladder = parity.check(experiment, config)
    Console().print(ladder.table())
    for failure in ladder.failures[:1]:
        print(f"{PROGRAM} check: {experiment.name}: {failure}", file=sys.stderr)
    return 1 if ladder.failures else 0


commands.add_command(by_experiment(run))
commands.add_command(by_experiment(check))


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m experiments`."""
    sys.exit(guarded(commands, arguments, PROGRAM))


def run_file(file: str) -> None:
    """What `python -m experiments.<topic>.<name> [flags]` does: run that file's experiment."""
    path = Path(file)
    main(["run", f"{path.parent.name}/{path.stem}", *sys.argv[1:]])


if __name__ == "__main__":
    main()
