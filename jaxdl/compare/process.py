"""The benchmark's side of a worker process."""

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

START_SECONDS = 180.0  # a mode that has not taken its first steps by then is left out, and says so
TURN_SECONDS = 60.0


class WorkerError(RuntimeError):
    """A mode cannot run; the text says why."""


class Worker:
    """A process that runs one mode of one experiment, a turn at a time.

    Args:
        mode: 'jax', 'eager', 'compile', 'channels_last', 'autodiff_numpy' or 'autodiff_xla'.
        job: what `jaxdl.compare.worker` reads.
        scratch: an empty folder for its log and caches.
    """

    def __init__(self, mode: str, job: dict[str, Any], scratch: Path) -> None:
        self.mode = mode
        self._log = scratch / "log"
        threads = str(len(job["cores"]))
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "JAX_PLATFORMS": "cpu",
            "JAX_ENABLE_COMPILATION_CACHE": "false",
            # Empty, as jax's is off: the first step is a cold one.
            "TORCHINDUCTOR_CACHE_DIR": str(scratch / "inductor"),
            "TORCHINDUCTOR_COMPILE_THREADS": threads,
        }
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
        self._job = json.dumps({"mode": mode, **job})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]  # both are pipes

    def start(self) -> dict[str, Any]:
        """Import the framework and take the first steps: import_s, first_step_s, losses."""
        return self._ask(self._job, START_SECONDS)

    def turn(self, steps: int) -> float:
        """Seconds for that many further steps."""
        return float(self._ask(str(steps), TURN_SECONDS)["seconds"])

    def finish(self) -> float:
        """The process's peak memory in MiB; it ends."""
        return float(self._ask("", TURN_SECONDS)["peak_mib"])

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def _ask(self, line: str, seconds: float) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            print(line, file=self._process.stdin, flush=True)
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
