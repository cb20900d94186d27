"""An experiment is data: a file with a Config, a source, a program and, in its docstring, what it must reach."""

import difflib
import importlib
import importlib.util
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import jax
import numpy as np

from jaxdl import train
from jaxdl.data import ArraySource
from jaxdl.random import TorchGenerator

if TYPE_CHECKING:
    from jaxdl.report.theme import Theme

DTYPES = ("float32", "float64")
# How the names of files end that stand beside an experiment's: the same model in another library, and what a run shows.
BESIDE = ("_torch", "_flax", "_keras", "_exhibits")
# What `python -m experiments` and its `run` and `check` call their own flags: no field of a Config may be called so.
TAKEN = {
    *(
        "help",
        "device",
        "dry_run",
        "out",
        "resume",
        "fresh",
        "checkpoint_every",
        "checkpoint_steps",
        "keep",
        "tensorboard",
    ),
    *("steps_per_call", "mesh", "distributed"),
    *("reference", "tensors", "rung", "json", "file"),
    *("rounds", "quick", "where"),
}


def option(default: Any, help: str) -> Any:
    """A field of a Config: its default, and what `--help` says of its flag."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Settings:
    """What every experiment's Config has."""

    seed: int = option(0, "decides the run: initial parameters and batch order")
    dtype: str = option("float32", "of data and parameters: float32 or float64")

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, given {self.dtype!r}")


@dataclass(frozen=True)
class Bound:
    """What an experiment must reach, as its docstring says it: `Score: test_accuracy >= 0.95`."""

    metric: str
    relation: str
    value: float

    def holds(self, measured: dict[str, float]) -> bool:
        """Whether a run's final record is within the bound."""
        reached = measured[self.metric]
        return reached >= self.value if self.relation == ">=" else reached <= self.value

    def __str__(self) -> str:
        return f"{self.metric} {self.relation} {self.value:g}"


@dataclass(frozen=True)
class Exhibit:
    """What a run shows besides its curves: a table, a picture, or both.

    An experiment's file, or the one beside it whose name ends in `_exhibits`, may have a function `exhibits(config,
    state)` that gives a list of them. `python -m experiments run` calls it with what was trained when the run has
    ended, prints the tables, and leaves both in the run's folder, where the page finds them. The first picture of them
    is the one in the gallery.

    Attributes:
        title: its heading.
        headings: of the table's columns.
        rows: of the table: a cell of text a column.
        picture: writes a PNG file to the path that it is given, in the colours of a theme.
        caption: a sentence or two below it, which say what it shows.
    """

    title: str
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    picture: Callable[[Path, "Theme"], Any] | None = None
    caption: str = ""

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.headings)]
        if wrong:
            raise ValueError(f"exhibit {self.title!r}: {len(self.headings)} headings, and a row of {len(wrong[0])}")


class Shapes(NamedTuple):
    """What an experiment computes with, as arrays without numbers: see `Experiment.shapes`.

    Attributes:
        batch: of a training step, as the source gives it.
        state: the parameters, buffers and optimiser's numbers.
        output: what the model says of a batch; None where a program does not tell.
        metrics: of a step, and of an evaluation.
        steps: in an epoch.
    """

    batch: Any
    state: train.State
    output: Any
    metrics: tuple[Any, Any]
    steps: int


