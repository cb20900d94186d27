"""A run's page: of any run, whole or killed, alone or beside others; what cannot be drawn is one sentence."""

import json

import numpy as np
import pytest

from jaxdl import report
from jaxdl.cli import commands, guarded
from jaxdl.report import trace
from jaxdl.report.curve import curve, limits

FACTS = {
    "experiment": "vision/lenet",
    "summary": "LeNet-5 reads digits.",
    "config": {"seed": 0, "epochs": 4, "learning_rate": 0.002},
    "started": "2026-11-21T17:20:22+00:00",
    "versions": {"jax": "0.10.2"},
    "machine": {"device": "NVIDIA H200", "cores": 16},
    "bound": "test_accuracy >= 0.95",
    "parameters": 61706,
    "steps_per_epoch": 10,
    "seconds": 12.5,
    "finished": True,
    "reached": True,
}


def lines_of(steps, epochs=0, **metrics):
    """A history: a loss that falls, and the epochs' records where they belong."""
    losses = 2.3 * np.exp(-4 * np.arange(steps) / steps) + 0.01
    length, lines = steps // max(epochs, 1), []
    for step in range(steps):
        lines.append({"step": step, "loss": losses[step], **{name: value(step) for name, value in metrics.items()}})
        if epochs and (step + 1) % length == 0:
            epoch = (step + 1) // length
            tested = {"test_loss": 1 / epoch, "test_accuracy": 1 - 0.1 / epoch}
            mean = float(np.mean(losses[step + 1 - length : step + 1]))
            lines.append({"epoch": epoch, "loss": mean, "seconds": 2.0 if epoch == 1 else 0.5, **tested})
    return lines


def write(folder, lines, facts=None, end="\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "history.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + end, encoding="utf-8")
    if facts is not None:
        (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


@pytest.fixture
def page(tmp_path, parse):
    """Draws and reads the page of one run."""

    def draw(lines, facts=None, end="\n"):
        path = report.run_page([write(tmp_path / "a-run", lines, facts, end)])
        text = path.read_text(encoding="utf-8")
        found = parse(text)
        assert all(address.startswith("data:image/png;base64,") for address in found.addresses)
        assert not {"script", "link", "iframe"} & {*found.tags}
        assert "None" not in found.text
        assert ">nan" not in text
        assert len(text) < 1_000_000
        assert len(found.ids) == len({*found.ids})
        return found

    return draw


def test_everything_is_said(page, tmp_path):
    found = page(lines_of(40, 4), FACTS)
    assert {file.name for file in (tmp_path / "a-run").iterdir()} >= {"report.html", "report-loss.png"}
    assert (tmp_path / "a-run/report-loss.png").read_bytes().startswith(b"\x89PNG")
    for words in (
        *("vision/lenet reached test accuracy 0.975; at least 0.95 was promised", "LeNet-5 reads digits."),
        *("✓ bound reached", "12.5 s", "61,706", "21 November 2026, 17:20 UTC", "NVIDIA H200, 16 cores", "0.10.2"),
        *("learning_rate", "0.002", "Every epoch, 4 rows"),
    ):
        assert words in found.text
    assert "steps a second20.0" in found.text.replace("\n", "")  # ten in the half second of an epoch after the first
    assert found.alts[0].startswith("loss over 40 steps. vision/lenet: loss from ")
    assert found.alts[1] == "loss, accuracy on test data after each of 4 epochs."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"finished": False}, ["vision/lenet, which is not at its end, has a test accuracy of 0.975", "unfinished"]),
        ({"reached": False, "bound": "test_accuracy >= 0.99"}, ["where at least 0.99 was promised", "✗ bound not"]),
        ({"failure": "the loss became nan"}, ["vision/lenet failed after 40 steps", "✗ failed", "the loss became nan"]),
        ({"bound": None, "reached": None}, ["✓ finished"]),
        ({"bound": "test_loss <= 0.001"}, ["where at most 0.001 was promised"]),
        ({"bound": "test_accuracy >= ---"}, ["has a test accuracy of 0.975"]),
    ],
)
def test_how_it_ended_is_said(page, change, words):
    text = page(lines_of(40, 4), FACTS | change).text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (lines_of(1), ["a-run has a training loss of 2.31 after 1 step"]),
        (lines_of(700, learning_rate=lambda step: 1e-3 * (1 - step / 700)), ["learning rate", "step 1"]),
        (lines_of(20, 4, loss=lambda step: float("nan")), ["20"]),
        ([{"step": 0, "loss": float("inf")}], ["a-run has no finite training loss after 1 step"]),
        (lines_of(40, 4)[:35], ["3"]),
        (lines_of(4000, 400), ["One epoch in 4, and the last, 100 rows"]),
        ([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}], ["a-run has a training loss of 1.00 after 2 epochs"]),
        (lines_of(30, **{"<b>$x_$": lambda step: step, "$": lambda step: -step}), ["<b>$x $"]),
    ],
    ids=["one step", "steps alone", "NaN", "infinite", "no whole epoch", "many epochs", "epochs alone", "markup"],
)
def test_strange_histories_are_drawn(page, lines, words):
    text = page(lines).text
    for word in words:
        assert word in text


def test_a_killed_run_s_torn_line_is_left_out(page):
    assert "39" in page(lines_of(40)[:39], end='\n{"step": 39, "lo').text


def test_what_comes_from_outside_is_text(page):
    evil = FACTS | {
        "experiment": "<script>alert(1)</script>",
        "summary": "$\\frac{}$<img src=x>",
        "config": {"<i>": "<b>"},
    }
    found = page(lines_of(20, 2), evil)
    assert "<script>alert(1)</script>" in found.text
    assert "i" not in found.tags


