"""What became slower since an earlier benchmark, beyond the noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from jaxdl.report.intervals import RESAMPLES
from jaxdl.report.numerals import significant
from jaxdl.report.result import Result
from jaxdl.report.speed import Row, framework, label, median, rounds, timing, title

SLIGHT = 0.05  # of a time: what two runs of one program may differ by when the machine is in another mood


@dataclass(frozen=True)
class Change:
    """A mode of a workload, now and then.

    Attributes:
        workload, mode: which.
        before, now: milliseconds a step.
        ratio: now / before, with what PyTorch eager's time did taken out of it: its code has not changed, so that its
            change is the machine's.
        low, high: the bootstrap interval of the ratio, 95 %.
    """

    workload: str
    mode: str
    before: float
    now: float
    ratio: float
    low: float
    high: float

    @property
    def slower(self) -> bool:
        """Whether it is slower beyond noise."""
        return self.low > 1 + SLIGHT

    @property
    def faster(self) -> bool:
        """Whether it is faster beyond noise."""
        return self.high < 1 - SLIGHT


def changes(result: Result, earlier: Result) -> list[Change]:
    """Every mode of jax that both results have a time of.

    Args:
        result: the new one.
        earlier: the old one, of the same machine with the same settings.

    Raises:
        ValueError: machine, threads or device differ, or they have no workload in common.
    """
    for part, name in (("machine", "processor"), ("settings", "threads"), ("settings", "device")):
        now, before = ((r.get(part) or {}).get(name) for r in (result, earlier))
        if now != before:
            raise ValueError(
                f"the earlier result cannot be compared with: its {name} is {before}, and here it is {now}"
            )
    old = {_key(entry): entry for entry in earlier["experiments"]}
    found = [
        change for entry in result["experiments"] if _key(entry) in old for change in _changes(entry, old[_key(entry)])
    ]
    if not found:
        raise ValueError("the earlier result cannot be compared with: it has no time of any of these workloads")
    return found


def changes_table(found: list[Change]) -> Table:
    """A row a mode, what changed beyond noise in words."""
    made = Table(title=Text("Since the earlier result", "bold"), box=box.SIMPLE, show_edge=False, padding=(0, 1, 0, 0))
    for heading in ("workload", "mode"):
        made.add_column(heading, overflow="fold")
    for heading in ("before, ms", "now, ms", "ratio", "95 %", ""):
        made.add_column(heading, justify="right", no_wrap=True)
    for change in found:
        said = "slower" if change.slower else "faster" if change.faster else ""
        cells = [significant(change.before), significant(change.now), f"{change.ratio:.2f}"]
        cells += [f"{change.low:.2f}–{change.high:.2f}", said]
        made.add_row(change.workload, change.mode, *cells, style="bold" if change.slower else "")
    made.caption = Text("The ratio is now over before, divided by PyTorch eager's own: 1 is no change.")
    made.caption_justify = "left"
    return made


def _key(entry: Result) -> tuple[Any, ...]:
    task = entry.get("task") or {}
    return entry["name"], str(entry.get("config")), task.get("kind"), task.get("number")


def _changes(entry: Result, old: Result) -> Iterator[Change]:
    rows = {row["mode"]: row for row in timing(entry) if rounds(row)}
    before = {row["mode"]: row for row in timing(old) if rounds(row)}
    for mode, row in rows.items():
        if framework(row) != "jax" or mode not in before:
            continue
        now, then = row, before[mode]
        both = "eager" in rows and "eager" in before
        new = _relative(now, rows["eager"] if both else None)
        old_rounds = _relative(then, before["eager"] if both else None)
        ratio = float(np.median(new) / np.median(old_rounds))
        yield Change(title(entry), label(row), median(then), median(now), ratio, *_interval(new, old_rounds))


def _relative(row: Row, reference: Row | None) -> np.ndarray:
    """A mode's rounds, in units of PyTorch eager's of the same round where that is known."""
    mine = np.array(rounds(row))
    if reference is None:
        return mine
    theirs = np.array(rounds(reference))[: len(mine)]
    return mine[: len(theirs)] / theirs


def _interval(new: np.ndarray, old: np.ndarray) -> tuple[float, float]:
    """The 95 % bootstrap interval of the two medians' ratio, each drawn for itself."""
    rng = np.random.RandomState(0)
    medians = [
        np.median(values[rng.randint(0, len(values), (RESAMPLES, len(values)))], axis=1) for values in (new, old)
    ]
    low, high = np.quantile(medians[0] / medians[1], [0.025, 0.975])
    return float(low), float(high)
