"""A checkout in a directory with spaces, and Pythons that install nothing: they note what they were asked."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAKE = """#!/bin/sh
case "$*" in
    *version_info*) echo {version}; exit {too_old} ;;
    *ensurepip*) echo "$0"; exit {without_venv} ;;
    "-m pip --version") exit ;;
esac
case $0 in .venv/*) echo "$0 $*" ;; *) echo "${{0##*/}} $*" ;; esac >>calls
case "$*" in
    "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    "-m pip install"*) . "$PIP" ;;
esac
"""
# What a surrounding `make test` was told is not meant for the make of a test.
TOLD = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "PYTHON", "ORIGIN", "ARGS", "FRAMEWORKS"}


@dataclass(frozen=True)
class Checkout:
    """A copy of the project's files in `folder`; commands find what is in `bin` before the machine's."""

    folder: Path
    bin: Path

    def program(self, name, text):
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python(self, name, version, *, too_old=0, without_venv=0):
        """A fake Python on the path."""
        return self.program(name, FAKE.format(version=version, too_old=too_old, without_venv=without_venv))

    def pip_does(self, script):
        """What `pip install` does from now on, as shell commands."""
        self.program("pip", script)

    def run(self, *command, **environment):
        inherited = {name: value for name, value in os.environ.items() if name not in TOLD}
        ours = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.bin),
            "PIP": str(self.bin / "pip"),
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**inherited, **ours, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            start_new_session=True,  # a test kills all of it
        )

    def make(self, *arguments, **environment):
        return self.run("make", *arguments, **environment)

    def calls(self):
        """What the fake Pythons were asked since this was last called."""
        written = self.folder / "calls"
        lines = written.read_text().splitlines() if written.exists() else []
        written.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not installed, and these are tests of it")
    checkout = Checkout(tmp_path / "a check out", tmp_path / "some bin")
    for file in ("Makefile", "pyproject.toml", ".ci/run"):
        copy = checkout.folder / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, copy)
    checkout.bin.mkdir()
    checkout.python("python3", "3.12.4")
    checkout.pip_does("echo 'Requirement already satisfied: numpy'")
    return checkout
