"""The sentences: who agrees, how closely, who is faster, by the numbers of the result."""

import pytest

from jaxdl.report.numerals import significant
from jaxdl.report.speed import of_jax, rounds
from jaxdl.report.wording import headline


def experiment(name="x", agrees=True, jax=None, torch=None, relative=None):
    rungs = [] if relative is None else [{"dtype": "float64", "relative": relative}]
    modes = [{"mode": "jax", "step_ms": jax}, {"mode": "eager", "step_ms": torch}]
    return {
        "name": name,
        "parity": {"agrees": agrees, "rungs": rungs},
        "timing": [mode for mode in modes if mode["step_ms"]],
    }


FASTER = experiment(jax=[1.0, 1.1], torch=[2.0, 2.2], relative=2e-13)
MUCH_FASTER = experiment(jax=[1.0, 1.1], torch=[4.0, 4.4], relative=0.0)
SLOWER = experiment(jax=[3.0, 3.3], torch=[2.0, 2.2], relative=4.2e-12)
LEVEL = experiment(jax=[1.0, 2.0], torch=[1.5, 1.6])
DIFFERING = experiment("vision/lenet", agrees=False, jax=[1.0], torch=[9.0], relative=0.5)
UNTIMED = experiment(jax=[1.0])
AGREE = "JAX and PyTorch agree in "
APART = ": over whole float64 runs no tensor differs by more than "
SCALE = " of its scale; "
AGAINST = "against the best PyTorch mode JAX is "


@pytest.mark.parametrize(
    ("experiments", "sentence"),
    [
        ([], "No experiment was compared."),
        (
            [FASTER],
            f"the one experiment{APART}2.0 × 10⁻¹³{SCALE}JAX is 2.0× faster than the best PyTorch mode.",
        ),
        (
            [SLOWER],
            f"the one experiment{APART}4.2 × 10⁻¹²{SCALE}JAX is 1.5× slower than the best PyTorch mode.",
        ),
        ([LEVEL], "the one experiment; JAX is level with the best PyTorch mode."),
        (
            [FASTER, MUCH_FASTER, SLOWER, LEVEL],
            f"all 4 experiments{APART}4.2 × 10⁻¹²{SCALE}"
            f"{AGAINST}faster in 2 (2.0× and 4.0×), level in 1 and slower in 1 (1.5×).",
        ),
        (
            [MUCH_FASTER, DIFFERING],
            "1 of 2 experiments: over whole float64 runs not one bit of any tensor differs; "
            "vision/lenet differs and is not timed; on x JAX is 4.0× faster than the best PyTorch mode.",
        ),
        (
            [FASTER, *[MUCH_FASTER] * 3],
            f"all 4 experiments{APART}2.0 × 10⁻¹³{SCALE}{AGAINST}faster in 4 (2.0× to 4.0×).",
        ),
        (
            [LEVEL, SLOWER, UNTIMED],
            f"all 3 experiments{APART}4.2 × 10⁻¹²{SCALE}"
            f"{AGAINST}level in 1 and slower in 1 (1.5×), while 1 has no time to compare.",
        ),
        ([DIFFERING], "JAX and PyTorch do not agree, and nothing is timed before they do."),
        (
            [LEVEL, *[DIFFERING] * 4],
            "1 of 5 experiments; 4 differ and are not timed; on x JAX is level with the best PyTorch mode.",
        ),
    ],
)
def test_headline(experiments, sentence):
    assert headline({"experiments": experiments}).removeprefix(AGREE) == sentence


def test_the_best_of_pytorch_is_what_jax_is_measured_against():
    modes = {"jax": 2.0, "eager": 4.0, "compile": 1.0, "channels_last": 3.0}
    timing = [{"mode": mode, "step_ms": [time]} for mode, time in modes.items()]
    timing.append({"mode": "broken", "step_ms": [0.001], "reason": "its loss at step 3 differs"})
    assert of_jax({"parity": {"agrees": True}, "timing": timing}).ratio == 0.5


def test_an_interval_that_spans_one_is_a_tie():
    rows = [{"mode": "jax", "step_ms": [1.0, 1.1, 5.0]}, {"mode": "eager", "step_ms": [2.0, 2.1, 2.2]}]
    found = of_jax({"parity": {"agrees": True}, "timing": rows})
    assert found.tie
    assert found.low < 1 < found.high
    assert found.ratio == pytest.approx(2.1 / 1.1)


def test_rounds_are_compared_in_pairs():
    """A round in which the machine was busy is slow for both, and says the same as the others."""
    rows = [{"mode": "jax", "step_ms": [1.0, 9.0, 1.0]}, {"mode": "eager", "step_ms": [2.0, 18.0, 2.0]}]
    found = of_jax({"parity": {"agrees": True}, "timing": rows})
    assert (found.ratio, found.low, found.high, found.tie) == (2.0, 2.0, 2.0, False)


def test_stock_flax_is_a_sentence_of_its_own():
    rows = [{"mode": mode, "step_ms": [time] * 3} for mode, time in (("jax", 1.0), ("flax", 2.0), ("eager", 3.0))]
    one = {"name": "x", "label": "LeNet", "task": {"kind": "train"}, "parity": {"agrees": True}, "timing": rows}
    said = headline({"experiments": [one, one], "settings": {"whole": False}})
    assert said.endswith("JAX is faster in 2 (3.0× and 3.0×), and ahead of stock Flax and optax in 2 of 2.")
    assert "all 2 workloads" in said


def test_what_is_no_time_is_no_round():
    assert rounds({"step_ms": [float("nan"), float("inf"), None, 0.0, 1.5]}) == [1.5]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.9999, "1.00"),
        (999.6, "1,000"),
        (-0.5, "−0.500"),
        (float("nan"), "–"),
        (1e12, "1.00 × 10¹²"),
    ],
)
def test_significant(value, text):
    assert significant(value) == text
