"""PyTorch's own table of optimisers: what it refuses, and that the comparison can fail (test_databases.py makes it)."""

import pytest

from jaxdl.parity import optimizer_cases, optimizers

pytestmark = pytest.mark.torch

NAMES = (
    "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "Muon", "NAdam", "RAdam",
    "RMSprop", "Rprop", "SGD",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_torch_refuses_is_refused(torch, name):
    assert not optimizers.refusals(name)


def test_every_optimiser_of_the_table_is_compared_or_has_a_reason(torch):
    assert {*NAMES, *optimizer_cases.OUT} == set(optimizer_cases.entries())
    assert all(optimizer_cases.OUT.values())


def test_a_difference_is_found(torch, monkeypatch):
    """A wrong optimiser does not pass: sgd's dampening left out of the comparison's settings."""
    settings = optimizer_cases.Settings({"momentum": 0.9, "dampening": 0.3}, optimizer_cases.FEW)
    other = optimizer_cases.Settings({"momentum": 0.9}, optimizer_cases.FEW)
    (ours,) = optimizers.run_in_jax("SGD", [other], "float64")
    reference = optimizers.run_in_torch("SGD", settings, "float64")
    parameters, state, faults = optimizers.compare(ours, reference, 1e-10)
    assert min(parameters, state) > 1e-3
    assert len(faults) == 4
