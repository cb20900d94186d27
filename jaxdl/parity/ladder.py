"""The ladder: two training runs compared, rung by rung, on every tensor by name."""

import io
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from jaxdl.parity import document
from jaxdl.parity.errors import ParityError
from jaxdl.parity.record import Record, Tensors
from jaxdl.parity.tolerances import ROUNDING, tolerance

# In the order of execution; "step" has its number behind it, and "losses" from which step to which.
RUNGS = ("initial", "batches", "forward", "loss", "gradient", "step", "losses", "evaluation")
# The curve of losses is compared in parts, up to these steps and to its end: float32 grows apart.
PARTS = (10, 30, 100)


@dataclass(frozen=True)
class Row:
    """One tensor on one rung.

    Attributes:
        weights: where the run started: 'seed' (each framework drew its own) or 'copied' (jax got PyTorch's).
        dtype: 'float64' or 'float32'.
        rung: of the ladder.
        tensor: its name.
        difference: the largest absolute difference; infinite where a shape differs or a value is missing or NaN.
        scale: the largest absolute value of PyTorch's tensor; of a gradient that cancels, and of the optimiser's state
            that follows from it, that of all tensors of the kind.
        tolerance: the largest allowed difference in units of the scale.
        note: what is known about a difference.
    """

    weights: str
    dtype: str
    rung: str
    tensor: str
    difference: float
    scale: float
    tolerance: float
    note: str = ""

    @property
    def relative(self) -> float:
        """The difference in units of the tensor's scale."""
        return 0.0 if self.difference == 0 else self.difference / self.scale if self.scale else float("inf")

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.relative <= self.tolerance

    def __str__(self) -> str:
        sign = "<=" if self.agrees else ">"
        where = f"{self.rung} · {self.tensor}"
        note = f": {self.note}" if self.note and not self.agrees else ""
        return f"{where} · {self.relative:.1e} {sign} {self.tolerance:.0e} ({self.dtype}, weights {self.weights}){note}"


@dataclass(frozen=True)
class Reference:
    """Where PyTorch's numbers came from: 'live', computed now, or 'frozen', out of a file.

    >>> print(Reference("live", "2.13.0+cpu"))
    PyTorch 2.13.0+cpu, live
    """

    kind: str
    torch: str
    written: str = ""
    processor: str = ""

    def __str__(self) -> str:
        if self.kind == "live":
            return f"PyTorch {self.torch}, live"
        return f"frozen numbers of PyTorch {self.torch}, written {self.written} on {self.processor}"


