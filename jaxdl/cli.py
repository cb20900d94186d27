"""`jaxdl doctor | diff | report`: for a user's own machine, models and runs; and how commands here report a mistake."""

import atexit
import os
import platform
import runpy
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.table import Table

import jaxdl
from jaxdl import _runtime, runtime

# What goes wrong through what a user gave: one sentence, no traceback. Anything else is our fault and shows its
# traceback.
MISTAKES = (LookupError, ValueError, TypeError, FloatingPointError, MemoryError, OSError)
# Packages that jaxdl can do without; what needs one says how to install it.
EXTRAS = ("torch", "tensorflow", "tensorboardX", "grain")
ROUNDING = 1e-3  # the self-check's largest error: 3e-5 where all is well, 2 on an unguarded jaxlib 0.10.2


def guarded(command: click.Command, arguments: Sequence[str] | None, name: str) -> int:
    """Run a command; a mistake is one sentence on stderr and a non-zero exit status.

    With JAXDL_TRACEBACK=1 in the environment the traceback is shown as well.
    """
    try:
        return command.main(arguments, prog_name=name, standalone_mode=False) or 0
    except click.exceptions.Abort:
        print("interrupted", file=sys.stderr)
        return 130
    except click.ClickException as error:
        print(f"{name}: {error.format_message()}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except MISTAKES as error:
        if os.environ.get("JAXDL_TRACEBACK"):
            raise
        text = error.args[0] if isinstance(error, LookupError) and error.args else error
        print(f"{name}: {text}", file=sys.stderr)
        return 1


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Deep learning's fundamentals in JAX, proven digit for digit against PyTorch."""


@commands.command()
def doctor() -> int:
    """Versions, devices, flags, and whether this machine computes the known bad case right."""
    import jax

    error = _runtime.largest_error()
    sound = error < ROUNDING
    table = Table("what", "here", title="jaxdl doctor")
    table.add_row("python", f"{platform.python_version()} on {platform.platform()}")
    table.add_row("jaxdl", jaxdl.__version__)
    for package in ("jax", "jaxlib", "flax", "optax", "numpy", "torch"):
        table.add_row(package, version(package) or "not installed")
    table.add_row("devices", ", ".join(str(device) for device in jax.devices()))
    table.add_row("cores", str(os.cpu_count()))
    table.add_row("XLA_FLAGS", os.environ.get("XLA_FLAGS") or "none")
    table.add_row("compiled programs", runtime.cache_state())
    table.add_row("guard of jaxlib 0.10.2", _runtime.guard_state())
    table.add_row(
        "self-check", f"{'right' if sound else 'WRONG'}: largest error {error:.1e} (below {ROUNDING:g} is rounding)"
    )
    Console().print(table)
    if not sound:
        print(f"jaxdl doctor: this jax computes wrong numbers; set XLA_FLAGS={_runtime.GUARD}", file=sys.stderr)
    return 0 if sound else 1


# What a file for `jaxdl diff` may define: the arguments of parity.diff.
NEEDED = ("jax_model", "torch_module", "inputs")
OPTIONAL = ("params", "jax_inputs", "keywords", "jax_keywords", "names", "loss", "optimizers", "steps")


@commands.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--steps", type=int, default=None, help="of training, where all else agrees  [default: the file's, or 3]")
def diff(file: Path, steps: int | None) -> int:
    """Find the first tensor in which a port differs from its PyTorch model, and why.

    FILE is a Python file that defines jax_model (a jaxdl or Flax NNX module, or a function of params and inputs),
    torch_module and inputs, and, where they are wanted, other arguments of parity.diff: params, names, jax_inputs,
    keywords, jax_keywords, loss, optimizers, steps.

    The exit status is 0 where everything agrees and 1 where something differs.
    """
    from jaxdl import parity

    parity.require_torch()
    found = definitions(file)
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise LookupError(f"{file} does not define {', '.join(missing)}; it needs {', '.join(NEEDED)}")
    given = {name: found[name] for name in (*NEEDED, *OPTIONAL) if name in found}
    if steps is not None:
        given["steps"] = steps
    screen = Console(stderr=True)
    with screen.status("both models run", spinner="line") as status:
        result = parity.diff(**given, tell=lambda text: status.update(f"tried: {text}"))
    result.print(Console())
    return 0 if result.agrees else 1


def report_option(command: Any) -> Any:
    """The flag of every command that draws runs."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="the page  [default: report.html in the run's folder, or in the one that holds all of them]",
    )(command)


@commands.command()
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path))
@report_option
def report(folders: Sequence[Path], out: Path | None) -> None:
    """Draw the page of a run, or of several beside each other.

    Each FOLDER holds the history.jsonl that train.fit(directory=FOLDER) writes; the run may still be going on.
    """
    from jaxdl.report import run_page

    print(run_page(folders, out))


def definitions(file: Path) -> dict[str, Any]:
    """What a user's Python file defines.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it fails; the sentence names its line.
    """
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    sys.path.insert(0, str(file.resolve().parent))  # as `python FILE` does
    try:
        return runpy.run_path(str(file))
    except Exception as error:
        if os.environ.get("JAXDL_TRACEBACK"):
            raise
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        place = f"{file}, line {line}" if line else str(file)
        raise ValueError(f"{place}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)


def version(package: str) -> str | None:
    """The installed version of a package, without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def main(arguments: Sequence[str] | None = None) -> None:
    """The `jaxdl` command."""
    leave(guarded(commands, arguments, "jaxdl"))


def leave(status: int) -> NoReturn:
    """End the process; one more Ctrl-C, while jax cleans up, would only print a traceback."""
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)
