"""The functions beside stock code and PyTorch: that values are compared before times, and what the page says."""

import json
import subprocess
import sys

import numpy as np
import pytest

from jaxdl import functional, report
from jaxdl.compare import operations
from jaxdl.compare.operations import timing
from jaxdl.compare.operations.cases import AREAS, CASES, WITHOUT
from jaxdl.compare.operations.stock import STOCK


@pytest.fixture(scope="module")
def result():
    return operations.run(["one_hot", "avg_pool1d"], rounds=2)


def row(**changes):
    """A function that is a little faster than both others, with `changes`."""
    return {
        "area": "Activation",
        "name": "relu",
        "kind": "forward",
        "us": {"ours": 90.0, "stock": 100.0, "torch": 120.0},
        "ratios": {"stock": [0.8, 0.9, 0.95], "torch": [0.7, 0.75, 0.8]},
        "layout": "contiguous",
        "differences": {},
        "notes": {"stock": "", "torch": ""},
    } | changes


def page(result, *rows):
    return report.operations_page(result | {"operations": list(rows)})


def line(result, **changes):
    """A row's line in the page."""
    return page(result, row(**changes)).rstrip().splitlines()[-1]


def slower(peer, *ratios):
    return {"ratios": row()["ratios"] | {peer: list(ratios)}}


def test_each_function_is_timed_forward_and_where_it_is_smooth_with_its_gradient(result):
    assert [(found["name"], found["kind"]) for found in result["operations"]] == [
        ("one_hot", "forward"),
        ("avg_pool1d", "forward"),
        ("avg_pool1d", "gradient"),
    ]
    for found in result["operations"]:
        assert min(found["us"].values()) > 0
        assert all(len(ratios) == 2 and min(ratios) > 0 for ratios in found["ratios"].values())
        assert max(found["differences"].values()) < 1e-5
    json.dumps(result)


def test_stock_in_pytorch_s_layout_is_timed_where_its_own_is_another(result):
    one_hot, pool, _ = result["operations"]
    assert "alike" in pool["ratios"]
    assert "alike" not in one_hot["ratios"]


@pytest.mark.torch
def test_pytorch_is_timed_where_it_is_installed(result):
    for found in result["operations"]:
        assert {"ours", "stock", "torch"} <= set(found["us"])
        assert found["layout"] == "contiguous"
        assert "torch" in found["differences"]


