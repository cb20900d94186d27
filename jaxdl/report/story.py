"""What a run's page says: the template only places it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxdl.report.course import looks
from jaxdl.report.curve import better, curve
from jaxdl.report.numerals import count, duration, moment, significant
from jaxdl.report.theme import DARK, LIGHT
from jaxdl.report.trace import Trace

View = dict[str, Any]
EPOCHS = 100  # lines of the table of epochs


def of_run(trace: Trace) -> View:
    """The page of one run."""
    facts = trace.facts
    return {
        "title": trace.name,
        "eyebrow": "a training run",
        "headline": headline(trace),
        "summary": facts.get("summary") or "",
        "badge": badge(trace),
        "setting": [part for part in (started(trace), device(trace)) if part],
        "failure": facts.get("failure"),
        "tiles": tiles(trace),
        "ends": ends(trace),
        "epochs": epochs(trace),
        "runs": None,
        "lists": lists([trace]),
    }


def of_runs(traces: Sequence[Trace], names: Sequence[str]) -> View:
    """The page of several runs."""
    return {
        "title": f"{len(traces)} runs",
        "eyebrow": "training runs side by side",
        "headline": best_of(traces, names),
        "summary": "",
        "badge": None,
        "setting": [],
        "failure": None,
        "tiles": [],
        "ends": None,
        "epochs": None,
        "runs": overview(traces, names),
        "lists": lists(traces),
    }


def headline(trace: Trace) -> str:
    """What came of a run, in one sentence."""
    if trace.facts.get("failure"):
        return f"{trace.name} failed after {count(trace.length, 'step')}"
    state = "" if trace.finished is not False else ", which is not at its end,"
    bound, final = trace.bound, trace.epochs[-1] if trace.epochs else {}
    if bound is not None and final.get(bound[0]) is not None and trace.finished:
        metric, relation, limit = bound
        reached = final[metric] >= limit if relation == ">=" else final[metric] <= limit
        words = f"{spoken(metric)} {beside(final[metric], limit)}"
        promised = f"{'at least' if relation == '>=' else 'at most'} {limit:g} was promised"
        return f"{trace.name} reached {words}; {promised}" if reached else f"{trace.name}: {words}, where {promised}"
    shown = next((name for name in trace.measures if name.startswith("test_") and name != "test_loss"), "loss")
    value = final.get(shown)
    if value is None:
        shown, value = "loss", last(trace, "loss")
    made = count(trace.length, "step") if trace.length else count(len(trace.epochs), "epoch")
    if value is None or not np.isfinite(value):
        return f"{trace.name}{state} has no finite {spoken(shown)} after {made}"
    return f"{trace.name}{state} has a {spoken(shown)} of {significant(value)} after {made}"


def beside(value: float, limit: float) -> str:
    """A score with as many digits as its bound has, and three at least.

    >>> beside(0.31166, 0.3117), beside(0.96712, 0.95)
    ('0.3117', '0.967')
    """
    return significant(value, max(3, len(f"{limit:e}".partition("e")[0].rstrip("0").replace(".", "").lstrip("-"))))


def badge(trace: Trace) -> View | None:
    """Whether the run is over and has reached what it should; None where nobody knows."""
    if trace.facts.get("failure"):
        return {"good": False, "text": "✗ failed"}
    if trace.finished is None:
        return None
    if not trace.finished:
        return {"good": None, "text": "unfinished"}
    reached = trace.facts.get("reached")
    if reached is None:
        return {"good": True, "text": "✓ finished"}
    return {"good": reached, "text": "✓ bound reached" if reached else "✗ bound not reached"}


def tiles(trace: Trace) -> list[tuple[str, str, str]]:
    """A run's figures: name, value, what belongs to it."""
    facts, bound, final = trace.facts, trace.bound, trace.epochs[-1] if trace.epochs else {}
    found: list[tuple[str, str | None, str]] = []
    if bound is not None:
        relation = "≥" if bound[1] == ">=" else "≤"
        found.append((spoken(bound[0]), _scored(final.get(bound[0]), bound[2]), f"bound: {relation} {bound[2]:g}"))
    planned = (facts.get("config") or {}).get("epochs")
    whole = f"of {planned:,}" if isinstance(planned, int) and planned != len(trace.epochs) else ""
    length = trace.epoch_length
    found += [
        ("training loss", _known(last(trace, "loss")), "at the end, smoothed"),
        ("epochs", f"{len(trace.epochs):,}" if trace.epochs else None, whole),
        ("steps", f"{trace.length:,}" if trace.length else None, f"{length:,} an epoch" if length else ""),
        ("time", duration(trace.seconds) if trace.seconds else None, "compiling included"),
        ("steps a second", _known(trace.steps_a_second), "in the median epoch"),
        ("parameters", f"{facts['parameters']:,}" if facts.get("parameters") else None, ""),
    ]
    return [(name, value, more) for name, value, more in found if value is not None]


