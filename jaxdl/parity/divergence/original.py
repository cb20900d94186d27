"""The PyTorch model, watched: every call of a submodule and every function that it calls, in float64."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

# What a change does instead of a function: it gets the function and its arguments.
Replacement = Callable[..., Any]


@dataclass(frozen=True)
class Change:
    """Something that a port may do otherwise, tried on PyTorch's side.

    Attributes:
        kind: the cause in a few words, such as 'transposed weight'.
        text: what is changed, such as 'transposing fc1.weight'.
        op: the number of the function that does otherwise.
        replacement: what it does.
        tensors: parameters and buffers that have other values.
    """

    kind: str
    text: str
    op: int | None = None
    replacement: Replacement | None = None
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(eq=False)
class Op:
    """One call of a function of PyTorch's that gave floating tensors."""

    index: int
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    call: int  # of the module that was running
    outputs: list[np.ndarray]
    parents: set[int]


@dataclass(eq=False)
class Call:
    """One call of a module.

    Attributes:
        name: the module's; '' is the whole model.
        occurrence: how many times it had been called before.
        module: itself.
        inputs, outputs: the floating tensors, in order.
        start, end: the functions that it called.
        made_by: the function that made each output.
        parent: the call that called it.
    """

    name: str
    occurrence: int
    module: "torch.nn.Module"
    inputs: list[np.ndarray]
    start: int
    parent: int
    outputs: list[np.ndarray] = field(default_factory=list)
    made_by: list[int | None] = field(default_factory=list)
    end: int = 0
    ended: int = 0


@dataclass
class Run:
    """What a run showed: functions in the order of their calls, modules in the order of their ends."""

    ops: list[Op]
    calls: list[Call]
    ended: list[Call]
    buffers: dict[str, np.ndarray]

    @property
    def root(self) -> Call:
        """The call of the whole model."""
        return self.ended[-1]


