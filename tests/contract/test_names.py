"""What is true of all of jaxdl: documented names, running examples, the rooms' doors."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import jaxdl

MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(jaxdl.__path__, "jaxdl.")
    if not info.name.endswith(("__main__", "worker"))
)
FACES = [f"jaxdl.{room}" for room in jaxdl.__all__]


def public(module):
    return [(name, getattr(module, name)) for name in getattr(module, "__all__", [])]


@pytest.mark.parametrize("name", FACES)
def test_a_room_says_what_it_holds(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for entry, value in public(module):
        if not inspect.ismodule(value) and (inspect.isclass(value) or inspect.isfunction(value)):
            assert inspect.getdoc(value), f"{name}.{entry}"


@pytest.mark.parametrize("name", ["functional", "nn", "nn.init", "optim", "optim.schedules", "random"])
def test_public_names_state_what_of_pytorch_they_match(name):
    for entry, value in public(importlib.import_module(f"jaxdl.{name}")):
        if inspect.isclass(value) or inspect.isfunction(value):
            text = inspect.getdoc(value) or ""
            if text.startswith("Deprecated name of"):
                continue
            assert ">>>" in text or entry in SHORT, f"{name}.{entry} has no example"
            assert "Matches" in text or entry in SHORT | OURS, f"{name}.{entry} does not say what it matches"


SHORT = {
    "Apply",
    "Buffer",
    "is_module",
    "storable",
    "named_variables",
    "Plateau",
    "PlateauState",
    "Schedule",
}  # a line each
OURS = {"named_state", "fans"}  # PyTorch has no such name


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_every_example_runs(name):
    """Doctests of public and private names alike."""
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_file_imports_and_is_described(name):
    assert importlib.import_module(name).__doc__, name


def test_the_readme_is_true(capsys):
    """Its script runs and reaches what an MLP reaches, and its tables name what is there."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    script = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    exec(script[1], {})  # the README's own ten lines
    assert float(capsys.readouterr().out.split()[0]) > 0.9
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `jaxdl.")]
    assert {row[1].strip(" `") for row in rows} >= {"jaxdl.functional", "jaxdl.nn", "jaxdl.optim"}
    for row in rows:
        for room in re.findall(r"`jaxdl\.(\w+)`", row[1]):
            module = importlib.import_module(f"jaxdl.{room}")
            for name in re.findall(r"`([\w.]+)`", row[2]):
                if not name.startswith(("torch", ".")) and name != "key":
                    assert hasattr(module, name.removeprefix(f"{room}.").partition(".")[0]), f"{room}: {name}"


def test_the_face_lists_every_room():
    assert set(dir(jaxdl)) >= set(jaxdl.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = jaxdl.nonsense


def test_what_a_learner_must_read_of_autodiff_is_short():
    files = (Path(jaxdl.__file__).parent / "autodiff" / "engine").glob("*.py")
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) < 600
