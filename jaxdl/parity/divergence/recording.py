"""A watched run of a PyTorch model: every call of a submodule and of a function, and what is changed in them."""

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
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
        ops: the numbers of the functions that do otherwise: of one, and of it at the module's other calls.
        replacement: what they do.
        tensors: parameters and buffers that have other values.
        attributes: of modules: (module, attribute) → value.
        where: the module in whose code it stands, if that is not where its functions are called.
        all_or_nothing: whether it counts only if nothing differs with it: it could skip what else is wrong.
        outputs: the order in which the whole model gives its tensors.
    """

    kind: str
    text: str
    ops: tuple[int, ...] = ()
    replacement: Replacement | None = None
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    attributes: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    where: str | None = None
    all_or_nothing: bool = False
    outputs: tuple[int, ...] = ()


@dataclass(eq=False)
class Op:
    """One call of a function of PyTorch's that gave tensors.

    Attributes:
        index: its number.
        name: the function's.
        args, kwargs: what it was given.
        call: of the module that was running.
        outputs: the tensors that it gave.
        parents: the functions that made its arguments.
        site: where it stands in the code: the same for each call of its module.
    """

    index: int
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    call: int
    outputs: list[np.ndarray]
    parents: set[int]
    site: tuple[Any, ...]


@dataclass(eq=False)
class Call:
    """One call of a module.

    Attributes:
        name: the module's; '' is the whole model.
        occurrence: how many times it had been called before.
        module: itself.
        start, end: the functions that it called.
        parent: the call that called it.
        outputs: the tensors that it gave, in order; those that hold no floats only of the whole model.
        made_by: the function that made each output, and the output's place among its results.
        ended: its number in the order of the ends.
    """

    name: str
    occurrence: int
    module: "torch.nn.Module"
    start: int
    parent: int
    outputs: list[np.ndarray] = field(default_factory=list)
    made_by: list[tuple[int, int] | None] = field(default_factory=list)
    end: int = 0
    ended: int = 0


@dataclass
class Run:
    """What a run showed.

    Attributes:
        ops: functions in the order of their calls.
        calls, ended: modules in the order of their calls, and of their ends.
        buffers: after the run.
        narrowed: whether the model asks for a smaller type on its way (it computed in float64 all the same).
        draws: the functions that drew random numbers.
    """

    ops: list[Op]
    calls: list[Call]
    ended: list[Call]
    buffers: dict[str, np.ndarray]
    narrowed: bool = False
    draws: tuple[str, ...] = ()

    @property
    def root(self) -> Call:
        """The call of the whole model."""
        return self.ended[-1]

    def module_of(self, op: Op) -> str:
        """The module in whose code a function is called."""
        return self.calls[op.call].name if op.call >= 0 else ""


def tensors_in(value: Any, *, every: bool = False) -> "Iterator[torch.Tensor]":
    """The floating (or all) tensors of a result, in the order in which jax flattens it."""
    import torch

    if isinstance(value, torch.Tensor):
        if every or value.is_floating_point() or value.is_complex():
            yield value
        return
    entries: Sequence[Any] = ()
    if type(value) is dict:
        entries = [value[key] for key in sorted(value, key=str)]
    elif isinstance(value, Mapping):
        entries = list(value.values())
    elif isinstance(value, list | tuple):
        entries = value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        entries = [getattr(value, entry.name) for entry in dataclasses.fields(value)]
    for entry in entries:
        yield from tensors_in(entry, every=every)


def array_of(tensor: "torch.Tensor") -> np.ndarray:
    """A tensor's numbers in float64; complex ones as pairs."""
    import torch

    tensor = tensor.detach()
    tensor = torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
    return tensor.to(torch.float64, copy=True).numpy()


