"""The page: whole, closed in itself, safe to open, and silent about times where the numbers differ."""

import re
import struct

import pytest

from jaxdl import report


@pytest.fixture(scope="session")
def read(drawn, parse):
    """A result's page, parsed."""
    return lambda name, result: parse(drawn(name, result).read_text(encoding="utf-8"))


def test_it_and_its_pictures_are_written(drawn, sound):
    path = drawn("sound", sound)
    assert path.name == "index.html"
    kinds = {
        "supervised-mlp": ("curves", "bars", "digits"),
        "supervised-linear_regression": ("curves", "bars", "scatter"),
        "vision-lenet": ("curves", "bars", "digits"),
    }
    names = {f"{anchor}-{kind}{theme}.png" for anchor in kinds for kind in kinds[anchor] for theme in ("", "-dark")}
    assert {file.name for file in path.parent.iterdir()} == {"index.html", *names}
    for name in names:
        content = (path.parent / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert struct.unpack(">I", content[16:20]) == (1000,)


def test_it_needs_nothing_else(drawn, read, sound):
    text, page = drawn("sound", sound).read_text(encoding="utf-8"), read("sound", sound)
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in page.addresses)
    assert "url(" not in text
    assert "@import" not in text
    assert not {"script", "link", "iframe"} & {*page.tags}
    assert len(text) < 2_000_000
    assert {address[1:] for address in page.addresses if address[0] == "#"} <= {*page.ids}
    assert len(page.ids) == len({*page.ids})


def test_everything_is_said(read, sound):
    page = read("sound", sound)
    for experiment in sound["experiments"]:
        assert experiment["name"] in page.text
        assert experiment["summary"] in page.text
        for row in experiment["timing"]:
            assert row["label"] in page.text
    for word in ("2.1× faster", "tie (1.03× faster)", "1.5× slower", "Failed to find C++ compiler"):
        assert word in page.text
    for fact in (
        "AMD EPYC 9B45",
        "0.10.2",
        "2.13.0",
        "2 of 4",
        "a1b2c3d",
        "20 November 2025",
        "make compare",
    ):
        assert fact in page.text
    assert "2,140" in page.text
    assert "accuracy 0.972" in page.text
    assert "1.4× faster" in page.text  # than stock Flax
    assert "9 of 359 test rows are misread" in page.text


def test_pictures_are_described(read, sound):
    loss, time, digits = read("sound", sound).alts[:3]
    assert "460 steps" in loss
    assert re.search(r"float64 at most \S+ × 10⁻¹\S and float32 at most", loss)
    assert "JAX: 0.310 ms (0.301 to 0.319), 2.1× faster" in time
    assert "a 0 read as 1" in digits


def test_no_time_before_the_numbers_agree(drawn, read, strange):
    page, path = read("differing", strange["differing"]), drawn("differing", strange["differing"])
    assert "step 1 · bn1.running_var · 3.1e-03 > 1e-10 (float64, weights seed)" in page.text
    assert "✗ differ" in page.text
    section = page.text.partition("✗ The numbers differ")[2].partition("How it was measured")[0]
    assert "Parity" in section
    assert "654" not in section
    assert " ms" not in section
    assert not (path.parent / "vision-lenet-bars.png").exists()
    assert (path.parent / "vision-lenet-curves.png").exists()


def test_what_comes_from_outside_is_text(drawn, read, strange):
    text, page = (
        drawn("hostile", strange["hostile"]).read_text(encoding="utf-8"),
        read("hostile", strange["hostile"]),
    )
    assert "<script" not in text
    assert "evil.example" not in "".join(page.addresses)
    assert "topic/<script>alert('x')</script>" in page.text
    assert "layers.0.attention." * 30 in page.text
    assert not {"b", "i"} & {*re.findall(r"<(\w+)>(?:failed|layers)", text)}
    files = [file.name for file in drawn("hostile", strange["hostile"]).parent.iterdir()]
    assert all(re.fullmatch(r"[a-z0-9_-]+\.(png|html)", name) for name in files)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("nothing", ["No experiment was compared."]),
        ("empty", ["No mode was timed."]),
        ("not a number", ["∞", "–"]),
        ("no curves, no times", ["No mode was timed.", "there is no time to compare"]),
        ("no difference", ["not one bit of any tensor differs"]),
        ("one mode", ["no PyTorch time beside it"]),
        ("same name twice", ["none has a time to compare"]),
    ],
)
def test_strange_results(read, strange, case, words):
    page = read(case, strange[case])
    for word in words:
        assert word in page.text
    assert "None" not in page.text
    assert not re.search(r"\bnan\b|\binf\b", page.text)


def test_a_time_that_stands_no_more_goes(tmp_path, strange):
    tidy = {"experiments": [strange["no curves, no times"]["experiments"][0]]}
    for name in ("silent-bars.png", "silent-bars-dark.png", "other-bars.png"):
        (tmp_path / name).touch()
    report.page(tidy, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"index.html", "other-bars.png"}


def test_two_of_one_name_have_files_of_their_own(read, strange):
    assert {"empty", "empty-2"} <= {*read("same name twice", strange["same name twice"]).ids}


@pytest.mark.parametrize("given", [None, [], {}, {"experiments": {}}, {"experiments": [{"name": "x"}]}])
def test_what_is_no_result_is_refused(given, tmp_path):
    with pytest.raises(ValueError, match="not a result of the framework benchmark"):
        report.page(given, tmp_path / "page")
    assert not (tmp_path / "page").exists()
