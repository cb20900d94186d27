"""The ladder: two training runs compared, rung by rung, on every tensor by name."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from jaxdl import train
from jaxdl.data import ArraySource
from jaxdl.experiment import Experiment, precision
from jaxdl.parity.errors import ParityError
from jaxdl.parity.record import Record, record_program
from jaxdl.parity.reference import Twin, record_twin, require_torch
from jaxdl.parity.tolerances import curve_tolerance, tolerance

STEPS = 200


@dataclass(frozen=True)
class Row:
    """One tensor on one rung.

    Attributes:
        weights: where the run started: 'seed' (each framework drew its own) or 'copied' (jax got PyTorch's).
        dtype: 'float64' or 'float32'.
        rung: of the ladder.
        tensor: its name.
        difference: the largest absolute difference; infinite where a shape differs or a value is missing or NaN.
        scale: the largest absolute value of PyTorch's tensor.
        tolerance: the largest allowed difference in units of the scale.
    """

    weights: str
    dtype: str
    rung: str
    tensor: str
    difference: float
    scale: float
    tolerance: float

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
        return f"{where} · {self.relative:.1e} {sign} {self.tolerance:.0e} ({self.dtype}, weights {self.weights})"


@dataclass(frozen=True)
class Ladder:
    """The result: every row, in the order of execution.

    Attributes:
        name: of what was compared.
        rows: a tensor on a rung each.
        curves: the loss of every step, by dtype and framework ('jax' drew its own weights).
    """

    name: str
    rows: tuple[Row, ...]
    curves: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows beyond their tolerance, the first of them first."""
        return tuple(row for row in self.rows if not row.agrees)

    def assert_agreement(self) -> None:
        """Raise ParityError with rung, tensor, difference, tolerance and dtype of the first failure, if any."""
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

    def table(self) -> Table:
        """The summary, for a terminal of 80 columns: a line a rung, the largest difference of its n tensors."""
        table = Table(title=self.name, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        for heading in ("rung", "n", "|Δ|", "of scale", "allowed", "verdict"):
            table.add_column(heading, no_wrap=True)
        table.add_column("largest in", overflow="fold")
        group = None
        for line in self.summary():
            if group != (group := (line["dtype"], line["weights"])):
                table.add_section()
                origin = "the seed" if line["weights"] == "seed" else "PyTorch"
                table.add_row(f"[bold]{line['dtype']}", *[""] * 5, f"[bold]weights from {origin}")
            table.add_row(
                line["rung"],
                str(line["tensors"]),
                f"{line['largest']:.1e}",
                f"{line['relative']:.1e}",
                f"{line['tolerance']:.0e}",
                "agrees" if line["agrees"] else "[bold]DIFFERS",
                line["tensor"] if line["largest"] else "",
            )
        return table


def compare(computed: Record, reference: Record, *, dtype: str, weights: str) -> list[Row]:
    """Every tensor of two records, by rung and name; what only one of them holds is an infinite difference."""
    rungs = [*reference.rungs, *(rung for rung in computed.rungs if rung not in reference.rungs)]
    order = sorted(rungs, key=_height)
    rows = []
    for rung in order:
        ours, theirs = computed.rungs.get(rung, {}), reference.rungs.get(rung, {})
        for name in [*theirs, *(name for name in ours if name not in theirs)]:
            difference, scale = _difference(ours.get(name), theirs.get(name))
            rows.append(Row(weights, dtype, rung, name, difference, scale, tolerance(rung, dtype)))
    return rows


def _height(rung: str) -> tuple[int, int]:
    fixed = ["initial", "batches", "forward", "loss", "gradient", "step", "loss curve", "evaluation"]
    kind, _, number = rung.partition(" ") if rung.startswith("step ") else (rung, "", "0")
    return fixed.index(kind), int(number)


def _difference(ours: np.ndarray | None, theirs: np.ndarray | None) -> tuple[float, float]:
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return float("inf"), 0.0
    wide = np.result_type(ours.dtype, theirs.dtype, np.float64)
    gap = np.abs(ours.astype(wide) - theirs.astype(wide)).max(initial=0.0)
    scale = np.abs(theirs.astype(wide)).max(initial=0.0)
    return (float(gap), float(scale)) if np.isfinite(gap) else (float("inf"), 0.0)


def ladder(
    program: train.Program,
    twin: Twin,
    source: ArraySource,
    *,
    steps: int = STEPS,
    seed: int = 0,
    dtype: str = "float64",
    evaluation: ArraySource | None = None,
    weights: Sequence[str] = ("seed", "copied"),
    name: str = "ladder",
) -> Ladder:
    """Train a Program and its PyTorch twin from one seed and compare every tensor on every rung.

    Args:
        program: the run in jax, in `dtype`. Where that is float64, call this inside `jax.enable_x64(True)`.
        twin: the same run in PyTorch.
        source: the training data of both, in `dtype`.
        steps: of the whole run.
        seed: `fit`'s seed here, `torch.manual_seed`'s there.
        dtype: 'float64' or 'float32': the twin's model is cast to it, and the tolerances are its.
        evaluation: test data of both.
        weights: 'seed': jax draws its own parameters; 'copied': jax starts from PyTorch's.
        name: of what is compared, for the table and the error.

    Returns:
        A Ladder: rows as data, `table()`, `assert_agreement()`.

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
    """
    reference = record_twin(twin, source, steps=steps, seed=seed, dtype=dtype, evaluation=evaluation)
    rows: list[Row] = []
    curve = {"torch": reference.rungs["loss curve"]["loss"]}
    for start in weights:
        given = {"seed": None, "copied": reference.rungs["initial"]}[start]
        computed = record_program(program, source, steps=steps, seed=seed, evaluation=evaluation, weights=given)
        rows += compare(computed, reference, dtype=dtype, weights=start)
        curve.setdefault("jax", computed.rungs["loss curve"]["loss"])
    return Ladder(name, tuple(rows), {dtype: curve})


def assert_ladder(program: train.Program, twin: Twin, source: ArraySource, **settings: Any) -> Ladder:
    """`ladder(...)`, raising ParityError at the first tensor beyond its tolerance."""
    result = ladder(program, twin, source, **settings)
    result.assert_agreement()
    return result


def check(experiment: Experiment, config: Any = None, *, dtypes: Sequence[str] = ("float64", "float32")) -> Ladder:
    """The ladder of an experiment and its twin, float64 first, over the whole run and at least 200 steps.

    Raises:
        LookupError: the experiment has no twin.
        ModuleNotFoundError: PyTorch is not installed.
    """
    config = experiment.config() if config is None else config
    rows: list[Row] = []
    curves: dict[str, dict[str, np.ndarray]] = {}
    for dtype in dtypes:
        cast = replace(config, dtype=dtype)
        with precision(dtype):
            source = experiment.source(cast)
            part = ladder(
                experiment.program(cast),
                twin_of(experiment, cast),
                source,
                steps=max(STEPS, config.epochs * len(source)),
                seed=config.seed,
                dtype=dtype,
                evaluation=experiment.evaluation(cast),
            )
        rows += part.rows
        curves |= part.curves
    if {"float64", "float32"} <= curves.keys():
        rows = _beside_its_own_rounding(rows, curves["float32"]["torch"], curves["float64"]["torch"])
    return Ladder(experiment.name, tuple(rows), curves)


def _beside_its_own_rounding(rows: list[Row], single: np.ndarray, double: np.ndarray) -> list[Row]:
    """The rows, with float32's loss curves held to what PyTorch's own rounding does to that curve."""
    gap, scale = _difference(single, double)
    allowed = curve_tolerance(gap / scale if scale else gap)
    return [
        replace(row, tolerance=allowed) if (row.rung, row.dtype) == ("loss curve", "float32") else row for row in rows
    ]


def twin_of(experiment: Experiment, config: Any) -> Twin:
    """An experiment's PyTorch twin, for one configuration.

    Raises:
        LookupError: the experiment has none.
        ModuleNotFoundError: PyTorch is not installed.
    """
    if experiment.twin is None:
        raise LookupError(
            f"{experiment.name} has no twin: {experiment.name.rpartition('/')[2]}_torch.py is not beside it"
        )
    require_torch()
    module = import_module(experiment.twin)
    return Twin(lambda: module.model(config), module.loss, lambda model: module.optimizer(model, config))
