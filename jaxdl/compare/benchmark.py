"""The framework benchmark: for every experiment with a twin parity first, then what it reaches, then its time."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxdl import parity, train
from jaxdl.compare import machine
from jaxdl.compare.timing import modes_for, time_modes
from jaxdl.experiment import Experiment, precision
from jaxdl.parity import document

SAMPLES = 24

Result = dict[str, Any]
Tell = Callable[[str], None]


def run(experiments: Iterable[Experiment], *, rounds: int, threads: int, tell: Tell = lambda text: None) -> Result:
    """Benchmark the experiments that have a twin.

    Args:
        experiments: what to compare.
        rounds: turns that each mode gets.
        threads: cores that every framework gets, the same ones for all.
        tell: called with a line of text at each stage.

    Returns:
        The result as JSON holds it: machine and versions, and for each experiment `parity`, `score`, `samples`,
        `timing`.

    Raises:
        ValueError: rounds below 1, or threads outside what the machine has.
        ModuleNotFoundError: PyTorch is not installed.
    """
    parity.require_torch()
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, given {rounds}")
    if not 1 <= threads <= machine.cores():
        raise ValueError(f"threads must be between 1 and the {machine.cores()} cores of this machine, given {threads}")
    started, load = time.perf_counter(), machine.load()
    cores = sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_getaffinity") else list(range(threads))
    result = {
        **machine.describe(),
        "settings": {"rounds": rounds, "threads": threads, "dtype": "float32", "device": "CPU"},
        "experiments": [
            _one(experiment, rounds, cores, lambda text, name=experiment.name: tell(f"{name}: {text}"))  # type: ignore[misc]  # mypy cannot type the default
            for experiment in experiments
            if experiment.twin is not None
        ],
    }
    return {**result, "seconds": time.perf_counter() - started, "load": {"before": load, "after": machine.load()}}


def stages(experiments: Iterable[Experiment], rounds: int) -> int:
    """How often `run` calls `tell`: twice an experiment, and for each mode and round."""
    return sum(2 + len(modes_for(e, e.config())) + rounds for e in experiments if e.twin is not None)


def save(result: Result, path: Path) -> None:
    """Write a result as JSON; NaN and infinity, which JSON does not have, become null."""
    document.save(path, result)


def _one(experiment: Experiment, rounds: int, cores: list[int], tell: Tell) -> Result:
    config = experiment.config()
    tell("parity")
    ladder = parity.check(experiment, config, spread=True)
    tell("training")
    score, samples = _score(experiment, config)
    failure = str(ladder.failures[0]) if ladder.failures else None
    return {
        "name": experiment.name,
        "summary": experiment.summary,
        "config": asdict(config),
        "parity": {
            "agrees": failure is None,
            "failure": failure,
            "rungs": ladder.summary(),
            "curves": {d: {f: curve.tolist() for f, curve in both.items()} for d, both in ladder.curves.items()},
            "allowed": {dtype: ladder.allowed(dtype).tolist() for dtype in ladder.curves},
            "spread": {name: curve.tolist() for name, curve in ladder.spread.items()},
        },
        "score": score,
        "samples": samples,
        "timing": [] if failure else time_modes(experiment, config, rounds=rounds, cores=cores, tell=tell),
    }


def _score(experiment: Experiment, config: Any) -> tuple[Result, Result]:
    """What a run reaches against its bound and its witnesses, and what the trained model says of some test data."""
    state, history = experiment.run(config, progress=False)
    with precision(config.dtype):
        program = experiment.program(config)
        on_training_data = train.evaluate(program, state, experiment.source(config))
        batch = next(experiment.evaluation(config).batches(0))
        outputs = np.asarray(jax.jit(program.predict)(state, batch)) if program.predict else None
    score = {
        "bound": str(experiment.bound),
        "holds": experiment.bound.holds(history.final),
        "final": {**history.final, **{f"train_{name}": value for name, value in on_training_data.items()}},
        "witnesses": {
            name: {metric: float(value) for metric, value in values.items()}
            for name, values in experiment.witnesses(config).items()
        },
    }
    return score, {} if outputs is None else _samples(np.asarray(batch[0]), np.asarray(batch[-1]), outputs)


def _samples(inputs: np.ndarray, target: np.ndarray, outputs: np.ndarray) -> Result:
    """Pictures with what the model says of them, its mistakes first; or numbers beside the predicted ones."""
    if not np.issubdtype(target.dtype, np.integer):
        return {"kind": "numbers", "target": target.tolist(), "prediction": outputs.tolist()}
    prediction = outputs.argmax(axis=-1)
    wrong = np.flatnonzero(prediction != target)
    chosen = np.concatenate([wrong, np.flatnonzero(prediction == target)])[:SAMPLES]
    result: Result = {"kind": "classes", "mistakes": len(wrong), "rows": len(target)}
    images = inputs[:, 0] if inputs.ndim == 4 else inputs
    if images.ndim == 3:
        result["images"] = np.round(255 * images[chosen]).astype(int).tolist()
    result["target"], result["prediction"] = target[chosen].tolist(), prediction[chosen].tolist()
    return result
