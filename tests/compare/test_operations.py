"""The functions beside stock code: that values are compared before times, and what the page says."""

import json
from dataclasses import replace

import jax.numpy as jnp
import pytest

from jaxdl import report
from jaxdl.compare import operations
from jaxdl.compare.operation_cases import CASES


@pytest.fixture(scope="module")
def result():
    return operations.run(["one_hot", "avg_pool2d"], rounds=2)


def row(**changes):
    """A function that is a little faster than stock, with `changes`."""
    return {
        "name": "relu",
        "kind": "forward",
        "ours_us": 90.0,
        "stock_us": 100.0,
        "ratios": (0.8, 0.9, 1.0),
        "alike": (),
        "difference": 0.0,
        "note": "",
    } | changes


def line(result, **changes):
    """A row's line in the page."""
    page = report.operations_page(result | {"operations": [row(**changes)]})
    return page.splitlines()[-1]


def test_each_function_is_timed_forward_and_where_it_is_smooth_with_its_gradient(result):
    assert [(found["name"], found["kind"]) for found in result["operations"]] == [
        ("avg_pool2d", "forward"),
        ("avg_pool2d", "gradient"),
        ("one_hot", "forward"),
    ]
    for found in result["operations"]:
        assert len(found["ratios"]) == 2
        assert min(found["ours_us"], found["stock_us"], *found["ratios"]) > 0
        assert found["difference"] < 1e-5
    json.dumps(result)


def test_stock_in_pytorch_s_layout_is_timed_where_its_own_is_another(result):
    pool, _, one_hot = result["operations"]
    assert len(pool["alike"]) == 2
    assert one_hot["alike"] == ()


@pytest.mark.parametrize("kind", ["forward", "gradient"])
def test_no_time_is_taken_where_values_or_gradients_differ(monkeypatch, kind):
    (tanh,) = (case for case in CASES if case.name == "tanh")
    other = {"forward": lambda x: 1.01 * tanh.stock(x), "gradient": lambda x: tanh.stock(x) + 1e-4 * jnp.sin(99 * x)}
    monkeypatch.setattr(operations, "CASES", [replace(tanh, stock=other[kind])])
    with pytest.raises(ValueError, match=rf"tanh, {kind}: jaxdl and stock differ by .* of the scale"):
        operations.run(["tanh"], rounds=1)


def test_bad_input_is_one_clear_sentence():
    with pytest.raises(ValueError, match="there is no case for reul; there are linear, bilinear"):
        operations.run(["reul"])
    with pytest.raises(ValueError, match="rounds must be at least 1, given 0"):
        operations.run(["relu"], rounds=0)


def test_the_page_shows_ratio_and_range(result):
    assert line(result) == "| relu | forward | 90.0 | 100 | 0.90 | 0.80–1.00 |  |  |"


def test_what_is_slower_is_bold_and_says_why(result):
    slow = {"ratios": (1.4, 1.5, 1.6)}
    assert "| **1.50** | 1.40–1.60 |  |  |" in line(result, **slow)
    assert "| 1.00 | turning the layout round and back |" in line(result, **slow, alike=(0.9, 1.0, 1.1))
    assert line(result, **slow, alike=(1.4, 1.4, 1.4)).endswith("| 1.40 |  |")
    assert line(result, **slow, note="keeps the digits").endswith("| keeps the digits |")
    assert line(result, ratios=(1.0, 1.2, 1.3)).endswith("| within the spread |")


def test_every_case_is_a_function_of_its_own_name():
    from jaxdl import functional

    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert all(hasattr(functional, name.partition(",")[0]) for name in names)
