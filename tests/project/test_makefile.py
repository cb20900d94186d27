"""`make compare` and `make test` with nothing but make and a Python: what they install, and what they say."""

import itertools
import shutil
import tomllib

import pytest

MAKE_VENV = "python3 -m venv .venv"
INSTALL = ".venv/bin/python -m pip install --disable-pip-version-check -e ."
INSTALL_TORCH = f"{INSTALL}[torch]"
INSTALL_DEV = f"{INSTALL}[torch,dev]"
COMPARE = ".venv/bin/python -m experiments.compare_frameworks --frameworks jax,torch"
TEST = ".venv/bin/python -m pytest -n auto --maxprocesses=8"
KILL = "kill -9 0"  # make and all that it started


def refused(checkout, *arguments, **environment):
    """The one sentence that make's failure is explained with; nothing has been run or made."""
    done = checkout.make("test", *arguments, **environment)
    assert done.returncode != 0
    assert checkout.calls() == []
    assert not (checkout.folder / ".venv").exists()
    (sentence,) = (line for line in done.stderr.splitlines() if line.startswith("jaxdl: "))
    return sentence


def test_make_alone_lists_every_command(checkout):
    printed = checkout.make().stdout
    for command in ("compare", "test", "lint", "types", "layers", "clean"):
        assert f"make {command} " in printed


