"""`.ci/run` with a make and Pythons that only say what they were asked."""

import os

import pytest


@pytest.fixture
def ci(checkout):
    """Run .ci/run from elsewhere; `make` fails for the goals in `bad`."""
    for shim in ("python3.12", "python3.13"):
        checkout.program(shim, "#!/bin/sh\nexit 127\n")

    def run(bad=""):
        checkout.program("make", f'#!/bin/sh\ncase " {bad} " in *" $1 "*) exit 2 ;; esac\n')
        return checkout.run("bash", "-c", 'cd / && "$1"', "bash", checkout.folder / ".ci/run")

    return run


def test_it_can_be_executed(checkout):
    assert os.access(checkout.folder / ".ci/run", os.X_OK)


def test_every_part_runs_and_says_how_long_it_took(ci):
    done = ci()
    assert done.returncode == 0, done.stderr
    for name in ("lint", "types", "layers", "tests", "newest jax"):
        assert f"== {name}\n" in done.stdout
        assert f"== {name}: passed after " in done.stdout
    assert "there is no Python 3.12 or 3.13 here" in done.stdout


def test_what_failed_is_named_at_the_end(ci):
    done = ci("lint layers")
    assert done.returncode == 1
    assert "== tests: passed" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" s: lint,layers")


NEWER = """#!/bin/sh
case "$*" in *ensurepip*) exit ;; "-m pip freeze") echo jax==9 ;; esac
echo "{version} $*" >>calls
case "$*" in "-m venv"*) mkdir -p .venv-newest/bin && cp "$0" .venv-newest/bin/python ;; esac
"""


def test_the_newest_python_tests_the_newest_jax(ci, checkout):
    for version in ("3.12.9", "3.13.2", "3.13.10"):
        (checkout.bin / f".pyenv/versions/{version}/bin").mkdir(parents=True)
        checkout.program(f".pyenv/versions/{version}/bin/python3", NEWER.format(version=version))
    done = ci()
    assert done.returncode == 0, done.stderr
    made, installed, _, tested = checkout.calls()
    assert made == "3.13.10 -m venv --clear .venv-newest"
    assert installed.endswith("--upgrade --upgrade-strategy eager -e .[dev]")
    assert tested.endswith(
        "-m pytest -n auto --maxprocesses=8 -m not torch and not slow and not exhaustive --ignore=tests/random"
    )
