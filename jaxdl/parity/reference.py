"""The PyTorch side of the ladder: an ordinary training script's loop, recorded rung by rung."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module, metadata
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.data import (
    ArraySource,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from jaxdl.experiment import Experiment
from jaxdl.parity.ladder import Reference
from jaxdl.parity.record import Record, Tensors, epochs_for, looks, named_outputs

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader


@dataclass(frozen=True)
class Twin:
    """A training run written in PyTorch.

    Attributes:
        model: builds the `torch.nn.Module`.
        loss: `(output, target) -> scalar`.
        optimizer: builds the optimiser of a model.
        metrics: further `(output, target) -> scalar` functions by name, each a mean over the rows.
    """

    model: Callable[[], Any]
    loss: Callable[[Any, Any], Any]
    optimizer: Callable[[Any], Any]
    metrics: dict[str, Callable[[Any, Any], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("model", "loss", "optimizer"):
            if not callable(value := getattr(self, name)):
                raise TypeError(f"Twin: {name} must be a function, given a {type(value).__name__}")


@dataclass(frozen=True)
class Way:
    """How PyTorch computes: what changes nothing but the order of its sums, and so their rounding.

    Attributes:
        threads: that share the work. One by default: sums then have one order, and small steps do not wait for each
            other's threads.
        channels_last: images and their kernels lie in memory with the channels innermost.
        reversed_rows: each batch's rows come in reverse order.
    """

    threads: int = 1
    channels_last: bool = False
    reversed_rows: bool = False

    def __str__(self) -> str:
        said = [f"{self.threads} threads"] * (self.threads > 1)
        return ", ".join(said + ["channels_last"] * self.channels_last + ["rows reversed"] * self.reversed_rows)


ORDINARY = Way()


def other_ways(source: ArraySource) -> list[Way]:
    """Ways on one thread that add up otherwise than the ordinary one."""
    images = any(array.ndim == 4 for array in source.arrays)
    return [Way(reversed_rows=True), *([Way(channels_last=True)] if images else [])]


def record_twin(
    twin: Twin,
    source: ArraySource,
    *,
    steps: int,
    seed: int,
    dtype: str,
    evaluation: ArraySource | None = None,
    way: Way = ORDINARY,
) -> Record:
    """Train a twin as a PyTorch script does and record every rung.

    The script: `torch.manual_seed(seed)`, the model (in `dtype`), `DataLoader(TensorDataset(...), batch_size,
    shuffle=True)`, and `zero_grad`, `backward`, `step` for each batch; after each whole epoch once through a second
    loader, of test data. Nothing of jaxdl takes part but the arrays of the data. PyTorch's global generator is put
    back afterwards.
    """
    require_torch()
    import torch

    with torch.random.fork_rng(devices=[]), threads(way.threads):
        torch.manual_seed(seed)
        model = twin.model().to(getattr(torch, dtype))
        if way.channels_last:
            model = model.to(memory_format=torch.channels_last)
        run = _Run(twin, model, twin.optimizer(model), looks(steps), way)
        training, test = _loader(source), None if evaluation is None else _loader(evaluation)
        for epoch in range(epochs_for(steps, len(training))):
            run.train(f"epoch {epoch + 1}", islice(training, steps - len(run.losses)))
            if test is not None and len(run.losses) == (epoch + 1) * len(training):
                run.evaluate(test)
    return run.record()


class _Run:
    """A training script's state, and what it writes down on the way."""

    def __init__(
        self, twin: Twin, model: "torch.nn.Module", optimizer: "torch.optim.Optimizer", looks: list[int], way: Way
    ) -> None:
        self._twin, self._model, self._optimizer, self._looks, self._way = twin, model, optimizer, looks, way
        self._rungs: dict[str, Tensors] = {"initial": _host(model.state_dict()), "batches": {}}
        self._measured: dict[str, list[float]] = {}
        self.losses: list[torch.Tensor] = []

    def train(self, epoch: str, batches: Iterable["list[torch.Tensor]"]) -> None:
        """Take a step on each batch."""
        visited = []
        self._model.train()
        for rows, *inputs, target in batches:
            visited.append(rows.numpy())
            *inputs, target = self._arranged([*inputs, target])
            self._optimizer.zero_grad()
            output = self._model(*inputs)
            loss = self._twin.loss(output, target)
            loss.backward()
            if not self.losses:
                self._first(output, loss.detach())
            self._optimizer.step()
            self.losses.append(loss.detach())
            if len(self.losses) in self._looks:
                state = _host(self._model.state_dict()) | _optimizer_state(self._model, self._optimizer)
                self._rungs[f"step {len(self.losses)}"] = state
        self._rungs["batches"][epoch] = np.concatenate(visited)

    def _arranged(self, tensors: "list[torch.Tensor]") -> "list[torch.Tensor]":
        import torch

        if self._way.reversed_rows:
            tensors = [tensor.flip(0) for tensor in tensors]
        if self._way.channels_last:
            last = torch.channels_last
            tensors = [tensor.contiguous(memory_format=last) if tensor.ndim == 4 else tensor for tensor in tensors]
        return tensors

    def _first(self, output: Any, loss: "torch.Tensor") -> None:
        gradients = {name: p.grad for name, p in self._model.named_parameters() if p.grad is not None}
        self._rungs |= {"forward": _host(named_outputs(output)), "loss": _host({"loss": loss})}
        self._rungs["gradient"] = _host(gradients)

    def evaluate(self, batches: Iterable["list[torch.Tensor]"]) -> None:
        """The loss and each metric on test data: means over its rows."""
        import torch

        measures = {"loss": self._twin.loss, **self._twin.metrics}
        sums, count = dict.fromkeys(measures, 0.0), 0
        self._model.eval()
        with torch.no_grad():
            for rows, *inputs, target in batches:
                output = self._model(*inputs)
                count += len(rows)
                for name, measure in measures.items():
                    sums[name] += measure(output, target).item() * len(rows)
        for name, total in sums.items():
            self._measured.setdefault(name, []).append(total / count)

    def record(self) -> Record:
        """All that was written down."""
        import torch

        self._rungs["loss curve"] = {"loss": torch.stack(self.losses).numpy()}
        if self._measured:
            self._rungs["evaluation"] = {name: np.array(values) for name, values in self._measured.items()}
        return Record(self._rungs)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """PyTorch on so many threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _loader(source: ArraySource) -> "DataLoader[Any]":
    """A loader of (rows, *inputs, target): the rows' numbers travel with the data."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    tensors = [torch.from_numpy(array) for array in source.arrays]
    dataset = TensorDataset(torch.arange(source.rows), *tensors)
    sampler = None if source.shuffle else _sampler(source.sampler, dataset)
    return DataLoader(dataset, source.batch_size, source.shuffle, sampler, drop_last=source.drop_last)