@dataclass(frozen=True)
class Ladder:
    """The result: every row, in the order of execution.

    Attributes:
        name: of what was compared.
        rows: a tensor on a rung each.
        curves: the loss of every step, by dtype and framework ('jax' drew its own weights).
        reference: what it was compared with.
        spread: the losses of further float32 runs of PyTorch's, by what they do otherwise: only sums in another order.
    """

    name: str
    rows: tuple[Row, ...]
    curves: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    reference: Reference | None = None
    spread: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def rungs(self) -> list[str]:
        """The rungs that were climbed, in their order."""
        return sorted({row.rung for row in self.rows}, key=_height)

    def rungs_of(self, kind: str) -> list[str]:
        """The rungs of one of `RUNGS`: 'step' has several."""
        return [rung for rung in self.rungs if _kind(rung) == kind]

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows beyond their tolerance, the first of them first."""
        return tuple(row for row in self.rows if not row.agrees)

    def assert_agreement(self) -> None:
        """Raise ParityError with rung, tensor, difference, tolerance and dtype of the first failure, if any."""
        __tracebackhide__ = True  # pytest then shows the caller's line
        if self.failures:
            more = f" (and {len(self.failures) - 1} more)" if len(self.failures) > 1 else ""
            raise ParityError(f"{self.name}: {self.failures[0]}{more}")

    def summary(self) -> list[dict[str, Any]]:
        """A dict a rung: its largest difference, absolute and in units of scale, and the tensor that has it."""
        groups: dict[tuple[str, str, str], list[Row]] = {}
        for row in self.rows:
            groups.setdefault((row.weights, row.dtype, row.rung), []).append(row)
        return [
            {
                **asdict(worst := max(rows, key=lambda row: row.relative)),
                "relative": worst.relative,
                "largest": max(row.difference for row in rows),
                "tensors": len(rows),
                "agrees": all(row.agrees for row in rows),
            }
            for rows in groups.values()
        ]

    def departures(self) -> dict[str, float]:
        """How far float32 runs come from PyTorch's, in units of its largest loss: 'jax', and each of the spread."""
        single = self.curves.get("float32", {})
        if "torch" not in single:
            return {}
        runs = {"jax": single.get("jax"), **self.spread}
        gaps = {name: difference(curve, single["torch"]) for name, curve in runs.items()}
        return {name: gap / scale if scale else gap for name, (gap, scale) in gaps.items()}

    def allowed(self, dtype: str) -> np.ndarray:
        """How far each step's loss may be from PyTorch's, `[steps]`."""
        curve = np.abs(self.curves[dtype]["torch"])
        steps = range(1, len(curve) + 1)
        return float(curve.max()) * np.array([tolerance(f"losses {step} to {step}", dtype) for step in steps])

    def text(self, width: int = 100) -> str:
        """The table as text."""
        text = io.StringIO()
        Console(file=text, width=width).print(self.table())
        return text.getvalue()

    def table(self, rung: str | None = None) -> Table:
        """For a terminal of 80 columns: a line a rung, the largest difference of its n tensors; or a rung's tensors.

        Raises:
            ValueError: there is no such rung.
        """
        if rung is not None and rung not in self.rungs:
            raise ValueError(f"{self.name} has no rung {rung!r}; there are {', '.join(self.rungs)}")
        lines = self.summary() if rung is None else [_line(row) for row in self.rows if row.rung == rung]
        heading = self.name if rung is None else f"{self.name} · {rung}"
        table = Table(
            title=f"{heading}\nagainst {self.reference}" if self.reference else heading,
            box=SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        numbers = ("|Δ|", "of scale", "allowed", "verdict")
        for column in ("rung", "n", *numbers) if rung is None else numbers:
            table.add_column(column, no_wrap=True)
        table.add_column("largest in" if rung is None else "tensor", overflow="fold")
        group = None
        for line in lines:
            if group != (group := (line["dtype"], line["weights"])):
                table.add_section()
                origin = "the seed" if line["weights"] == "seed" else "PyTorch"
                blank = [""] * (len(table.columns) - 2)
                table.add_row(f"[bold]{line['dtype']}", *blank, f"[bold]weights from {origin}")
            place = [line["rung"], str(line["tensors"])] if rung is None else []
            table.add_row(*place, *_cells(line), line["tensor"] if line["largest"] or rung is not None else "")
        return table

    def save(self, path: Path) -> None:
        """Write every row and the curves as JSON; an infinite difference is null there."""
        document.save(
            path,
            {
                "name": self.name,
                "reference": asdict(self.reference) if self.reference else None,
                "agrees": not self.failures,
                "rows": [_line(row) for row in self.rows],
                "curves": {dtype: {f: curve.tolist() for f, curve in c.items()} for dtype, c in self.curves.items()},
                "spread": {name: curve.tolist() for name, curve in self.spread.items()},
            },
        )


def _line(row: Row) -> dict[str, Any]:
    return {**asdict(row), "relative": row.relative, "largest": row.difference, "agrees": row.agrees}


def _cells(line: dict[str, Any]) -> list[str]:
    return [
        f"{line['largest']:.1e}",
        f"{line['relative']:.1e}",
        f"{line['tolerance']:.0e}",
        "agrees" if line["agrees"] else "[bold]DIFFERS",
    ]


def compare(computed: Record, reference: Record, *, dtype: str, weights: str) -> list[Row]:
    """Every tensor of two records, by rung and name; what only one of them holds is an infinite difference."""
    rungs, others = _in_parts(computed.rungs), _in_parts(reference.rungs)
    cancelled = _cancelled(rungs.get("gradient", {}), others.get("gradient", {}), dtype)
    rows = []
    for rung in sorted({**others, **rungs}, key=_height):
        ours, theirs = rungs.get(rung, {}), others.get(rung, {})
        for name in [*theirs, *(name for name in ours if name not in theirs)]:
            gap, scale = difference(ours.get(name), theirs.get(name))
            if _kind(rung) == "losses" and np.isfinite(gap):  # of the whole curve: its end may come near to zero
                scale = _size(reference.rungs["loss curve"]["loss"])
            if np.isfinite(gap) and (like := _of_that_kind(name, rung, theirs, cancelled)):
                scale = max(_size(theirs[other]) for other in like)
            note = (
                CANCELLED
                if name in cancelled and _kind(rung) == "step"
                else _mismatch(ours.get(name), theirs.get(name))
            )
            rows.append(Row(weights, dtype, rung, name, gap, scale, tolerance(rung, dtype), note))
    return rows


CANCELLED = "its gradient is rounding alone, as that of a bias before batch norm, and the optimiser makes steps of that"


def _mismatch(ours: np.ndarray | None, theirs: np.ndarray | None) -> str:
    if ours is None or theirs is None:
        return f"only {'jax' if theirs is None else 'PyTorch'} has it"
    return f"shape {ours.shape} beside PyTorch's {theirs.shape}" if ours.shape != theirs.shape else ""


def _cancelled(ours: Tensors, theirs: Tensors, dtype: str) -> frozenset[str]:
    """Parameters whose gradient is rounding alone on both sides, beside the model's largest."""
    rounding = ROUNDING[dtype] * max((_size(value) for value in theirs.values()), default=0.0)
    both = (name for name in theirs if name in ours and ours[name].shape == theirs[name].shape)
    return frozenset(name for name in both if 0 < max(_size(ours[name]), _size(theirs[name])) <= rounding)


def _of_that_kind(name: str, rung: str, theirs: Tensors, cancelled: frozenset[str]) -> list[str]:
    """Where a tensor is a gradient that cancels, or state made of it: the tensors whose scale is its."""
    owner, _, field_ = name.rpartition(".")
    if rung == "gradient" and name in cancelled:
        return list(theirs)
    if _kind(rung) == "step" and owner in cancelled:
        return [other for other in theirs if other.rpartition(".")[2] == field_]
    return []


def _size(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0))


