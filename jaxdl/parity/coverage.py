"""What was compared with PyTorch, and how far it was off: docs/coverage.md, from docs/coverage.json.

    python -m jaxdl.parity.coverage            # measures what has changed since, and writes both files
    python -m jaxdl.parity.coverage --all      # measures everything anew

A figure is the largest difference of all cases, in units of the tensor's largest magnitude. Each row remembers a
digest of the code that it measured, without comments and docstrings; a row whose code has changed is stale.
"""

import ast
import hashlib
import importlib
import json
import multiprocessing
import platform
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click
import jax
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from jaxdl import functional, nn, optim
from jaxdl.parity import adapters, modules, operators, optimizers
from jaxdl.parity.reference import require_torch
from jaxdl.parity.samples import Tally

DOCS = Path(__file__).parents[2] / "docs"
PACKAGE = Path(__file__).parents[1]
SECTIONS = ("functional", "nn", "optim")
# What draws initial weights is behind no figure: the cases bring PyTorch's; tests/nn/test_seed.py compares the draws.
DRAWS = ("jaxdl.random", "jaxdl.nn.init")
TITLES = {
    "functional": "Functions: torch.nn.functional by op_db",
    "nn": "Modules: torch.nn by module_db",
    "optim": "Optimisers: torch.optim by optim_db",
}
COLUMNS = {
    "functional": ("value", "gradient", "second"),
    "nn": ("value", "gradient", "buffers"),
    "optim": ("parameters", "state"),
}


@dataclass(frozen=True)
class Row:
    """One name.

    Attributes:
        section: 'functional', 'nn' or 'optim'.
        name: as in PyTorch.
        cases: how many were run.
        known: how many PyTorch has.
        figures: the largest difference in units of scale, by 'kind dtype'.
        notes: what limits the comparison.
        digest: of the code that was measured.
    """

    section: str
    name: str
    cases: int
    known: int
    figures: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    digest: str = ""


def names() -> list[tuple[str, str]]:
    """(section, name) of all that is measured: what the databases hold, without what is out."""
    found = [("functional", name) for name in operators.entries() if name not in adapters.OUT]
    found += [("nn", name) for name in modules.names() if name not in adapters.MODULES_OUT]
    return found + [("optim", name) for name in optimizers.names() if name not in optimizers.OUT]


def left_out() -> dict[str, str]:
    """What PyTorch has and jaxdl has not, with the reason."""
    return adapters.OUT | adapters.MODULES_OUT | optimizers.OUT


def measure(section: str, name: str, limit: int | None = None) -> Tally:
    """All cases of one name (or `limit` of each kind)."""
    if section != "optim":
        return (operators if section == "functional" else modules).measure(name, limit)
    tally = Tally(name)
    for found in optimizers.measure(name):
        tally.cases += found.cases
        tally.faults += found.faults
        for kind in COLUMNS["optim"]:
            for dtype, figure in getattr(found, kind).items():
                tally.worst[kind, dtype] = max(tally.worst.get((kind, dtype), 0.0), figure)
    tally.known = tally.cases
    return tally


def row(section: str, name: str, limit: int | None = None) -> Row:
    """Measure one name: all its cases, or `limit` of each kind.

    Raises:
        AssertionError: a case goes beyond its limit.
    """
    import torch

    torch.set_num_threads(1)
    jax.clear_caches()  # a process measures many names
    tally = measure(section, name, limit)
    if tally.faults:
        raise AssertionError(f"{tally}\n" + "\n".join(tally.faults[:5]))
    figures = {f"{kind} {dtype}": found for (kind, dtype), found in sorted(tally.worst.items())}
    return Row(section, name, tally.cases, tally.known, figures, tuple(sorted(tally.notes)), digest(section, name))


def read(folder: Path = DOCS) -> dict[tuple[str, str], Row]:
    """The rows of coverage.json."""
    if not (folder / "coverage.json").exists():
        return {}
    data = json.loads((folder / "coverage.json").read_text(encoding="utf-8"))
    rows = [Row(**{**entry, "notes": tuple(entry["notes"])}) for entry in data["rows"]]
    return {(r.section, r.name): r for r in rows}


def stale(rows: dict[tuple[str, str], Row]) -> list[tuple[str, str]]:
    """What has no row, or one whose code has changed."""
    return [key for key in names() if key not in rows or rows[key].digest != digest(*key)]


def partial(rows: dict[tuple[str, str], Row]) -> list[tuple[str, str]]:
    """What was measured on some of its cases only."""
    return [key for key, found in rows.items() if found.cases < found.known]


