"""The ladder in somebody else's tests: a right run passes, a wrong one fails in a line with the table behind it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THEIRS = """
import numpy as np
import pytest
import torch
from jaxdl import data, functional, nn, optim, parity, train

X = np.random.RandomState(0).randn(64, 3)
Y = X @ [[1.0], [2.0], [3.0]]


def twin(learning_rate):
    return parity.Twin(
        lambda: torch.nn.Linear(3, 1),
        torch.nn.functional.mse_loss,
        lambda model: torch.optim.SGD(model.parameters(), lr=learning_rate),
    )


def program(dtype):
    return train.supervised(
        lambda rngs: nn.Linear(3, 1, rngs=rngs), functional.mse_loss, optim.sgd(0.1), dtype=dtype
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("learning_rate", [0.1, 0.2])
def test_run(assert_ladder, dtype, learning_rate):
    source = data.ArraySource((X.astype(dtype), Y.astype(dtype)), 16, shuffle=True)
    assert_ladder(program(dtype), twin(learning_rate), source, dtype=dtype, steps=12)
"""


@pytest.mark.slow
@pytest.mark.torch
def test_it_serves_anybodys_tests(torch, tmp_path):
    (tmp_path / "test_theirs.py").write_text(THEIRS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "jaxdl.pytest_plugin", "-p", "no:cacheprovider", "test_theirs.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "COLUMNS": "120"},
        capture_output=True,
        text=True,
    )
    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "ParityError: test_run[0.2-float64]: step 1 · weight" in done.stdout
    assert "parity ladder" in done.stdout  # the table's own section
    assert "losses 11 to 12" in done.stdout
    assert "climb.py" not in done.stdout  # their line, not ours


def test_it_costs_nothing_until_it_is_asked_for():
    code = "import sys, jaxdl.pytest_plugin; assert 'jax' not in sys.modules and 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
