"""What the page's template is given: a result in words, so that the template only places them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from jaxdl.report.numerals import count, duration, moment, scientific, significant
from jaxdl.report.result import Result
from jaxdl.report.speed import (
    Row,
    Speed,
    best_torch,
    framework,
    is_jax,
    label,
    median,
    of_jax,
    of_stock,
    rounds,
    speed,
    timing,
    title,
    unit,
)
from jaxdl.report.wording import agreement, compared, headline, largest, payback, range_of, verdict

View = dict[str, Any]

RUNGS = {
    "initial": "initial parameters",
    "batches": "order of the batches",
    "forward": "first output",
    "loss": "first loss",
    "gradient": "first gradients",
    "evaluation": "loss and metrics on test data",
}
WEIGHTS = {"seed": "from the seed", "copied": "from PyTorch"}
OCTAVES = 3  # a ratio of 8 fills its half of the overview's bar


def of_result(result: Result) -> View:
    """What concerns all experiments: the finding, the machine, the settings."""
    settings, machine = result.get("settings") or {}, result.get("machine") or {}
    versions = {name: version or "not installed" for name, version in (result.get("versions") or {}).items()}
    cores = f" of {machine['cores']}" if machine.get("cores") else ""
    facts = {
        "processor": machine.get("processor"),
        "cores used": f"{settings['threads']}{cores}" if settings.get("threads") else machine.get("cores"),
        "memory": f"{machine['memory_gib']:g} GiB" if machine.get("memory_gib") else None,
        "system": machine.get("system"),
        "device": settings.get("device"),
        "precision timed": settings.get("dtype"),
        "python": machine.get("python"),
        **versions,
        **{name: value or "none" for name, value in (result.get("flags") or {}).items()},
        "commit": result.get("commit"),
        "date": moment(str(result["created"])) if result.get("created") else None,
        "rounds": settings.get("rounds"),
        "time taken": duration(result["seconds"]) if result.get("seconds") else None,
    }
    said = [
        facts["date"],
        facts["processor"],
        count(settings["threads"], "core") if settings.get("threads") else None,
    ]
    return {
        "headline": headline(result).replace(" × ", "\xa0×\xa0"),  # a number stays in one line
        "setting": [str(part) for part in said if part],
        "rounds": count(settings["rounds"], "turn") if settings.get("rounds") else "several turns",
        "quick": bool(settings.get("quick")),
        "whole": bool(settings.get("whole", True)),
        "dtype": settings.get("dtype") or "float32",
        "facts": [(name, str(value)) for name, value in facts.items() if value is not None],
    }


def of_experiment(experiment: Mapping[str, Any]) -> View:
    """One experiment's section, but for its pictures."""
    parity, rows, found = experiment["parity"], timing(experiment), of_jax(experiment)
    jax = next((row for row in rows if is_jax(row)), None)
    rungs = sorted(parity.get("rungs") or [], key=lambda row: row["dtype"] != "float64")
    topic, slash, short = experiment["name"].rpartition("/")
    if experiment.get("label") not in (None, experiment["name"]) or experiment.get("task"):
        topic, slash, short = experiment["name"], " ", title(experiment)
    return {
        "name": title(experiment),
        "topic": topic + slash,
        "short": short.rpartition("/")[2] if short == experiment["name"] else short,
        "summary": experiment.get("summary") or "",
        "config": [(name, str(value)) for name, value in (experiment.get("config") or {}).items()],
        "agrees": parity["agrees"],
        "failure": None if parity["agrees"] else parity.get("failure") or "no reason given",
        "agreement": agreement(experiment),
        "largest": {dtype: scientific(largest(experiment, dtype)) for dtype in ("float64", "float32")},
        "ladder": ladder(rungs),
        "rungs": [_rung(row) for row in rungs],
        "modes": [_mode(row, rows) for row in rows],
        "payback": payback(rows),
        "engine": any(framework(row) == "engine" for row in rows),
        "unit": unit(experiment),
        "speed": compared(found) if jax and rounds(jax) else "not timed",
        "range": range_of(found),
        "stock": compared(of_stock(experiment)) if of_stock(experiment) else "–",
        "bar": bar(found),
        "after": after(rows),
        "mistakes": mistakes(((jax or {}).get("after") or {}).get("samples") or {}),
        "notes": list(dict.fromkeys(f"{label(row)}: {row['note']}" for row in rows if row.get("note"))),
    }


