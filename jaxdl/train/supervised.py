"""Supervised learning as a Program."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxdl import nn
from jaxdl.random import TorchGenerator
from jaxdl.train.program import Batch, Metrics, Probe, Program, State

Measure = Callable[[Any, Any], jax.Array]
Tensors = dict[str, jax.Array]


class _Structure:
    """The model's pure function, known as soon as it has been built once; the numbers are not kept."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._apply: nn.Apply | None = None

    def build(self, generator: TorchGenerator) -> tuple[Tensors, Tensors]:
        built = self.model if nn.is_module(self.model) else self.model(rngs=generator)
        self._apply, params, buffers = nn.functionalize(built)
        return params, buffers

    @property
    def apply(self) -> nn.Apply:
        if self._apply is None:  # a state that came from elsewhere, before any init
            self.build(TorchGenerator(0))
        assert self._apply is not None
        return self._apply


def supervised(
    model: Any,
    loss: Measure,
    optimizer: optax.GradientTransformation,
    *,
    metrics: Mapping[str, Measure] | None = None,
    dtype: Any = None,
) -> Program:
    """Learn `target` from `inputs`: batches are `(*inputs, target)`, the loss is `loss(model(*inputs), target)`.

    Args:
        model: a function with the keyword `rngs` that draws a `jaxdl.nn` (or `flax.nnx`) module anew for every run (a
            module class is one), or a module, whose present parameters every run starts from.
        loss: `(outputs, target) -> scalar`, e.g. `functional.cross_entropy`.
        optimizer: an optax transformation, e.g. `optim.adam(1e-3)`.
        metrics: further `(outputs, target) -> scalar` functions by name, computed in evaluation.
        dtype: the floating parameters and buffers are cast to it; None leaves them as they were drawn. (PyTorch's
            `model.to(dtype)`: the same draws in either precision.)

    Returns:
        A Program. Its state holds `params` and `buffers` under PyTorch's names.

    Raises:
        TypeError: the model, loss or a metric cannot be called, or the optimiser is no optax transformation.

    >>> import numpy as np
    >>> from jaxdl import data, functional, nn, optim, train
    >>> program = train.supervised(lambda rngs: nn.Linear(1, 1, rngs=rngs), functional.mse_loss, optim.sgd(0.1))
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> state, history = train.fit(program, data.ArraySource((x, 3 * x), 16, shuffle=True), epochs=40, progress=False)
    >>> round(state.params["weight"].item(), 2)
    3.0
    """
    measures = {"loss": loss, **(metrics or {})}
    for name, measure in (("model", model), *measures.items()):
        if not callable(measure):
            raise TypeError(f"supervised: {name} must be a function, given {type(measure).__name__}")
    if not isinstance(optimizer, optax.GradientTransformation):
        raise TypeError(
            f"supervised: optimizer must be an optax transformation such as optim.adam(1e-3), "
            f"given {type(optimizer).__name__}"
        )
    structure = _Structure(model)

    def init(generator: TorchGenerator) -> State:
        key = jax.random.key(np.uint32(generator.initial_seed() & 0xFFFFFFFF))
        params, buffers = (_owned(tensors, dtype) for tensors in structure.build(generator))
        return State(params, buffers, optimizer.init(params), key, jnp.zeros((), jnp.int32))

    def objective(params: Tensors, state: State, batch: Batch) -> tuple[jax.Array, tuple[Any, Tensors]]:
        *inputs, target = batch
        key = jax.random.fold_in(state.key, state.step)
        output, buffers = structure.apply(params, state.buffers, *inputs, train=True, key=key)
        return loss(output, target), (output, buffers)

    differentiate = jax.value_and_grad(objective, has_aux=True)

    def step(state: State, batch: Batch) -> tuple[State, Metrics]:
        (value, (_, buffers)), gradients = differentiate(state.params, state, batch)
        updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        return State(params, buffers, opt_state, state.key, state.step + 1), {"loss": value}

    def predict(state: State, batch: Batch) -> Any:
        return structure.apply(state.params, state.buffers, *batch[:-1])[0]

    def evaluate(state: State, batch: Batch) -> Metrics:
        output = predict(state, batch)
        return {name: measure(output, batch[-1]) for name, measure in measures.items()}

    def probe(state: State, batch: Batch) -> Probe:
        (value, (output, _)), gradients = differentiate(state.params, state, batch)
        return Probe(output, value, gradients)

    return Program(init, step, evaluate, probe, predict)


def _owned(tensors: Tensors, dtype: Any) -> Tensors:
    """Copies in `dtype`: training gives its arrays' memory away at every step, and a model's own must survive it."""
    wanted = None if dtype is None else nn.storable(dtype, "supervised: dtype")
    return {
        name: jnp.array(array, wanted if jnp.issubdtype(array.dtype, jnp.floating) else None)
        for name, array in tensors.items()
    }
