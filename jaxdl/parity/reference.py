"""The PyTorch side of the ladder: an ordinary training script's loop, recorded rung by rung."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.data import ArraySource
from jaxdl.parity.record import Record, Tensors, epochs_for, looks

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Twin:
    """A training run written in PyTorch.

    Attributes:
        model: builds the `torch.nn.Module`.
        loss: `(output, target) -> scalar`.
        optimizer: builds the optimiser of a model.
    """

    model: Callable[[], Any]
    loss: Callable[[Any, Any], Any]
    optimizer: Callable[[Any], Any]


def record_twin(
    twin: Twin, source: ArraySource, *, steps: int, seed: int, dtype: str, evaluation: ArraySource | None = None
) -> Record:
    """Train a twin as a PyTorch script does and record every rung.

    The script: `torch.manual_seed(seed)`, the model (in `dtype`), `DataLoader(TensorDataset(...), batch_size,
    shuffle=True)`, and `zero_grad`, `backward`, `step` for each batch. Nothing of jaxdl takes part but the arrays of
    the data. PyTorch's global generator is put back afterwards.
    """
    require_torch()
    import torch

    record = Record()
    losses: list[torch.Tensor] = []
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        model = twin.model().to(getattr(torch, dtype))
        optimizer = twin.optimizer(model)
        record.rungs["initial"] = _host(model.state_dict())
        orders: dict[int, list[np.ndarray]] = {}
        for epoch, rows, inputs, target in _batches(source, steps):
            orders.setdefault(epoch, []).append(rows)
            optimizer.zero_grad()
            output = model(*inputs)
            loss = twin.loss(output, target)
            loss.backward()
            if not losses:
                record.rungs["forward"] = {"output": output.detach().numpy().copy()}
                record.rungs["loss"] = {"loss": loss.detach().numpy().copy()}
                record.rungs["gradient"] = _host({name: p.grad for name, p in model.named_parameters()})
            optimizer.step()
            losses.append(loss.detach())
            if len(losses) in looks(steps):
                record.rungs[f"step {len(losses)}"] = _host(model.state_dict()) | _optimizer_state(model, optimizer)
        record.rungs["batches"] = {f"epoch {epoch + 1}": np.concatenate(rows) for epoch, rows in orders.items()}
    record.rungs["loss curve"] = {"loss": torch.stack(losses).numpy()}
    if evaluation is not None:
        model.eval()
        *inputs, target = (torch.from_numpy(array) for array in evaluation.arrays)
        with torch.no_grad():
            record.rungs["evaluation"] = {"loss": twin.loss(model(*inputs), target).numpy()}
    return record


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: its sums then have one order, and small steps do not wait for each other's threads."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _batches(source: ArraySource, steps: int) -> Iterator[tuple[int, np.ndarray, "list[torch.Tensor]", "torch.Tensor"]]:
    """(epoch, rows, inputs, target) for each step; the rows' numbers travel with the data."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    tensors = [torch.from_numpy(array) for array in source.arrays]
    dataset = TensorDataset(torch.arange(source.rows), *tensors)
    loader = DataLoader(dataset, source.batch_size, shuffle=source.shuffle, drop_last=source.drop_last)
    for epoch in range(epochs_for(steps, len(source))):
        for rows, *inputs, target in loader:
            yield epoch, rows.numpy(), inputs, target


def _optimizer_state(model: "torch.nn.Module", optimizer: "torch.optim.Optimizer") -> Tensors:
    return {
        f"{name}.{field}": value.numpy().copy()
        for name, parameter in model.named_parameters()
        for field, value in optimizer.state[parameter].items()
        if value is not None and field != "step"
    }


def _host(tensors: "dict[str, torch.Tensor]") -> Tensors:
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


def require_torch() -> None:
    """Raise ModuleNotFoundError, with what would help, where PyTorch is not installed."""
    if find_spec("torch") is None:
        raise ModuleNotFoundError(
            "PyTorch, the reference, is not installed; pip install 'jaxdl[torch]' adds it", name="torch"
        )