def watch(changes: Sequence[Change], *, recording: bool = True) -> Any:
    """A TorchFunctionMode that writes down and changes; made here, since PyTorch is imported only when it is wanted."""
    import torch
    from torch.overrides import TorchFunctionMode

    replacements: dict[int, list[Replacement]] = {}
    for change in changes:
        if (replacement := change.replacement) is not None:
            for op in change.ops:
                replacements.setdefault(op, []).append(replacement)
    wide = dict.fromkeys((torch.float32, torch.float16, torch.bfloat16), torch.float64)
    wide[torch.complex64] = torch.complex128

    class Watch(TorchFunctionMode):
        def __init__(self) -> None:
            super().__init__()
            self.ops: list[Op] = []
            self.calls: list[Call] = []
            self.ended: list[Call] = []
            self.narrowed = False
            self.draws: list[str] = []
            self._open: list[int] = []
            self._made: dict[int, tuple[int, int, Any]] = {}  # with the tensor itself, so that its id stays its own
            self._counts: dict[str, int] = {}
            self._noting = False  # what is called to write something down is not the model's

        def __torch_function__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            if self._noting:
                return func(*args, **(kwargs or {}))
            name = getattr(func, "__name__", "")
            func, args, kwargs = self._widened(name, func, args, kwargs or {})
            func, args, kwargs = _undropped(name, func, args, kwargs)
            if not recording:
                return func(*args, **kwargs)
            if name in LOOKS:
                output = func(*args, **kwargs)
                if isinstance(output, torch.Tensor) and args and id(args[0]) in self._made:
                    self._made[id(output)] = (*self._made[id(args[0])][:2], output)
                return output
            if name in DRAWS:
                self.draws.append(name)
            return self._call(name, func, args, kwargs)

        def _widened(self, name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if name in ("float", "half", "bfloat16", "chalf", "cfloat"):
                self.narrowed = True
                return (torch.Tensor.to, (args[0], torch.complex128 if name.startswith("c") else torch.float64), {})
            if any(isinstance(v, torch.dtype) and v in wide for v in (*args, *kwargs.values())):
                self.narrowed = True
                args = tuple(wide.get(v, v) if isinstance(v, torch.dtype) else v for v in args)
                kwargs = {k: wide.get(v, v) if isinstance(v, torch.dtype) else v for k, v in kwargs.items()}
            return func, args, kwargs

        def _call(self, name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            index = len(self.ops)
            given = tensors_in([*args, *kwargs.values()], every=True)
            parents = {self._made[id(t)][0] for t in given if id(t) in self._made}
            kept = tuple(t.detach().clone() if isinstance(t, torch.Tensor) else t for t in args)
            output = _replaced(replacements.get(index, []), func)(*args, **kwargs)
            results = list(tensors_in(output))
            call = self._open[-1] if self._open else -1
            module = self.calls[call].name if self._open else ""
            site = (module, name, *_site())
            self.ops.append(Op(index, name, kept, dict(kwargs), call, [array_of(t) for t in results], parents, site))
            for place, result in enumerate(results):
                self._made[id(result)] = (index, place, result)
            for result in tensors_in(output, every=True):
                self._made.setdefault(id(result), (index, 0, result))
            return output

        def enter(self, name: str) -> Callable[..., None]:
            def note(module: Any, args: Any, kwargs: Any) -> None:
                occurrence = self._counts.get(name, 0)
                self._counts[name] = occurrence + 1
                parent = self._open[-1] if self._open else -1
                self._open.append(len(self.calls))
                self.calls.append(Call(name, occurrence, module, len(self.ops), parent))

            return note

        def leave(self, module: Any, args: Any, output: Any) -> None:
            call = self.calls[self._open.pop()]
            results = list(tensors_in(output, every=not call.name))
            self._noting = True
            call.outputs = [array_of(t) for t in results]
            self._noting = False
            call.made_by = [self._made[id(t)][:2] if id(t) in self._made else None for t in results]
            call.end, call.ended = len(self.ops), len(self.ended)
            self.ended.append(call)

    return Watch()


# What only looks at a tensor, or gives it under another name.
LOOKS = frozenset({"__get__", "__set__", "size", "dim", "ndimension", "detach", "is_floating_point", "numel", "numpy"})
DRAWS = frozenset(
    {"rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal", "normal_", "uniform_"}
    | {"bernoulli", "bernoulli_", "multinomial", "poisson", "exponential_", "gumbel_softmax", "rrelu"}
)
DROPS = ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
# Where functions that drop on their way take the probability: its place and its keyword.
RECURRENT = 5
DROP_ARGUMENTS = {
    "scaled_dot_product_attention": (4, "dropout_p"),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), (RECURRENT, "dropout")),
    "multi_head_attention_forward": (10, "dropout_p"),
}
# Files of PyTorch's in which a function is only passed on.
PASSING = ("overrides.py", "functional.py", "_tensor.py", "_jit_internal.py", "recording.py")


def _site() -> tuple[Any, ...]:
    """The place in the code from which a function was called."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.endswith(PASSING):
        frame = frame.f_back
    return (frame.f_code, frame.f_lasti)


def _undropped(name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The function and arguments with which nothing is dropped."""
    import torch

    if name.rstrip("123d_") in DROPS:
        value = args[0] if args else kwargs["input"]
        return torch.nn.functional.dropout, (value,), {"training": False}
    if name in DROP_ARGUMENTS:
        place, keyword = DROP_ARGUMENTS[name]
        place += place == RECURRENT and isinstance(args[1], torch.Tensor) and args[1].dtype == torch.int64  # packed
        if len(args) > place:
            return func, (*args[:place], 0.0, *args[place + 1 :]), kwargs
        return func, args, {other: 0.0 if other == keyword else value for other, value in kwargs.items()}
    return func, args, kwargs


def _replaced(replacements: Sequence[Replacement], func: Callable[..., Any]) -> Callable[..., Any]:
    for replacement in replacements:
        inner, outer = func, replacement

        def func(*args: Any, _inner: Any = inner, _outer: Any = outer, **kwargs: Any) -> Any:
            return _outer(_inner, args, kwargs)

    return func
