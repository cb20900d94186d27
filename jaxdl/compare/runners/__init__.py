"""How each framework runs a workload: a module each, with `load(job)`, which imports it, and `build(job)`."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Protocol

CHECKED_STEPS = 8  # whose losses are compared across modes before a time is believed

PROVEN_ROWS = 16  # of the first batch: float64 convolutions take several times as long as float32's

Job = dict[str, Any]


class Task(Protocol):
    """Something that is done many times."""

    def first(self) -> None:
        """Compile it and do it once, to the end."""

    def check(self) -> Any:
        """What it gives, for comparison with the other modes: the losses of the first steps, or outputs."""

    def turn(self, count: int) -> int:
        """Do it at least `count` times, to the end; how often it was."""


class Runner(Protocol):
    """A framework with an experiment's model, weights and data.

    Attributes:
        differs: what this model cannot have as PyTorch has it, so that its first step alone can be the same; or empty.
    """

    differs: str

    def task(self, kind: str, number: int) -> Task:
        """'train' on batches of that size, 'infer' on that many rows, 'sweep' over that many seeds; where the machine's
        ceiling is asked for, 'product' of two square matrices of that size."""

    def agree(self) -> dict[str, Any]:
        """Output, loss and gradients of the first batch's `proven` rows in float64: 'output', 'loss' and PyTorch's
        names."""

    def after(self) -> dict[str, Any]:
        """What training came to: 'steps', 'loss' (the mean of the last pass over the batches), what else is known."""


class Losses:
    """The losses of every step, read when somebody asks: reading one waits for it."""

    def __init__(self) -> None:
        self._seen: list[Any] = []

    def add(self, loss: Any) -> None:
        """A loss, or several in an array."""
        self._seen.append(loss)

    def read(self) -> Any:
        """All of them, `[steps]`, in float64."""
        import numpy as np

        return np.concatenate([np.atleast_1d(np.asarray(loss, np.float64)) for loss in self._seen or [[]]])

    def after(self, batches: int) -> dict[str, Any]:
        """How many there are, and the mean of the last pass."""
        losses = self.read()
        return {"steps": len(losses), "loss": float(losses[-batches:].mean()) if len(losses) else None}


class Steps:
    """Training steps, one call each: `_step(batch) -> loss`, and `_wait(loss)` until it has been done.

    Args:
        batches: gone through again and again.
        losses: where each step's is kept.
        runs: as many steps make one of a sweep's, one run after the other.
    """

    def __init__(self, batches: list[Any], losses: Losses, runs: int) -> None:
        self._batches, self._losses, self._runs, self._position = batches, losses, runs, 0

    def first(self) -> None:
        self._steps(1)

    def check(self) -> Any:
        self._steps(CHECKED_STEPS - 1)
        return self._losses.read()

    def turn(self, count: int) -> int:
        self._steps(count * self._runs)
        return count

    def _steps(self, count: int) -> None:
        for _ in range(count):
            loss = self._step(self._batches[self._position % len(self._batches)])
            self._position += 1
            self._losses.add(loss)
        self._wait(loss)

    def _step(self, batch: Any) -> Any:
        raise NotImplementedError

    def _wait(self, loss: Any) -> None:
        raise NotImplementedError


def set_jax_precision(job: Job) -> None:
    """On a GPU, that float32 products are of float32, or of TF32 where both frameworks shall use it."""
    if job.get("device") == "gpu":
        import jax

        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if job["tf32"] else "highest")


def configured(job: Job) -> Job:
    """A job as it was written down, with its experiment's Config as an object, properties and all."""
    return job | {"config": SimpleNamespace(**job["config"], **job["derived"])}


def batches(job: Job, put: Callable[[Any], Any]) -> list[tuple[Any, ...]]:
    """The job's batches, each array as `put` makes it."""
    import numpy as np

    with np.load(job["batches"]) as arrays:
        return [tuple(put(arrays[f"{b}_{a}"]) for a in range(job["arrays"])) for b in range(job["count"])]


def proven(batch: tuple[Any, ...]) -> tuple[Any, ...]:
    """The rows of a batch in which a model without a ladder is compared with PyTorch's in float64."""
    return tuple(array[:PROVEN_ROWS] for array in batch)


def repeated(rows: int, wanted: int) -> list[int]:
    """The numbers of so many rows out of fewer: again from the first when they are used up.

    >>> repeated(2, 5)
    [0, 1, 0, 1, 0]
    """
    return [number % rows for number in range(wanted)]
