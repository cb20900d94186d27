"""`python -m experiments run` and `report`: a run, the folder that it leaves, and its page."""

import math
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

RUNS = Path("runs")
MADE = ("history.jsonl", "model.safetensors", "report.html", "report-loss.png", "run.json")  # this one last
EVENTS = "events.out.tfevents.*"


class Resume(click.ParamType):
    """`latest`, `auto` or the step of a checkpoint."""

    name = "latest|auto|STEP"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As `train.fit` takes it."""
        if value in ("latest", "auto"):
            return True if value == "latest" else "auto"
        if isinstance(value, str) and value.isdecimal():
            return int(value)
        return self.fail(f"{value!r} is not latest, auto or the step of a checkpoint", param, ctx)


class Axes(click.ParamType):
    """The axes of a mesh, as in `data=4,fsdp=8`."""

    name = "AXIS=N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, int]:
        """Their lengths by name."""
        axes = dict(part.partition("=")[::2] for part in value.split(","))
        if not all(name in ("data", "fsdp") and length.isdecimal() and int(length) for name, length in axes.items()):
            self.fail(f"{value!r} is not of the form data=4,fsdp=8", param, ctx)
        return {name: int(length) for name, length in axes.items()}


class Peers(click.ParamType):
    """`auto`, or the first process's address, how many processes there are, and which one this is."""

    name = "auto|HOST:PORT,N,I"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        """The arguments of `jax.distributed.initialize`."""
        if value == "auto":
            return ()
        address, *numbers = value.split(",")
        if ":" not in address or len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
            self.fail(f"{value!r} is neither auto nor of the form 10.0.0.1:9999,4,0", param, ctx)
        return (address, *map(int, numbers))


def device_option() -> click.Option:
    """Which device computes."""
    return click.Option(["--device"], metavar="cpu|gpu|tpu[:N]", help="which of them computes  [default: jax's choice]")


def run_options() -> list[click.Option]:
    """What `run NAME` takes besides the flags of the experiment's Config."""
    whole = click.IntRange(min=1)
    return [
        click.Option(["--dry-run"], is_flag=True, help="show shapes and sizes: compute, write and remove nothing"),
        device_option(),
        click.Option(
            ["--out"], type=click.Path(path_type=Path, file_okay=False), help="the run's folder  [default: runs/NAME]"
        ),
        click.Option(
            ["--resume"],
            type=Resume(),
            is_flag=False,
            flag_value="latest",
            help="go on from the newest checkpoint, or from that of a step; auto: from the newest, if there is one",
        ),
        click.Option(["--fresh"], is_flag=True, help="begin anew in a folder that holds an unfinished run"),
        click.Option(
            ["--checkpoint-every"],
            type=click.FloatRange(min=0),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="write a checkpoint so often; one is always written at the end, and on Ctrl-C",
        ),
        click.Option(["--checkpoint-steps"], type=whole, help="write one after so many steps, too"),
        click.Option(
            ["--keep"], type=whole, default=2, show_default=True, help="how many of the newest checkpoints stay"
        ),
        click.Option(["--tensorboard"], is_flag=True, help="write event files for TensorBoard, too"),
        click.Option(
            ["--steps-per-call"], type=whole, help="steps that share a device call  [default: as measured best]"
        ),
        click.Option(["--mesh"], type=Axes(), help="devices to share the work, as in data=4,fsdp=8: docs/scaling.md"),
        click.Option(
            ["--distributed"], type=Peers(), help="one of several processes: auto, or as in 10.0.0.1:9999,4,0"
        ),
    ]


def run(
    experiment: Any,
    config: Any,
    out: Path | None = None,
    resume: Any = None,
    fresh: bool = False,
    checkpoint_every: float = 60.0,
    checkpoint_steps: int | None = None,
    keep: int = 2,
    tensorboard: bool = False,
    steps_per_call: int | None = None,
    mesh: dict[str, int] | None = None,
    distributed: tuple[Any, ...] | None = None,
    dry_run: bool = False,
) -> int:
    """Train experiment NAME; `run NAME --help` lists its flags.

    The folder runs/NAME then holds checkpoints, history.jsonl, model.safetensors and run.json.
    """
    import jax

    from experiments import exhibits
    from experiments.record import Record
    from jaxdl import train

    if dry_run:
        return show_shapes(experiment, config)
    if distributed is not None:
        jax.distributed.initialize(*distributed)
    if fresh and resume is not None:
        raise click.UsageError("give --resume or --fresh, not both")
    folder = out or RUNS / experiment.name
    devices = None if mesh is None else mesh_of(mesh)
    checkpoints = train.Checkpoints(every_seconds=checkpoint_every, every_steps=checkpoint_steps, keep=keep)
    record = Record(experiment, config, folder)
    callbacks: list[train.Callback] = [record, *([train.TensorBoard(folder)] if tensorboard else [])]
    if jax.process_index() == 0:
        make_way(folder, experiment, config, resuming=resume is not None, fresh=fresh)
    try:
        state, history = experiment.run(
            config,
            callbacks=callbacks,
            steps_per_call=steps_per_call,
            mesh=devices,
            directory=folder,
            checkpoints=checkpoints,
            resume=False if resume is None else resume,
        )
    except train.Interrupted as stopped:
        record.end(finished=False)
        model = _save(folder, stopped.state)
        kept = f"what was trained so far is in {model}"
        print(f"interrupted after step {stopped.step}; {kept} and --resume goes on from there", file=sys.stderr)
        return 130
    except Exception as error:
        with suppress(OSError):  # on a full disk, the first error counts
            record.end(failure=str(error))
        raise
    model = _save(folder, state)
    record.end()
    if jax.process_index() == 0:
        exhibits.clear(folder)
        exhibits.leave(experiment.exhibits(config, state), folder)
        _show(experiment, config, history, model)
    return 0


