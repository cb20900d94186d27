"""What is benchmarked: an experiment in some configuration, and what is done with it."""

from dataclasses import dataclass, replace
from typing import Any

from jaxdl.experiment import Experiment, discover

Task = tuple[str, int]

KINDS = {"train": "step", "infer": "call", "sweep": "step of all runs"}


@dataclass(frozen=True)
class Workload:
    """An experiment to benchmark.

    Attributes:
        experiment: with a twin.
        config: of it.
        label: for people.
        tasks: what is timed, in this order: ('train', batch size), ('infer', rows), ('sweep', runs).
    """

    experiment: Experiment
    config: Any
    label: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Entry:
    """A line of the suite.

    Attributes:
        name: of the experiment.
        label: for people.
        settings: of its Config, where they are not the default ones.
        also: tasks besides training.
        trained: whether training is timed.
        quick: whether `--quick` has it.
    """

    name: str
    label: str
    settings: dict[str, Any]
    also: tuple[Task, ...] = ()
    trained: bool = True
    quick: bool = False


SUITE = (
    Entry("supervised/logistic_regression", "logistic regression", {}, quick=True),
    Entry("supervised/mlp", "MLP", {"batch_size": 128, "hidden": 256}, quick=True),
    Entry("supervised/mlp", "64 MLPs", {"batch_size": 32, "hidden": 32}, (("sweep", 64),), trained=False),
    Entry("vision/lenet", "LeNet", {"batch_size": 128}, (("infer", 1), ("infer", 128)), quick=True),
    Entry("vision/vgg", "CNN", {"batch_size": 128, "size": 32}),
    Entry("vision/resnet", "ResNet-20", {"batch_size": 32, "size": 32}),
    Entry("sequence/characters", "LSTM", {}),
    Entry("sequence/gpt", "GPT, 4 × 128", {}, (("infer", 1), ("infer", 128)), quick=True),
    Entry("sequence/gpt", "GPT, 4 × 256", {"width": 256, "heads": 8}),
)


def suite(quick: bool = False) -> list[Workload]:
    """The benchmark's own workloads; fewer of them for `quick`."""
    known = discover()
    return [_workload(known[entry.name], entry) for entry in SUITE if entry.quick or not quick]


def training(experiment: Experiment, config: Any = None) -> Workload:
    """An experiment as it is, or in some other configuration, trained."""
    return _workload(experiment, Entry(experiment.name, experiment.name, {}), config)


def _workload(experiment: Experiment, entry: Entry, given: Any = None) -> Workload:
    config = replace(given or experiment.config(), **entry.settings)
    own = (("train", experiment.source(config).batch_size),) if entry.trained else ()
    return Workload(experiment, config, entry.label, (*own, *entry.also))
