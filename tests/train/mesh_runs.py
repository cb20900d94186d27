"""Runs over several devices, as a script: `python mesh_runs.py FOLDER CASE [PROCESS]` prints JSON.

jax counts its devices once a process, so a test of many needs a process of its own.
"""

import json
import os
import sys
from pathlib import Path

CASE = sys.argv[2]
PROCESSES = 2 if CASE == "processes" else 1
flags = os.environ.get("XLA_FLAGS", "")
os.environ["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count={8 // PROCESSES}"

import jax  # noqa: E402
import numpy as np  # noqa: E402

from jaxdl import data, functional, metrics, nn, optim, train  # noqa: E402

jax.config.update("jax_enable_x64", True)
X = np.random.RandomState(0).randn(88, 16)
LABELS = (X.sum(axis=1) > 0).astype(np.int64)
EPOCHS = 3


class Net(nn.Module):
    def __init__(self, *, rngs):
        self.fc1 = nn.Linear(16, 128, rngs=rngs)
        self.bn = nn.BatchNorm1d(128)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(128, 64, rngs=rngs)
        self.fc3 = nn.Linear(64, 2, rngs=rngs)

    def __call__(self, x):
        return self.fc3(functional.relu(self.fc2(self.drop(functional.relu(self.bn(self.fc1(x)))))))


PROGRAM = train.supervised(
    Net, functional.cross_entropy, optim.adamw(1e-2), metrics={"accuracy": metrics.accuracy}, dtype="float64"
)
SOURCE = data.ArraySource((X, LABELS), 32, shuffle=True)  # the last batch has 24 rows
TEST = data.ArraySource((X, LABELS), 40)


def mesh(**axes):
    count = int(np.prod(list(axes.values())))
    return jax.make_mesh(tuple(axes.values()), tuple(axes), devices=jax.devices()[:count])


def fit(epochs=EPOCHS, **settings):
    return train.fit(PROGRAM, SOURCE, epochs, evaluation=TEST, progress=False, **settings)


def told(result):
    """What is compared: losses, tests, and the sum of all parameters."""
    state, history = result
    total = jax.jit(lambda tree: sum(abs(leaf).sum() for leaf in jax.tree.leaves(tree)))((state.params, state.buffers))
    return {
        "losses": history["loss"].tolist(),
        "tests": [epoch["test_loss"] for epoch in history.epochs],
        "total": float(total),
    }


def share(state):
    """How much of the first layer's weight, and of its Adam moments, one device holds."""
    leaves = [state.params["fc1.weight"], *jax.tree.leaves(state.opt_state)]
    largest = [leaf for leaf in leaves if leaf.shape == (128, 16)]
    return [leaf.addressable_shards[0].data.size / leaf.size for leaf in largest]


def losses(folder):
    found = {"one": told(fit())}
    for name, axes in {
        "data": {"data": 8},
        "fsdp": {"fsdp": 8},
        "both": {"data": 2, "fsdp": 4},
        "odd": {"data": 3},
    }.items():
        for steps_per_call in (1, 4):
            result = fit(mesh=mesh(**axes), steps_per_call=steps_per_call)
            found[f"{name} {steps_per_call}"] = {**told(result), "share": share(result[0])}
    return found


def one(folder):
    return {"one": told(fit())}


def memory(folder):
    return {
        name: train.memory(PROGRAM, SOURCE, mesh=None if axes is None else mesh(**axes))
        for name, axes in {"one": None, "data": {"data": 8}, "fsdp": {"fsdp": 8}}.items()
    }


def resume(folder):
    """Eight devices write; one, two and eight go on."""
    import shutil

    found = {"unbroken": told(fit())}
    fit(1, mesh=mesh(fsdp=8), directory=folder / "written")
    for name, settings in {
        "one": {},
        "two": {"mesh": mesh(fsdp=2)},
        "data": {"mesh": mesh(data=2)},
        "eight": {"mesh": mesh(fsdp=8)},
    }.items():
        shutil.copytree(folder / "written", folder / name)
        found[name] = told(fit(directory=folder / name, resume=True, **settings))
    return found


def processes(folder):
    """Two processes of four devices each; a run that is cut in two, over checkpoints that both write."""
    jax.distributed.initialize(f"127.0.0.1:{sys.argv[4]}", 2, int(sys.argv[3]))
    assert len(jax.devices()) == 8
    assert len(jax.local_devices()) == 4
    found = {}
    for name, axes in {"data": {"data": 8}, "fsdp": {"fsdp": 8}}.items():
        directory = folder / f"two processes, {name}"
        found[name] = told(fit(mesh=mesh(**axes)))
        fit(1, mesh=mesh(**axes), directory=directory)
        found[f"{name} resumed"] = told(fit(mesh=mesh(**axes), directory=directory, resume=True))
    return found


if __name__ == "__main__":
    outcome = globals()[CASE](Path(sys.argv[1]))
    if jax.process_index() == 0:
        print(json.dumps(outcome))
