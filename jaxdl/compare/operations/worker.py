"""One framework in one process, which times the cases' sides when it is asked to.

Started as `python -m jaxdl.compare.operations.worker jax|torch THREADS`. A line of stdin is a request as JSON, and
its answer one line on stdout: `{"case", "kind", "results"}` makes a case ready, writes its results to that .npz
file and says which sides there are; `{"side", "calls"}` takes that many calls and says how many seconds one took.
"""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np


def main(framework: str, threads: int) -> None:
    """Serve until stdin ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a framework prints must not mix with the answers
    if framework == "torch":
        import_module("torch").set_num_threads(threads)
    sides: Callable[..., Any] = import_module(f"jaxdl.compare.operations.{framework}_side").sides
    turns: dict[str, Callable[[int], float]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "case" in request:
                turns, results = sides(request["case"], request["kind"])
                _save(request["results"], results)
                answer: dict[str, Any] = {"sides": list(turns)}
            else:
                answer = {"seconds": turns[request["side"]](request["calls"])}
        except Exception as error:  # the parent says which case it was
            answer = {"reason": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def _save(path: str, results: dict[str, list[np.ndarray]]) -> None:
    arrays = {f"{side}/{i}": array for side, leaves in results.items() for i, array in enumerate(leaves)}
    np.savez(path, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
