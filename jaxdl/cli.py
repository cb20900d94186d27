"""`jaxdl doctor`: the command line for a user's own machine; and how every command line here reports a mistake."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata

import click
from rich.console import Console
from rich.table import Table

import jaxdl
from jaxdl import _runtime

# What goes wrong through what a user gave: one sentence, no traceback. Anything else is our fault and shows its
# traceback.
MISTAKES = (LookupError, ValueError, TypeError, FloatingPointError, OSError)
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
        if error.name != "torch":
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
    table.add_row("guard of jaxlib 0.10.2", _runtime.guard_state())
    table.add_row(
        "self-check", f"{'right' if sound else 'WRONG'}: largest error {error:.1e} (below {ROUNDING:g} is rounding)"
    )
    Console().print(table)
    if not sound:
        print(f"jaxdl doctor: this jax computes wrong numbers; set XLA_FLAGS={_runtime.GUARD}", file=sys.stderr)
    return 0 if sound else 1


def version(package: str) -> str | None:
    """The installed version of a package, without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def main(arguments: Sequence[str] | None = None) -> None:
    """The `jaxdl` command."""
    sys.exit(guarded(commands, arguments, "jaxdl"))
