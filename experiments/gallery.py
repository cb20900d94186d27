"""`python -m experiments report --all`: every experiment run, checked and timed once; a page with a card for each."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from experiments.compare_frameworks import OUT as COMPARED
from experiments.proof import PROGRAM, progress
from experiments.runs import RUNS
from jaxdl.report import Card, gallery

PAGE = Path("reports/index.html")
CHECKED = Path("reports/check")


class Task(NamedTuple):
    """Something that a card lacks: whose, what stands beside the bar meanwhile, and the command."""

    name: str
    text: str
    arguments: tuple[str, ...]


def report_all(page: Path, as_is: bool) -> int:
    """Do what is missing, one after the other, and draw the gallery; it grows while they are done.

    Ctrl-C ends it with a page of what is there, and the next call goes on from there. What fails is said on its card.
    """
    from jaxdl.experiment import discover

    experiments, failures, status = dict(sorted(discover().items())), dict[str, str](), 0
    cards = cards_of(experiments, failures)
    tasks = [] if as_is else list(missing(cards, experiments))
    if tasks:
        print(f"{len(tasks)} parts of the gallery are missing; they are run now, and kept", file=sys.stderr)
    try:
        with progress(len(tasks)) as advance:
            for task in tasks:
                advance(task.text)
                failure = attempt(task)
                if failure:
                    failures[task.name] = f"{task.text}: {failure}"
                gallery(cards_of(experiments, failures), page)
    except KeyboardInterrupt:
        status = 130
    gallery(cards_of(experiments, failures), page)
    for failure in failures.values():
        print(f"{PROGRAM} report: {failure}", file=sys.stderr)
    print(page)
    return status or (1 if failures else 0)


def cards_of(experiments: dict[str, Any], failures: dict[str, str]) -> list[Card]:
    """A card for each, and where its parts lie."""
    return [
        Card(
            name,
            experiment.summary,
            str(experiment.bound),
            RUNS / name,
            CHECKED / f"{name}.json",
            COMPARED / name / "results.json",
            failures.get(name, ""),
        )
        for name, experiment in experiments.items()
    ]


def missing(cards: list[Card], experiments: dict[str, Any]) -> Iterator[Task]:
    """What the cards lack: the runs first, then the proofs, then, where PyTorch is installed, the times."""
    for card in cards:
        if not card.ended:
            yield Task(card.name, f"run {card.name}", ("run", card.name, "--resume", "auto"))
    twins = [card for card in cards if experiments[card.name].twin]
    for card in twins:
        if not card.check.is_file():
            yield Task(card.name, f"check {card.name}", ("check", card.name, "--json", str(card.check)))
    if find_spec("torch") is None:
        return
    for card in twins:
        if not card.compare.is_file():
            yield Task(card.name, f"compare {card.name}", ("compare", card.name, "--quick"))


def attempt(task: Task) -> str:
    """Run a command in a process of its own: why it failed, or nothing."""
    command = [sys.executable, "-m", "experiments", *task.arguments]
    found_as_here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=found_as_here)
    if done.returncode in (130, -2):
        raise KeyboardInterrupt
    said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return said[-1] if done.returncode else ""
