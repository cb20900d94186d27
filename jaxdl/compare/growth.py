"""Cost as work grows: a step's time over batch size, width and length, beside what the machine could reach."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from jaxdl.compare import machine
from jaxdl.compare.benchmark import DEFAULT, Result, Settings, checked
from jaxdl.compare.modes import MODES
from jaxdl.compare.timing import Timing
from jaxdl.compare.workload import Workload
from jaxdl.experiment import discover

PRODUCT = 2048  # the rows and columns of the matrices whose product is the ceiling
BOTH = tuple(replace(MODES[name], caches=False) for name in ("jax", "eager"))


@dataclass(frozen=True)
class Series:
    """A number of an experiment's Config that grows.

    Attributes:
        name: of the experiment.
        label: for people.
        field: of its Config.
        values: of the field.
        settings: what else is not as by default.
    """

    name: str
    label: str
    field: str
    values: tuple[int, ...]
    settings: dict[str, Any]

    @property
    def title(self) -> str:
        """As a heading."""
        return f"{self.label}: {self.field.replace('_', ' ')}"


SERIES = (
    Series("supervised/mlp", "MLP", "batch_size", (16, 64, 256, 1024), {"hidden": 256}),
    Series("supervised/mlp", "MLP", "hidden", (32, 128, 512, 2048), {"batch_size": 128}),
    Series("vision/lenet", "LeNet", "batch_size", (8, 32, 128, 512), {}),
    Series("sequence/characters", "LSTM", "length", (16, 64, 256), {}),
    Series("sequence/gpt", "GPT", "width", (64, 128, 256, 512), {}),
    Series("sequence/gpt", "GPT", "length", (16, 64, 256), {}),
)


def run(settings: Settings = DEFAULT, tell: Callable[[str], None] = lambda text: None) -> Result:
    """Time every point of the series in jax and PyTorch eager.

    Args:
        settings: as the benchmark's.
        tell: called with a line of text at each stage.

    Returns:
        The result as JSON holds it: machine and versions; `ceiling`, GFLOP/s by mode; and `series`, each with its
        `points`: `value`, `flops` of a step, `timing`.

    Raises:
        As `benchmark.run`.
    """
    cores = checked(settings)
    job = {"cores": cores, "device": settings.device, "tf32": settings.tf32}
    tell("the machine's matrix product")
    return {
        **machine.describe(),
        "settings": {**asdict(settings), "threads": len(cores), "device": machine.device(settings.device)},
        "ceiling": ceiling(job),
        "series": [_series(series, settings, job, tell) for series in series_here()],
    }


def series_here() -> list[Series]:
    """The series whose experiments there are."""
    known = discover()
    return [series for series in SERIES if series.name in known]


def stages(series: Sequence[Series]) -> int:
    """How often `run` calls `tell`."""
    return 1 + sum(len(one.values) for one in series)


def ceiling(job: dict[str, Any]) -> dict[str, float]:
    """GFLOP/s of a large product of square float32 matrices, the best of several, by mode."""
    experiment = discover()["supervised/mlp"]
    work = Workload(experiment, experiment.config(), "product", (("product", PRODUCT),))
    rows = Timing(work, BOTH, rounds=5, turn=0.5, settings=job, tell=lambda text: None).take()["product", PRODUCT]
    return {row["mode"]: 2e-6 * PRODUCT**3 / min(row["step_ms"]) for row in rows if row.get("step_ms")}


def _series(series: Series, settings: Settings, job: dict[str, Any], tell: Callable[[str], None]) -> Result:
    experiment, points = discover()[series.name], []
    for value in series.values:
        tell(f"{series.title} {value}")
        config = replace(experiment.config(), **series.settings, **{series.field: value})
        work = Workload(experiment, config, series.label, (("train", experiment.source(config).batch_size),))
        timing = Timing(work, BOTH, rounds=settings.rounds, turn=settings.turn, settings=job, tell=lambda text: None)
        (rows,) = timing.take().values()
        flops = next((row["after"].get("flops") for row in rows if row["mode"] == "jax" and "after" in row), None)
        points.append({"value": value, "flops": flops, "timing": [_brief(row) for row in rows]})
    return {"name": series.name, "label": series.label, "title": series.title, "field": series.field, "points": points}


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("mode", "label", "step_ms", "median_ms", "difference", "reason") if name in row
    }
