"""Time one workload in every mode: a process each, turns interleaved, no time without agreement."""

import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from jaxdl.compare.agreement import Difference, losses_differ, outputs_differ
from jaxdl.compare.modes import MODES, Mode
from jaxdl.compare.process import Task, Worker, WorkerError
from jaxdl.compare.workload import Workload, given

REFERENCE = "eager"  # unless jax is compared with itself
ANSWERS = ("infer", "product")  # what they give are arrays, not losses
TRIAL = 2
PAUSE = 0.05  # the worker threads of the process that just ran fall asleep
LEAST = 3  # steps a turn: after a pause the first is slower, as its threads sleep and its data have left the caches
LONG = 0.25  # seconds of steps beside which that is nothing
LONGEST = 4  # turns that the slowest mode's one may take, for all take the same steps

Tell = Callable[[str], None]
Row = dict[str, Any]


def stages(work: Workload, modes: Sequence[Mode]) -> int:
    """How often `take` calls `tell`: for each start, and each task."""
    return sum(1 + mode.caches for mode in modes) + len(work.tasks)


class Timing:
    """The rows of a workload's tasks, a row a mode, as they come to be known.

    Every mode gets the same batches and the same initial weights. A mode with `caches` is started twice: with an empty
    one, for one step; and again, for the times. What any mode gives in float32 must be PyTorch eager's, or no time is
    taken.

    Args:
        work: what is timed.
        modes: in which ways.
        rounds: turns that each mode gets for each task.
        turn: seconds that a turn should take.
        settings: of all workers: cores, device.
        tell: called with a line of text at each stage.
        reference: the mode whose numbers the others must have.
        proofs: of the models that no ladder proves, by mode; one that failed is not started.
    """

    def __init__(
        self,
        work: Workload,
        modes: Sequence[Mode],
        *,
        rounds: int,
        turn: float,
        settings: dict[str, Any],
        tell: Tell,
        reference: str = REFERENCE,
        proofs: Mapping[str, Difference] | None = None,
    ) -> None:
        self._work, self._modes, self._rounds, self._turn, self._tell = work, modes, rounds, turn, tell
        self._reference = reference
        self._settings = settings
        self._dtype = "bfloat16" if settings.get("bf16") else "float32"
        self._workers: dict[str, Worker] = {}
        self._values: dict[tuple[str, Task], np.ndarray] = {}
        self._proofs = proofs or {}
        self._differs: dict[
            str, str
        ] = {}  # what a peer cannot have as PyTorch has it: its first step alone is the same
        self.rows: dict[Task, dict[str, Row]] = {
            task: {mode.name: {"mode": mode.name, "label": mode.label} for mode in modes} for task in work.tasks
        }

    def take(self) -> dict[Task, list[Row]]:
        """Start, compare, time; the rows of each task, with a `reason` where there is no time."""
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            job = given(self._work, Path(folder)) | self._settings
            for mode in self._modes:
                if self._proven(mode):
                    self._attempt(mode.name, lambda mode=mode: self._start(mode, job, Path(folder), stack))  # type: ignore[misc]  # mypy cannot type the default
            self._compare()
            for task in self._work.tasks:
                self._tell(_words(task))
                self._interleave(task)
            for name, worker in list(self._workers.items()):
                self._attempt(name, lambda name=name, worker=worker: self._end(name, worker))  # type: ignore[misc]
        return {task: list(rows.values()) for task, rows in self.rows.items()}

    def _proven(self, mode: Mode) -> bool:
        """Whether nothing speaks against a mode so far; what does is its reason."""
        gap, reason = self._proofs.get(mode.name, (None, None))
        if gap is not None:
            self.rows[self._work.tasks[0]][mode.name]["proof_difference"] = gap
        if reason:
            self._drop(mode.name, reason)
        return not reason

    def _start(self, mode: Mode, job: dict[str, Any], folder: Path, stack: ExitStack) -> None:
        """A mode's first process; and, where the first has something to leave to it, the second, which is timed."""
        caches = _made(folder / mode.name / "caches")
        if mode.engine and "engine" in job["config"]:
            job = job | {"config": job["config"] | {"engine": mode.engine}}
        peer = f"{self._work.experiment.module.__name__}{mode.suffix}"
        job = job | {"peer": peer, "steps_per_call": mode.steps_per_call}
        row, first = self.rows[self._work.tasks[0]][mode.name], self._work.tasks[0]
        for start in ("cold", "warm") if mode.caches else ("cold",):
            self._tell(f"{mode.label}: {'first' if start == 'cold' else 'second'} start")
            worker = stack.enter_context(Worker(mode, job, _made(folder / mode.name / start), caches))
            started, ready = worker.start(), time.perf_counter() - worker.began
            last = start == "warm" or not mode.caches
            prepared = worker.prepare(first, check=last)
            self._differs[mode.name] = started.pop("differs")
            row |= {**started, f"first_{start}_s": prepared["first_s"], f"start_{start}_s": ready + prepared["first_s"]}
            if not last:
                worker.stop()
        self._values[mode.name, first] = _loaded(prepared)
        for task in self._work.tasks[1:]:
            prepared = worker.prepare(task)
            self.rows[task][mode.name]["first_cold_s"] = prepared["first_s"]
            self._values[mode.name, task] = _loaded(prepared)
        self._workers[mode.name] = worker

    def _compare(self) -> None:
        """Drop each mode that does not compute what PyTorch eager computes, with the figure as its reason."""
        if self._reference not in self._workers:
            why = next(iter(self.rows.values())).get(self._reference, {}).get("reason", "it is not among the modes")
            for name in list(self._workers):
                self._drop(name, f"{MODES[self._reference].label}, the reference, did not run: {why}")
        for name in list(self._workers):
            differs = self._differs[name]
            for task in self._work.tasks:
                mine, reference = self._values[name, task], self._values[self._reference, task]
                if task[0] in ANSWERS:
                    gap, reason = outputs_differ(mine, reference, self._dtype)
                else:
                    gap, reason = losses_differ(mine, reference, 1 if differs else None, self._dtype)
                self.rows[task][name] |= {"difference": gap, **({"note": differs} if differs else {})}
                if reason:
                    self._drop(name, reason)
                    break

    def _interleave(self, task: Task) -> None:
        """Turns of as many steps for every mode, in an order that moves on every round."""
        for name in self._workers:
            self.rows[task][name]["step_ms"] = []
        count = self._count(task)
        for number in range(self._rounds):
            order = list(self._workers)
            begin = number % max(len(order), 1)
            for name in order[begin:] + order[:begin]:
                time.sleep(PAUSE)
                found = self._taken(name, task, count)
                if found is not None:
                    self.rows[task][name]["step_ms"].append(1e3 * found)
        for name in self._workers:
            times = self.rows[task][name]["step_ms"]
            self.rows[task][name] |= {"steps_a_turn": count, "median_ms": statistics.median(times)}

    def _count(self, task: Task) -> int:
        """How many steps fill a turn: all warm up, a few steps tell how many to try, and those how many to take.

        Steps that are longer than a turn are known after the first few.
        """
        count = TRIAL
        for share in (0, 1 / 4, 1):
            found = [self._taken(name, task, count) for name in list(self._workers)]
            seconds = [one for one in found if one is not None]
            long = bool(seconds) and statistics.median(seconds) > self._turn
            if seconds and (share or long):
                turn, usual = (1 if long else share) * self._turn, statistics.median(seconds)
                least = min(LEAST, math.ceil(LONG / usual))
                count = max(least, round(min(turn / usual, LONGEST * turn / max(seconds))))
            if long:
                break
        return count

    def _taken(self, name: str, task: Task, steps: int) -> float | None:
        """Seconds a step; None where the mode failed."""
        found = self._attempt(name, lambda: self._workers[name].turn(task, steps))
        return None if found is None else found[0] / found[1]

    def _end(self, name: str, worker: Worker) -> None:
        found = worker.finish()
        for rows in self.rows.values():
            rows[name]["peak_mib"] = found["peak_mib"]
        self.rows[self._work.tasks[0]][name]["after"] = found["after"]

    def _attempt(self, name: str, ask: Callable[[], Any]) -> Any:
        """What it gives; a mode that fails is dropped and says why."""
        try:
            return ask()
        except WorkerError as error:
            self._drop(name, str(error))
            return None

    def _drop(self, name: str, reason: str) -> None:
        self._workers.pop(name, None)
        for rows in self.rows.values():
            rows[name] = {k: v for k, v in rows[name].items() if k not in ("step_ms", "median_ms")} | {"reason": reason}


def _loaded(prepared: dict[str, Any]) -> np.ndarray:
    with np.load(prepared["values"]) as arrays:
        values: np.ndarray = arrays["values"]
    return values


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _words(task: Task) -> str:
    return {"infer": f"inference of {task[1]}", "sweep": f"{task[1]} runs"}.get(task[0], "training")