def _in_parts(rungs: dict[str, Tensors]) -> dict[str, Tensors]:
    """The rungs, with the parts of the loss curve for the whole of it."""
    parts = {rung: tensors for rung, tensors in rungs.items() if rung != "loss curve"}
    curve = rungs.get("loss curve", {}).get("loss")
    if curve is None:
        return parts
    ends = [0, *(end for end in PARTS if end < len(curve)), len(curve)]
    for start, end in pairwise(ends):
        parts[f"losses {start + 1} to {end}"] = {"loss": curve[start:end]}
    return parts


def _kind(rung: str) -> str:
    kind = rung.partition(" ")[0]
    return kind if kind in ("step", "losses") else rung


def _height(rung: str) -> tuple[int, int]:
    kind = _kind(rung)
    return RUNGS.index(kind), int(rung.split()[1]) if kind != rung else 0


def difference(ours: np.ndarray | None, theirs: np.ndarray | None) -> tuple[float, float]:
    """The largest difference of two arrays, and the scale of the second; infinite where they cannot be compared."""
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return float("inf"), 0.0
    if ours.dtype.kind == "U" or theirs.dtype.kind == "U":  # digests are equal or not
        return (0.0 if np.array_equal(ours, theirs) else float("inf")), 0.0
    wide = np.result_type(ours.dtype, theirs.dtype, np.float64)
    gap = np.abs(ours.astype(wide) - theirs.astype(wide)).max(initial=0.0)
    scale = np.abs(theirs.astype(wide)).max(initial=0.0)
    return (float(gap), float(scale)) if np.isfinite(gap) else (float("inf"), 0.0)
