"""docs/porting.md: each stage of the port has the mistakes that the page names, and the last has none."""

import importlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pages = importlib.import_module("docs.porting.__main__")
stages = importlib.import_module("docs.porting.story").STAGES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.skipif(
        importlib.util.find_spec("transformers") is None,
        reason="transformers, whose GPT-2 the page ports, is not installed; jaxdl does not need it",
    ),
]


@pytest.fixture(scope="module")
def told(torch):
    """The story in a process of its own: transformers warns when it is imported, and warnings are errors here."""
    command = [sys.executable, "-m", "docs.porting", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("stage", stages, ids=lambda stage: stage.title)
def test_a_stage_has_the_mistakes_that_the_page_names(told, stage):
    assert tuple(told["found"][stage.title]) == stage.finds


def test_the_last_stage_is_the_port_and_all_of_it_agrees(told):
    """Outputs in both modes, gradients and steps: none of them was left out."""
    assert told["last"] == pages.text("gpt2.py")
    assert stages[-1].finds == ()
    last = told["page"].rpartition("```text")[2]
    assert "not compared" not in last
    assert re.search(r"gradients +28 of 28 tensors agree", last)
    assert re.search(r"steps +after each of 3 steps, 28 tensors agree", last)


def test_the_page_is_what_the_stages_print(told):
    """But for what is the machine's: a figure's digits, and with them the width of a column."""
    assert _plain(pages.PAGE.read_text(encoding="utf-8")) == _plain(told["page"]), "python -m docs.porting"


def _plain(page: str) -> str:
    figure = r"-?\d+\.\d+e[+-]\d\d|\d+e-\d\d(?=\))|-?\d+\.\d{3,}|(?<=  )0(?=  )"
    return re.sub(r"[\s─]+", " ", re.sub(figure, "#", page))
