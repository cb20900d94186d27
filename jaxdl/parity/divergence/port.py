"""The port: a JAX model that shows every tensor that it computes on its way, in float64."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import nn
from jaxdl.nn import watch
from jaxdl.parity.divergence.match import Value, real
from jaxdl.parity.divergence.sight import Kept, Narrow, Sight, compiled


@dataclass
class PortRun:
    """What a run of the port showed.

    Attributes:
        values: every floating tensor on its way.
        outputs: the tensors of its result.
        inputs_of, outputs_of: those of each call of a named module: (name, occurrence) → tensors.
        buffers: after the run.
        narrow: where it left float64.
    """

    values: list[Value]
    outputs: list[np.ndarray]
    inputs_of: dict[tuple[str, int], list[np.ndarray]] = field(default_factory=dict)
    outputs_of: dict[tuple[str, int], list[np.ndarray]] = field(default_factory=dict)
    buffers: dict[str, np.ndarray] = field(default_factory=dict)
    narrow: list[Narrow] = field(default_factory=list)


class Port:
    """A model, or a function with a flat dict of tensors, as one pure function.

    Args:
        model: a jaxdl.nn or flax.nnx module, or `f(params, *inputs)`; with a keyword `train` it may give
            `(outputs, buffers)` where that is True.
        inputs: arguments.
        keywords: more of them.
        params: of a function.
        tied: of a function: further names of its tensors.
    """

    def __init__(
        self,
        model: Any,
        inputs: Sequence[Any],
        keywords: Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        tied: Mapping[str, str] | None = None,
    ) -> None:
        self.inputs = [_wide(value) for value in inputs]
        self._keywords = {name: _wide(value) for name, value in keywords.items()}
        self.model = model
        self.named = nn.is_module(model)
        self._tied = dict(tied or {})
        self._runs: dict[tuple[str, bool], PortRun] = {}
        if self.named:
            _, trained, buffers = nn.functionalize(model)
            self.modules = {name: type(module).__name__ for name, module in nn.named_modules(model).items()}
        else:
            trained, buffers = dict(params or {}), {}
            self.modules = {}
        self.params = {name: _wide(value) for name, value in trained.items()}
        self.buffers = {name: _wide(value) for name, value in buffers.items()}
        self.can_train = self.named or _takes(model, "train")

    def tensors(self) -> dict[str, np.ndarray]:
        """Every parameter and buffer that is an array of numbers."""
        found = {**self.params, **self.buffers}
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}

    def function(self, train: bool, *, widened: bool = False) -> Callable[..., tuple[Any, dict[str, Any]]]:
        """`(params, buffers, *inputs) -> (outputs, buffers)` in one mode."""
        if self.named:
            apply = watch.watched(self.model, train=train, dtype=jnp.float64 if widened else None)[0]
            return lambda params, buffers, *inputs: apply(params, buffers, *inputs, **self._keywords)

        def run(params: Any, buffers: Any, *inputs: Any) -> tuple[Any, Any]:
            params = {**params, **{name: params[first] for name, first in self._tied.items()}}
            if not (train and self.can_train):
                return self.model(params, *inputs, **self._keywords), buffers
            found = self.model(params, *inputs, train=True, **self._keywords)
            changed = isinstance(found, tuple) and len(found) == 2 and _moved(found[1], params)
            return found if changed else (found, buffers)

        return run

    def in_float64(self, train: bool) -> Callable[..., tuple[Any, dict[str, Any]]]:
        """`function`, with float64 in place of the smaller types that it asks for."""
        function = self.function(train, widened=True)

        def run(*arguments: Any) -> Any:
            closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
            results = Sight(widened=True).results(closed, jax.tree.leaves(arguments))
            return jax.tree.unflatten(jax.tree.structure(shape), results)

        return run

    def run(self, *, train: bool = False, widened: bool = False) -> PortRun:
        """The port on the inputs: every floating tensor that it computes.

        Args:
            train: in training mode, where nothing is dropped.
            widened: whether it computes in float64 what it would compute in a smaller type.
        """
        with double():
            # Arrays are traced; what else there is among the inputs, a length for instance, stays what it is.
            leaves, structure = jax.tree.flatten(self.inputs)
            traced = {i: leaf for i, leaf in enumerate(leaves) if isinstance(leaf, np.ndarray)}
            function = self.function(train, widened=widened)

            def run(params: Any, buffers: Any, arrays: Mapping[int, Any]) -> Any:
                inputs = jax.tree.unflatten(structure, [arrays.get(i, leaf) for i, leaf in enumerate(leaves)])
                return function(params, buffers, *inputs)

            arguments = (self.params, self.buffers, traced)
            closed, shape = jax.make_jaxpr(run, return_shape=True)(*arguments)
            # Most models compute the same in both modes: what is compiled once need not be compiled again.
            key = (re.sub(r" at 0x\w+", "", str(closed.jaxpr)), widened)
            if closed.consts or key not in self._runs:
                self._runs[key] = _evaluate(closed, shape, jax.tree.leaves(arguments), widened)
            return self._runs[key]


def _evaluate(closed: Any, shape: Any, leaves: Sequence[Any], widened: bool) -> PortRun:
    sight = Sight(widened)
    count = len(jax.tree.leaves(shape[0]))
    results, arrays = compiled(lambda flat: sight.evaluate(closed, flat))(leaves)
    outputs = [real(np.asarray(value)).astype(np.float64) for value in results[:count] if _plain(value)]
    buffers = jax.tree.unflatten(jax.tree.structure(shape[1]), results[count:])
    run = PortRun([], outputs, narrow=sight.narrow)
    run.buffers = {name: np.asarray(value) for name, value in buffers.items() if _plain(value)}
    for array, kept in zip(map(np.asarray, arrays), sight.kept, strict=True):
        _enter(run, kept, array)
    return run


def _enter(run: PortRun, kept: Kept, array: np.ndarray) -> None:
    for value, name in kept.values(array):
        run.values.append(value)
        if name is not None:
            side = run.inputs_of if name.side == "in" else run.outputs_of
            side.setdefault((name.module, name.occurrence), []).append(value.array)


@contextmanager
def double() -> Iterator[None]:
    """float64 on a CPU, where there is one."""
    try:
        device = jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # only an accelerator's platform was asked for
        device = None
    with jax.enable_x64(True), jax.default_device(device):
        yield


def _takes(function: Any, keyword: str) -> bool:
    try:
        return keyword in inspect.signature(function).parameters
    except (TypeError, ValueError):  # a built-in one
        return False


def _moved(found: Any, params: Mapping[str, Any]) -> bool:
    """Whether it is a function's dict of buffers."""
    return isinstance(found, Mapping) and set(found) <= set(params)


def _plain(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return not jnp.issubdtype(value.dtype, jax.dtypes.extended)
    return isinstance(value, bool | int | float | complex)


def _wide(value: Any) -> Any:
    """An array as NumPy's, a floating one in float64; PyTorch's tensors too."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = (value.double() if value.is_floating_point() else value).numpy()
    if isinstance(value, dict):
        return {key: _wide(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        entries = [_wide(entry) for entry in value]
        return type(value)(*entries) if hasattr(value, "_fields") else type(value)(entries)
    if not isinstance(value, np.ndarray | np.generic | jax.Array) or not _plain(value):
        return value
    array = np.array(value)
    if np.iscomplexobj(array):
        return array.astype(np.complex128)
    return array.astype(np.float64) if jnp.issubdtype(array.dtype, jnp.floating) else array
