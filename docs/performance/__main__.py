"""Write docs/performance.md from what was measured, docs/performance/*.json, and from text.md beside it.

python -m docs.performance                    # writes the page and its pictures again
python -m docs.performance reports/compare    # takes over what `make compare` left there, and then does

The four files are results.json of the benchmark, growth.json (--growth), loops.json (--loops), operations.json (--ops).
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

from jaxdl import report
from jaxdl.report import growth
from jaxdl.report.numerals import moment, significant
from jaxdl.report.speed import best_torch, framework, label, median, of_jax, of_stock, rounds, timing, title
from jaxdl.report.wording import compared, range_of

HERE = Path(__file__).parent
PAGE = HERE.parent / "performance.md"
DATA = ("results", "growth", "loops", "operations")


def load() -> dict[str, Any]:
    """What was measured, by the name of its file."""
    return {name: json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")) for name in DATA}


def render(data: dict[str, Any]) -> str:
    """The page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template("text.md").render(
        networks="\n".join(networks(data["results"])),
        starts="\n".join(starts(data["results"])),
        measured=measured(data["results"]),
        ceiling={mode: f"{value:,.0f}" for mode, value in data["growth"]["ceiling"].items()},
        growth="\n".join(grown(data["growth"])),
        pictures=[series["title"] for series in data["growth"]["series"]],
        loops="\n".join(loops(data["loops"])),
        worst=max((one["ratio"] for one in data["loops"]["loops"] if "ratio" in one), default=1.0),
        operations=report.operations_page(data["operations"]),
    )


def measured(result: dict[str, Any]) -> str:
    """On what, and when."""
    machine, versions, settings = result["machine"], result["versions"], result["settings"]
    used = ", ".join(f"{name} {versions[name]}" for name in ("jax", "flax", "optax", "torch"))
    return (
        f"{machine['processor']}, {settings['threads']} cores, {settings['device']}, {settings['dtype']}; {used}; "
        f"{settings['rounds']} rounds; {moment(result['created'])}"
    )


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
    """Take over new data, if there are any, and write the page and its pictures."""
    for folder in folders:
        for name in DATA:
            if (Path(folder) / f"{name}.json").is_file():
                shutil.copy(Path(folder) / f"{name}.json", HERE / f"{name}.json")
    data = load()
    PAGE.write_text(render(data), encoding="utf-8")
    for number, drawn in enumerate(growth.drawn_series(data["growth"]), start=1):
        (HERE / f"growth-{number}.png").write_bytes(drawn.light)
    print(PAGE)


if __name__ == "__main__":
    main(sys.argv[1:])
