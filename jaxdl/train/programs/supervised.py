"""Supervised learning as a Program."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np
import optax

from jaxdl.optim.averaging import Average, AverageState
from jaxdl.random import TorchGenerator
from jaxdl.train.program import Batch, Metrics, Probe, Program, State
from jaxdl.train.programs.accumulation import Differentiate, Forward, averaged_over_parts, in_parts
from jaxdl.train.programs.descent import descend, require_named, require_optimizer, require_scalar
from jaxdl.train.programs.freezing import require_patterns, unfrozen
from jaxdl.train.programs.precision import computed_in, computing_type
from jaxdl.train.programs.structure import Structure, Tensors, converted, settled, started

Measure = Callable[[Any, Any], jax.Array]


def supervised(
    model: Any,
    loss: Measure,
    optimizer: optax.GradientTransformation,
    *,
    metrics: Mapping[str, Measure] | None = None,
    dtype: Any = None,
    compute_dtype: Any = None,
    accumulate: int = 1,
    loss_is_row_mean: bool = False,
    frozen: Sequence[str] = (),
    remat: Sequence[str] = (),
    average: Average | None = None,
) -> Program:
    """Learn `target` from `inputs`: batches are `(*inputs, target)`, the loss is `loss(model(*inputs), target)`.

    Clipping, schedules and settings for some parameters are compositions, all of them on the whole batch's gradient:

        optim.chain(optim.clip_grad_norm(1.0), optim.adam(optim.schedules.cosine_annealing_lr(1e-3, T_max=1000)))
        optim.param_groups(optim.adamw, {"*.bias": {"weight_decay": 0.0}}, learning_rate=1e-3)

    **Matches** a PyTorch 2.13 loop of `zero_grad`, `loss(model(*inputs), target).backward()`, `step()`, and with the
    options: `torch.autocast` (compute_dtype), `model.to(dtype)`, the same loop over `torch.tensor_split(batch,
    accumulate)` (accumulate), `requires_grad_(False)` (frozen), `torch.utils.checkpoint` (remat),
    `torch.optim.swa_utils.AveragedModel` (average), `optimizer.step(closure)` (optim.lbfgs).
    **Differs**: compute_dtype is that of all that the model computes; autocast chooses operation by operation. Batch
    norm's buffers, which PyTorch moves at every call of a closure, move once a step.

    Args:
        model: a function with the keyword `rngs` that draws a `jaxdl.nn` (or `flax.nnx`) module anew for every run (a
            module class is one), or a module, whose present parameters every run starts from.
        loss: `(outputs, target) -> scalar`, e.g. `functional.cross_entropy`.
        optimizer: an optax transformation, e.g. `optim.adam(1e-3)`; `optim.lbfgs` has the batch as its closure.
        metrics: further `(outputs, target) -> scalar` functions by name, computed in evaluation.
        dtype: the floating parameters and buffers are cast to it; None leaves them as they were drawn. (The same draws
            in either precision.)
        compute_dtype: mixed precision, e.g. `jax.numpy.bfloat16`: forward and backward are computed in it, from casts
            of the floating parameters and inputs; outputs are cast back before loss and metrics. Parameters, gradients,
            the optimiser's state and buffers keep their dtype. (float16 needs a scaled loss, which nothing does here.)
        accumulate: in how many micro-batches a batch's rows are taken, for the activations' memory of one. The
            gradient is that of the large batch for any loss: the outputs are computed twice, once for the loss and once
            for the gradient. Batch norm sees micro-batches, whose buffers go from one to the next, and each draws its
            own masks, as in PyTorch. Every input and output has the rows as its first axis.
        loss_is_row_mean: a promise that the loss is a mean over rows, which saves the second computation: the
            micro-batches' gradients are averaged, weighted by their rows.
        frozen: patterns of the names of parameters that are not trained, such as `("conv1.*",)`: no gradient, no
            optimiser's state, no decay. Batch norm's buffers move all the same, as in PyTorch.
        remat: patterns of submodules that are computed again for the gradient, as in `nn.functionalize`.
        average: `optim.ema(0.999)` or `optim.swa()`, updated after every step. `evaluate` and `predict` then use the
            average, which `averaged(state)` gives; training does not.

    Returns:
        A Program. Its state holds `params` and `buffers` under PyTorch's names, and in `extra` the average's state.

    Raises:
        TypeError: the model, loss or a metric cannot be called, the optimiser is no optax transformation, average is
            none of `jaxdl.optim`, compute_dtype is not floating, patterns are one string.
        ValueError: accumulate below 1, a metric named 'loss'; when the parameters are known, a pattern without a match
            or no parameter left to train; when a step is traced, a loss that is not one number, or with `accumulate`
            arrays without the rows as their first axis.

    >>> import numpy as np
    >>> from jaxdl import data, functional, nn, optim, train
    >>> program = train.supervised(lambda rngs: nn.Linear(1, 1, rngs=rngs), functional.mse_loss, optim.sgd(0.1))
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> state, history = train.fit(program, data.ArraySource((x, 3 * x), 16, shuffle=True), epochs=40, progress=False)
    >>> round(state.params["weight"].item(), 2)
    3.0
    """
    if "loss" in require_named("supervised: metrics", metrics):
        raise ValueError("supervised: a metric named 'loss' would take the place of the loss; give it another name")
    measures = {"loss": loss, **(metrics or {})}
    for name, measure in (("model", model), *measures.items()):
        if not callable(measure):
            raise TypeError(f"supervised: {name} must be a function, given {type(measure).__name__}")
    require_optimizer("supervised", optimizer)
    if isinstance(accumulate, bool) or not isinstance(accumulate, int) or accumulate < 1:
        raise ValueError(f"supervised: accumulate must be an integer, at least 1, given {accumulate!r}")
    if average is not None and not isinstance(average, Average):
        raise TypeError(f"supervised: average must be optim.ema(...) or optim.swa(...), given {type(average).__name__}")
    learning = _Learning(
        Structure(model, require_patterns("supervised: remat", remat)),
        optimizer,
        measures,
        dtype,
        computing_type(compute_dtype, "supervised: compute_dtype"),
        accumulate,
        loss_is_row_mean,
        require_patterns("supervised: frozen", frozen),
        average,
    )
    return learning.program()


def averaged(state: State) -> tuple[Tensors, Tensors]:
    """The averaged model of a run of `supervised(..., average=...)`: its parameters and buffers.

    Raises:
        ValueError: the state has no average.
    """
    if not isinstance(state.extra, AverageState):
        raise ValueError(
            "the state holds no average; begin with program.init of supervised(..., average=optim.ema()), or put one "
            "in: state._replace(extra=optim.ema().init(state.params, state.buffers))"
        )
    return state.extra.params, state.extra.buffers


@dataclass(frozen=True)
class _Learning:
    """The functions of a supervised Program."""

    structure: Structure
    optimizer: optax.GradientTransformation
    measures: Mapping[str, Measure]
    dtype: Any
    compute_dtype: Any
    accumulate: int
    loss_is_row_mean: bool
    frozen: tuple[str, ...]
    average: Average | None

    def program(self) -> Program:
        functions = self.init, self.step, self.evaluate, self.probe, self.predict, self.inspect
        return Program(*functions, self.computing_in)

    def computing_in(self, dtype: Any) -> Program:
        return replace(self, compute_dtype=computing_type(dtype, "computing_in: dtype")).program()

    def init(self, generator: TorchGenerator) -> State:
        key = jax.random.key(np.uint32(generator.initial_seed() & 0xFFFFFFFF))
        drawn = self.structure.build(generator)
        params, buffers = (converted(tensors, self.dtype, "supervised: dtype") for tensors in drawn)
        opt_state = started(self.optimizer.init, unfrozen(params, self.frozen))
        extra = () if self.average is None else self.average.init(params, buffers)
        return State(params, buffers, opt_state, key, jax.device_put(np.int32(0)), extra)

    def apply(self, params: Any, buffers: Any, *inputs: Any, **settings: Any) -> tuple[Any, Tensors]:
        apply = self.structure.apply
        if self.compute_dtype is not None:
            apply = computed_in(apply, self.compute_dtype)
        return apply(params, buffers, *inputs, **settings)

    def forward(self, params: Any, buffers: Any, inputs: tuple[Any, ...], key: jax.Array) -> tuple[Any, Any]:
        return self.apply(params, buffers, *inputs, train=True, key=key)

    def objective(
        self, forward: Forward, trained: Tensors, state: State, batch: Batch, key: jax.Array
    ) -> tuple[jax.Array, tuple[Any, Tensors]]:
        *inputs, target = batch
        output, buffers = forward({**state.params, **trained}, state.buffers, tuple(inputs), key)
        value = self.measures["loss"](output, target)
        return require_scalar("supervised: loss", value), (output, buffers)

    def whole(self) -> Forward:
        """The forward pass of a whole batch."""
        return self.forward if self.accumulate == 1 else in_parts(self.forward, self.accumulate)

    def differentiate(self) -> Differentiate:
        """The loss of a whole batch with its gradient."""
        by_parts = self.accumulate > 1 and self.loss_is_row_mean
        objective = partial(self.objective, self.forward if by_parts else self.whole())
        differentiate = jax.value_and_grad(objective, has_aux=True)
        return averaged_over_parts(differentiate, self.accumulate) if by_parts else differentiate

    def step(self, state: State, batch: Batch) -> tuple[State, Metrics]:
        key, trained = jax.random.fold_in(state.key, state.step), unfrozen(state.params, self.frozen)
        (value, (_, buffers)), gradients = self.differentiate()(trained, state, batch, key)

        def value_fn(params: Any) -> jax.Array:
            return self.objective(self.whole(), params, state, batch, key)[0]

        trained, opt_state = descend(self.optimizer, state.opt_state, trained, value, gradients, value_fn)
        params, buffers = {**state.params, **trained}, settled(buffers, state.buffers)
        extra = self.averaging(state, params, buffers)
        return State(params, buffers, opt_state, state.key, state.step + 1, extra), {"loss": value}

    def averaging(self, state: State, params: Tensors, buffers: Tensors) -> Any:
        """What the state carries besides: the average, with one more model in it."""
        if self.average is None:
            return state.extra
        averaged(state)  # refuses a state that has none
        return settled(self.average.update(state.extra, params, buffers), state.extra)

    def predict(self, state: State, batch: Batch) -> Any:
        params, buffers = (state.params, state.buffers) if self.average is None else averaged(state)
        return self.apply(params, buffers, *batch[:-1])[0]

    def evaluate(self, state: State, batch: Batch) -> Metrics:
        output = self.predict(state, batch)
        return {name: measure(output, batch[-1]) for name, measure in self.measures.items()}

    def probe(self, state: State, batch: Batch) -> Probe:
        key, trained = jax.random.fold_in(state.key, state.step), unfrozen(state.params, self.frozen)
        (value, (output, _)), gradients = self.differentiate()(trained, state, batch, key)
        return Probe(output, value, gradients)

    def inspect(self, state: State, batch: Batch) -> Iterator[tuple[str, Any]]:
        seen: list[tuple[str, jax.Array]] = []
        apply, names = self.structure.seeing(
            lambda name, array: seen.append((f"output of {name or 'the model'}", array))
        )
        if self.compute_dtype is not None:
            apply = computed_in(apply, self.compute_dtype)
        *inputs, target = batch
        key = jax.random.fold_in(state.key, state.step)
        output, _ = apply(state.params, state.buffers, *inputs, train=True, key=key)
        yield from seen
        yield "loss", self.measures["loss"](output, target)
        gradients = jax.jit(self.probe)(state, batch).gradients
        yield from ((f"gradient of {name}", gradients[name]) for name in reversed(names) if name in gradients)
