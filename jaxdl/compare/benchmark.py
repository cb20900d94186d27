"""The framework benchmark: for every workload parity first, then its time in every mode, then what training came to."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from jaxdl import parity, runtime
from jaxdl.compare import machine
from jaxdl.compare.modes import FRAMEWORKS, Mode, modes_for
from jaxdl.compare.timing import Timing
from jaxdl.compare.timing import stages as timing_stages
from jaxdl.compare.workload import Workload
from jaxdl.experiment import Experiment
from jaxdl.parity import document
from jaxdl.parity.reference import twin_of

# float64 convolutions take several times as long as float32's: a CNN's ladder over its whole batches took minutes.
PARITY_STEPS, PARITY_BATCH = 10, 16
AT_ONCE = 2  # proofs: most of one is compiling, on one core

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
    entries: list[Result] = []
    for work, ladder in zip(works, list(_ladders(works, settings, len(cores), tell)), strict=True):
        entries += _entries(work, ladder, settings, cores, lambda text, label=work.label: tell(f"{label}: {text}"))  # type: ignore[misc]  # mypy cannot type the default
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
        modes = [replace(mode, caches=False) for mode in modes if mode.name != "compile"]
    return modes


def _ladders(works: Sequence[Workload], settings: Settings, cores: int, tell: Tell) -> Iterator[parity.Ladder]:
    """The proof of each workload, on a CPU two of them side by side: nothing is timed yet."""
    together = min(AT_ONCE, cores, len(works)) if settings.device == "cpu" else 1
    if together == 1:
        for work in works:
            tell(f"{work.label}: parity")
            yield _ladder(work, settings.whole)
        return
    context = multiprocessing.get_context("spawn")  # a fork of a process with jax's threads may hang
    with ProcessPoolExecutor(together, context, initializer=_prepared) as pool:
        try:
            proofs = [pool.submit(_proof, *_named(work), settings.whole) for work in works]
            for work, proof in zip(works, proofs, strict=True):
                tell(f"{work.label}: parity")
                yield proof.result()
        except BaseException:
            for process in multiprocessing.active_children():
                process.kill()
            raise


def _prepared() -> None:
    """A process for proofs: Ctrl-C is the benchmark's to answer, and what it compiles the next benchmark finds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runtime.tune(allocator=False)  # one heap for all threads makes compiling a quarter slower


def _named(work: Workload) -> tuple[str, str, str | None, Any, str]:
    """What another process needs to have the workload too: modules do not travel."""
    return work.experiment.name, work.experiment.module.__name__, work.experiment.twin, work.config, work.label


def _proof(name: str, module: str, twin: str | None, config: Any, label: str, whole: bool) -> parity.Ladder:
    """`_ladder` of a workload in a process that is there for proofs."""
    return _ladder(Workload(Experiment(name, import_module(module), twin), config, label, ()), whole)


def _entries(work: Workload, ladder: parity.Ladder, settings: Settings, cores: list[int], tell: Tell) -> list[Result]:
    failure = str(ladder.failures[0]) if ladder.failures else None
    found: dict[Any, list[Result]] = {task: [] for task in work.tasks}
    if failure is None:
        job = {"cores": cores, "device": settings.device, "tf32": settings.tf32, "bf16": settings.bf16}
        timing = Timing(
            work, _modes(work, settings), rounds=settings.rounds, turn=settings.turn, settings=job, tell=tell
        )
        found = timing.take()
    proof = {
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
            "parity": proof if (kind, number) == work.tasks[0] else _of_answers(proof),
            "timing": found[kind, number],
        }
        for kind, number in work.tasks
    ]


def _of_answers(proof: Result) -> Result:
    """What concerns a model's answers: its training stands with the workload's first task."""
    rungs = [row for row in proof["rungs"] if row["rung"] in ("initial", "forward")]
    return {**proof, "rungs": rungs, "curves": {}, "allowed": {}, "spread": {}}


def _ladder(work: Workload, whole: bool) -> parity.Ladder:
    """The ladder over the whole run, or over a few steps of small batches; the full ones are compared in float32."""
    if whole:
        return parity.check(work.experiment, work.config, spread=True)
    ladders = []
    for dtype in ("float64", "float32"):
        config = replace(work.config, dtype=dtype)
        if hasattr(config, "batch_size"):  # a function that takes no data has none
            config = replace(config, batch_size=min(config.batch_size, PARITY_BATCH))
        ladders.append(
            parity.ladder(
                work.experiment.program(config),
                twin_of(work.experiment, config),
                work.experiment.source(config),
                steps=PARITY_STEPS,
                seed=config.seed,
                dtype=dtype,
                name=work.label,
            )
        )
    curves = {dtype: curve for ladder in ladders for dtype, curve in ladder.curves.items()}
    rows = tuple(row for ladder in ladders for row in ladder.rows)
    return parity.Ladder(work.label, rows, curves, ladders[0].reference)
