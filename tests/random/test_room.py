"""jaxdl.random is NumPy alone, and quick."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import jaxdl.random
from jaxdl.random import TorchGenerator, data_loader_order

FILES = sorted(Path(jaxdl.random.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_imports_in_the_source(file):
    imported = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    outside = {name.split(".")[0] for name in imported if not name.startswith("jaxdl.random")}
    assert outside <= {*sys.stdlib_module_names, "numpy", "ml_dtypes"}


def test_imports_in_a_process():
    script = "import sys, jaxdl.random as r; r.TorchGenerator(0).normal(99); print(*sys.modules)"
    command, root = [sys.executable, "-c", script], FILES[0].parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert not {"jax", "torch", "ml_dtypes"} & {*done.stdout.split()}


def test_bfloat16_by_name_in_a_process_that_does_not_know_it():
    script = "from jaxdl.random import TorchGenerator as G; print(G(0).uniform(3, dtype='bfloat16').dtype)"
    command, root = [sys.executable, "-c", script], FILES[0].parents[2]
    assert subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout == "bfloat16\n"


@pytest.mark.parametrize(
    "draw",
    [
        lambda g: g.uniform(10**7),
        lambda g: g.uniform(10**7, -0.1, 0.1),
        lambda g: g.normal(10**6),
        lambda g: g.normal(10**6, dtype=np.float64),
        lambda g: g.bernoulli(0.5, 10**7),
        lambda g: g.randperm(10**6),
        lambda g: data_loader_order(g, 60_000, 200, own_generator=True),
    ],
    ids=["uniform", "range", "normal", "float64", "bernoulli", "randperm", "order"],
)
def test_a_second_is_plenty(draw):
    generator = TorchGenerator(0)
    start = time.process_time()  # this process's own time, so that busy neighbours do not count
    draw(generator)
    assert time.process_time() - start < 1
