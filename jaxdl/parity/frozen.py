"""Frozen reference numbers: what PyTorch computed for an experiment's default Config, in a file beside it.

Where PyTorch is not installed, an experiment is compared with these. `experiments/vision/lenet.reference.json` holds
the float64 and the float32 run: first loss, the loss of every step, test loss and metrics after each epoch as they
are; of every tensor (output, gradients, parameters, buffers, optimiser state) the L2 norm; and of what must be equal
to the last bit, initial tensors and batch orders, the sha256 of the numbers in row-major order: as little-endian
float64 where they are floating (a float32 draw is a float64 too, so both runs have one digest), as little-endian int64
where not. A Config whose epochs hold fewer than 200 steps is trained on to the end of the epoch that has them.

Another machine freezes other last digits. Four experiments again with PyTorch held to AVX2, MKL to its compatible and
oneDNN to its SSE4.1 kernels: float64 losses within 6e-14 of the curve's scale and norms within 4e-13; float32 ones of
LeNet within 7e-02. Without AVX2 PyTorch draws initial weights with other last bits (see `random.TorchGenerator`),
and LeNet's float64 curve is off by 1e-01 after 450 steps: freeze on an x86-64 machine with AVX2.
"""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from jaxdl.experiment import DTYPES, Experiment
from jaxdl.parity import document
from jaxdl.parity.ladder import RUNGS, Reference
from jaxdl.parity.record import Record, Tensors, whole_run
from jaxdl.parity.reference import record_twin, require_torch, require_twin, twin_of
from jaxdl.parity.tolerances import BITWISE

FORMAT = 1
WHOLE = frozenset({"loss", "loss curve", "evaluation"})  # rungs whose numbers are kept as they are


@dataclass(frozen=True)
class Frozen:
    """A file of frozen numbers, read: condensed records by dtype, and where they came from."""

    records: dict[str, Record]
    reference: Reference


def condensed(record: Record) -> Record:
    """What a file keeps of a record: digests, norms, and the few numbers that stay whole.

    >>> condensed(Record({"gradient": {"bias": np.array([3.0, 4.0])}})).rungs
    {'gradient': {'bias': array(5.)}}
    """
    return Record({rung: _condensed(rung, tensors) for rung, tensors in record.rungs.items()})


def _condensed(rung: str, tensors: Tensors) -> Tensors:
    if rung in WHOLE:
        return {name: np.asarray(value, np.float64) for name, value in tensors.items()}
    shrink = digest if rung in BITWISE else norm
    return {name: np.asarray(shrink(value)) for name, value in tensors.items()}


def norm(values: np.ndarray) -> float:
    """The L2 norm of an array's numbers, in float64."""
    return float(np.linalg.norm(np.ravel(values).astype(np.float64)))


def digest(values: np.ndarray) -> str:
    """The sha256 of an array's numbers, as this module's docstring defines it.

    >>> digest(np.float32([0.5, 1.0])) == digest(np.float64([0.5, 1.0]))
    True
    """
    kind = "<f8" if np.issubdtype(values.dtype, np.floating) else "<i8"
    return hashlib.sha256(values.astype(kind).tobytes()).hexdigest()


def freeze(experiment: Experiment) -> dict[str, Any]:
    """What PyTorch computes for an experiment's default Config, as its file holds it; jax takes no part.

    Raises:
        LookupError: the experiment has no twin.
        ModuleNotFoundError: PyTorch is not installed.
        ValueError: PyTorch's own numbers became NaN or infinite.
    """
    require_twin(experiment)
    require_torch()
    import torch

    records = {dtype: condensed(_twin_record(experiment, dtype)) for dtype in reversed(DTYPES)}
    exact = records["float64"].rungs
    return {
        "format": FORMAT,
        "experiment": experiment.name,
        "written": datetime.now(UTC).date().isoformat(),
        "config": asdict(experiment.config()),
        "steps": _steps(experiment),
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "machine": {
            "processor": processor(),
            "architecture": platform.machine(),
            "system": platform.system(),
            "vectors": torch.backends.cpu.get_cpu_capability(),
        },
        **{rung: _plain(exact[rung]) for rung in sorted(BITWISE, reverse=True)},
        **{
            dtype: {rung: _plain(tensors) for rung, tensors in record.rungs.items() if rung not in BITWISE}
            for dtype, record in records.items()
        },
    }


