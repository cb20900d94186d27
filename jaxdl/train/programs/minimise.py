"""The least value of a bare function, as a Program."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxdl.random import TorchGenerator
from jaxdl.train.program import Batch, Metrics, Probe, Program, State
from jaxdl.train.programs.descent import descend, require_optimizer, require_scalar
from jaxdl.train.programs.structure import Tensors, owned, started

ALONE = "x"  # the name of a single array


def minimise(
    function: Callable[..., jax.Array], initial: Any, optimizer: optax.GradientTransformation, *, noisy: bool = False
) -> Program:
    """Find the parameters for which `function(params)` is least.

    A source without data gives the steps: `train.fit(program, data.NoData(steps=100), epochs=1)`. With data the
    function is called with the batch's arrays as well: `function(params, *batch)`.

    **Matches** a PyTorch 2.13 loop of `zero_grad`, `function(params).backward()`, `step()`, or of `step(closure)` with
    `optim.lbfgs`.

    Args:
        function: of the parameters, in the form in which `initial` has them, to one number.
        initial: where to begin: an array, a dict of arrays by name, or any tree of arrays; or a function with the
            keyword `rngs` that draws one anew for every run.
        optimizer: an optax transformation, e.g. `optim.sgd(1e-3)`.
        noisy: the function draws: it is called with the keyword `key`, another key at every step. An evaluation draws
            as the next step would.

    Returns:
        A Program. Its state's `params` are a flat dict as everywhere: a dict of arrays as it is, a tree with the way to
        each array as its name ('layers.0.weight'), a single array under 'x'. `evaluate` gives the `loss`, `probe` the
        loss and its gradients.

    Raises:
        TypeError: the function cannot be called, or the optimiser is no optax transformation; at `init`, a parameter
            that is neither floating point nor complex.
        ValueError: at `init`, no array, or two of one name; when a step is traced, a function that does not give one
            number.

    >>> import jax.numpy as jnp
    >>> from jaxdl import data, optim, train
    >>> program = train.minimise(lambda x: jnp.sum((x - 3) ** 2), jnp.zeros(2), optim.sgd(0.25))
    >>> state, history = train.fit(program, data.NoData(steps=20), epochs=1, progress=False)
    >>> state.params["x"].round(4).tolist(), round(float(history["loss"][0]), 4)
    ([3.0, 3.0], 18.0)
    """
    if not callable(function):
        raise TypeError(f"minimise: function must be a function of the parameters, given {type(function).__name__}")
    require_optimizer("minimise", optimizer)
    descent = _Descent(function, _Form(initial), optimizer, noisy)
    return Program(descent.init, descent.step, descent.evaluate, descent.probe)


class _Form:
    """The form in which a function has its parameters, known as soon as they have been made once."""

    def __init__(self, initial: Any) -> None:
        self._initial = initial
        self._names: list[str] | None = None
        self._structure: Any = None

    def build(self, generator: TorchGenerator) -> Tensors:
        """The first parameters by name, in memory of their own."""
        initial = self._initial(rngs=generator) if callable(self._initial) else self._initial
        paths, self._structure = jax.tree_util.tree_flatten_with_path(owned(initial))
        named = {jax.tree_util.keystr(path, simple=True, separator=".") or ALONE: leaf for path, leaf in paths}
        if not paths or len(named) < len(paths):
            what = "two arrays of one name" if paths else "no array"
            raise ValueError(f"minimise: initial must hold arrays, each under its own name, given {what}")
        for name, leaf in named.items():
            if not jnp.issubdtype(leaf.dtype, jnp.inexact):
                raise TypeError(f"minimise: parameter {name!r} must be floating point or complex, given {leaf.dtype}")
        self._names = list(named)
        return named

    def of(self, params: Tensors) -> Any:
        """Parameters by name in the function's form."""
        if self._names is None:  # a state that came from elsewhere, before any init
            self.build(TorchGenerator(0))
        assert self._names is not None
        return self._structure.unflatten([params[name] for name in self._names])


@dataclass(frozen=True)
class _Descent:
    """The functions of the Program that minimises."""

    function: Callable[..., jax.Array]
    form: _Form
    optimizer: optax.GradientTransformation
    noisy: bool

    def init(self, generator: TorchGenerator) -> State:
        key = jax.random.key(np.uint32(generator.initial_seed() & 0xFFFFFFFF))
        params = self.form.build(generator)
        return State(params, {}, started(self.optimizer.init, params), key, jnp.zeros((), jnp.int32))

    def value(self, params: Tensors, state: State, batch: Batch) -> jax.Array:
        settings = {"key": jax.random.fold_in(state.key, state.step)} if self.noisy else {}
        value = self.function(self.form.of(params), *batch, **settings)
        return require_scalar("minimise: function", value)

    def step(self, state: State, batch: Batch) -> tuple[State, Metrics]:
        value, gradients = jax.value_and_grad(self.value)(state.params, state, batch)

        def value_fn(params: Tensors) -> jax.Array:
            return self.value(params, state, batch)

        params, opt_state = descend(self.optimizer, state.opt_state, state.params, value, gradients, value_fn)
        return state._replace(params=params, opt_state=opt_state, step=state.step + 1), {"loss": value}

    def evaluate(self, state: State, batch: Batch) -> Metrics:
        return {"loss": self.value(state.params, state, batch)}

    def probe(self, state: State, batch: Batch) -> Probe:
        value, gradients = jax.value_and_grad(self.value)(state.params, state, batch)
        return Probe(value, value, gradients)
