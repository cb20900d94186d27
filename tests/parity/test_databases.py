"""PyTorch's own case databases: some samples of every name here, all of them by `make coverage`, which writes
docs/coverage.md; and whether that page is still true."""

import inspect
import json
import warnings

import pytest

from jaxdl import functional, nn, optim
from jaxdl.nn import init
from jaxdl.optim import schedules

pytestmark = pytest.mark.torch

SAMPLES = 1  # of each entry and mode; -m exhaustive runs them all
THIRD = 3
# A figure may differ from the page's by so much before the page counts as stale: rounding differs between machines.
ROUNDING, FACTOR = {"float64": 1e-13, "float32": 2e-6}, 20.0


@pytest.fixture(scope="session")
def coverage(torch):
    pytest.importorskip("expecttest", reason="PyTorch's case databases need expecttest")
    from jaxdl.parity import coverage

    return coverage


@pytest.fixture(scope="session")
def rows(coverage):
    return coverage.read()


def pytest_generate_tests(metafunc):
    """A test a name; without torch or expecttest one that is skipped."""
    if "database_name" not in metafunc.fixturenames:
        return
    try:
        from jaxdl.parity import coverage

        names = coverage.names()
    except ImportError:
        names = [("functional", "none")]
    if metafunc.function is test_it_agrees_with_torch:
        names = names[::THIRD]
    metafunc.parametrize("database_name", names, ids=["-".join(name) for name in names])


def check(coverage, rows, database_name, limit):
    tally = coverage.measure(*database_name, limit)
    assert tally.cases, "nothing was compared"
    assert not tally.faults, f"{tally}\n" + "\n".join(tally.faults[:10])
    row = rows[database_name]
    assert row.known == tally.known, "docs/coverage.md is stale: make coverage"
    for (kind, dtype), found in tally.worst.items():
        recorded = row.figures[f"{kind} {dtype}"]
        assert found <= FACTOR * recorded + ROUNDING[dtype], f"{kind} {dtype}: {found:.1e}, in the page {recorded:.1e}"


@pytest.mark.slow
def test_it_agrees_with_torch(coverage, rows, database_name):
    """One name in three: all of them took five of CI's ninety minutes, and what has changed since it was measured is
    found by its digest, in a test that is never left out.
    """
    check(coverage, rows, database_name, SAMPLES)


@pytest.mark.exhaustive
def test_it_agrees_with_torch_on_every_sample(coverage, rows, database_name):
    check(coverage, rows, database_name, None)


def test_the_page_is_what_was_measured(coverage, rows):
    """No row is missing or of older code, and the page shows the rows."""
    assert coverage.stale(rows) == [], "run `make coverage`"
    assert set(rows) == set(coverage.names())
    machine = json.loads((coverage.DOCS / "coverage.json").read_text(encoding="utf-8"))["machine"]
    assert (coverage.DOCS / "coverage.md").read_text(encoding="utf-8") == coverage.render(rows, machine)
    assert all(coverage.left_out().values())


def test_every_name_of_the_databases_is_in_one_list(coverage, torch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's test code warns as it is imported
        from torch.testing._internal.common_methods_invocations import op_db
        from torch.testing._internal.common_modules import module_db
        from torch.testing._internal.common_optimizers import optim_db
    entries = [entry for entry in op_db if entry.name.startswith("nn.functional.")]
    assert len(entries) == 118  # several of one name are its modes
    operators = {entry.name for entry in entries}
    modules = {entry.module_cls.__name__ for entry in module_db}
    known = operators | {m for m in modules if not m.startswith("Lazy")} | {e.optim_cls.__name__ for e in optim_db}
    measured, out = {name for _, name in coverage.names()}, set(coverage.left_out())
    assert known <= measured | out
    assert not measured & out


def subclasses(module, base):
    """Names of the public classes in a module of PyTorch that derive from `base`."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and inspect.isclass(value) and issubclass(value, base) and value is not base
    }


def is_public_function(name, value):
    return not name.startswith("_") and inspect.isfunction(value) and value.__module__ == "torch.nn.init"


def test_every_name_of_torch_is_here_or_has_a_reason(coverage, torch):
    """Beyond the databases: all that torch.nn.functional, nn, nn.init, optim and lr_scheduler offer."""
    from jaxdl.parity.adapters import ABSENT

    missing = {
        name
        for name in dir(torch.nn.functional)
        if not name.startswith("_") and inspect.isroutine(getattr(torch.nn.functional, name))
    } - set(functional.__all__)
    missing |= subclasses(torch.nn, torch.nn.Module) - set(nn.__all__)
    missing |= {name for name, value in vars(torch.nn.init).items() if is_public_function(name, value)} - set(
        init.__all__
    )
    missing |= {n.lower() for n in subclasses(torch.optim, torch.optim.Optimizer)} - set(optim.__all__)
    scheduled = {name.replace("_", "") for name in schedules.__all__}
    scheduler = torch.optim.lr_scheduler.LRScheduler
    missing |= {n for n in subclasses(torch.optim.lr_scheduler, scheduler) if n.lower() not in scheduled}
    unexplained = {
        name for name in missing if name not in ABSENT and "nn.functional." + name not in coverage.left_out()
    }
    assert unexplained == set()
    assert all(ABSENT.values())