def _twin_record(experiment: Experiment, dtype: str) -> Record:
    config = experiment.config(dtype=dtype)
    record = record_twin(
        twin_of(experiment, config),
        experiment.source(config),
        steps=_steps(experiment),
        seed=config.seed,
        dtype=dtype,
        evaluation=experiment.evaluation(config),
    )
    if not np.isfinite(record.rungs["loss curve"]["loss"]).all():
        raise ValueError(f"{experiment.name}: PyTorch's own loss became NaN or infinite in {dtype}; nothing was frozen")
    return record


def _plain(tensors: Tensors) -> dict[str, Any]:
    return {name: value.tolist() for name, value in tensors.items()}


def _steps(experiment: Experiment) -> int:
    config = experiment.config()
    return whole_run(config.epochs, len(experiment.source(config)))


def path(experiment: Experiment) -> Path:
    """Where an experiment's frozen numbers stand: beside its file."""
    return Path(str(experiment.module.__file__)).with_suffix(".reference.json")


def save(experiment: Experiment) -> Path:
    """Freeze an experiment and write its file, whole or not at all."""
    numbers = freeze(experiment)
    document.save(path(experiment), numbers)
    return path(experiment)


def load(experiment: Experiment) -> Frozen:
    """An experiment's frozen numbers.

    Raises:
        LookupError: the experiment has no twin.
        FileNotFoundError: its numbers were never frozen.
        ValueError: the file is damaged, or of another Config than the default one of now.
    """
    require_twin(experiment)
    file = f"{experiment.module.__name__.replace('.', '/')}.reference.json"
    remedy = f"with PyTorch installed, `python -m experiments freeze {experiment.name}` writes it"
    if not path(experiment).is_file():
        raise FileNotFoundError(f"{file} is missing; {remedy}")
    try:
        numbers = json.loads(path(experiment).read_text(encoding="utf-8"))
        made_for = {"format": numbers["format"], "steps": numbers["steps"], **numbers["config"]}
        loaded = Frozen({dtype: _record(numbers, dtype) for dtype in DTYPES}, _reference(numbers))
        if not experiment.module.__name__.replace(".", "/").endswith(f"/{numbers['experiment']}"):
            raise ValueError(f"it is of {numbers['experiment']}")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        reason = f"there is no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{file} is damaged ({reason}); {remedy} anew") from error
    now = {"format": FORMAT, "steps": _steps(experiment), **asdict(experiment.config())}
    changed = [name for name in {**made_for, **now} if made_for.get(name) != now.get(name)]
    if changed:
        what = ", ".join(f"{name} was {made_for.get(name)} and is {now.get(name)}" for name in changed)
        raise ValueError(f"{file} is out of date ({what}); {remedy} anew")
    return loaded


def _record(numbers: dict[str, Any], dtype: str) -> Record:
    exact = {rung: {name: np.asarray(str(value)) for name, value in numbers[rung].items()} for rung in sorted(BITWISE)}
    measured = {
        rung: {name: np.asarray(value, np.float64) for name, value in tensors.items()}
        for rung, tensors in numbers[dtype].items()
    }
    missing = [rung for rung in ("forward", "loss", "gradient", "loss curve") if not measured.get(rung)]
    if missing:
        raise ValueError(f"{dtype} has no {', '.join(missing)}")
    for rung, tensors in measured.items():
        if rung not in (*RUNGS, "loss curve") and not rung.startswith("step "):
            raise ValueError(f"there is no rung {rung!r}")
        if not all(np.isfinite(value).all() for value in tensors.values()):
            raise ValueError(f"{dtype} {rung} holds what is no finite number")
    if measured["loss curve"]["loss"].shape != (numbers["steps"],):
        raise ValueError(f"{dtype} has not {numbers['steps']} losses")
    return Record({**exact, **measured})


def _reference(numbers: dict[str, Any]) -> Reference:
    version, machine = numbers["versions"]["torch"], numbers["machine"]
    return Reference("frozen", str(version), str(numbers["written"]), str(machine["processor"]))


def processor() -> str:
    """This machine's processor, by its maker's name where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