def test_the_oldest_python_is_that_of_pyproject(checkout):
    project = tomllib.loads((checkout.folder / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert f"OLDEST := {oldest}\n" in (checkout.folder / "Makefile").read_text()


def test_a_missing_python(checkout):
    assert "there is no 'nowhere' here; install Python 3.11 or newer" in refused(checkout, "PYTHON=nowhere")


@pytest.mark.parametrize("version", ["2.7.18", "3.10.13"])
def test_a_python_that_is_too_old(checkout, version):
    checkout.python("python3", version, too_old=1)
    assert f"'python3' is Python {version}, and jaxdl needs 3.11 or newer; name one" in refused(checkout)
    checkout.python("old python", version, too_old=1)
    assert f"'old python' is Python {version}" in refused(checkout, PYTHON="old python")


def test_a_python_that_does_not_run(checkout):
    checkout.program("python3", "#!/bin/sh\necho 'shim: no python3 behind me' >&2; exit 127\n")
    assert "'python3' does not run (its own reason stands above)" in refused(checkout)


def test_a_python_without_venv(checkout):
    checkout.python("python3", "3.12.4", without_venv=1)
    assert "apt install python3.12-venv" in refused(checkout)


@pytest.mark.parametrize(("goal", "install", "ran"), [("compare", INSTALL_TORCH, COMPARE), ("test", INSTALL_DEV, TEST)])
def test_the_first_call_installs_and_the_second_only_runs(checkout, goal, install, ran):
    first = checkout.make(goal)
    assert first.returncode == 0, first.stderr
    assert checkout.calls() == [MAKE_VENV, install, ran]
    second = checkout.make(goal)
    assert checkout.calls() == [ran]
    assert second.stdout == f"{ran} \n"


def test_arguments_reach_the_command(checkout):
    checkout.make("test", "ARGS=-k 'optim or nn'")
    assert checkout.calls()[-1] == f"{TEST} -k optim or nn"
    checkout.make("compare", "ARGS=--quick")
    assert checkout.calls()[-1] == f"{COMPARE} --quick"


def test_the_tests_add_to_what_compare_installed_and_compare_adds_nothing_to_theirs(checkout):
    checkout.make("compare")
    checkout.calls()
    added = checkout.make("test")
    assert checkout.calls() == [INSTALL_DEV, TEST]
    assert "already satisfied" not in added.stdout
    checkout.make("compare")
    assert checkout.calls() == [COMPARE]


def test_tensorflow_is_installed_where_it_is_asked_for_and_stays(checkout):
    checkout.make("compare")
    checkout.calls()
    for expected in ([f"{INSTALL}[torch,tensorflow]", f"{COMPARE},tensorflow"], [f"{COMPARE},tensorflow"]):
        checkout.make("compare", "FRAMEWORKS=jax,torch,tensorflow")
        assert checkout.calls() == expected
    checkout.make("test")
    assert checkout.calls() == [f"{INSTALL}[torch,tensorflow,dev]", TEST]
    checkout.make("compare")
    checkout.make("compare", "FRAMEWORKS=jax,torch,tensorflow")
    assert checkout.calls() == [COMPARE, f"{COMPARE},tensorflow"]


def test_installs_do_not_overlap(checkout):
    checkout.pip_does("sleep 0.2; echo done >>calls")
    checkout.make("-j4", "compare", "test")
    calls = checkout.calls()
    after_installs = [after for before, after in itertools.pairwise(calls) if before.startswith(INSTALL)]
    assert after_installs == ["done", "done"]


@pytest.mark.parametrize("end", ["exit 1", KILL], ids=["failed", "killed"])
def test_a_first_install_that_came_to_nothing_is_made_anew(checkout, end):
    checkout.pip_does(end)
    failed = checkout.make("test")
    assert failed.returncode != 0
    assert checkout.calls() == [MAKE_VENV, INSTALL_DEV]
    assert ("jaxdl: installing failed; it needs the network once" in failed.stderr) is (end == "exit 1")
    checkout.pip_does("")
    assert checkout.make("test").returncode == 0
    assert checkout.calls() == [MAKE_VENV, INSTALL_DEV, TEST]


def test_a_changed_pyproject_is_installed_and_one_changed_back_is_not(checkout):
    checkout.make("test")
    checkout.calls()
    pyproject = checkout.folder / "pyproject.toml"
    before = pyproject.read_text()
    pyproject.write_text(f"{before}# changed\n")
    checkout.pip_does("exit 1")
    assert checkout.make("test").returncode != 0
    assert checkout.calls() == [INSTALL_DEV]
    pyproject.write_text(before)
    checkout.make("test")
    assert checkout.calls() == [TEST]


def test_an_update_that_was_killed_is_made_anew(checkout):
    checkout.make("compare")
    checkout.pip_does(KILL)
    checkout.make("test")
    checkout.pip_does("")
    checkout.calls()
    checkout.make("test")
    assert checkout.calls() == [MAKE_VENV, INSTALL_DEV, TEST]


def test_a_venv_whose_python_is_gone_or_too_old_is_made_anew(checkout):
    checkout.make("test")
    python = checkout.folder / ".venv/bin/python"
    for spoil in (python.unlink, lambda: shutil.copy(checkout.python("old", "3.10.1", too_old=1), python)):
        spoil()
        checkout.calls()
        assert checkout.make("test").returncode == 0
        assert checkout.calls() == [MAKE_VENV, INSTALL_DEV, TEST]


def test_a_venv_that_was_moved_is_made_anew(checkout):
    checkout.make("test")
    moved = checkout.folder.rename(checkout.folder.with_name("moved"))
    there = type(checkout)(moved, checkout.bin)
    there.calls()
    there.make("test")
    assert there.calls() == [MAKE_VENV, INSTALL_DEV, TEST]


def test_another_python_makes_the_venv_anew_only_where_it_is_named(checkout):
    checkout.make("test")
    checkout.python("python3.13", "3.13.0")
    checkout.calls()
    checkout.make("test", "PYTHON=python3.13")
    assert checkout.calls() == ["python3.13 -m venv .venv", INSTALL_DEV, TEST]
    checkout.make("test")
    assert checkout.calls() == [TEST]
    checkout.make("test", PYTHON="python3")
    assert checkout.calls() == [MAKE_VENV, INSTALL_DEV, TEST]


def test_the_users_own_venv_is_used(checkout):
    own = checkout.folder / ".venv/bin/python"
    own.parent.mkdir(parents=True)
    shutil.copy(checkout.bin / "python3", own)
    checkout.pip_does("exit 1")
    for _ in range(2):
        checkout.make("test")
        assert checkout.calls() == [INSTALL_DEV]
    checkout.pip_does("")
    checkout.make("test")
    assert checkout.calls() == [INSTALL_DEV, TEST]
