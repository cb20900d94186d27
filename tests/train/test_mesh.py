"""One run on many devices: the same numbers as on one, less memory on each."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxdl import data, functional, nn, optim, train

SCRIPT = Path(__file__).with_name("mesh_runs.py")
TOLERANCE = 1e-10  # float64; seen: losses 3e-16, evaluations 1e-12, sums of all parameters 1e-13


def started(*arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, SCRIPT, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def ended(process):
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors[-3000:]
    return output


def told(*arguments):
    return json.loads(ended(started(*arguments)).splitlines()[-1])


def assert_equal_runs(found, reference):
    for name, run in found.items():
        for kind in ("losses", "tests", "total"):
            np.testing.assert_allclose(run[kind], reference[kind], rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


@pytest.mark.slow
def test_eight_devices_compute_what_one_computes(tmp_path):
    """Batch norm's statistics, dropout's masks, a last batch of 24 rows that three devices divide and sixteen would
    not, many steps a device call: the same losses, tests and parameters; and the state lies where it should."""
    found = told(tmp_path, "losses")
    assert_equal_runs(found, found["one"])
    for name, parts in {"data": 1, "fsdp": 8, "both": 4, "odd": 1}.items():
        assert found[f"{name} 4"]["share"] == [1 / parts] * 3


@pytest.mark.slow
def test_a_checkpoint_of_eight_devices_goes_on_on_one_and_on_two(tmp_path):
    found = told(tmp_path, "resume")
    assert_equal_runs(found, found["unbroken"])


@pytest.mark.slow
def test_two_processes_compute_what_one_computes(tmp_path):
    """Over loopback, four devices each, checkpoints that both write included."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pair = [started(tmp_path, "processes", number, port) for number in (0, 1)]
    outputs = [ended(process) for process in pair]
    reference = told(tmp_path, "one")
    assert_equal_runs(json.loads(outputs[0].splitlines()[-1]), reference["one"])


@pytest.mark.slow
def test_a_sharded_state_takes_an_eighth_of_the_memory(tmp_path):
    """From the compiled program: what is too small to split stays whole, so a little more than an eighth."""
    found = told(tmp_path, "memory")
    assert found["data"]["state"] == found["one"]["state"]
    assert found["fsdp"]["state"] < found["one"]["state"] / 5
    assert found["fsdp"]["arguments"] < found["one"]["arguments"] / 4
    assert found["fsdp"]["total"] < found["one"]["total"] / 3
    assert found["data"]["temporary"] < found["one"]["temporary"]


@pytest.mark.parametrize(
    ("mesh", "error", "message"),
    [
        (8, TypeError, r"mesh must be a jax.sharding.Mesh, as jax.make_mesh gives it, given 8"),
        (lambda: jax.make_mesh((1,), ("model",)), ValueError, r"must be named 'data' .* or 'fsdp' .*, given 'model'"),
    ],
)
def test_mistakes(mesh, error, message):
    program = train.supervised(lambda rngs: nn.Linear(1, 1, rngs=rngs), functional.mse_loss, optim.sgd(0.1))
    x = np.ones((8, 1), np.float32)
    with pytest.raises(error, match=message):
        train.fit(program, data.ArraySource((x, x), 4), 1, mesh=mesh() if callable(mesh) else mesh, progress=False)
