"""Time one experiment in every mode: a process each, turns interleaved, no time without agreement."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from jaxdl.compare.process import Worker, WorkerError
from jaxdl.experiment import Experiment
from jaxdl.parity import tolerance
from jaxdl.random import TorchGenerator

LABELS = {
    "jax": "JAX",
    "eager": "PyTorch eager",
    "compile": "torch.compile",
    "channels_last": "PyTorch channels_last",
    "autodiff_numpy": "autodiff (NumPy)",
    "autodiff_xla": "autodiff (XLA)",
}
# What differentiates in a mode, where an experiment's Config leaves it open.
ENGINES = {"jax": "jax", "autodiff_numpy": "numpy", "autodiff_xla": "xla"}
SECONDS_A_TURN = 0.4
TRIAL_STEPS = 5
PAUSE = 0.05  # the worker threads of the process that just ran fall asleep
BATCHES = 16

Tell = Callable[[str], None]
Row = dict[str, Any]


def modes_for(experiment: Experiment, config: Any) -> list[str]:
    """JAX and PyTorch's modes, channels_last for images alone; jaxdl's own engine where the Config has an `engine`."""
    images = experiment.source(config).arrays[0].ndim == 4
    own = ["autodiff_numpy", "autodiff_xla"] if hasattr(config, "engine") else []
    return ["jax", "eager", "compile", *(["channels_last"] if images else []), *own]


def time_modes(experiment: Experiment, config: Any, *, rounds: int, cores: Sequence[int], tell: Tell) -> list[Row]:
    """A row a mode: import, first step, milliseconds a step in each round, peak memory; or the reason why there is
    none.

    Every mode gets the same batches and draws the same initial weights from the seed. Its first losses must be PyTorch
    eager's, or no time is taken.
    """
    rows: dict[str, Row] = {mode: {"mode": mode, "label": LABELS[mode]} for mode in modes_for(experiment, config)}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        job = _job(experiment, config, cores, Path(folder))
        workers: dict[str, Worker] = {}
        for mode, row in rows.items():
            scratch = Path(folder) / mode
            scratch.mkdir()
            tell(f"starting {LABELS[mode]}")
            worker = stack.enter_context(Worker(mode, _differentiated_in(mode, job), scratch))
            try:
                row |= worker.start()
                workers[mode] = worker
            except WorkerError as error:
                row["reason"] = str(error)
        _refuse_disagreement(rows, workers)
        _take_turns(rows, workers, rounds, tell)
    return list(rows.values())


def _job(experiment: Experiment, config: Any, cores: Sequence[int], folder: Path) -> dict[str, Any]:
    source = experiment.source(config)
    full = [b for b in source.batches(0, TorchGenerator(config.seed)) if len(b[-1]) == source.batch_size]
    batches = list(islice(full, BATCHES))
    arrays = {
        f"{b}_{a}": np.asarray(array, source.arrays[a].dtype)
        for b, batch in enumerate(batches)
        for a, array in enumerate(batch)
    }
    np.savez(folder / "batches.npz", **arrays)  # type: ignore[arg-type]  # the stubs take the names for keywords of savez
    return {
        "experiment": experiment.name,
        "twin": experiment.twin,
        "config": asdict(config),
        "cores": list(cores),
        "batches": str(folder / "batches.npz"),
        "count": len(batches),
        "arrays": len(source.arrays),
    }


def _differentiated_in(mode: str, job: dict[str, Any]) -> dict[str, Any]:
    """The job with the mode's engine in its Config, where that has one."""
    if mode not in ENGINES or "engine" not in job["config"]:
        return job
    return job | {"config": job["config"] | {"engine": ENGINES[mode]}}


def _refuse_disagreement(rows: dict[str, Row], workers: dict[str, Worker]) -> None:
    """Drop each mode whose first losses are not PyTorch eager's, with the figure as its reason."""
    reference = rows["eager"].get("losses")
    for mode in list(workers):
        if reference is None:
            rows[mode]["reason"] = f"PyTorch eager, the reference, did not run: {rows['eager']['reason']}"
            del workers[mode]
            continue
        expected, losses = np.array(reference), np.array(rows[mode]["losses"])
        gaps = np.abs(losses - expected) / np.maximum(np.abs(expected), np.finfo(np.float32).tiny)
        rows[mode]["loss_difference"] = float(gaps.max())
        allowed = np.array([tolerance("loss", "float32")] + [tolerance("first losses", "float32")] * (len(gaps) - 1))
        if not (gaps <= allowed).all():
            step = int(np.argmax(~(gaps <= allowed)))
            rows[mode]["reason"] = f"its loss at step {step + 1} differs from PyTorch eager's by {gaps[step]:.1e} of it"
            del workers[mode]


def _take_turns(rows: dict[str, Row], workers: dict[str, Worker], rounds: int, tell: Tell) -> None:
    """Turns of about SECONDS_A_TURN, in an order that moves on every round; a mode that fails says why in its row."""

    def attempt(mode: str, ask: Callable[[Worker], float]) -> float | None:
        try:
            return ask(workers[mode])
        except WorkerError as error:
            rows[mode] = {"mode": mode, "label": LABELS[mode], "reason": str(error)}
            del workers[mode]
            return None

    for mode in list(workers):
        trial = attempt(mode, lambda worker: worker.turn(TRIAL_STEPS) / TRIAL_STEPS)
        if trial is not None:
            rows[mode] |= {"steps_a_turn": max(1, round(SECONDS_A_TURN / max(trial, 1e-6))), "step_ms": []}
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        order = list(workers)
        first = number % max(len(order), 1)
        for mode in order[first:] + order[:first]:
            time.sleep(PAUSE)
            steps = rows[mode]["steps_a_turn"]
            seconds = attempt(mode, lambda worker, steps=steps: worker.turn(steps))  # type: ignore[misc]  # mypy cannot type the default
            if seconds is not None:
                rows[mode]["step_ms"].append(1e3 * seconds / steps)
    for mode in list(workers):
        peak = attempt(mode, lambda worker: worker.finish())
        if peak is not None:
            rows[mode] |= {"peak_mib": peak, "median_ms": statistics.median(rows[mode]["step_ms"])}
