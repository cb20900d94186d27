"""A run that is killed again and again: `python killed_runs.py FOLDER KILLS SEED` prints what became of it.

The process that runs this imports jax and never computes; each attempt is a fork of it, so that an attempt costs a
compilation and not an import.
"""

import json
import os
import random as chance
import signal
import sys
import time
from pathlib import Path

import jax
import numpy as np

from jaxdl import data, functional, metrics, nn, optim, train

EPOCHS = 300
X = np.random.RandomState(0).randn(70, 3).astype(np.float32)
LABELS = (X.sum(axis=1) > 0).astype(np.int32)


class Net(nn.Module):
    def __init__(self, *, rngs):
        self.fc1 = nn.Linear(3, 8, rngs=rngs)
        self.bn = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(8, 2, rngs=rngs)

    def __call__(self, x):
        return self.fc2(self.drop(functional.relu(self.bn(self.fc1(x)))))


class Tell(train.Callback):
    """Says that steps have been made."""

    def __init__(self, pipe):
        self.pipe = pipe

    def call_ended(self, run):
        os.write(self.pipe, b".")


def run(folder, pipe, directory):
    """The whole run, or what is left of it; its numbers end up in `folder`."""
    program = train.supervised(
        Net, functional.cross_entropy, optim.adam(1e-2), metrics={"accuracy": metrics.accuracy}, average=optim.ema(0.9)
    )
    keywords = {}
    if directory is not None:
        keywords = {
            "directory": directory,
            "checkpoints": train.Checkpoints(every_steps=11, keep=2, best="test_loss"),
            "resume": "auto",
        }
    state, history = train.fit(
        program,
        data.ArraySource((X, LABELS), 16, shuffle=True),
        EPOCHS,
        evaluation=data.ArraySource((X, LABELS), len(X)),
        progress=False,
        callbacks=[Tell(pipe)],
        **keywords,
    )
    epochs = [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in history.epochs]
    arrays = {
        f"{kind}.{name}": np.asarray(value)
        for kind in ("params", "buffers")
        for name, value in getattr(state, kind).items()
    }
    arrays |= {f"optimiser.{name}": np.asarray(value) for name, value in optim.named_state(state.opt_state).items()}
    arrays |= {f"average.{name}": np.asarray(value) for name, value in state.extra.params.items()}
    np.savez(folder / "run.npz", losses=history["loss"], epochs=json.dumps(epochs), **arrays)


def attempt(folder, directory):
    """A process that runs it, and a pipe that tells of its steps."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            run(folder, writing, directory)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    return child, reading


def unfinished(directory):
    """Checkpoints that are being written."""
    return list((directory / "checkpoints").glob("*.orbax-checkpoint-tmp*"))


def main(folder, kills, seed):
    """Kill it so many times, then let it end."""
    import orbax.checkpoint  # noqa: F401  # once, and not in every fork

    draw, directory = chance.Random(seed), folder / "killed"
    jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    killed = in_writing = 0
    while True:
        child, pipe = attempt(folder, directory)
        if killed < kills and os.read(pipe, 1):  # steps are being made
            if killed % 2:
                time.sleep(draw.uniform(0, 0.08))
            else:  # in the middle of writing a checkpoint
                deadline = time.monotonic() + 5
                while not unfinished(directory) and time.monotonic() < deadline:
                    pass
                time.sleep(draw.uniform(0, 0.01))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(pipe)
        if os.WIFSIGNALED(status):
            killed += 1
            in_writing += bool(unfinished(directory))
            continue
        print(json.dumps({"killed": killed, "in_writing": in_writing, "status": os.waitstatus_to_exitcode(status)}))
        return


if __name__ == "__main__":
    if sys.argv[2] == "whole":
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        run(Path(sys.argv[1]), os.open(os.devnull, os.O_WRONLY), None)
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
