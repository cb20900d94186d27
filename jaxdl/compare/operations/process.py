"""The parent's side of a worker."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

Results = dict[str, list[np.ndarray]]


class Worker:
    """A process that holds one framework.

    Args:
        framework: 'jax' or 'torch'.
        threads: that it may use.
        scratch: a folder for its log and its results.
    """

    def __init__(self, framework: str, threads: int, scratch: Path) -> None:
        self._log, self._results = scratch / f"{framework}.log", scratch / f"{framework}.npz"
        given = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "JAX_PLATFORMS": "cpu"}
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jaxdl.compare.operations.worker", framework, str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **given},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]  # both are pipes

    def prepare(self, case: str, kind: str) -> tuple[list[str], Results]:
        """Make a case ready: its sides, and what each computes."""
        answer = self._ask(case=case, kind=kind, results=str(self._results))
        found: Results = {}
        with np.load(self._results) as arrays:
            for name in arrays.files:
                found.setdefault(name.partition("/")[0], []).append(arrays[name])
        self._results.unlink()
        return answer["sides"], found

    def turn(self, side: str, calls: int) -> float:
        """Seconds a call."""
        return float(self._ask(side=side, calls=calls)["seconds"])

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            words = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise RuntimeError(f"a worker ended: {words[-1] if words else 'without a word'}")
        answer: dict[str, Any] = json.loads(line)
        if "reason" in answer:
            raise RuntimeError(f"{request.get('case', request.get('side'))}: {answer['reason']}")
        return answer
