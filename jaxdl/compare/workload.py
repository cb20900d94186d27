"""What is benchmarked: an experiment in some configuration, and what is done with it."""

from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from jaxdl.experiment import Experiment, discover, precision
from jaxdl.parity.record import initial_tensors
from jaxdl.random import TorchGenerator

Task = tuple[str, int]

BATCHES = 64

# On two cores: three minutes, nine, and fifteen. ResNet-20 and the larger GPT cost four of the last six, second starts
# two; most of either is torch.compile's.
DEPTHS = ("quick", "default", "full")

KINDS = {"train": "step", "infer": "call", "sweep": "step of all runs"}


@dataclass(frozen=True)
class Workload:
    """An experiment to benchmark.

    Attributes:
        experiment: with a twin.
        config: of it.
        label: for people.
        tasks: what is timed, in this order: ('train', batch size), ('infer', rows), ('sweep', runs).
        again: whether modes whose compiled programs outlive a process are started a second time, with these.
    """

    experiment: Experiment
    config: Any
    label: str
    tasks: tuple[Task, ...]
    again: bool = True


@dataclass(frozen=True)
class Entry:
    """A line of the suite.

    Attributes:
        name: of the experiment.
        label: for people.
        settings: of its Config, where they are not the default ones.
        also: tasks besides training.
        trained: whether training is timed.
        depth: the shortest of `DEPTHS` that has it.
        again: whether there is a second start of it; 'full' has one of everything.
    """

    name: str
    label: str
    settings: dict[str, Any]
    also: tuple[Task, ...] = ()
    trained: bool = True
    depth: str = "default"
    again: bool = False


SUITE = (
    Entry("supervised/logistic_regression", "logistic regression", {}, depth="quick"),
    Entry("supervised/mlp", "MLP", {"batch_size": 128, "hidden": 256}, depth="quick"),
    Entry("supervised/mlp", "64 MLPs", {"batch_size": 32, "hidden": 32}, (("sweep", 64),), trained=False),
    Entry("vision/lenet", "LeNet", {"batch_size": 128}, (("infer", 1), ("infer", 128)), depth="quick", again=True),
    Entry("vision/vgg", "CNN", {"batch_size": 128, "size": 32}),
    Entry("vision/resnet", "ResNet-20", {"batch_size": 32, "size": 32}, depth="full"),
    Entry("sequence/characters", "LSTM", {}),
    Entry("sequence/gpt", "GPT, 4 × 128", {}, (("infer", 1), ("infer", 128)), depth="quick"),
    Entry("sequence/gpt", "GPT, 4 × 256", {"width": 256, "heads": 8}, depth="full"),
)


def suite(depth: str = "full") -> list[Workload]:
    """The benchmark's own workloads, all of them or as many as one of `DEPTHS` has; 'quick' asks one row alone."""
    known, within = discover(), DEPTHS[: DEPTHS.index(depth) + 1]
    entries = [entry for entry in SUITE if entry.depth in within]
    if depth == "quick":
        entries = [replace(entry, also=entry.also[:1]) for entry in entries]
    return [replace(_workload(known[entry.name], entry), again=entry.again or depth == "full") for entry in entries]


def training(experiment: Experiment, config: Any = None) -> Workload:
    """An experiment as it is, or in some other configuration, trained."""
    return _workload(experiment, Entry(experiment.name, experiment.name, {}), config)


def _workload(experiment: Experiment, entry: Entry, given: Any = None) -> Workload:
    config = replace(given or experiment.config(), **entry.settings)
    own = (("train", experiment.source(config).batch_size),) if entry.trained else ()
    return Workload(experiment, config, entry.label, (*own, *entry.also))


def given(work: Workload, folder: Path) -> dict[str, Any]:
    """What all modes of a workload are given: its batches, and the initial tensors for models that cannot draw them."""
    source = work.experiment.source(work.config)
    full = (b for b in source.batches(0, TorchGenerator(work.config.seed)) if len(b[-1]) == source.batch_size)
    batches = list(islice(full, BATCHES))
    arrays = {
        f"{b}_{a}": np.asarray(array, source.arrays[a].dtype)
        for b, batch in enumerate(batches)
        for a, array in enumerate(batch)
    }
    np.savez(folder / "batches.npz", **arrays)  # type: ignore[arg-type]  # the stubs take the names for keywords of savez
    with precision(work.config.dtype):
        tensors = initial_tensors(work.experiment.program(work.config), work.config.seed)
    np.savez(folder / "initial.npz", **tensors)  # type: ignore[arg-type]
    return {
        "experiment": work.experiment.name,
        "twin": work.experiment.twin,
        "config": asdict(work.config),
        "derived": {
            name: getattr(work.config, name)
            for name, value in vars(type(work.config)).items()
            if isinstance(value, property)
        },
        "batches": str(folder / "batches.npz"),
        "initial": str(folder / "initial.npz"),
        "count": len(batches),
        "arrays": len(source.arrays),
    }
