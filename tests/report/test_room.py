"""jaxdl.report reads saved JSON alone, and costs nothing until it draws."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jaxdl import report

ROOT = Path(report.__file__).parents[2]


def test_importing_it_is_light():
    script = "import sys, jaxdl.report; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"matplotlib", "jinja2", "PIL", "jax", "torch", "flax"} & {*done.stdout.split()}


def test_drawing_leaves_pyplot_alone():
    script = """
import sys
from jaxdl.report import figures, theme
figures.curves({'float32': {'jax': [1.0], 'torch': [2.0]}}, {}, theme.LIGHT)
print(*sys.modules)"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "matplotlib.figure" in done.stdout.split()
    assert "matplotlib.pyplot" not in done.stdout.split()


def test_a_saved_result_is_read(tmp_path, sound):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(sound), encoding="utf-8")
    assert report.load(path) == sound


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{'experiments': []}", "is not JSON: line 1, column 2"),
        (b"", "is not JSON"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"[1, 2]", "holds a list, not an object"),
        (b'{"step": 1}', "needs a list 'experiments' and has 'step'"),
        (b'{"experiments": [{"summary": "x"}]}', "experiment 1 has no name"),
        (b'{"experiments": [{"name": "x", "parity": {}}]}', "'x' does not say whether its 'parity' 'agrees'"),
    ],
)
def test_what_is_no_result_says_why(tmp_path, content, fault):
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"result\.json.*" + fault):
        report.load(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        report.load(tmp_path / "result.json")