class Original:
    """A PyTorch model in float64, run as often as wanted without a trace of it.

    Args:
        module: it is copied.
        inputs: arguments: arrays, tensors or what else it takes.
        keywords: more of them.
    """

    def __init__(self, module: "torch.nn.Module", inputs: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        self.module = copy.deepcopy(module).double().cpu()
        self._inputs = [as_tensor(value) for value in inputs]
        self._keywords = {name: as_tensor(value) for name, value in keywords.items()}

    def tensors(self) -> dict[str, np.ndarray]:
        """Parameters and buffers by name."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self.module.state_dict().items()}

    def parameters(self) -> dict[str, np.ndarray]:
        """What is trained, by name."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self.module.named_parameters()}

    def owner(self, tensor: str) -> str:
        """The name of the module that has a tensor."""
        return tensor.rpartition(".")[0]

    def run(self, changes: Sequence[Change] = (), *, train: bool = False) -> Run:
        """The model on the inputs, with something changed; in training mode nothing is dropped."""
        import torch

        watch = _watch(changes)
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            stack.enter_context(self._changed(changes))
            stack.enter_context(self._mode(train))
            for name, module in self.module.named_modules():
                stack.callback(module.register_forward_pre_hook(watch.enter(name), with_kwargs=True).remove)
                stack.callback(module.register_forward_hook(watch.leave).remove)
            inputs, keywords = copy.deepcopy((self._inputs, self._keywords))
            with watch:
                self.module(*inputs, **keywords)
            buffers = {name: tensor.numpy().copy() for name, tensor in self.module.named_buffers()}
        return Run(watch.ops, watch.calls, watch.ended, buffers)

    def gradients(self, loss: Callable[[Any], Any], *, train: bool) -> dict[str, np.ndarray]:
        """The loss's gradient by each parameter, zeros where it does not reach; nothing is dropped."""
        import torch

        inputs, keywords = copy.deepcopy((self._inputs, self._keywords))
        with self._mode(train):
            with _watch(()):
                output = self.module(*inputs, **keywords)
            loss(output).backward()
        found = {
            name: (torch.zeros_like(p) if p.grad is None else p.grad).numpy().copy()
            for name, p in self.module.named_parameters()
            if p.requires_grad
        }
        self.module.zero_grad()
        return found

    def train(
        self, count: int, loss: Callable[[Any], Any], optimizer: Callable[[Any], Any], *, train: bool
    ) -> list[dict[str, np.ndarray]]:
        """Parameters and buffers after each of `count` steps of a copy, on the same inputs."""
        other = copy.copy(self)
        other.module = copy.deepcopy(self.module)
        other.module.train(train)
        stepper = optimizer(list(other.module.parameters()))
        kept = []
        for _ in range(count):
            stepper.zero_grad()
            inputs, keywords = copy.deepcopy((self._inputs, self._keywords))
            with _watch(()):
                output = other.module(*inputs, **keywords)
            loss(output).backward()
            stepper.step()
            kept.append(other.tensors())
        return kept

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
                    tensor.copy_(buffers[name])

    @contextmanager
    def _changed(self, changes: Sequence[Change]) -> Iterator[None]:
        import torch

        tensors = dict(self.module.state_dict(keep_vars=False))
        before = {}
        for name, value in ((n, v) for change in changes for n, v in change.tensors.items()):
            before.setdefault(name, tensors[name].clone())
            tensors[name].copy_(torch.from_numpy(np.array(value)).reshape(tensors[name].shape))
        try:
            yield
        finally:
            for name, value in before.items():
                tensors[name].copy_(value)


def as_tensor(value: Any) -> Any:
    """Arrays as tensors, floating ones in float64; what else there is stays."""
    import torch

    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().clone()
    elif isinstance(value, np.ndarray | np.generic) or hasattr(value, "__jax_array__") or hasattr(value, "devices"):
        value = torch.from_numpy(np.array(value))
    elif isinstance(value, list | tuple):
        return type(value)(as_tensor(entry) for entry in value)
    else:
        return value
    return value.double() if value.is_floating_point() else value


def tensors_in(value: Any) -> "Iterator[torch.Tensor]":
    """The floating tensors of a result, in order: of tuples, lists, dicts and PyTorch users' result classes."""
    import torch

    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from tensors_in(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from tensors_in(entry)


def _watch(changes: Sequence[Change]) -> Any:
    """A TorchFunctionMode that writes down and changes; made here, since PyTorch is imported only when it is wanted."""
    from torch.overrides import TorchFunctionMode

    replacements: dict[int, list[Replacement]] = {}
    for change in changes:
        if change.op is not None and change.replacement is not None:
            replacements.setdefault(change.op, []).append(change.replacement)

    class Watch(TorchFunctionMode):
        def __init__(self) -> None:
            super().__init__()
            self.ops: list[Op] = []
            self.calls: list[Call] = []
            self.ended: list[Call] = []
            self._open: list[int] = []
            self._made: dict[int, tuple[int, Any]] = {}  # id → function, and the tensor itself, so that its id stays
            self._counts: dict[str, int] = {}

        def __torch_function__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            name = getattr(func, "__name__", "")
            if name in LOOKS:
                return func(*args, **(kwargs or {}))
            args, kwargs = _undropped(name, args, kwargs or {})
            index = len(self.ops)
            parents = {self._made[id(t)][0] for t in tensors_in([*args, *kwargs.values()]) if id(t) in self._made}
            given = tuple(t.detach().clone() if hasattr(t, "detach") else t for t in args)
            output = _replaced(replacements.get(index, []), func)(*args, **kwargs)
            results = list(tensors_in(output))
            arrays = [t.detach().numpy().copy() for t in results]
            call = self._open[-1] if self._open else -1
            self.ops.append(Op(index, name, given, dict(kwargs), call, arrays, parents))
            for result in results:
                self._made[id(result)] = (index, result)
            return output

        def enter(self, name: str) -> Callable[..., None]:
            def note(module: Any, args: Any, kwargs: Any) -> None:
                inputs = [t.detach().numpy().copy() for t in tensors_in([*args, *kwargs.values()])]
                occurrence = self._counts.get(name, 0)
                self._counts[name] = occurrence + 1
                parent = self._open[-1] if self._open else -1
                self._open.append(len(self.calls))
                self.calls.append(Call(name, occurrence, module, inputs, len(self.ops), parent))

            return note

        def leave(self, module: Any, args: Any, output: Any) -> None:
            call = self.calls[self._open.pop()]
            results = list(tensors_in(output))
            call.outputs = [t.detach().numpy().copy() for t in results]
            call.made_by = [self._made[id(t)][0] if id(t) in self._made else None for t in results]
            call.end, call.ended = len(self.ops), len(self.ended)
            self.ended.append(call)

    return Watch()


LOOKS = frozenset({"__get__", "__set__", "size", "dim", "ndimension", "detach", "is_floating_point", "numel", "numpy"})
DROPS = ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
# Where functions that drop on their way take the probability: its place and its keyword.
DROP_ARGUMENTS = {
    "scaled_dot_product_attention": (4, "dropout_p"),
    "lstm": (5, "dropout"),
    "gru": (5, "dropout"),
    "rnn_tanh": (5, "dropout"),
    "rnn_relu": (5, "dropout"),
    "multi_head_attention_forward": (11, "dropout_p"),
}


def _undropped(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with which nothing is dropped."""
    if name.rstrip("123d_") in DROPS:
        return args[:1], {**({"input": kwargs["input"]} if not args else {}), "training": False}
    if name in DROP_ARGUMENTS:
        place, keyword = DROP_ARGUMENTS[name]
        if len(args) > place:
            return (*args[:place], 0.0, *args[place + 1 :]), kwargs
        return args, {keyword_: 0.0 if keyword_ == keyword else value for keyword_, value in kwargs.items()}
    return args, kwargs


def _replaced(replacements: Sequence[Replacement], func: Callable[..., Any]) -> Callable[..., Any]:
    for replacement in replacements:
        inner, outer = func, replacement

        def func(*args: Any, _inner: Any = inner, _outer: Any = outer, **kwargs: Any) -> Any:
            return _outer(_inner, args, kwargs)

    return func
