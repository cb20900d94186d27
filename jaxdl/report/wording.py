"""What a benchmark's result says in sentences."""

import math
from collections.abc import Sequence
from typing import Any

from jaxdl.report.numerals import count, duration, listed, scientific, times
from jaxdl.report.result import Result
from jaxdl.report.speed import Row, Speed, best_torch, is_jax, median, of_jax, of_stock, rounds, speed, title

NAMED = 3  # as many experiments are named in the headline, or factors listed; more are counted


def headline(result: Result) -> str:
    """What was found, in one sentence: who agrees, how closely, who is faster and who is not.

    >>> headline({"experiments": [{"name": "supervised/mlp", "parity": {"agrees": True}}]})
    'JAX and PyTorch agree in the one experiment; there is no time to compare.'
    """
    experiments = result["experiments"]
    if not experiments:
        return "No experiment was compared."
    agreeing = [experiment for experiment in experiments if experiment["parity"]["agrees"]]
    differing = [title(experiment) for experiment in experiments if not experiment["parity"]["agrees"]]
    if not agreeing:
        return "JAX and PyTorch do not agree, and nothing is timed before they do."
    things = "workload" if any(experiment.get("task") for experiment in experiments) else "experiment"
    every = f"the one {things}" if len(experiments) == 1 else f"all {len(experiments)} {things}s"
    where = f"{len(agreeing)} of {len(experiments)} {things}s" if differing else every
    finding = f"JAX and PyTorch agree in {where}{_closeness(agreeing, part(result))}"
    if len(agreeing) > 1:
        speeds = _speeds(agreeing)
    else:
        speeds = f"on {title(agreeing[0])} {_speed(agreeing[0])}" if differing else _speed(agreeing[0])
    return f"{'; '.join(clause for clause in (finding, _exceptions(differing), speeds) if clause)}."


def part(result: Result) -> str:
    """What parity was looked for over."""
    settings = result.get("settings") or {}
    return "over whole float64 runs" if settings.get("whole", True) else "in float64, over the first steps,"


def _closeness(agreeing: Sequence[Any], over: str) -> str:
    found = [largest(experiment, "float64") for experiment in agreeing]
    differences = [difference for difference in found if difference is not None and math.isfinite(difference)]
    if not differences:
        return ""
    if max(differences) == 0:
        return f": {over} not one bit of any tensor differs"
    most = scientific(max(differences))
    return f": {over} no tensor differs by more than {most} of its scale"


def _exceptions(differing: Sequence[str]) -> str:
    if not differing:
        return ""
    who = listed(differing) if len(differing) <= NAMED else str(len(differing))
    return f"{who} {'differs and is' if len(differing) == 1 else 'differ and are'} not timed"


def _speed(experiment: Any) -> str:
    found = of_jax(experiment)
    if found is None:
        return "there is no time to compare"
    level = found.tie or found.ratio == 1
    return f"JAX is {'level with' if level else f'{compared(found)} than'} the best PyTorch mode"


def _speeds(agreeing: Sequence[Any]) -> str:
    found = [of_jax(experiment) for experiment in agreeing]
    speeds = [speed for speed in found if speed is not None]
    untimed = len(agreeing) - len(speeds)
    if not speeds:
        return "none has a time to compare"
    groups = {
        "faster": [speed.ratio for speed in speeds if not speed.tie and speed.ratio > 1],
        "level": [speed.ratio for speed in speeds if speed.tie or speed.ratio == 1],
        "slower": [speed.ratio for speed in speeds if not speed.tie and speed.ratio < 1],
    }
    clauses = [
        f"{name} in {len(ratios)}{'' if name == 'level' else f' ({_factors(ratios)})'}"
        for name, ratios in groups.items()
        if ratios
    ]
    stock = [found for found in map(of_stock, agreeing) if found is not None]
    ahead = sum(found.low > 1 for found in stock)
    more = f", and ahead of stock Flax and optax in {ahead} of {len(stock)}" if stock else ""
    without = f", while {untimed} {'has' if untimed == 1 else 'have'} no time to compare" if untimed else ""
    return f"against the best PyTorch mode JAX is {listed(clauses)}{more}{without}"


def _factors(ratios: Sequence[float]) -> str:
    words = [times(ratio) for ratio in sorted(ratios, key=lambda ratio: max(ratio, 1 / ratio))]
    return listed(words) if len(words) <= NAMED else f"{words[0]} to {words[-1]}"


def largest(experiment: Any, dtype: str) -> float | None:
    """The largest difference of any tensor on any rung, in units of its scale; None without rungs."""
    rungs = experiment["parity"].get("rungs") or []
    return max((row["relative"] for row in rungs if row["dtype"] == dtype), default=None)


def compared(found: Speed | None) -> str:
    """A mode beside the best PyTorch mode.

    >>> compared(Speed(1.87, 1.8, 1.9)), compared(Speed(0.77, 0.7, 0.8)), compared(Speed(1.04, 0.9, 1.1))
    ('1.9× faster', '1.3× slower', 'tie (1.04× faster)')
    """
    if found is None:
        return "no PyTorch time beside it"
    factor = times(found.ratio)
    words = "equal" if factor == "1.00×" else f"{factor} {'faster' if found.ratio > 1 else 'slower'}"
    return f"tie ({words})" if found.tie else words


def range_of(found: Speed | None) -> str:
    """The interval of a ratio.

    >>> range_of(Speed(2.0, 1.9, 2.1))
    '1.90–2.10'
    """
    return "" if found is None or found.low == found.high else f"{found.low:.2f}–{found.high:.2f}"


def verdict(row: Row, rows: Sequence[Row]) -> str:
    """What a mode's row says of its speed, or why it says nothing.

    >>> verdict({"mode": "compile", "reason": "no compiler"}, [])
    'no time: no compiler'
    """
    if not rounds(row):
        return f"no time: {row.get('reason') or 'it was not measured'}"
    return "best PyTorch mode" if row is best_torch(rows) else compared(speed(row, rows))


def agreement(experiment: Any) -> str:
    """The parity table in one sentence."""
    rungs = experiment["parity"].get("rungs") or []
    if not rungs:
        return ""
    tensors = count(sum(row["tensors"] for row in rungs), "tensor")
    beyond = sum(not row["agrees"] for row in rungs)
    if beyond:
        return f"{beyond} of {count(len(rungs), 'row')} beyond what is allowed; {tensors} compared"
    return f"{tensors} compared in {count(len(rungs), 'row')}, every one within what is allowed"


def payback(rows: Sequence[Row]) -> str:
    """After how many steps a faster jax has made up for a later start; empty where that is no question.

    >>> jax = {"mode": "jax", "step_ms": [1.0], "start_cold_s": 2.0}
    >>> eager = {"mode": "eager", "label": "eager", "step_ms": [2.0], "start_cold_s": 1.6}
    >>> payback([jax, eager])
    'Its first start takes JAX 400 ms longer than eager; after 400 steps it has made that up.'
    """
    jax, best = next((row for row in rows if is_jax(row)), None), best_torch(rows)
    found = None if jax is None else speed(jax, rows)
    starts = [row.get("start_cold_s") for row in (jax, best) if row]
    if jax is None or best is None or found is None or found.tie or found.ratio <= 1 or None in starts:
        return ""
    late = jax["start_cold_s"] - best["start_cold_s"]
    if late <= 0:
        return f"Its first start, too, takes JAX less time than {best['label']}."
    steps = math.ceil(round(1e3 * late / (median(best) - median(jax)), 6))
    return (
        f"Its first start takes JAX {duration(late)} longer than {best['label']}; "
        f"after {count(steps, 'step')} it has made that up."
    )