def show_shapes(experiment: Any, config: Any) -> int:
    """What a run would compute with: a table; nothing is computed or written."""
    import jax

    found = experiment.shapes(config)
    table = Table("what", "shape", "dtype", Column("numbers", justify="right"), title=f"{experiment.name}, dry run")

    def add(name: str, leaf: Any) -> None:
        table.add_row(name, " × ".join(map(str, leaf.shape)) or "a number", str(leaf.dtype), f"{leaf.size:,}")

    for place, leaf in enumerate(jax.tree.leaves(found.batch)):
        add(f"batch[{place}]", leaf)
    for part in ("params", "buffers"):
        for name, leaf in getattr(found.state, part).items():
            add(name if part == "params" else f"{name} (buffer)", leaf)
    for path, leaf in jax.tree_util.tree_leaves_with_path(found.output):
        add(f"output{jax.tree_util.keystr(path)}", leaf)
    for when, metrics in zip(("step", "evaluation"), found.metrics, strict=True):
        for name, leaf in metrics.items():
            add(f"{name} of {'a step' if when == 'step' else 'an evaluation'}", leaf)
    console = Console()
    console.print(table)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(found.state.params))
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(found.state._replace(key=())))
    console.print(
        f"{found.steps:,} steps an epoch, {found.steps * config.epochs:,} in all; {parameters:,} parameters; "
        f"{size / 1e6:,.2f} MB with buffers and the optimiser's numbers",
        soft_wrap=True,
        highlight=False,
    )
    return 0


def mesh_of(axes: dict[str, int]) -> Any:
    """A mesh of the first devices there are.

    Raises:
        ValueError: there are too few.
    """
    import jax

    needed, found = math.prod(axes.values()), jax.device_count()
    if needed > found:
        raise ValueError(f"--mesh needs {needed} devices, and jax sees {found}")
    return jax.make_mesh(tuple(axes.values()), tuple(axes), devices=jax.devices()[:needed])


def make_way(folder: Path, experiment: Any, config: Any, *, resuming: bool, fresh: bool) -> None:
    """See that a run may write into a folder; a finished earlier one goes, once nothing is wrong with the new one.

    Raises:
        ValueError: the folder holds a run of another experiment, or an unfinished one that nobody wants to replace.
        DirectoryInUseError: a run is writing there.
    """
    from experiments.record import read
    from jaxdl.train.checkpoint.integrity import Lock
    from jaxdl.train.checkpoint.saved import Saved

    if not folder.exists():
        return
    with Lock(folder):
        earlier, saved = read(folder), Saved(folder / "checkpoints")
        name, steps = earlier.get("experiment", experiment.name), saved.steps()
        if name != experiment.name and not fresh:
            raise ValueError(
                f"{folder} holds a run of {name}; --out names another folder, --fresh puts this one in its place"
            )
        if not (fresh or earlier or steps) and (folder / "model.safetensors").exists():
            raise ValueError(
                f"{folder} holds a model.safetensors that no run left there; --out names another folder, --fresh puts "
                "the run in its place"
            )
        if resuming:
            return
        if steps and not earlier.get("finished") and not fresh:
            raise ValueError(
                f"{folder} holds an unfinished run, up to step {steps[-1]}: --resume goes on with it, --fresh begins "
                "anew in its place"
            )
        experiment.rehearse(config)
        _clear(folder, saved)


def _clear(folder: Path, saved: Any) -> None:
    """Remove what a run has left, and nothing else; cut short, it is done again by the next run."""
    from experiments import exhibits

    for step in saved.steps():
        saved.remove(step)
    exhibits.clear(folder)
    saved.clear_unfinished()
    for aside in saved.folder.glob("aside-*"):
        shutil.rmtree(aside)
    for file in [*folder.glob(EVENTS), *(folder / name for name in MADE)]:
        file.unlink(missing_ok=True)


def _save(folder: Path, state: Any) -> Path:
    import jax

    from jaxdl import bridge, train

    model = folder / "model.safetensors"
    tensors = train.whole({**state.params, **state.buffers})
    if jax.process_index() == 0:
        bridge.save(model, tensors)
    return model


def _show(experiment: Any, config: Any, history: Any, model: Path) -> None:
    witnesses = experiment.witnesses(config)
    columns = (Column(name, justify="right") for name in (f"epoch {history.final['epoch']}", *witnesses))
    table = Table(experiment.name, *columns)
    for name, value in history.final.items():
        if name != "epoch":
            answers = (f"{answer[name]:.4g}" if name in answer else "" for answer in witnesses.values())
            table.add_row(name, f"{value:.4g}", *answers)
    console = Console()
    console.print(table)
    verdict = "reached" if experiment.bound.holds(history.final) else "not reached"
    console.print(f"{experiment.bound}: {verdict}; parameters in {model}", soft_wrap=True)


def report(names: Sequence[str], out: Path | None = None) -> int:
    """Draw the page of a run, or of several beside each other: experiments by name, or folders.

    A run that still goes on, or was killed, has one as well.
    """
    from jaxdl.report import run_page

    print(run_page([_folder_of(name) for name in names], out))
    return 0


def _folder_of(name: str) -> Path:
    from jaxdl.experiment import find

    if Path(name).is_dir():
        return Path(name)
    try:
        return RUNS / find(name).name
    except LookupError as error:
        raise LookupError(f"there is no folder {name}, and {error.args[0]}") from None
