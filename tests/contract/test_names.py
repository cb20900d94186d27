"""What is true of all of jaxdl: documented names, running examples, the rooms' doors."""

import doctest
import importlib
import inspect
import pkgutil

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


@pytest.mark.parametrize("name", ["functional", "nn", "optim", "random"])
def test_public_names_state_what_of_pytorch_they_match(name):
    for entry, value in public(importlib.import_module(f"jaxdl.{name}")):
        if inspect.isclass(value) or inspect.isfunction(value):
            text = inspect.getdoc(value) or ""
            assert ">>>" in text or entry in SHORT, f"{name}.{entry} has no example"
            assert "Matches" in text or entry in SHORT | OURS, f"{name}.{entry} does not say what it matches"


SHORT = {"Apply", "Buffer", "is_module", "storable", "named_variables"}  # a line each
OURS = {"named_state"}  # PyTorch has no such name


@pytest.mark.parametrize("name", MODULES)
def test_every_example_runs(name):
    """Doctests of public and private names alike."""
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_file_imports_and_is_described(name):
    assert importlib.import_module(name).__doc__, name


def test_the_face_lists_every_room():
    assert set(dir(jaxdl)) >= set(jaxdl.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = jaxdl.nonsense