def test_without_pytorch_its_column_is_empty(monkeypatch):
    monkeypatch.setattr(timing.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(timing, "Worker", Pretended)
    (forward, _) = operations.run(["relu"], rounds=1)["operations"]
    assert set(forward["us"]) == {"ours", "stock"}
    assert forward["layout"] == ""


@pytest.mark.slow
@pytest.mark.torch
def test_images_in_channels_last_random_masks_and_several_results():
    result = operations.run(["conv2d, LeNet", "dropout", "lstm_cell", "max_pool2d_with_indices"], rounds=1)
    found = {row["name"]: row for row in result["operations"]}
    assert len(result["operations"]) == 8
    assert "channels_last" in found["conv2d, LeNet"]["differences"]
    assert found["dropout"]["differences"] == {}
    assert set(found["lstm_cell"]["us"]) == {"ours", "torch"}


class Pretended:
    """A worker that computes nothing and takes a millisecond a call; `apart` is what stock's results are off by."""

    apart: float = 0.0

    def __init__(self, framework, threads, scratch):
        self.sides = {"jax": {"ours": 0.0, "stock": self.apart}, "torch": {"torch": 0.0}}[framework]

    def __enter__(self):
        return self

    def __exit__(self, *given):
        pass

    def prepare(self, case, kind):
        self.now = self.sides if kind == "gradient" else dict.fromkeys(self.sides, 0.0)
        return list(self.now), {side: [np.ones(2), np.full(3, 1 + off)] for side, off in self.now.items()}

    def turn(self, side, calls):
        assert self.now[side] == 0.0, "timed before values agreed"
        return 1e-3


def test_no_time_is_taken_where_values_or_gradients_differ(monkeypatch):
    monkeypatch.setattr(timing, "Worker", Pretended)
    assert len(operations.run(["tanh"], rounds=1)["operations"]) == 2
    monkeypatch.setattr(Pretended, "apart", 0.01)
    with pytest.raises(ValueError, match=r"tanh, gradient: jaxdl and stock differ by 9.9e-03 of the scale"):
        operations.run(["tanh"], rounds=1)


def test_a_worker_that_ends_says_why(tmp_path):
    with (
        timing.Worker("nothing", 1, tmp_path) as worker,
        pytest.raises(RuntimeError, match="ended: ModuleNotFoundError"),
    ):
        worker.prepare("relu", "forward")


def test_bad_input_is_one_clear_sentence():
    with pytest.raises(ValueError, match="there is no case for reul; there are linear, bilinear"):
        operations.run(["reul"])
    with pytest.raises(ValueError, match="rounds must be at least 1, given 0"):
        operations.run(["relu"], rounds=0)


def test_a_function_s_name_stands_for_all_its_cases():
    assert operations.stages(["conv2d"]) == 2 * sum(name.partition(",")[0] == "conv2d" for name in CASES)
    assert operations.stages(["conv2d, LeNet"]) == 2


def test_every_function_is_timed_or_says_why_not():
    timed = {name.partition(",")[0] for name in CASES}
    assert timed | set(WITHOUT) == set(functional.__all__)
    assert not timed & set(WITHOUT)
    assert all(WITHOUT.values())


def test_a_case_has_one_name_and_stock_is_some_case_s():
    assert sum(map(len, AREAS.values())) == len(CASES)
    assert set(STOCK) <= set(CASES)


def test_pytorch_s_process_holds_no_jax():
    program = (
        "import sys, jaxdl.compare.operations.torch_side, jaxdl.compare.operations.worker; print('jax' in sys.modules)"
    )
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert asked.stdout.strip() == "False"


def test_the_page_shows_times_and_ratios_with_their_intervals(result):
    assert line(result) == "| relu | forward | 90.0 | 100 | 120 | 0.90 (0.80–0.95) | 0.75 (0.70–0.80) |  |"
    alone = line(result, us={"ours": 90.0}, ratios={}, layout="")
    assert alone == "| relu | forward | 90.0 |  |  |  |  |  |"
    assert "| 120 cl |" in line(result, layout="channels_last")


def test_a_ratio_whose_interval_spans_one_is_a_tie(result):
    assert "| *1.00 (0.90–1.10)* |" in line(result, **slower("stock", 0.9, 1.0, 1.1))


def test_what_is_slower_is_bold_and_says_why(result):
    slow = slower("stock", 1.4, 1.5, 1.6)
    assert line(result, **slow).endswith("| **1.50 (1.40–1.60)** | 0.75 (0.70–0.80) | stock: not looked into |")
    turned = slow | {"ratios": slow["ratios"] | {"alike": [0.9, 1.0, 1.1]}}
    assert line(result, **turned).endswith("| stock: ours turns the layout round and back |")
    assert line(result, **slow, notes={"stock": "keeps the digits", "torch": ""}).endswith("| keeps the digits |")
    assert line(result, **slower("torch", 1.4, 1.5, 1.6)).endswith(
        "| **1.50 (1.40–1.60)** | PyTorch: not looked into |"
    )
    assert line(result, **slower("torch", 1.02, 1.03, 1.04)).endswith("| **1.03 (1.02–1.04)** |  |")


def test_the_page_is_grouped_and_begins_with_how_often_jaxdl_is_faster(result):
    text = page(result, row(), row(kind="gradient", **slower("torch", 1.4, 1.5, 1.6)), row(area="Loss", name="l1_loss"))
    assert [found for found in text.splitlines() if found.startswith("### ")] == ["### Activation", "### Loss"]
    assert "Against stock: 3 faster, 0 tie, 0 slower, 0 of them by more than a tenth, of 3 rows." in text
    assert "Against PyTorch: 2 faster, 0 tie, 1 slower, 1 of them by more than a tenth, of 3 rows." in text
