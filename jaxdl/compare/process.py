"""The benchmark's side of a worker process."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jaxdl.compare.modes import Mode

START_SECONDS = 180.0  # a mode that has not taken its first steps by then is left out, and says so
TURN_SECONDS = 60.0

Task = tuple[str, int]


class WorkerError(RuntimeError):
    """A mode cannot run; the text says why."""


class Worker:
    """A process that runs one mode of one experiment, a request at a time.

    Args:
        mode: what it runs.
        job: what `jaxdl.compare.worker` reads.
        scratch: an empty folder for its log and what it answers with.
        caches: a folder for compiled programs, which the next process of this mode finds again.
    """

    def __init__(self, mode: Mode, job: dict[str, Any], scratch: Path, caches: Path) -> None:
        self.mode = mode
        self._log = scratch / "log"
        threads = str(len(job["cores"]))
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "JAX_PLATFORMS": "cuda" if job.get("device") == "gpu" else "cpu",
            # All that is compiled is kept, and nothing from elsewhere is found.
            "JAX_COMPILATION_CACHE_DIR": str(caches / "xla"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
            "TORCHINDUCTOR_CACHE_DIR": str(caches / "inductor"),
            "TRITON_CACHE_DIR": str(caches / "triton"),
            # Two instead of one: a ResNet's first step 52 s instead of 71, a GPT's the same, an MLP's 20 instead of 16.
            "TORCHINDUCTOR_COMPILE_THREADS": threads,
            # The processor says what vectors it has; compiling a program to try them takes 2 s of a first start.
            "TORCHINDUCTOR_VEC_ISA_OK": "1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }
        self.began = time.perf_counter()
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [_python(scratch), "-m", "jaxdl.compare.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
            )
        self._answers: queue.Queue[str] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._job = {"mode": mode.name, "runner": mode.runner, "scratch": str(scratch), **job}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, whatever it is doing; once more is nothing."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):  # of what it did not read any more
                pipe.close()  # type: ignore[union-attr]  # both are pipes

    def start(self) -> dict[str, Any]:
        """Import the framework and make everything ready: import_s, build_s."""
        return self._ask(self._job, START_SECONDS)

    def prepare(self, task: Task, check: bool = True) -> dict[str, Any]:
        """Do it for the first time: first_s, and `values`, where what it gave lies."""
        return self._ask({"prepare": task, "check": check}, START_SECONDS)

    def agree(self) -> Path:
        """Where the output, loss and gradients of the first batch in float64 lie."""
        return Path(self._ask({"agree": True}, START_SECONDS)["values"])

    def turn(self, task: Task, count: int) -> tuple[float, int]:
        """Do it that often; the seconds it took, and how often it really was."""
        answer = self._ask({"turn": task, "count": count}, TURN_SECONDS)
        return float(answer["seconds"]), int(answer["count"])

    def finish(self) -> dict[str, Any]:
        """The process's peak memory in MiB, and what training came to; it ends."""
        return self._ask({"finish": True}, TURN_SECONDS)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise WorkerError(f"no answer within {seconds:g} s") from None
        except BrokenPipeError:
            answer = ""
        if not answer:
            lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise WorkerError(f"the process ended: {lines[-1] if lines else 'without a word'}")
        values: dict[str, Any] = json.loads(answer)
        if "reason" in values:
            raise WorkerError(values["reason"])
        return values


def _python(scratch: Path) -> str:
    """This Python; where its folder's name has a space by a link without one, as torch.compile's compiler needs it."""
    if " " not in sys.prefix:
        return sys.executable
    (scratch / "python").symlink_to(sys.prefix, target_is_directory=True)
    return str(scratch / "python" / Path(sys.executable).relative_to(sys.prefix))