def render(rows: dict[tuple[str, str], Row], machine: dict[str, str]) -> str:
    """The page."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.items())
    lines = [
        "# Coverage",
        "",
        "Every name of PyTorch's own case databases (`torch.testing._internal`), and some that they lack, in jaxdl",
        "and in PyTorch: how many cases were run, and the largest difference of all, in units of the tensor's",
        "largest magnitude. float64 must stay below 1e-10, float32 below 1e-5 (optimisers after 200 steps: 2e-5),",
        "unless a note says why not. A value was compared called plainly, under `jit` and under `vmap`, a gradient",
        "under the last two;",
        f"`second` holds reverse over reverse and forward over reverse, of at most {operators.TWICE} samples an entry.",
        "",
        f"Generated by `make coverage` ({versions}); a test fails when a row is stale.",
    ]
    for section in SECTIONS:
        found = [r for r in rows.values() if r.section == section]
        columns = [f"{kind} {dtype}" for dtype in ("float64", "float32") for kind in COLUMNS[section]]
        columns = [c for c in columns if any(c in r.figures for r in found)]
        lines += ["", f"## {TITLES[section]}", "", f"| name | cases | {' | '.join(columns)} | notes |"]
        lines.append("|---|---:|" + "---:|" * len(columns) + "---|")
        for r in sorted(found, key=lambda r: r.name.lower()):
            figures = [_figure(r.figures.get(column)) for column in columns]
            name = r.name.removeprefix("nn.functional.")
            cases = str(r.cases) if r.cases == r.known else f"{r.cases} of {r.known}"
            lines.append(f"| {name} | {cases} | {' | '.join(figures)} | {'; '.join([*r.notes, *_reasons(r)])} |")
    lines += ["", "## Left out", "", "| name | why |", "|---|---|"]
    lines += [f"| {name.removeprefix('nn.functional.')} | {reason} |" for name, reason in sorted(left_out().items())]
    return "\n".join(lines) + "\n"


def _figure(value: float | None) -> str:
    return "" if value is None else "0" if value == 0 else f"{value:.0e}"


def _reasons(r: Row) -> Iterator[str]:
    """Why a row's limits are wider, or its call another."""
    limits = adapters.LIMITS if r.section == "functional" else adapters.MODULE_LIMITS
    yield from dict.fromkeys(reason for (name, *_), (_, reason) in limits.items() if name == r.name)
    if r.name in adapters.SCALE:
        yield adapters.SCALE[r.name][1]
    if r.name in adapters.ADAPTERS:
        yield adapters.ADAPTERS[r.name].reason
    yield from (f"not refused: {reason}" for (name, _), reason in adapters.ACCEPTED.items() if name == r.name)


def digest(section: str, name: str) -> str:
    """Of the code behind a name: its own file and, of jaxdl, all that it reaches but what draws initial weights."""
    if section == "functional":
        target: Any = getattr(functional, name.rpartition(".")[2])
    else:
        target = getattr(nn, name) if section == "nn" else getattr(optim, name.lower())
    reached: dict[str, str] = {}
    waiting = [target.__module__]
    while waiting:
        module = waiting.pop()
        if module not in reached and not module.startswith(DRAWS):
            reached[module], used = _source(module)
            waiting += used
    text = "".join(reached[module] for module in sorted(reached))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _source(module: str) -> tuple[str, list[str]]:
    """A module's code without comments and docstrings, and the files of jaxdl that it uses."""
    tree = ast.parse(Path(str(importlib.import_module(module).__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body = body[1:]  # type: ignore[attr-defined, index]
    packages: dict[str, Any] = {}  # local names of packages, such as F
    used = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("jaxdl"):
            source = importlib.import_module(node.module)
            for alias in node.names:
                value = getattr(source, alias.name, None)
                if value is None or hasattr(value, "__path__"):
                    packages[alias.asname or alias.name] = value
                elif not hasattr(source, "__path__"):
                    used.append(node.module)
                else:
                    used.append(getattr(value, "__module__", node.module))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in packages:
            used.append(getattr(getattr(packages[node.value.id], node.attr, None), "__module__", None) or "jaxdl")
    return ast.dump(tree), [m for m in used if m.startswith("jaxdl.") and m != module]


def versions() -> dict[str, str]:
    """What was measured with what."""
    import torch

    return {"jax": jax.__version__, "torch": torch.__version__.partition("+")[0], "on": platform.machine()}


@click.command()
@click.option("--all", "everything", is_flag=True, help="Measure everything anew, not only what has changed.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
@click.option("--limit", type=int, default=None, help="Samples of each entry and mode.  [default: all]")
@click.argument("chosen", nargs=-1)
def main(everything: bool, jobs: int, limit: int | None, chosen: tuple[str, ...]) -> None:
    """Measure what has changed (or the CHOSEN names) and write docs/coverage.json and docs/coverage.md."""
    require_torch()
    rows = read()
    wanted = names() if everything else list(dict.fromkeys(stale(rows) + ([] if limit else partial(rows))))
    if chosen:
        wanted = [key for key in names() if key[1].removeprefix("nn.functional.") in chosen]
    wanted.sort(key=lambda key: -rows[key].known if key in rows else 0)  # the longest first
    failed = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns) as progress,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool,
    ):
        task = progress.add_task("coverage", total=len(wanted))
        for done in as_completed([pool.submit(row, *key, limit) for key in wanted]):
            try:
                found = done.result()
                rows[found.section, found.name] = found
                _write(rows)
            except Exception as error:  # one name's failure; the others are still measured
                failed.append(str(error))
                progress.console.print(str(error)[:1000], markup=False)
            progress.advance(task)
    _write(rows)
    if failed:
        sys.exit(f"{len(failed)} of {len(wanted)} names differ from PyTorch; their rows were not written")


def _write(rows: dict[tuple[str, str], Row]) -> None:
    order = {key: place for place, key in enumerate(names())}
    kept = {key: rows[key] for key in sorted(order, key=order.__getitem__) if key in rows}
    machine = versions()
    data = {"machine": machine, "rows": [asdict(r) for r in kept.values()]}
    (DOCS / "coverage.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    (DOCS / "coverage.md").write_text(render(kept, machine), encoding="utf-8")


if __name__ == "__main__":
    main()
