"""One framework in one process: what the benchmark asks for, when it asks.

Started as `python -m jaxdl.compare.worker`, with a job as JSON in its first line of stdin. Each later line is a
request, each answer one line of JSON on stdout:

- the job itself: import the framework and make everything ready -> import_s, build_s, differs
- {"prepare": TASK, "check": true}: do it for the first time -> first_s, and `values`, the path of what it gave
- {"turn": TASK, "count": N}: do it N times -> seconds, count
- {"agree": true}: forward and gradients in float64 -> values
- {"finish": true}: what is left behind -> peak_mib, after
"""

import json
import os
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from jaxdl.compare.runners import Runner, Task, configured

Request = dict[str, Any]


def main() -> None:
    """Serve one job."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a framework prints must not mix with the answers
    server: _Server | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if server is None:
                server = _Server(request)
                answer: Request = server.started
            else:
                answer = server.answer(request)
        except Exception as error:  # a mode that cannot run says why in its row
            answer = {"reason": reason(error)}
        print(json.dumps(answer), file=answers, flush=True)
        if "reason" in answer or "finish" in request:
            return


class _Server:
    def __init__(self, job: Request) -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, job["cores"])
        self._scratch = Path(job["scratch"])
        started = time.perf_counter()
        runner = import_module(f"jaxdl.compare.runners.{job['runner']}")
        runner.load(job)
        imported = time.perf_counter()
        import numpy as np

        self._np = np
        self._runner: Runner = runner.build(configured(job))
        self._tasks: dict[str, Task] = {}
        built = time.perf_counter()
        self.started = {"import_s": imported - started, "build_s": built - imported, "differs": self._runner.differs}

    def answer(self, request: Request) -> Request:
        if "prepare" in request:
            kind, number = request["prepare"]
            return self._prepare(kind, number, request["check"])
        if "turn" in request:
            began = time.perf_counter()
            count = self._tasks[_name(*request["turn"])].turn(request["count"])
            return {"seconds": time.perf_counter() - began, "count": count}
        if "agree" in request:
            return {"values": self._kept("agree", **self._runner.agree())}
        return {"peak_mib": peak_mib(), "after": self._runner.after()}

    def _prepare(self, kind: str, number: int, check: bool) -> Request:
        task = self._tasks[_name(kind, number)] = self._runner.task(kind, number)
        began = time.perf_counter()
        task.first()
        first = time.perf_counter() - began
        return {"first_s": first, **({"values": self._kept(_name(kind, number), values=task.check())} if check else {})}

    def _kept(self, name: str, **arrays: Any) -> str:
        path = self._scratch / f"{name}.npz"
        kept = {key: self._np.asarray(array) for key, array in arrays.items()}
        self._np.savez(path, **kept)  # type: ignore[arg-type]  # the stubs take the names for keywords of savez
        return str(path)


def _name(kind: str, number: int) -> str:
    return f"{kind}-{number}"


def reason(error: Exception) -> str:
    """An error in one line: its first, and the one in which a compiler says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    compiler = [line for line in lines[1:] if "error: " in line]
    return " · ".join([f"{type(error).__name__}: {lines[0] if lines else 'no message'}", *compiler[:1]])


def peak_mib() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():  # Linux's getrusage counts what the parent held before it started this program
        return (
            next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 2**10
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
