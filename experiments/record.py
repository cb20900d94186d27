"""A run's `run.json`: what was run, on what, and how it ended."""

import json
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jax

import jaxdl
from jaxdl import train
from jaxdl.cli import version
from jaxdl.experiment import Experiment, settings
from jaxdl.train.checkpoint import write_whole
from jaxdl.train.checkpoint.integrity import read_json
from jaxdl.train.run import Run

FILE = "run.json"
PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")


class Record(train.Callback):
    """Writes `run.json` when the run begins, or goes on, and again when `end` says how it ended.

    Args:
        experiment: what is run.
        config: its Config.
        folder: the run's.
    """

    def __init__(self, experiment: Experiment, config: Any, folder: Path) -> None:
        self._experiment, self._config, self._file = experiment, config, folder / FILE
        self._run: Run | None = None
        self._facts: dict[str, Any] = {}
        self._before = self._began = 0.0

    def start(self, run: Run) -> None:
        """Describe the run; a resumed one began when it first began."""
        earlier = read(self._file.parent) if run.step else {}
        self._run, self._began = run, time.monotonic()
        self._before = float(earlier.get("seconds") or 0)
        self._facts = {
            "experiment": self._experiment.name,
            "summary": self._experiment.summary,
            "config": settings(self._config),
            "seed": self._config.seed,
            "steps_per_epoch": len(run.source),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(run.state.params)),
            "started": earlier.get("started") or datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {
                "python": platform.python_version(),
                "jaxdl": jaxdl.__version__,
                **{package: version(package) for package in PACKAGES},
            },
            "machine": {
                "device": jax.devices()[0].device_kind,
                "devices": jax.device_count(),
                "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
                "system": platform.platform(),
            },
            "bound": str(self._experiment.bound),
        }
        self._write(finished=False, seconds=self._before)

    def end(self, failure: str | None = None, finished: bool = True) -> None:
        """Write how the run ended; nothing, if it had not begun."""
        if self._run is None:
            return
        final, bound = self._run.history.final, self._experiment.bound
        self._write(
            finished=finished and failure is None,
            failure=failure,
            stopped=self._run.stopped,
            steps=self._run.step,
            seconds=round(self._before + time.monotonic() - self._began, 3),
            final=final,
            reached=bound.holds(final) if bound.metric in final else None,
        )

    def _write(self, **outcome: Any) -> None:
        if jax.process_index() == 0:
            write_whole(self._file, json.dumps({**self._facts, **outcome}, indent=2) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """What a folder's `run.json` says; nothing where there is none.

    Raises:
        ValueError: it holds no JSON object.
    """
    file = folder / FILE
    return read_json(file) if file.is_file() else {}
