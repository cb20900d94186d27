"""A run as its folder tells it: `history.jsonl`, and `run.json` where there is one."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

HISTORY, FACTS = "history.jsonl", "run.json"
NUMBER = (int, float)
KINDS: dict[str, Any] = {
    **dict.fromkeys(("experiment", "summary", "started", "bound", "failure", "stopped"), str),
    **dict.fromkeys(("config", "versions", "machine", "final"), dict),
    **dict.fromkeys(("seconds", "steps_per_epoch", "parameters"), NUMBER),
    **dict.fromkeys(("finished", "reached"), bool),
}
WORDS = {str: "text", dict: "an object", NUMBER: "a number", bool: "true or false"}


@dataclass(frozen=True)
class Trace:
    """A run.

    Attributes:
        folder: where it lies.
        name: of the experiment, or of the folder.
        facts: what run.json says, empty without one.
        steps: each metric of each step, `[steps]`.
        epochs: each epoch's record.
    """

    folder: Path
    name: str
    facts: dict[str, Any]
    steps: dict[str, np.ndarray]
    epochs: list[dict[str, float]]

    @property
    def length(self) -> int:
        """How many steps it has made."""
        return len(next(iter(self.steps.values()), ()))

    @property
    def finished(self) -> bool | None:
        """Whether it came to its end; None where nobody says."""
        return self.facts.get("finished")

    @cached_property
    def epoch_length(self) -> int | None:
        """Steps an epoch: as run.json says, or so many that the first epoch's mean loss is theirs."""
        given = self.facts.get("steps_per_epoch")
        if given or not self.epochs or not self.length:
            return int(given) if given else None
        losses, mean = self.steps.get("loss"), self.epochs[0].get("loss")
        if losses is None or mean is None:
            return None
        counts = np.arange(1, self.length // len(self.epochs) + 1)
        found = counts[np.isclose(np.cumsum(losses[: len(counts)]) / counts, mean, rtol=1e-9)]
        return int(found[-1]) if len(found) else None

    @property
    def seconds(self) -> float | None:
        """How long it took, as far as it is known."""
        given = self.facts.get("seconds")
        return float(given) if given else float(np.nansum(self.epoch_values("seconds")[1])) or None

    @property
    def steps_a_second(self) -> float | None:
        """In the median epoch; the first one compiles and counts only where it is the only one."""
        known = self.epoch_values("seconds")[1]
        usual = float(np.median(known[1:] if len(known) > 1 else known)) if len(known) else 0.0
        return self.epoch_length / usual if self.epoch_length and usual > 0 else None

    def epoch_values(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """The epochs whose records hold a metric, and its values."""
        pairs = [(record["epoch"], record[metric]) for record in self.epochs if metric in record]
        numbers, values = zip(*pairs, strict=True) if pairs else ((), ())
        return np.array(numbers, float), np.array(values, float)

    @property
    def measures(self) -> list[str]:
        """Every metric of the epochs' records."""
        return [*dict.fromkeys(name for record in self.epochs for name in record if name != "epoch")]

    @property
    def bound(self) -> tuple[str, str, float] | None:
        """What it had to reach: metric, relation and value."""
        found = re.fullmatch(r"(\w+) (>=|<=) ([-+.\deE]+)", self.facts.get("bound") or "")
        try:
            return (found[1], found[2], float(found[3])) if found else None
        except ValueError:
            return None


def read(folder: Path) -> Trace:
    """The run in a folder; it may still be going on, or have been killed.

    Raises:
        FileNotFoundError: there is no such folder, or no history in it.
        ValueError: a line is no record of a run (it is named), nothing is recorded yet, or run.json is none.
    """
    file = folder / HISTORY
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    if not file.is_file():
        raise FileNotFoundError(
            f"{folder} holds no run: it lacks the {HISTORY} that train.fit(directory=...) and experiments write"
        )
    facts = _facts(folder / FACTS)
    steps, epochs = _history(file)
    return Trace(folder, facts.get("experiment") or folder.resolve().name, facts, steps, epochs)


def _history(file: Path) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    from jaxdl.train import History

    try:
        history = History.load(file)
    except UnicodeDecodeError:
        raise ValueError(f"{file} is no history of a run: it is not UTF-8 text") from None
    except (KeyError, TypeError, ValueError) as error:
        if str(file) in str(error):
            raise
        raise ValueError(f"{file}: every step must have the same metrics, as numbers ({error})") from None
    epochs = [{k: v for k, v in record.items() if isinstance(v, NUMBER)} for record in history.epochs]
    if not all("epoch" in record for record in epochs):
        raise ValueError(f"{file}: an epoch's record must say its number")
    if not len(history) and not epochs:
        raise ValueError(f"{file} holds no whole step yet")
    return history.steps, epochs


def _facts(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    from jaxdl.train.checkpoint.integrity import read_json

    found = read_json(file)
    for name, kind in KINDS.items():
        if found.get(name) is not None and not isinstance(found[name], kind):
            raise ValueError(f"{file}: {name!r} must be {WORDS[kind]}, given {found[name]!r}"[:300])
    return found


def named_apart(traces: Sequence[Trace]) -> list[str]:
    """A name for each run: of its experiment, or of its folder where several are of one.

    >>> two = [Trace(Path("runs") / name, "lenet", {}, {}, []) for name in ("slow", "fast")]
    >>> named_apart(two), named_apart(two[:1])
    (['slow', 'fast'], ['lenet'])
    """
    names = [trace.name for trace in traces]
    if len(set(names)) == len(names):
        return names
    places = [trace.folder.resolve() for trace in traces]
    above = common(places)
    return [str(place.relative_to(above)) if place != above else place.name for place in places]


def common(folders: Sequence[Path]) -> Path:
    """The folder that holds all of them; of one folder, itself."""
    return Path(os.path.commonpath([folder.resolve() for folder in folders]))
