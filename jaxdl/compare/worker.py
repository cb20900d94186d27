"""One framework in one process: imports it, takes the first step, then as many as the benchmark asks for, when it asks.

Started as `python -m jaxdl.compare.worker`, with a job as JSON in its first line of stdin. Each later line is a
number of steps; each answer is one line of JSON on stdout. The last line, empty, asks for what the whole process took.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

TORCH_MODES = ("eager", "compile", "channels_last")
CHECKED_STEPS = 20  # whose losses are compared across modes before a time is believed

Advance = Callable[[int], Callable[[], list[float]]]  # takes so many steps; what it gives reads their losses


def main() -> None:
    """Serve one job."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a framework prints must not mix with the answers

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    job = json.loads(sys.stdin.readline())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cores"])
    build = torch_run if job["mode"] in TORCH_MODES else jax_run
    try:
        imported, advance = build(job)
        started = time.perf_counter()
        first = advance(1)
        first_step = time.perf_counter() - started
        losses = [*first(), *advance(CHECKED_STEPS - 1)()]
    except Exception as error:  # a mode that cannot run says why in its row
        answer(reason=reason(error))
        return
    answer(import_s=imported, first_step_s=first_step, losses=losses)
    for line in sys.stdin:
        if not line.strip():
            break
        started = time.perf_counter()
        advance(int(line))
        answer(seconds=time.perf_counter() - started)
    answer(peak_mib=peak_mib())


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


def jax_run(job: dict[str, Any]) -> tuple[float, Advance]:
    """The experiment's own program: its compiled, donated step."""
    started = time.perf_counter()
    import jax
    import numpy as np

    from jaxdl import experiment, random

    found = experiment.find(job["experiment"])
    imported = time.perf_counter() - started
    with np.load(job["batches"]) as arrays:
        batches = [tuple(jax.device_put(arrays[f"{b}_{a}"]) for a in range(job["arrays"])) for b in range(job["count"])]
    program = found.program(found.config(**job["config"]))
    state = program.init(random.TorchGenerator(job["config"]["seed"]))
    jax.block_until_ready((state, batches))
    position = 0

    def advance(steps: int) -> Callable[[], list[float]]:
        nonlocal state, position
        losses = []
        for _ in range(steps):
            state, metrics = program.compiled_step(state, batches[position % len(batches)])
            position += 1
            losses.append(metrics["loss"])
        jax.block_until_ready((losses, state))
        return lambda: [float(loss) for loss in losses]

    return imported, advance


def torch_run(job: dict[str, Any]) -> tuple[float, Advance]:
    """The twin: PyTorch eager, compiled, or with images in channels_last memory."""
    started = time.perf_counter()
    import torch

    imported = time.perf_counter() - started
    import numpy as np

    torch.set_num_threads(len(job["cores"]))
    config = SimpleNamespace(**job["config"])
    twin = import_module(job["twin"])
    torch.manual_seed(config.seed)
    model = twin.model(config).to(getattr(torch, config.dtype))
    layout = torch.channels_last if job["mode"] == "channels_last" else torch.contiguous_format
    model = model.to(memory_format=layout)
    with np.load(job["batches"]) as arrays:
        batches = [[torch.from_numpy(arrays[f"{b}_{a}"]) for a in range(job["arrays"])] for b in range(job["count"])]
    if job["mode"] == "channels_last":
        batches = [[t.to(memory_format=layout) if t.ndim == 4 else t for t in batch] for batch in batches]
    optimizer = twin.optimizer(model, config)
    forward = torch.compile(model) if job["mode"] == "compile" else model
    position = 0

    def advance(steps: int) -> Callable[[], list[float]]:
        nonlocal position
        losses = []
        for _ in range(steps):
            *inputs, target = batches[position % len(batches)]
            position += 1
            optimizer.zero_grad()
            loss = twin.loss(forward(*inputs), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return lambda: [float(loss) for loss in losses]

    return imported, advance


if __name__ == "__main__":
    main()