def ladder(rungs: Sequence[Mapping[str, Any]]) -> View:
    """The parity table at its shortest: a line a rung, a cell a dtype, the worse of both starts."""
    dtypes = list(dict.fromkeys(row["dtype"] for row in rungs))
    lines = []
    for rung in dict.fromkeys(row["rung"] for row in rungs):
        cells = []
        for dtype in dtypes:
            rows = [row for row in rungs if (row["dtype"], row["rung"]) == (dtype, rung)]
            worst = scientific(max((row["relative"] for row in rows), default=None))
            allowed = scientific(max((row["tolerance"] for row in rows), default=None), 1)
            agrees = all(row["agrees"] for row in rows)
            cells.append({"relative": worst, "allowed": allowed, "agrees": agrees})
        lines.append({"name": named(rung), "cells": cells, "agrees": all(cell["agrees"] for cell in cells)})
    return {"dtypes": dtypes, "lines": lines}


def named(rung: str) -> str:
    """A rung in words.

    >>> named("gradient"), named("step 10"), named("what is this")
    ('first gradients', 'after step 10', 'what is this')
    """
    if rung.startswith("losses "):
        return f"loss at each of steps {rung.removeprefix('losses ')}"
    return f"after {rung}" if rung.startswith("step ") else RUNGS.get(rung, rung)


def _rung(row: Mapping[str, Any]) -> View:
    return {
        "weights": WEIGHTS.get(row["weights"], row["weights"]),
        "dtype": row["dtype"],
        "rung": named(row["rung"]),
        "tensors": f"{row['tensors']:,}",
        "largest": scientific(row["largest"]),
        "relative": scientific(row["relative"]),
        "allowed": scientific(row["tolerance"], 1),
        "tensor": row["tensor"],
        "agrees": row["agrees"],
    }


def _mode(row: Row, rows: Sequence[Row]) -> View:
    times = rounds(row)
    return {
        "label": label(row),
        "framework": framework(row),
        "timed": bool(times),
        "best": row is best_torch(rows),
        "verdict": verdict(row, rows),
        "range": range_of(speed(row, rows)) if times and row is not best_torch(rows) else "",
        "import": significant(row.get("import_s")),
        "cold": significant(row.get("first_cold_s")),
        "warm": significant(row.get("first_warm_s")) if row.get("first_warm_s") is not None else "",
        "start": significant(row.get("start_warm_s", row.get("start_cold_s"))),
        "step": significant(median(row)) if times else "",
        "spread": f"{significant(min(times))}–{significant(max(times))}" if len(times) > 1 else "",
        "peak": significant(row.get("peak_mib")),
    }


def bar(found: Speed | None) -> View | None:
    """The overview's bar: from the middle to the right for a faster jax, to the left for a slower one.

    >>> bar(Speed(2.0, 1.9, 2.1))
    {'kind': 'faster', 'left': 50.0, 'width': 16.7}
    """
    if found is None:
        return None
    octaves = max(-OCTAVES, min(OCTAVES, math.log2(found.ratio)))
    kind = "tie" if found.tie else "faster" if octaves > 0 else "slower"
    left = 50 + 50 * min(0.0, octaves) / OCTAVES
    return {"kind": kind, "left": round(left, 1), "width": round(50 * abs(octaves) / OCTAVES, 1)}


def after(rows: Sequence[Row]) -> View | None:
    """What training came to in each mode, after as many steps as were timed; None where nothing was trained.

    >>> after([{"mode": "jax", "label": "JAX", "after": {"steps": 90, "loss": 0.5}}])["rows"]
    [('JAX', '90', '0.500')]
    """
    found = [(row, row["after"]) for row in rows if (row.get("after") or {}).get("steps")]
    if not found:
        return None
    final = next((after.get("final") for row, after in found if is_jax(row)), None) or {}
    return {
        "rows": [(label(row), f"{after['steps']:,}", significant(after.get("loss"))) for row, after in found],
        "tested": [(name.replace("_", " "), significant(value)) for name, value in final.items()],
    }


def mistakes(samples: Mapping[str, Any]) -> str:
    """How many of the test rows are misread.

    >>> mistakes({"kind": "classes", "mistakes": 2, "rows": 359})
    '2 of 359 test rows are misread.'
    """
    if samples.get("kind") != "classes" or "mistakes" not in samples or "rows" not in samples:
        return ""
    wrong, rows = samples["mistakes"], f"{samples['rows']:,} test rows"
    return (
        f"{wrong:,} of {rows} {'is' if wrong == 1 else 'are'} misread." if wrong else f"Not one of {rows} is misread."
    )
