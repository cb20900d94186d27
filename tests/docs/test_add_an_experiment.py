"""docs/add-an-experiment.md: whoever pastes its files and runs its commands gets what it says."""

import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import supervised
from experiments.__main__ import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-an-experiment.md").read_text(encoding="utf-8")
EXPERIMENT, TWIN, TEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
LINES = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).splitlines()
COMMANDS = [shlex.split(line, comments=True) for line in LINES]
(SAID,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
PYTHON = ".venv/bin/python"
EXPERIMENTS = [command[3:] for command in COMMANDS if command[:3] == [PYTHON, "-m", "experiments"]]
PARTS = ("experiments.supervised.iris", "experiments.supervised.iris_torch")


@pytest.fixture
def pasted(tmp_path, monkeypatch):
    """A folder with the page's two files, which `experiments.supervised` looks into as well."""
    (tmp_path / "iris.py").write_text(EXPERIMENT, encoding="utf-8")
    (tmp_path / "iris_torch.py").write_text(TWIN, encoding="utf-8")
    monkeypatch.setattr(supervised, "__path__", [*supervised.__path__, str(tmp_path)])
    monkeypatch.chdir(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path
    for name in PARTS:
        sys.modules.pop(name, None)
        supervised.__dict__.pop(name.rpartition(".")[2], None)


@pytest.fixture
def call(capfd):
    """Runs a command of `python -m experiments`: its exit status, what it said, and what it complained of."""

    def call(arguments):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return ended.value.code, *capfd.readouterr()

    return call


def command(name, flag=None):
    """The page's command of that name for its experiment, with that flag."""
    (found,) = [words for words in EXPERIMENTS if words[:2] == [name, "iris"] and (flag in words or flag is None)]
    return found


def test_it_runs_as_the_page_says(pasted, call):
    status, table, _ = call(command("run", "--dry-run"))
    assert status == 0
    assert not (pasted / "runs").exists()
    assert re.search(r"fc1\.weight\W+8 × 4", table)
    status, table, _ = call(["run", "iris"])
    assert status == 0
    assert SAID in table
    assert "What each test iris is taken for" in table
    assert call(command("report"))[0] == 0
    assert (pasted / "runs/supervised/iris/report.html").is_file()
    assert "runs/supervised/iris/report.html" in PAGE


@pytest.mark.slow
@pytest.mark.torch
def test_it_climbs_the_ladder_and_what_is_frozen_stands_in(pasted, call):
    assert call(command("freeze"))[:2] == (0, f"{pasted.name}/iris.reference.json  {size(pasted)} kB\n")
    status, table, _ = call(command("check", "frozen"))
    assert status == 0
    assert "frozen numbers of PyTorch" in table
    status, table, _ = call(["check", "iris"])
    assert status == 0
    assert "live" in table


def size(folder):
    return f"{(folder / 'iris.reference.json').stat().st_size / 1000:.0f}"


@pytest.mark.slow
@pytest.mark.torch
def test_the_mistake_that_the_page_proposes_is_found(pasted, call):
    (pasted / "iris_torch.py").write_text(TWIN.replace("F.tanh", "F.relu"), encoding="utf-8")
    status, _, said = call(["check", "iris"])
    assert status == 1
    assert "supervised/iris: forward · output · " in said
    assert "`forward · output`" in PAGE


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what the page's commands read and write, with all that the page asks for."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "jaxdl").symlink_to(ROOT / "jaxdl")
    for name in ("experiments", "docs/float32"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "tests/experiments").mkdir(parents=True)
    names = ("pyproject.toml", "docs/float32.json", "tests/conftest.py", "tests/experiments/test_experiments.py")
    for name in names:
        shutil.copy(ROOT / name, root / name)
    (root / "experiments/supervised/iris.py").write_text(EXPERIMENT, encoding="utf-8")
    (root / "experiments/supervised/iris_torch.py").write_text(TWIN, encoding="utf-8")
    (root / "tests/experiments/test_iris.py").write_text(TEST, encoding="utf-8")
    listed = root / "tests/experiments/test_experiments.py"
    before, _, rest = listed.read_text(encoding="utf-8").partition("assert NAMES == [\n")
    names, end, after = rest.partition("    ]\n")
    names = sorted([*names.splitlines(keepends=True), '        "supervised/iris",\n'])
    listed.write_text(f"{before}assert NAMES == [\n{''.join(names)}{end}{after}", encoding="utf-8")
    return root


def follow(words, folder):
    """Run a command of the page; it must end well."""
    assert words[0] == PYTHON, words
    shorter = ["--as-is"] if "--all" in words else []  # the other experiments take minutes each
    done = subprocess.run([sys.executable, *words[1:], *shorter], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_its_files_are_in_the_style_of_the_house(checkout):
    styled = [words for words in COMMANDS if words[2] == "ruff"]
    assert len(styled) == 2
    for words in styled:
        follow(words, checkout)


@pytest.mark.slow
@pytest.mark.torch
def test_every_command_of_the_page_ends_well(checkout):
    for words in COMMANDS:
        follow(words, checkout)
    for left in ("experiments/supervised/iris.reference.json", "reports/index.html"):
        assert (checkout / left).is_file()
    assert (checkout / "reports/compare/supervised/iris/results.json").is_file()
    measured = json.loads((checkout / "docs/float32.json").read_text(encoding="utf-8"))
    assert "supervised/iris" in {run["case"] for run in measured["runs"]}
