"""What is proven before anything is timed: an experiment by its ladder, a stock model by its numbers in float64."""

import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np

from jaxdl import parity, runtime
from jaxdl.compare.agreement import Difference, proof_fails
from jaxdl.compare.modes import Mode
from jaxdl.compare.process import Worker, WorkerError
from jaxdl.compare.runners import Job, configured, pytorch
from jaxdl.compare.workload import Workload, given
from jaxdl.experiment import Experiment
from jaxdl.parity.reference import twin_of

# float64 convolutions take several times as long as float32's: a CNN's ladder over its whole batches took minutes.
STEPS, BATCH = 10, 16
AT_ONCE = 2  # most of a proof is compiling, on one core


@dataclass(frozen=True)
class Proof:
    """Of a workload.

    Attributes:
        ladder: of the experiment beside its twin.
        peers: by mode, how far a stock model's output, loss and gradients in float64 are from PyTorch's, and what is
            wrong, if anything.
    """

    ladder: parity.Ladder
    peers: dict[str, Difference]


def proofs(
    works: Sequence[Workload], modes: Sequence[Sequence[Mode]], job: Job, whole: bool, tell: Callable[[str], None]
) -> Iterator[Proof]:
    """The proof of each workload; on a CPU two of them side by side: nothing is timed yet.

    Args:
        works: to prove.
        modes: of each; those with `proof` are proven, too.
        job: what all workers are told: cores, device.
        whole: over whole runs, not a few steps of small batches.
        tell: called with a line of text for each.
    """
    together = min(AT_ONCE, len(job["cores"]), len(works)) if job["device"] == "cpu" else 1
    if together == 1:
        for work, some in zip(works, modes, strict=True):
            tell(f"{work.label}: parity")
            yield _proof(work, some, job, whole)
        return
    context = multiprocessing.get_context("spawn")  # a fork of a process with jax's threads may hang
    with ProcessPoolExecutor(together, context, initializer=_prepared) as pool:
        try:
            begun = [
                pool.submit(_named_proof, _named(work), some, job, whole)
                for work, some in zip(works, modes, strict=True)
            ]
            for work, each in zip(works, begun, strict=True):
                tell(f"{work.label}: parity")
                yield each.result()
        except BaseException:
            for process in multiprocessing.active_children():
                process.kill()
            raise


def _prepared() -> None:
    """A process for proofs: Ctrl-C is the benchmark's to answer, and what it compiles the next benchmark finds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runtime.tune(allocator=False)  # one heap for all threads makes compiling a quarter slower


def _named(work: Workload) -> tuple[str, str, str | None, Workload]:
    """A workload for another process: modules do not travel, so their names do."""
    found = work.experiment
    return found.name, found.module.__name__, found.twin, replace(work, experiment=None)  # type: ignore[arg-type]


def _named_proof(named: tuple[str, str, str | None, Workload], modes: Sequence[Mode], job: Job, whole: bool) -> Proof:
    name, module, twin, work = named
    return _proof(replace(work, experiment=Experiment(name, import_module(module), twin)), modes, job, whole)


def _proof(work: Workload, modes: Sequence[Mode], job: Job, whole: bool) -> Proof:
    ladder = _ladder(work, whole)
    return Proof(ladder, {} if ladder.failures else _peers(work, [mode for mode in modes if mode.proof], job))


def _peers(work: Workload, modes: Sequence[Mode], job: Job) -> dict[str, Difference]:
    """The stock models, each in a process of its own, beside PyTorch's twin in this one."""
    found: dict[str, Difference] = {}
    if not modes:
        return found
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = given(work, folder) | job
        agreed = pytorch.build(configured(told) | {"mode": "eager", "device": "cpu"}).agree()
        reference = {key: np.asarray(value) for key, value in agreed.items()}
        for mode in modes:
            scratch = folder / mode.name
            scratch.mkdir()
            own = told | {"peer": f"{work.experiment.module.__name__}{mode.suffix}"}
            try:
                with Worker(mode, own, scratch, scratch / "caches") as worker:
                    worker.start()
                    with np.load(worker.agree()) as arrays:
                        found[mode.name] = proof_fails(dict(arrays), reference)
            except WorkerError as error:
                found[mode.name] = float("inf"), str(error)
    return found


def _ladder(work: Workload, whole: bool) -> parity.Ladder:
    """The ladder over the whole run, or over a few steps of small batches; the full ones are compared in float32."""
    if whole:
        return parity.check(work.experiment, work.config, spread=True)
    ladders = []
    for dtype in ("float64", "float32"):
        config = replace(work.config, dtype=dtype)
        if hasattr(config, "batch_size"):  # a function that takes no data has none
            config = replace(config, batch_size=min(config.batch_size, BATCH))
        ladders.append(
            parity.ladder(
                work.experiment.program(config),
                twin_of(work.experiment, config),
                work.experiment.source(config),
                steps=STEPS,
                seed=config.seed,
                dtype=dtype,
                name=work.label,
            )
        )
    curves = {dtype: curve for ladder in ladders for dtype, curve in ladder.curves.items()}
    rows = tuple(row for ladder in ladders for row in ladder.rows)
    return parity.Ladder(work.label, rows, curves, ladders[0].reference)
