"""The terminal's table: a row for each experiment and mode, in 80 columns."""

import io

import pytest
from rich.console import Console

from jaxdl import report


def printed(result, width=80):
    file = io.StringIO()
    Console(file=file, width=width).print(report.table(result))
    return file.getvalue()


def words(result):
    """What is printed, as one line."""
    return " ".join(printed(result, width=400).split())


def test_a_row_for_each_mode(sound):
    assert report.table(sound).row_count == sum(len(experiment["timing"]) for experiment in sound["experiments"])
    text = printed(sound)
    assert max(map(len, text.splitlines())) <= 80
    lines = [line.split() for line in text.splitlines()]
    assert ["supervised/", "JAX", "0.710", "0.620", "0.310", "413", "2.1×", "faster"] in lines
    assert ["mlp", "0.110", "0.301–0.319", "2.13–2.13"] in lines
    for row in sound["experiments"][2]["timing"]:
        assert row["label"] in printed(sound, width=200)
    assert "tie (1.03× faster)" in printed(sound, width=200)


def test_a_reason_in_place_of_a_time(sound):
    text = words(sound)
    assert "no time [1]" in text
    assert "[1] vision/lenet, torch.compile: no time: RuntimeError: Failed to find C++ compiler" in text


def test_no_time_before_the_numbers_agree(strange):
    text = words(strange["differing"])
    assert "[1] vision/lenet: the numbers differ: step 1 · bn1.running_var · 3.1e-03 > 1e-10" in text
    assert "654" not in text


def test_what_comes_from_outside_is_text(strange):
    text = printed(strange["hostile"], width=300)
    for word in ("alert('x')</script>", "[blink]_{x}$", "[red]日本語[/red]"):
        assert word in text


def test_a_quick_run_says_what_it_left_out(sound):
    assert "torch.compile, and the second start" not in words(sound)
    quick = {**sound, "settings": {**sound.get("settings", {}), "quick": True}}
    assert "Left out, as this was --quick: torch.compile, and the second start" in words(quick)


@pytest.mark.parametrize("case", ["nothing", "empty", "one mode", "no curves, no times"])
def test_strange_results(strange, case):
    assert "None" not in printed(strange[case])


def test_what_is_no_result_is_refused():
    with pytest.raises(ValueError, match="not a result of the framework benchmark"):
        report.table({"experiment": []})


def test_the_summary_has_a_line_a_workload(sound):
    file = io.StringIO()
    Console(file=file, width=80).print(report.summary(sound))
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    lenet = next(line.split() for line in lines if line.strip().startswith("vision/lenet"))
    assert lenet[1:4] == ["6.70", "9.10", "4.50"]
    assert lenet[4:] == ["1.5×", "slower", "1.4×", "faster"]
