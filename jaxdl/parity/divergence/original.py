"""The PyTorch model in float64, run as often as wanted without a trace of it."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.parity.divergence.recording import Change, Run, array_of, tensors_in, watch
from jaxdl.parity.reference import threads

if TYPE_CHECKING:
    import torch


class Original:
    """A PyTorch model in float64.

    Args:
        module: it is copied.
        inputs: arguments: arrays, tensors or what else it takes.
        keywords: more of them.
    """

    def __init__(self, module: "torch.nn.Module", inputs: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        module = getattr(module, "_orig_mod", module)  # torch.compile's
        self.module = copy.deepcopy(module)._apply(_wide).cpu()
        self._inputs = [as_tensor(value) for value in inputs]
        self._keywords = {name: as_tensor(value) for name, value in keywords.items()}

    def tensors(self) -> dict[str, np.ndarray]:
        """Parameters and buffers by name, a tied one under its first name."""
        return {name: _host(tensor) for name, tensor in self._named().items()}

    def _named(self) -> "dict[str, torch.Tensor]":
        known: dict[str, torch.Tensor] = dict(self.module.named_parameters())
        saved = self.module.state_dict().keys()
        buffers = {name: tensor for name, tensor in self.module.named_buffers() if name in saved}
        return {**known, **buffers}

    def given(self) -> list[np.ndarray]:
        """The floating tensors among the inputs."""
        return [array_of(tensor) for tensor in tensors_in([*self._inputs, *self._keywords.values()])]

    def tied(self) -> dict[str, str]:
        """Further names of parameters → the first."""
        first: dict[int, str] = {}
        tied = {}
        for name, parameter in self.module.named_parameters(remove_duplicate=False):
            if id(parameter) in first:
                tied[name] = first[id(parameter)]
            first.setdefault(id(parameter), name)
        return tied

    def padding_row(self, name: str) -> int | None:
        """The row of an embedding's table that is not trained."""
        owner, _, leaf = name.rpartition(".")
        row = getattr(self.module.get_submodule(owner), "padding_idx", None) if leaf == "weight" else None
        return row if isinstance(row, int) else None

    def parameters(self) -> list[str]:
        """The names of what is trained."""
        return [name for name, parameter in self.module.named_parameters() if parameter.requires_grad]

    @threads(1)
    def run(self, changes: Sequence[Change] = (), *, train: bool = False) -> Run:
        """The model on the inputs, with something changed; in training mode nothing is dropped."""
        seen = watch(changes)
        with ExitStack() as stack:
            stack.enter_context(self._changed(changes))
            stack.enter_context(self._mode(train))
            for name, module in self.module.named_modules():
                stack.callback(module.register_forward_pre_hook(seen.enter(name), with_kwargs=True).remove)
                stack.callback(module.register_forward_hook(seen.leave).remove)
            self._call(self.module, seen)
            buffers = {name: _host(tensor) for name, tensor in self.module.named_buffers()}
        for change in changes:
            if change.outputs:
                root = seen.ended[-1]
                root.outputs = [root.outputs[place] for place in change.outputs]
                root.made_by = [root.made_by[place] for place in change.outputs]
        return Run(seen.ops, seen.calls, seen.ended, buffers, seen.narrowed, tuple(dict.fromkeys(seen.draws)))

    @threads(1)
    def gradients(self, loss: Callable[[Any], Any], *, train: bool) -> dict[str, np.ndarray]:
        """The loss's gradient by each trained parameter that it depends on; nothing is dropped."""
        with self._mode(train):
            value = loss(self._call(self.module, watch((), recording=False)))
            if not value.requires_grad:
                return {}
            value.backward()
        found = {name: _host(p.grad) for name, p in self.module.named_parameters() if p.grad is not None}
        self.module.zero_grad()
        return found

    @threads(1)
    def train(
        self, count: int, loss: Callable[[Any], Any], optimizer: Callable[[Any], Any], *, train: bool
    ) -> list[dict[str, np.ndarray]]:
        """Parameters and buffers after each of `count` steps of a copy, on the same inputs."""
        other = copy.copy(self)
        other.module = copy.deepcopy(self.module)
        other.module.train(train)
        stepper = optimizer([p for p in other.module.parameters() if p.requires_grad])
        kept = []
        for _ in range(count):
            stepper.zero_grad()
            loss(self._call(other.module, watch((), recording=False))).backward()
            stepper.step()
            kept.append(other.tensors())
        return kept

    def _call(self, module: "torch.nn.Module", mode: Any) -> Any:
        """The module on the inputs; what it draws, and whatever type it makes by default, is the same each time."""
        import torch

        inputs, keywords = copy.deepcopy((self._inputs, self._keywords))
        before = torch.get_default_dtype()
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)
            torch.set_default_dtype(torch.float64)
            try:
                with mode:
                    return module(*inputs, **keywords)
            finally:
                torch.set_default_dtype(before)

    @contextmanager
    def _mode(self, train: bool) -> Iterator[None]:
        """The mode; buffers that a run moves are put back."""
        import torch

        buffers = {name: tensor.clone() for name, tensor in self.module.named_buffers()}
        self.module.train(train)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, tensor in self.module.named_buffers():
                    if name in buffers and tensor.shape == buffers[name].shape:
                        tensor.copy_(buffers[name])

    @contextmanager
    def _changed(self, changes: Sequence[Change]) -> Iterator[None]:
        import torch

        tensors = {name: tensor.detach() for name, tensor in self._named().items()}
        before: dict[str, torch.Tensor] = {}
        attributes: dict[tuple[str, str], Any] = {}
        for change in changes:
            for name, value in change.tensors.items():
                before.setdefault(name, tensors[name].clone())
                tensors[name].copy_(torch.from_numpy(np.array(value)).reshape(tensors[name].shape))
            for place, value in change.attributes.items():
                module = self.module.get_submodule(place[0])
                attributes.setdefault(place, getattr(module, place[1]))
                setattr(module, place[1], value)
        try:
            yield
        finally:
            for name, tensor in before.items():
                tensors[name].copy_(tensor)
            for place, value in attributes.items():
                setattr(self.module.get_submodule(place[0]), place[1], value)


def _wide(tensor: "torch.Tensor") -> "torch.Tensor":
    import torch

    return (
        tensor.double()
        if tensor.is_floating_point()
        else tensor.to(torch.complex128)
        if tensor.is_complex()
        else tensor
    )


def _host(tensor: "torch.Tensor") -> np.ndarray:
    return tensor.detach().resolve_conj().numpy().copy()


def as_tensor(value: Any) -> Any:
    """Arrays as tensors, floating ones in float64; what else there is stays."""
    import torch

    if isinstance(value, torch.Tensor):
        return _wide(value.detach().cpu().clone())
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__jax_array__") or hasattr(value, "devices"):
        array = np.array(value)
        if array.dtype.kind == "V" or array.dtype.name == "bfloat16":
            array = array.astype(np.float64)
        return _wide(torch.from_numpy(array))
    if isinstance(value, dict):
        return {key: as_tensor(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        entries = [as_tensor(entry) for entry in value]
        return type(value)(*entries) if hasattr(value, "_fields") else type(value)(entries)
    return value