def _scored(value: float | None, limit: float) -> str | None:
    return None if value is None else beside(value, limit)


def ends(trace: Trace) -> View | None:
    """Every metric at its end, and its lowest and highest value, with their epochs or steps."""
    named = [name for name in trace.measures if name != "seconds"]
    if named:
        unit, found = "epoch", {name: trace.epoch_values(name) for name in named}
    else:
        unit, found = "step", {name: (np.arange(1, len(v) + 1), v) for name, v in trace.steps.items()}
    rows = []
    for name, (places, values) in found.items():
        known = np.flatnonzero(np.isfinite(values))
        cells = [(significant(values[-1]), "")]
        for best in (np.argmin, np.argmax):
            place = known[best(values[known])] if len(known) else None
            cells.append(("–", "") if place is None else (significant(values[place]), f"{unit} {places[place]:,.0f}"))
        rows.append((_named(name, unit), cells))
    return {"columns": ["at the end", "lowest", "highest"], "rows": rows}


def epochs(trace: Trace) -> View | None:
    """Every epoch's record, or every so many'th and the last."""
    if not trace.epochs:
        return None
    stride = -(-len(trace.epochs) // EPOCHS)
    chosen = [*trace.epochs[stride - 1 :: stride]]
    if chosen[-1] is not trace.epochs[-1]:
        chosen.append(trace.epochs[-1])
    columns = trace.measures
    return {
        "heading": "Every epoch" if stride == 1 else f"One epoch in {stride}, and the last",
        "columns": [_named(name, "epoch") for name in columns],
        "rows": [(record["epoch"], [_cell(record.get(name)) for name in columns]) for record in chosen],
    }


def overview(traces: Sequence[Trace], names: Sequence[str]) -> View:
    """A line a run: where its settings differ, and what came of it."""
    differing, metrics = _differing(traces), _shared_metrics(traces)
    best = {metric: _best(traces, metric) for metric in metrics}
    rows = []
    for number, (trace, name, light, dark) in enumerate(
        zip(traces, names, looks(len(traces), LIGHT), looks(len(traces), DARK), strict=True)
    ):
        final = {metric: last(trace, metric) for metric in metrics}
        speed = trace.steps_a_second
        rows.append(
            {
                "name": name,
                "light": light[0],
                "dark": dark[0],
                "badge": badge(trace),
                "settings": [_setting(trace, field) for field in differing],
                "metrics": [(_known(final[metric]) or "–", number == best[metric]) for metric in metrics],
                "costs": [
                    f"{trace.length:,}" if trace.length else "–",
                    duration(trace.seconds) if trace.seconds else "–",
                    _known(speed) or "–",
                ],
            }
        )
    return {"settings": differing, "metrics": [_named(metric, "") for metric in metrics], "rows": rows}


def best_of(traces: Sequence[Trace], names: Sequence[str]) -> str:
    """Which of several runs ends best: by the bound's metric where all have the same, else by a loss."""
    bounds = {trace.bound[0] if trace.bound else None for trace in traces}
    shared = _shared_metrics(traces)
    first = [metric for metric in bounds if metric in shared] if len(bounds) == 1 else []
    for metric in (*first, "test_loss", "loss"):
        winner = _best(traces, metric) if metric in shared else None
        if winner is not None:
            value = significant(last(traces[winner], metric))
            extreme = "lowest" if better(metric) is np.nanargmin else "highest"
            return f"Of {len(traces)} runs, {names[winner]} ends with the {extreme} {spoken(metric)}: {value}"
    return f"{len(traces)} runs"


def last(trace: Trace, metric: str) -> float | None:
    """A metric at the end of a run: of the last epoch's record, or smoothed over the last steps."""
    values = trace.epoch_values(metric)[1]
    if metric == "loss" and trace.length and metric in trace.steps:
        values = curve(trace.steps[metric]).smooth
    return float(values[-1]) if len(values) else None


def lists(traces: Sequence[Trace]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What all runs have in common: configuration, machine and versions."""
    found = []
    for heading, parts in (("Configuration", ("config",)), ("Machine and versions", ("machine", "versions"))):
        facts = [{k: v for part in parts for k, v in (trace.facts.get(part) or {}).items()} for trace in traces]
        shared = [(k, _text(v)) for k, v in facts[0].items() if v is not None and all(f.get(k) == v for f in facts)]
        if shared:
            found.append((heading if len(traces) == 1 else f"{heading}, of all", shared))
    return found


def started(trace: Trace) -> str | None:
    """When the run began."""
    given = trace.facts.get("started")
    return moment(given) if given else None


def device(trace: Trace) -> str | None:
    """What it ran on."""
    machine: Mapping[str, Any] = trace.facts.get("machine") or {}
    cores = count(machine["cores"], "core") if isinstance(machine.get("cores"), int) else None
    said = [str(part) for part in (machine.get("device"), cores) if part]
    return ", ".join(said) or None


def spoken(metric: str) -> str:
    """A metric's name in a sentence."""
    return metric.replace("_", " ") if metric != "loss" else "training loss"


def _named(name: str, unit: str) -> str:
    if name == "seconds":
        return "seconds"
    return spoken(name) if name.startswith("test_") or unit != "epoch" else f"training {name.replace('_', ' ')}, mean"


def _shared_metrics(traces: Sequence[Trace]) -> list[str]:
    known = dict.fromkeys(name for trace in traces for name in trace.measures if name.startswith("test_"))
    return ["loss", *known]


def _best(traces: Sequence[Trace], metric: str) -> int | None:
    values = np.array([last(trace, metric) for trace in traces], float)
    where = better(metric)
    return int(where(values)) if where is not None and np.isfinite(values).any() else None


def _differing(traces: Sequence[Trace]) -> list[str]:
    settings = [trace.facts["config"] for trace in traces if trace.facts.get("config")]
    known = dict.fromkeys(field for config in settings for field in config)
    return [field for field in known if any(config.get(field) != settings[0].get(field) for config in settings)]


def _setting(trace: Trace, field: str) -> str:
    return _text((trace.facts.get("config") or {}).get(field, "–"))


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(value: Any) -> str:
    return significant(value) if isinstance(value, int | float) else "–"


def _known(value: float | None) -> str | None:
    return None if value is None else significant(value)


def described(traces: Sequence[Trace], names: Sequence[str], metrics: Sequence[str]) -> str:
    """What the figure over the steps shows, for who cannot see it."""
    longest = max(trace.length for trace in traces)
    said = [f"{', '.join(metrics)} over {count(longest, 'step')}."]
    for trace, name in zip(traces, names, strict=True):
        if metrics[0] in trace.steps:
            smooth = curve(trace.steps[metrics[0]]).smooth
            said.append(f"{name}: {metrics[0]} from {significant(smooth[0])} to {significant(smooth[-1])}.")
    return " ".join(said)
