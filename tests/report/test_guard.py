"""What became slower since an earlier result: beyond noise, the machine's own change taken out."""

import io

import pytest
from rich.console import Console

from jaxdl import report


def result(jax, eager, threads=2, **more):
    rows = [{"mode": "jax", "label": "JAX", "step_ms": jax}, {"mode": "eager", "label": "eager", "step_ms": eager}]
    one = {
        "name": "vision/lenet",
        "label": "LeNet",
        "task": {"kind": "train", "number": 128},
        "config": {"batch_size": 128},
        "parity": {"agrees": True},
        "timing": rows,
    }
    settings = {"threads": threads, "device": "CPU"}
    return {"experiments": [one | more], "settings": settings, "machine": {"processor": "AMD EPYC"}}


STEADY = [1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0]


def times(factor):
    return [factor * time for time in STEADY]


@pytest.mark.parametrize(
    ("jax", "eager", "slower", "faster"),
    [
        (1.0, 1.0, False, False),
        (1.2, 1.0, True, False),
        (0.8, 1.0, False, True),
        (2.0, 2.0, False, False),  # the machine is slower
        (1.0, 0.5, True, False),  # the machine is faster, and jax is not
        (1.04, 1.0, False, False),
    ],
)
def test_a_change_is_one_beyond_noise_and_beyond_the_machines(jax, eager, slower, faster):
    (found,) = report.changes(result(times(jax), times(eager)), result(times(1.0), times(1.0)))
    assert (found.slower, found.faster) == (slower, faster)
    assert found.low <= found.ratio <= found.high
    assert found.ratio == pytest.approx(jax / eager)


def test_noise_is_no_change():
    noisy = [1.0, 1.6, 0.9, 1.5, 1.1, 0.8, 1.4]
    (found,) = report.changes(result(noisy, times(1.0)), result(times(1.0), times(1.0)))
    assert not found.slower


def test_the_table_names_what_is_slower():
    found = report.changes(result(times(1.5), times(1.0)), result(times(1.0), times(1.0)))
    file = io.StringIO()
    Console(file=file, width=80).print(report.changes_table(found))
    line = next(line for line in file.getvalue().splitlines() if "LeNet" in line).split()
    assert line == ["LeNet", "JAX", "1.00", "1.50", "1.50", "1.50–1.50", "slower"]


@pytest.mark.parametrize(
    ("earlier", "message"),
    [
        (result(STEADY, STEADY, threads=4), "its threads is 4, and here it is 2"),
        (result(STEADY, STEADY) | {"machine": {"processor": "Intel"}}, "its processor is Intel, and here it is AMD"),
        (result(STEADY, STEADY, config={"batch_size": 32}), "it has no time of any of these workloads"),
        ({"experiments": []}, "its processor is None"),
    ],
)
def test_what_cannot_be_compared_is_refused(earlier, message):
    with pytest.raises(ValueError, match=message):
        report.changes(result(STEADY, STEADY), earlier)