def _sampler(ours: Sampler, dataset: Any) -> Any:
    """PyTorch's sampler of the same name, with a generator that stands where the given one's does."""
    import torch
    from torch.utils import data

    generator = None if ours.generator is None else torch.Generator()
    if generator is not None and ours.generator is not None:
        generator.set_state(torch.from_numpy(ours.generator.get_state()))
    match ours:
        case SequentialSampler():
            return None
        case RandomSampler():
            return data.RandomSampler(dataset, ours.replacement, ours.num_samples, generator)
        case SubsetRandomSampler():
            return data.SubsetRandomSampler(ours.indices.tolist(), generator)
        case WeightedRandomSampler():
            return data.WeightedRandomSampler(ours.weights.tolist(), ours.num_samples, ours.replacement, generator)
    raise TypeError(f"the ladder has no twin of a {type(ours).__name__}; it has of the samplers of one process")


def _optimizer_state(model: "torch.nn.Module", optimizer: "torch.optim.Optimizer") -> Tensors:
    return {
        f"{name}.{field}": value.numpy().copy()
        for name, parameter in model.named_parameters()
        for field, value in optimizer.state[parameter].items()
        if value is not None and field != "step"
    }


def _host(tensors: "dict[str, torch.Tensor]") -> Tensors:
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


def torch_is_installed() -> bool:
    """Whether PyTorch could be imported; it is not."""
    return find_spec("torch") is not None


def live_reference() -> Reference:
    """The PyTorch that is installed, as a Ladder names what it was compared with."""
    return Reference("live", metadata.version("torch"))


def require_torch() -> None:
    """Raise ModuleNotFoundError, with what would help, where PyTorch is not installed."""
    if not torch_is_installed():
        raise ModuleNotFoundError(
            "PyTorch, the reference, is not installed; pip install 'jaxdl[torch]' adds it", name="torch"
        )


def require_twin(experiment: Experiment) -> str:
    """The name of an experiment's twin; LookupError, naming the file that is missing, where it has none."""
    if experiment.twin is None:
        raise LookupError(
            f"{experiment.name} has no twin: {experiment.name.rpartition('/')[2]}_torch.py is not beside it"
        )
    return experiment.twin


def twin_of(experiment: Experiment, config: Any) -> Twin:
    """An experiment's PyTorch twin, for one configuration.

    Raises:
        LookupError: the experiment has none.
        ModuleNotFoundError: PyTorch is not installed.
    """
    name = require_twin(experiment)
    require_torch()
    module = import_module(name)
    metrics = getattr(module, "metrics", {})
    return Twin(
        lambda: module.model(config),
        module.loss,
        lambda model: module.optimizer(model, config),
        metrics(config) if callable(metrics) else metrics,
    )
