"""docs/autodiff.md: every snippet runs and prints what the page says, and its drawings are those beside it."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "autodiff.md").read_text(encoding="utf-8")
DRAWINGS = re.findall(r"\]\((autodiff/[\w.]+)\)", TEXT)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """The snippets, run in order as one session; the folder with what they drew, and what went wrong."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "docs" / "autodiff").mkdir(parents=True)
    session = doctest.DocTestParser().get_doctest(snippets(), {}, "docs/autodiff.md", None, 0)
    assert len(session.examples) == TEXT.count("\n>>> ") > 60
    said = []
    with pytest.MonkeyPatch.context() as patch, np.printoptions():
        patch.chdir(folder)
        doctest.DocTestRunner().run(session, out=said.append)
    return folder, "".join(said)


def snippets():
    """The page's Python, each line in its place."""
    inside, kept = False, []
    for line in TEXT.splitlines():
        inside = line == "```python" or (inside and line != "```")
        kept.append(line if inside and line != "```python" else "")
    return "\n".join(kept) + "\n"


def test_every_snippet_prints_what_the_page_says(outcome):
    assert not outcome[1], outcome[1]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_that_of_its_snippet(outcome, name):
    drawn, beside = (written(folder / name) for folder in (outcome[0] / "docs", DOCS))
    assert drawn == beside, f"copy the new one to docs/{name}"
    assert (DOCS / name).stat().st_size < 60_000


def written(file):
    """The texts of a drawing, which matplotlib writes as comments; the outlines beside them depend on its version."""
    return re.findall(r"<!-- (.+?) -->", file.read_text(encoding="utf-8"))


def test_both_drawings_are_on_the_page():
    assert DRAWINGS == ["autodiff/product.svg", "autodiff/neuron.svg"]


def test_the_map_names_every_file():
    room = DOCS.parent / "jaxdl" / "autodiff"
    table = TEXT[TEXT.index("## 12") : TEXT.index("## 13")]
    for file in [*room.glob("*.py"), *(room / "engine").glob("*.py")]:
        name = str(file.relative_to(room))
        assert name.endswith("__init__.py") or f"`{name}`" in table, name
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", table):
        assert (room / name).exists(), name