@dataclass(frozen=True)
class Experiment:
    """An experiment's file, read.

    Attributes:
        name: topic and file, as in 'vision/lenet'.
        module: the file's module, with `Config`, `source(config)`, `evaluation(config)` and `program(config)`; perhaps
            with `witnesses(config)` and `exhibits(config, state)`; the latter may stand in a file beside it.
        twin: the name of its PyTorch twin's module, imported only where PyTorch is wanted.
    """

    name: str
    module: ModuleType
    twin: str | None

    @property
    def config(self) -> Callable[..., Any]:
        """The file's Config."""
        config: Callable[..., Any] = self.module.Config
        return config

    @property
    def summary(self) -> str:
        """The first line of the file's docstring."""
        return (self.module.__doc__ or "").strip().partition("\n")[0]

    @property
    def time(self) -> str:
        """What the docstring says of its time."""
        return self._said("Time")

    @property
    def data(self) -> str:
        """What the docstring says of its data."""
        return self._said("Data")

    def _said(self, label: str) -> str:
        """A line of the docstring, such as `Time: 8 s on two cores.`; empty without one."""
        found = re.search(rf"^{label}: (.+)$", self.module.__doc__ or "", re.MULTILINE)
        return found[1].rstrip(".") if found else ""

    @property
    def bound(self) -> Bound:
        """The score that the docstring promises.

        Raises:
            ValueError: the docstring has no line such as `Score: test_accuracy >= 0.95`.
        """
        found = re.search(r"^Score: (\w+) (>=|<=) ([-+.\de]+)$", self.module.__doc__ or "", re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.name}: its docstring needs a line such as 'Score: test_accuracy >= 0.95'")
        return Bound(found[1], found[2], float(found[3]))

    def source(self, config: Any) -> ArraySource:
        """The training data."""
        source: ArraySource = self.module.source(config)
        return source

    def evaluation(self, config: Any) -> ArraySource:
        """The test data."""
        source: ArraySource = self.module.evaluation(config)
        return source

    def program(self, config: Any) -> train.Program:
        """What is trained."""
        program: train.Program = self.module.program(config)
        return program

    def witnesses(self, config: Any) -> dict[str, dict[str, float]]:
        """Answers from elsewhere, such as a closed form: metrics by witness."""
        witnesses: dict[str, dict[str, float]] = getattr(self.module, "witnesses", lambda config: {})(config)
        return witnesses

    @property
    def shown(self) -> ModuleType:
        """The module with `exhibits`: of the file beside the experiment's, or of the experiment's own."""
        beside = f"{self.module.__name__}_exhibits"
        return importlib.import_module(beside) if importlib.util.find_spec(beside) else self.module

    def exhibits(self, config: Any, state: train.State) -> list[Exhibit]:
        """What a run that ended in `state` shows besides its curves."""
        exhibits: list[Exhibit] = getattr(self.shown, "exhibits", lambda config, state: [])(config, state)
        return exhibits

    def run(
        self,
        config: Any,
        *,
        progress: bool = True,
        callbacks: Sequence[train.Callback] = (),
        steps_per_call: int | None = None,
        directory: Path | None = None,
        checkpoints: train.Checkpoints | None = None,
        resume: bool | int | Literal["auto"] = False,
        mesh: jax.sharding.Mesh | None = None,
    ) -> tuple[train.State, train.History]:
        """Train as `config` says, in its precision; all else is as `train.fit` has it."""
        with precision(config.dtype):
            return train.fit(
                self.program(config),
                self.source(config),
                config.epochs,
                evaluation=self.evaluation(config),
                seed=config.seed,
                progress=progress,
                callbacks=callbacks,
                steps_per_call=steps_per_call,
                directory=directory,
                checkpoints=checkpoints,
                resume=resume,
                config=settings(config),
                mesh=mesh,
            )

    def rehearse(self, config: Any) -> tuple[train.State, Any, Any]:
        """Find what is wrong with a configuration, training nothing.

        Returns:
            The state that a run begins with, its first batch, the first of its evaluation.

        Raises:
            ValueError: as `run` would.
        """
        if config.epochs < 1:
            raise ValueError(f"epochs must be at least 1, given {config.epochs}")
        with precision(config.dtype):
            generator, source, evaluation = TorchGenerator(config.seed), self.source(config), self.evaluation(config)
            state = self.program(config).init(generator)
            return state, next(source.batches(0, generator)), next(evaluation.batches(0, generator))

    def shapes(self, config: Any) -> Shapes:
        """Trace a step and an evaluation without computing either: what fits together is known, no number is.

        Raises:
            ValueError, TypeError: as `run` would, where shapes or dtypes do not fit.
        """
        state, batch, tested = self.rehearse(config)
        with precision(config.dtype):
            program = self.program(config)
            _, measured = jax.eval_shape(program.step, state, batch)
            metrics = measured, jax.eval_shape(program.evaluate, state, tested)
            output = jax.eval_shape(program.predict, state, batch) if program.predict else None
            batch, state = jax.eval_shape(lambda *both: both, batch, state)
            return Shapes(batch, state, output, metrics, len(self.source(config)))


def settings(config: Any) -> dict[str, Any]:
    """A Config's fields as they come back from JSON.

    >>> settings(Settings(seed=3))
    {'seed': 3, 'dtype': 'float32'}
    """
    found: dict[str, Any] = json.loads(json.dumps(asdict(config), default=str))
    return found


def twin(name: str) -> ModuleType | None:
    """The PyTorch twin of the experiment whose `__name__`, or its exhibits', is given; None without PyTorch."""
    try:
        return importlib.import_module(f"{name.removesuffix('_exhibits')}_torch")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return None


