"""The framework benchmark: for every workload parity first, then its time in every mode, then what training came to."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jaxdl import parity
from jaxdl.compare import machine
from jaxdl.compare.modes import FRAMEWORKS, Mode, modes_for
from jaxdl.compare.proof import proofs
from jaxdl.compare.timing import Timing
from jaxdl.compare.timing import stages as timing_stages
from jaxdl.compare.workload import Task, Workload
from jaxdl.parity import document

MIXED = ("jax", "eager", "compile", "channels_last")  # modes that know bfloat16

Result = dict[str, Any]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How a benchmark is run.

    Attributes:
        rounds: turns that each mode gets.
        turn: seconds of a turn.
        threads: cores that every framework gets, the same ones for all; None: all of them.
        frameworks: of 'jax', 'torch', 'tensorflow': jax and torch must be among them.
        quick: without torch.compile, whose compilation takes most of the time; every mode is started once.
        whole: parity over each experiment's whole run, not its first steps.
        device: 'cpu' or 'gpu'.
        bf16: both compute forward and backward in bfloat16 and keep parameters in float32; stock Flax and Keras, whose
            models are float32's, are left out.
        tf32: whether both frameworks may round float32 products' factors to TF32 on a GPU.
    """

    rounds: int = 7
    turn: float = 0.2
    threads: int | None = None
    frameworks: tuple[str, ...] = ("jax", "torch")
    quick: bool = False
    whole: bool = False
    device: str = "cpu"
    bf16: bool = False
    tf32: bool = False


DEFAULT = Settings()


def run(works: Sequence[Workload], settings: Settings = DEFAULT, tell: Tell = lambda text: None) -> Result:
    """Benchmark some workloads.

    Args:
        works: what to compare; experiments without a twin are left out.
        settings: how.
        tell: called with a line of text at each stage.

    Returns:
        The result as JSON holds it: machine and versions, and for each task of each workload an entry of `experiments`:
        `name`, `label`, `task`, `parity`, `timing`.

    Raises:
        ValueError: rounds below 1, threads outside what the machine has, an unknown framework or device.
        ModuleNotFoundError: a framework is not installed.
        OSError: a GPU is asked for where jax or PyTorch sees none.
    """
    cores = checked(settings)
    device = machine.device(settings.device)
    works = [work for work in works if work.experiment.twin is not None]
    started, load = time.perf_counter(), machine.load()
    modes = [_modes(work, settings) for work in works]
    job = {"cores": cores, "device": settings.device, "tf32": settings.tf32, "bf16": settings.bf16}
    entries: list[Result] = []
    for work, some, proof in zip(works, modes, list(proofs(works, modes, job, settings.whole, tell)), strict=True):
        found: dict[Task, list[Result]] = {task: [] for task in work.tasks}
        if not proof.ladder.failures:
            found = Timing(
                work,
                some,
                rounds=settings.rounds,
                turn=settings.turn,
                settings=job,
                tell=lambda text, label=work.label: tell(f"{label}: {text}"),  # type: ignore[misc]  # mypy cannot type the default
                proofs=proof.peers,
            ).take()
        entries += _entries(work, proof.ladder, found)
    return {
        **machine.describe(settings.frameworks),
        "settings": {**asdict(settings), "threads": len(cores), "dtype": precision(settings), "device": device},
        "experiments": entries,
        "seconds": time.perf_counter() - started,
        "load": {"before": load, "after": machine.load()},
    }


def stages(works: Sequence[Workload], settings: Settings) -> int:
    """How often `run` calls `tell`."""
    return sum(1 + timing_stages(work, _modes(work, settings)) for work in works if work.experiment.twin is not None)


def save(result: Result, path: Path) -> None:
    """Write a result as JSON; NaN and infinity, which JSON does not have, become null."""
    document.save(path, result)


def checked(settings: Settings) -> list[int]:
    """The cores that all shall have.

    Raises:
        As `run`.
    """
    parity.require_torch()
    machine.require(settings.frameworks)
    threads = machine.cores() if settings.threads is None else settings.threads
    if settings.rounds < 1:
        raise ValueError(f"rounds must be at least 1, given {settings.rounds}")
    if not 1 <= threads <= machine.cores():
        raise ValueError(f"threads must be between 1 and the {machine.cores()} cores of this machine, given {threads}")
    unknown = [name for name in settings.frameworks if name not in FRAMEWORKS]
    missing = [name for name in FRAMEWORKS[:2] if name not in settings.frameworks]
    if unknown or missing:
        raise ValueError(f"frameworks must be jax,torch or jax,torch,tensorflow, given {','.join(settings.frameworks)}")
    if settings.device not in ("cpu", "gpu"):
        raise ValueError(f"device must be cpu or gpu, given {settings.device!r}")
    if settings.tf32 and settings.device == "cpu":
        raise ValueError("tf32 is a GPU's; on a CPU both frameworks compute in float32")
    return sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_getaffinity") else list(range(threads))


def precision(settings: Settings) -> str:
    """What is timed."""
    return "bfloat16" if settings.bf16 else "float32"


def _modes(work: Workload, settings: Settings) -> list[Mode]:
    modes = modes_for(work.experiment, work.config, settings.frameworks)
    if settings.bf16:
        modes = [mode for mode in modes if mode.name in MIXED]
    if settings.quick:
        modes = [mode for mode in modes if mode.name != "compile"]
    return [replace(mode, caches=mode.caches and work.again and not settings.quick) for mode in modes]


def _entries(work: Workload, ladder: parity.Ladder, found: dict[Task, list[Result]]) -> list[Result]:
    failure = str(ladder.failures[0]) if ladder.failures else None
    shown = {
        "agrees": failure is None,
        "failure": failure,
        "rungs": ladder.summary(),
        "curves": {d: {f: curve.tolist() for f, curve in both.items()} for d, both in ladder.curves.items()},
        "allowed": {dtype: ladder.allowed(dtype).tolist() for dtype in ladder.curves},
        "spread": {name: curve.tolist() for name, curve in ladder.spread.items()},
    }
    return [
        {
            "name": work.experiment.name,
            "label": work.label,
            "task": {"kind": kind, "number": number},
            "summary": work.experiment.summary,
            "config": asdict(work.config),
            "parity": shown if (kind, number) == work.tasks[0] else _of_answers(shown),
            "timing": found[kind, number],
        }
        for kind, number in work.tasks
    ]


def _of_answers(proof: Result) -> Result:
    """What concerns a model's answers: its training stands with the workload's first task."""
    rungs = [row for row in proof["rungs"] if row["rung"] in ("initial", "forward")]
    return {**proof, "rungs": rungs, "curves": {}, "allowed": {}, "spread": {}}