def test_several_are_drawn_over_each_other(tmp_path, parse):
    rates = (0.1, 0.01, 0.001)
    for rate in rates:
        lines = lines_of(40, 4)
        lines[-1]["test_accuracy"] = rate
        write(tmp_path / f"runs/lr-{rate}", lines, FACTS | {"config": {"seed": 0, "learning_rate": rate}})
    path = report.run_page([tmp_path / f"runs/lr-{rate}" for rate in rates])
    assert path == tmp_path / "runs/report.html"
    found = parse(path.read_text(encoding="utf-8"))
    assert "Of 3 runs, lr-0.1 ends with the highest test accuracy: 0.1" in found.text
    assert "learning_rate" in found.text.partition("Configuration, of all")[0]
    assert "learning_rate" not in found.text.partition("Configuration, of all")[2]
    assert all(f"lr-{rate}: loss from" in found.alts[0] for rate in rates)


def test_an_epoch_s_length_is_found_without_run_json(tmp_path):
    for count in (40, 35, 29):  # whole epochs, and others that broke off
        folder = write(tmp_path / str(count), [line for line in lines_of(40, 4) if line.get("step", 0) < count])
        if count < 40:
            file = folder / "history.jsonl"
            kept = [line for line in file.read_text().splitlines() if json.loads(line).get("epoch", 0) <= count // 10]
            file.write_text("\n".join(kept) + "\n")
        assert trace.read(folder).epoch_length == 10


def test_a_million_steps_are_few_points():
    values = 1 / np.arange(1, 1_000_001)
    values[500_000:600_000] = np.nan
    found = curve(values)
    assert len(found.steps) == 500
    assert np.isnan(found.smooth).sum() == 50
    assert found.high[0] == 1.0
    assert found.low[-1] == 1e-6
    assert limits([found])[0]
    assert not limits([found], bounded=True)[0]


def test_a_spike_does_not_flatten_the_curve():
    values = 1 + np.sin(np.arange(10_000)) / 4
    values[500] = 5.0
    assert limits([curve(values)]) == pytest.approx((False, 0.7, 1.5), abs=0.05)
    values[500] = 1e9
    assert limits([curve(values)])[0]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (None, "there is no folder"),
        ({}, "holds no run: it lacks the history.jsonl"),
        ({"history.jsonl": b""}, "holds no whole step yet"),
        ({"history.jsonl": b'{"step": 0, "loss": 1.0}\nloss\n'}, "history.jsonl, line 2: not a record of a run"),
        (
            {"history.jsonl": b'{"loss": 1.0}\n'},
            "history.jsonl, line 1: not a record of a run: neither a step's nor an epoch's record",
        ),
        ({"history.jsonl": b"\xff\xfe\n"}, "is not UTF-8"),
        (
            {"history.jsonl": b'{"step": 0, "loss": 1.0}\n{"step": 1}\n'},
            "line 2: not a record of a run: every step",
        ),
        ({"history.jsonl": b'{"step": 0, "loss": [1]}\n{"step": 1, "loss": "x"}\n'}, "history.jsonl"),
        ({"history.jsonl": b'{"epoch": "one"}\n'}, "an epoch's record must say its number"),
        ({"history.jsonl": b'{"step": 0, "loss": 1.0}\n', "run.json": b"{"}, "run.json is not JSON"),
        ({"history.jsonl": b'{"step": 0, "loss": 1.0}\n', "run.json": b"[]"}, "run.json holds a list, not an object"),
        (
            {"history.jsonl": b'{"step": 0, "loss": 1.0}\n', "run.json": b'{"config": 3}'},
            "run.json: 'config' must be an object, given 3",
        ),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(tmp_path, capsys, files, words):
    folder = tmp_path / "run"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    assert guarded(commands, ["report", str(folder)], "jaxdl") == 1
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1
    assert not (folder / "report.html").exists()


def test_the_command_says_where_the_page_is(tmp_path, capsys):
    write(tmp_path / "run", lines_of(5))
    assert guarded(commands, ["report", str(tmp_path / "run"), "--out", str(tmp_path / "page.html")], "jaxdl") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "page.html")
    assert (tmp_path / "page-loss.png").exists()


def test_text_keeps_its_lines_and_a_long_one_wraps(page, tmp_path):
    """An exhibit's table may hold what a model wrote."""
    folder = tmp_path / "a-run"
    folder.mkdir()
    rows = [["1", "one\n  <two>"], ["2", "word " * 60], ["3", "short"]]
    written = {"title": "Words", "headings": ["", "text"], "rows": rows, "picture": None, "caption": ""}
    (folder / "exhibits.json").write_text(json.dumps({"exhibits": [written]}))
    found = page(lines_of(20, 2), FACTS)
    assert "one\n  <two>" in found.text
    assert found.tags.count("pre") == 2


def test_a_table_of_code_goes_into_the_page_as_code(page, tmp_path):
    """It wraps, and on a phone each cell has its column's name before it; numbers alone stay at the right."""
    for name, rows, listed in (
        ("code", [["ones", "jnp.ones(2)", "[1.0, 1.0]"]], True),
        ("n", [["a", "b", "1"]], False),
    ):
        folder = tmp_path / "a-run"
        folder.mkdir(exist_ok=True)
        shown = {"title": name, "headings": ["", "JAX", "answers"], "rows": rows, "picture": None, "caption": ""}
        (folder / "exhibits.json").write_text(json.dumps({"exhibits": [shown]}))
        page(lines_of(20, 2), FACTS)
        text = (folder / "report.html").read_text(encoding="utf-8")
        assert ('<table class="listing">' in text) == listed
        assert f'<td class="{"code" if listed else "words"}" data-label="JAX">' in text
        assert ('<td class="number" data-label="answers">' in text) != listed