def apart(own: Any, theirs: Any) -> str:
    """How far two arrays, or trees of them, are apart: a cell of a table.

    The largest difference, in units of the largest number of `theirs`; 'not installed' where there is none of theirs.

    >>> apart([1.0, -3.0], [1.0, -4.0]), apart([1.0], None)
    ('2.5e-01', 'not installed')
    """
    if theirs is None:
        return "not installed"
    pairs = zip(jax.tree.leaves(own), jax.tree.leaves(theirs), strict=True)
    return f"{max(np.max(np.abs(np.asarray(a) - np.asarray(b))) / np.max(np.abs(b)) for a, b in pairs):.1e}"


@contextmanager
def on(device: str | None) -> Iterator[None]:
    """jax computing on a device inside the block: 'cpu', 'gpu' or 'tpu', or as in 'cpu:1'; None: jax's own choice.

    Raises:
        ValueError: there is no such device; which there are.

    >>> with on("cpu"):
    ...     jax.numpy.zeros(1).device.platform
    'cpu'
    """
    if device is None:
        yield
        return
    kind, _, number = device.partition(":")
    try:
        found = jax.devices(kind)[int(number or 0)]
    except (IndexError, RuntimeError, ValueError):
        there = ", ".join(f"{one.platform}:{one.id}" for one in jax.devices())
        raise ValueError(f"there is no device {device!r}; jax sees {there}") from None
    before = jax.config.values["jax_default_device"]
    jax.config.update("jax_default_device", found)  # of every thread: the context manager is of one alone
    try:
        yield
    finally:
        jax.config.update("jax_default_device", before)


def precision(dtype: str) -> AbstractContextManager[Any]:
    """jax with 64-bit types inside the block where `dtype` is float64, without them where it is float32."""
    context: AbstractContextManager[Any] = jax.enable_x64(dtype == "float64")
    return context


def discover(package: str = "experiments") -> dict[str, Experiment]:
    """Every experiment of a package by name: modules that have a Config, a source and a program.

    Raises:
        ModuleNotFoundError: there is no such package on the path.
        ValueError: a Config has a field that the command line needs for itself.
    """
    names = _modules(package)
    read = [_read(name, names, package) for name in names if not name.endswith(BESIDE)]
    return {experiment.name: experiment for experiment in read if experiment is not None}


def _modules(package: str) -> list[str]:
    """The names of a package's modules; folders are looked into, files are not."""
    root = importlib.import_module(package)
    found = pkgutil.walk_packages(root.__path__, f"{package}.")
    return [info.name for info in found if not info.ispkg and not info.name.endswith((".__main__", "_flax", "_keras"))]


def _read(name: str, names: Sequence[str], package: str) -> Experiment | None:
    """The experiment in a module, if there is one."""
    module = importlib.import_module(name)
    if not all(hasattr(module, part) for part in ("Config", "source", "program")):
        return None
    twin, short = f"{name}_torch", _short(name, package)
    taken = [field.name for field in fields(module.Config) if field.name in TAKEN]
    if taken:
        flag = taken[0].replace("_", "-")
        raise ValueError(
            f"{short}: its Config has a field {taken[0]!r}, and --{flag} is a flag of the command line itself; "
            "give the field another name"
        )
    return Experiment(short, module, twin if twin in names else None)


def _short(name: str, package: str) -> str:
    """As in 'vision/lenet'."""
    return name.removeprefix(f"{package}.").replace(".", "/")


def find(name: str, package: str = "experiments") -> Experiment:
    """The experiment of that name: 'vision/lenet', 'vision.lenet' or just 'lenet'.

    Raises:
        LookupError: there is none; the error names the nearest.
    """
    wanted, names = _short(name, package), _modules(package)
    named = [module for module in names if wanted in (_short(module, package), module.rpartition(".")[2])]
    found = _read(named[0], names, package) if len(named) == 1 and not named[0].endswith(BESIDE) else None
    if found is not None:  # the others, and what they import, would make every start a slow one
        return found
    known = discover(package)
    matches = [full for full in known if full == wanted or full.rpartition("/")[2] == wanted]
    if len(matches) == 1:
        return known[matches[0]]
    shorts = {full.rpartition("/")[2]: full for full in known}
    near = difflib.get_close_matches(wanted, [*known, *shorts], n=1, cutoff=0.4)
    hint = f"did you mean {shorts.get(near[0], near[0])!r}?" if near else f"there are {', '.join(sorted(known))}"
    raise LookupError(f"there is no experiment {name!r}; {hint}")
