"""docs/performance.md: it is drawn from what was measured, says what that says, and needs all four files."""

import copy
import importlib
import json
import shutil

import pytest

page = importlib.import_module("docs.performance.__main__")
RUN = {
    "created": "2026-11-22T09:30:00+00:00",
    "machine": {"processor": "a processor"},
    "versions": {"jax": "0.10.2", "flax": "0.12.8", "optax": "0.2.8", "torch": "2.13.0"},
    "settings": {"threads": 2, "device": "cpu", "rounds": 3},
}


def mode(name, *times, **more):
    start = {"import_s": 0.5, "first_cold_s": 1.5, "start_cold_s": 2.5, "peak_mib": 300.0}
    return {"mode": name, "label": name, "step_ms": list(times), **start, **more}


def trained(label, *rows, agrees=True, kind="train"):
    return {"label": label, "task": {"kind": kind, "number": 64}, "parity": {"agrees": agrees}, "timing": list(rows)}


DATA = {
    "results": {
        **RUN,
        "experiments": [
            trained("MLP", mode("jax", 1, 1, 1, first_warm_s=0.25), mode("eager", 4, 4, 4), mode("flax", 2, 2, 2)),
            trained("LSTM", mode("jax", 3, 3, 3), mode("eager", 3, 2, 1), mode("compile", 5, 5, 5)),
            trained("LeNet", mode("jax", 1, 1, 1), mode("eager", 9, 9, 9), agrees=False),
            trained("64 MLPs", mode("jax", 1, 1, 1), mode("eager", 14, 16, 20), kind="sweep"),
        ],
    },
    "growth": {
        **RUN,
        "ceiling": {"jax": 210.4, "eager": 195.1},
        "series": [
            {
                "title": "MLP: batch size",
                "field": "batch_size",
                "points": [
                    {"value": size, "flops": 1e6 * size, "timing": [mode("jax", 0.1, 0.1), mode("eager", 0.5, 0.5)]}
                    for size in (16, 64)
                ],
            }
        ],
    },
    "loops": {
        **RUN,
        "settings": {"rounds": 3, "device": "cpu"},
        "loops": [
            {
                "label": "MLP",
                "step_ms": {"jax": [1.0, 1.0], "jax_host": [2.0, 2.0], "jax_device": [1.0, 1.0]},
                "ratios": [1.01, 1.03],
                "ratio": 1.02,
            },
            {"label": "LeNet", "reason": "no loop"},
        ],
    },
    "operations": {
        **RUN,
        "threads": 2,
        "rounds": 3,
        "load": 0.1,
        "operations": [
            {
                "name": "relu",
                "area": "activations",
                "kind": "forward",
                "us": {"ours": 1.0, "stock": 1.0, "torch": 2.0},
                "ratios": {"stock": [1.0, 1.0], "torch": [0.5, 0.5]},
                "layout": "",
                "notes": {"stock": "", "torch": ""},
            }
        ],
    },
}


@pytest.fixture
def folder(tmp_path):
    for name, data in DATA.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    return tmp_path


def lines(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_the_page_says_what_was_measured():
    text = page.render(DATA)
    assert "a processor, 2 cores, cpu, float32; jax 0.10.2, flax 0.12.8, optax 0.2.8, torch 2.13.0; rounds: 3" in text
    assert lines(text, "| MLP |")[0].startswith("| MLP | 1.00 | 2.00 | 4.00 | eager | 4.0× faster")
    assert lines(text, "| LSTM |")[0].startswith("| LSTM | 3.00 | – | 2.00 | eager | ")
    assert lines(text, "| MLP: batch size | 64 |") == ["| MLP: batch size | 64 | 0.100 | 0.500 | 640 | 128 |"]
    assert "![MLP: batch size: milliseconds a step" in text
    assert "210 GFLOP/s in\nJAX, 195 in PyTorch" in text
    assert "MLP, 1.02 of its time" in text
    assert "| LeNet | – | – | – | no loop |  |" in text
    assert "| relu | forward | 1.00 | 1.00 | 2.00 |" in text
    assert "JAXDL_TUNE=0" in text


def test_no_time_is_shown_where_numbers_differ():
    assert lines(page.render(DATA), "| LeNet |")[0] == "| LeNet | – | – | – | – | – | – |"


def test_a_goal_is_met_missed_or_at_its_edge():
    found = dict(line.removeprefix("| ").split(" | ", 1) for line in [*page.goals(DATA["results"])][2:])
    assert found["MLP"] == "0.5 | 0.25 (0.25–0.25) | met |"
    assert found["LSTM"] == "1.1 | 1.5 (1–3) | at its edge |"
    assert found["64 MLPs"].endswith("(0.05–0.071) | at its edge |")
    assert "LeNet" not in found
    slower = copy.deepcopy(DATA["results"])
    slower["experiments"][0]["timing"][0]["step_ms"] = [3, 3, 3]
    assert "| MLP | 0.5 | 0.75 (0.75–0.75) | missed |" in list(page.goals(slower))


def test_a_goal_names_a_workload_of_the_suite():
    from jaxdl.compare import workload

    assert set(page.GOALS) <= {work.label for work in workload.suite()}


def test_stock_flax_is_counted():
    assert page.stock(DATA["results"]) == "Of 1 workloads beside stock Flax and optax: 1 ahead, 0 tied, 0 behind."


def test_it_takes_over_a_folder(folder, tmp_path_factory, monkeypatch):
    place = tmp_path_factory.mktemp("docs")
    monkeypatch.setattr(page, "PAGE", place / "performance.md")
    shutil.copy(page.HERE / "text.md", place)
    monkeypatch.setattr(page, "HERE", place)
    (place / "growth-7.png").write_bytes(b"of a series that is gone")
    page.main([str(folder)])
    assert page.PAGE.read_text(encoding="utf-8") == page.render(DATA)
    assert [path.name for path in place.glob("*.png")] == ["growth-1.png"]


def test_a_missing_file_is_named_with_its_command(folder):
    (folder / "growth.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks growth: measure growth.json by `make compare ARGS=--growth`"):
        page.load(folder)
    with pytest.raises(FileNotFoundError, match=r"has none of results.json"):
        page.main([str(folder / "nothing")])


def test_the_page_is_drawn_from_the_data():
    data = page.load(page.HERE)
    assert page.PAGE.read_text(encoding="utf-8") == page.render(data)
    for number, _ in enumerate(data["growth"]["series"], start=1):
        assert (page.HERE / f"growth-{number}.png").stat().st_size > 5_000


def test_every_workload_of_the_suite_is_in_it_and_agrees():
    from jaxdl.compare import workload

    experiments = page.load(page.HERE)["results"]["experiments"]
    wanted = {(work.label, kind) for work in workload.suite() for kind, _ in work.tasks}
    assert {(entry["label"], entry["task"]["kind"]) for entry in experiments} == wanted
    assert all(entry["parity"]["agrees"] for entry in experiments)


def test_fit_is_within_a_twentieth_of_the_better_loop():
    """Beyond noise: the interval of the ratio begins above 1.05."""
    from jaxdl.report.intervals import interval

    found = [one for one in page.load(page.HERE)["loops"]["loops"] if "ratios" in one]
    assert [one["label"] for one in found if interval(one["ratios"])[0] > 1.05] == []
