"""Write docs/performance.md and its pictures from what was measured, and from text.md beside this file.

python -m docs.performance reports/compare    # takes over what `make compare` left in that folder, and writes the page
python -m docs.performance                    # writes the page again, from the figures beside this file

Four runs leave the four files, and the page needs all of them; see COMMANDS.
"""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

from jaxdl import report
from jaxdl.report import growth
from jaxdl.report.intervals import verdict
from jaxdl.report.numerals import moment, significant
from jaxdl.report.speed import best_torch, framework, label, median, of_jax, of_stock, rounds, timing, title
from jaxdl.report.wording import compared, range_of

HERE = Path(__file__).parent
PAGE = HERE.parent / "performance.md"
COMMANDS = {
    "results": "make compare ARGS=--full",
    "growth": "make compare ARGS=--growth",
    "loops": "make compare ARGS=--loops",
    "operations": "make compare ARGS=--ops",
}
# jaxdl's time over PyTorch's best, as it was hoped for when the work began, on a machine where XLA's products are fast.
GOALS = {
    "logistic regression": 0.3,
    "MLP": 0.5,
    "64 MLPs": 1 / 15,
    "LeNet": 1.3,
    "CNN": 1.4,
    "LSTM": 1.1,
    "GPT, 4 × 128": 0.7,
}


def load(folder: Path) -> dict[str, Any]:
    """What was measured, by the name of its file.

    Raises:
        FileNotFoundError: a file is missing; which, and what writes it.
    """
    missing = [name for name in COMMANDS if not (folder / f"{name}.json").is_file()]
    if missing:
        ways = "; ".join(f"{name}.json by `{COMMANDS[name]}`" for name in missing)
        raise FileNotFoundError(f"{folder} lacks {', '.join(missing)}: measure {ways}")
    return {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in COMMANDS}


def render(data: dict[str, Any]) -> str:
    """The page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    timed = [one for one in data["loops"]["loops"] if "ratio" in one]
    return environment.get_template("text.md").render(
        networks="\n".join(networks(data["results"])),
        stock=stock(data["results"]),
        goals="\n".join(goals(data["results"])),
        starts="\n".join(starts(data["results"])),
        measured={name: measured(data[name]) for name in ("results", "growth", "loops")},
        ceiling={mode: significant(value) for mode, value in data["growth"]["ceiling"].items()},
        growth="\n".join(grown(data["growth"])),
        pictures=[series["title"] for series in data["growth"]["series"]],
        loops="\n".join(loops(data["loops"])),
        worst=max(timed, key=lambda one: one["ratio"], default=None),
        operations=report.operations_page(data["operations"]),
        commands=COMMANDS,
    )


def measured(result: dict[str, Any]) -> str:
    """On what, and when."""
    machine, versions, settings = result["machine"], result["versions"], result["settings"]
    used = ", ".join(f"{name} {versions[name]}" for name in ("jax", "flax", "optax", "torch") if versions.get(name))
    cores = [f"{settings['threads']} cores"] if "threads" in settings else []
    on = ", ".join([machine["processor"], *cores, settings["device"], "float32"])
    return f"{on}; {used}; rounds: {settings['rounds']}; {moment(result['created'])}"


def networks(result: dict[str, Any]) -> Iterator[str]:
    """A line a workload."""
    yield "| workload | JAX, ms | stock Flax, ms | PyTorch, ms | its best mode | beside PyTorch | beside stock Flax |"
    yield "|---|---:|---:|---:|---|---|---|"
    for entry in result["experiments"]:
        rows = timing(entry)
        best = best_torch(rows)
        shown = [next((row for row in rows if framework(row) == name), None) for name in ("jax", "flax")]
        times = [significant(median(row)) if row and rounds(row) else "–" for row in (*shown, best)]
        said = [
            f"{compared(found)} ({range_of(found)})" if found else "–" for found in (of_jax(entry), of_stock(entry))
        ]
        yield f"| {' | '.join([title(entry), *times, label(best) if best else '–', *said])} |"


def stock(result: dict[str, Any]) -> str:
    """How many workloads are ahead of stock Flax."""
    found = [speed for speed in map(of_stock, result["experiments"]) if speed is not None]
    counts = Counter(verdict((1 / speed.high, 1 / speed.low)) for speed in found)
    counted = f"{counts['faster']} ahead, {counts['tie']} tied, {counts['slower']} behind"
    return f"Of {len(found)} workloads beside stock Flax and optax: {counted}."


def goals(result: dict[str, Any]) -> Iterator[str]:
    """A line a goal."""
    yield "| workload | hoped for, at most | measured | |"
    yield "|---|---:|---|---|"
    for entry in result["experiments"]:
        found, goal = of_jax(entry), GOALS.get(title(entry))
        if goal is not None and found is not None:
            ends = (1 / found.high, 1 / found.low)
            word = "missed" if ends[0] > goal else "met" if ends[1] <= goal else "at its edge"
            yield f"| {title(entry)} | {goal:.2g} | {1 / found.ratio:.2g} ({ends[0]:.2g}–{ends[1]:.2g}) | {word} |"


def starts(result: dict[str, Any]) -> Iterator[str]:
    """A line a workload's training and mode: what a start takes."""
    yield "| workload | mode | import, s | first step, s | warm, s | process to first step, s | peak, MiB |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for entry in result["experiments"]:
        for row in timing(entry):
            if rounds(row) and row.get("import_s") is not None:
                warm = significant(row["first_warm_s"]) if "first_warm_s" in row else ""
                start = row.get("start_warm_s", row["start_cold_s"])
                figures = [row["import_s"], row["first_cold_s"]]
                cells = [title(entry), label(row), *map(significant, figures), warm]
                yield f"| {' | '.join([*cells, significant(start), significant(row['peak_mib'])])} |"


def grown(result: dict[str, Any]) -> Iterator[str]:
    """A line a point."""
    yield "| series | value | JAX, ms | PyTorch eager, ms | JAX, GFLOP/s | PyTorch, GFLOP/s |"
    yield "|---|---:|---:|---:|---:|---:|"
    for series in result["series"]:
        for point in series["points"]:
            rows = {row["mode"]: row for row in point["timing"] if rounds(row)}
            times = [median(rows[mode]) if mode in rows else None for mode in ("jax", "eager")]
            reached = [1e-6 * point["flops"] / time if time and point["flops"] else None for time in times]
            yield f"| {' | '.join([series['title'], str(point['value']), *map(significant, [*times, *reached])])} |"


def loops(result: dict[str, Any]) -> Iterator[str]:
    """A line a workload."""
    yield "| workload | `fit`'s choice, ms | a call a step, ms | a device loop, ms | choice over the better | 95 % |"
    yield "|---|---:|---:|---:|---:|---|"
    for row in report.loops_rows(result):
        yield f"| {' | '.join(row)} |"


def main(folders: list[str]) -> None:
    """Take over new figures, if there are any, and write the page and its pictures."""
    for folder in folders:
        found = [path for name in COMMANDS if (path := Path(folder) / f"{name}.json").is_file()]
        if not found:
            raise FileNotFoundError(f"{folder} has none of {', '.join(f'{name}.json' for name in COMMANDS)}")
        for path in found:
            shutil.copy(path, HERE / path.name)
    data = load(HERE)
    PAGE.write_text(render(data), encoding="utf-8")
    for old in HERE.glob("growth-*.png"):
        old.unlink()
    for number, drawn in enumerate(growth.drawn_series(data["growth"]), start=1):
        (HERE / f"growth-{number}.png").write_bytes(drawn.light)
    print(PAGE)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FileNotFoundError as error:
        sys.exit(str(error))
