"""docs/pytorch-to-jax.md: every snippet runs, every difference is there, and jaxdl is where PyTorch is."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pages = importlib.import_module("docs.pytorch_to_jax.__main__")
TITLES = [snippet.title for name in pages.FILES for snippet in pages.section(name).snippets]

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.fixture(scope="module")
def found(torch):
    """All snippets in a process of their own: they set float64 as PyTorch's default and jax's x64 mode."""
    command = [sys.executable, "-m", "docs.pytorch_to_jax", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("title", TITLES)
def test_a_snippet_shows_what_the_page_says(found, title):
    one = found["measured"][title]
    assert one["holds"], one


def test_the_page_is_what_the_snippets_give(found):
    """But for the figures' digits, which are the machine's."""
    written, new = pages.PAGE.read_text(encoding="utf-8"), found["page"]
    figure = re.compile(r"\d\.\de[+-]\d\d")
    assert figure.sub("#", written) == figure.sub("#", new), "make docs"
    for old, now in zip(figure.findall(written), figure.findall(new), strict=True):
        assert 0.2 < float(old) / float(now) < 5, f"{old} in the page, {now} now: make docs"


def test_no_title_stands_twice():
    assert len(set(TITLES)) == len(TITLES) >= 80
