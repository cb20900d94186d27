"""The parent: values first, then turns between the processes."""

import importlib.util
import statistics
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jaxdl.compare import machine
from jaxdl.compare.operations.cases import AREA, CASES
from jaxdl.compare.operations.process import Results, Worker
from jaxdl.compare.operations.stock import STOCK

SECONDS_A_TURN = 0.02


@dataclass(frozen=True)
class Timing:
    """One function, forward or with its gradient.

    Attributes:
        area: of the functions.
        name: of the case.
        kind: 'forward', or 'gradient': the results and the gradients.
        us: microseconds a call, median of the rounds, by side: 'ours', 'stock', 'alike' (stock with PyTorch's layout
            at both ends), 'torch'. What there is not is left out.
        ratios: ours / the other side, of each round.
        layout: which of PyTorch's was faster: 'contiguous' or 'channels_last'; empty without PyTorch.
        differences: of our results from stock's and PyTorch's in units of scale.
        notes: why ours is slower, or what the other does otherwise, by side.
    """

    area: str
    name: str
    kind: str
    us: dict[str, float]
    ratios: dict[str, list[float]]
    layout: str
    differences: dict[str, float]
    notes: dict[str, str]


def run(
    names: Sequence[str] = (), *, rounds: int = 9, tell: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Time the named cases, or all; beside PyTorch where it is installed.

    Args:
        names: of the cases, or of their functions; none: all.
        rounds: turns that each side gets.
        tell: called with a line of text at each stage.

    Returns:
        The result as JSON holds it: machine and versions, and `operations`, a `Timing` each.

    Raises:
        ValueError: a name that has no case; results that differ.
    """
    chosen = _chosen(names)
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, given {rounds}")
    found, load, threads = [], machine.load(), machine.cores()
    frameworks = ["jax", *(["torch"] if importlib.util.find_spec("torch") else [])]
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = [stack.enter_context(Worker(framework, threads, scratch)) for framework in frameworks]
        for name, kind in _rows(chosen):
            tell(f"{name}, {kind}")
            found.append(asdict(_time(workers, name, kind, rounds)))
    return {**machine.describe(), "rounds": rounds, "threads": threads, "load": load, "operations": found}


def stages(names: Sequence[str] = ()) -> int:
    """How often `run` tells something."""
    return len(_rows(_chosen(names)))


def _chosen(names: Sequence[str]) -> list[str]:
    unknown = [name for name in names if not any(name in (case, case.partition(",")[0]) for case in CASES)]
    if unknown:
        raise ValueError(f"there is no case for {', '.join(unknown)}; there are {', '.join(CASES)}")
    return [case for case in CASES if not names or case in names or case.partition(",")[0] in names]


def _rows(names: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (name, kind) for name in names for kind in (("forward", "gradient") if CASES[name].smooth else ("forward",))
    ]


def _time(workers: Sequence[Worker], name: str, kind: str, rounds: int) -> Timing:
    owner: dict[str, Worker] = {}
    results: Results = {}
    for worker in workers:
        made, computed = worker.prepare(name, kind)
        owner |= dict.fromkeys(made, worker)
        results |= computed
    differences = _checked(name, kind, results)
    order = list(owner)
    calls = {side: max(1, round(SECONDS_A_TURN / max(owner[side].turn(side, 2), 1e-7))) for side in order}
    times: dict[str, list[float]] = {side: [] for side in order}
    for number in range(rounds):
        for side in order[:: 1 if number % 2 == 0 else -1]:
            times[side].append(owner[side].turn(side, calls[side]))
    us = {side: 1e6 * statistics.median(seconds) for side, seconds in times.items()}
    layout = "contiguous" if "torch" in us else ""
    if "channels_last" in us and (last := us.pop("channels_last")) < us["torch"]:
        layout, us["torch"], times["torch"] = "channels_last", last, times["channels_last"]
    ratios = {side: [o / t for o, t in zip(times["ours"], times[side], strict=True)] for side in us if side != "ours"}
    notes = {"stock": STOCK[name].note if name in STOCK else "", "torch": CASES[name].slower}
    return Timing(AREA[name], name, kind, us, ratios, layout, differences, notes)


def _checked(name: str, kind: str, results: Results) -> dict[str, float]:
    """How far ours is from the others.

    Raises:
        ValueError: farther than it may be.
    """
    found = {}
    for side in [side for side in results if side != "ours"]:
        if CASES[name].random:
            if [a.shape for a in results["ours"]] != [a.shape for a in results[side]]:
                raise ValueError(f"{name}, {kind}: jaxdl's results and {side}'s have other shapes")
            continue
        loose = kind == "gradient" and side == "stock"
        found[side] = max(_difference(a, b, loose) for a, b in zip(results["ours"], results[side], strict=True))
        allowed = STOCK[name].allowed if side == "stock" else CASES[name].allowed
        if not found[side] <= allowed:
            raise ValueError(f"{name}, {kind}: jaxdl and {side} differ by {found[side]:.1e} of the scale")
    return found


def _difference(ours: np.ndarray, theirs: np.ndarray, loose: bool) -> float:
    """The largest difference in units of the largest magnitude; loose, of the root mean squares, as stock breaks a
    tie in another way here and there.
    """
    if ours.shape != theirs.shape:
        return float("inf")
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    size = np.linalg.norm if loose else (lambda x: np.abs(x).max(initial=0.0))
    return float(size((a - b).ravel()) / max(size(b.ravel()), 1e-30))
