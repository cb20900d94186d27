"""`diff`: from anybody's PyTorch model and its port to the first tensor that differs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jaxdl.parity.divergence.buffers import compared as compared_buffers
from jaxdl.parity.divergence.counterparts import Counterparts, Relation, relations
from jaxdl.parity.divergence.entry import check, named, running, sequence
from jaxdl.parity.divergence.faults import Found
from jaxdl.parity.divergence.original import Original
from jaxdl.parity.divergence.port import Port
from jaxdl.parity.divergence.result import Diff
from jaxdl.parity.divergence.search import Search
from jaxdl.parity.divergence.training import Training
from jaxdl.parity.reference import require_torch

STEPS = 3


def diff(
    jax_model: Any,
    torch_module: Any,
    inputs: Any,
    *,
    params: Mapping[str, Any] | None = None,
    jax_inputs: Any = None,
    keywords: Mapping[str, Any] | None = None,
    jax_keywords: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    loss: tuple[Callable[[Any], Any], Callable[[Any], Any]] | None = None,
    optimizers: tuple[Any, Callable[[Any], Any]] | None = None,
    steps: int = STEPS,
    tell: Callable[[str], None] | None = None,
) -> Diff:
    r"""The first tensor in which a port differs from its PyTorch model, and why.

    Both are run in float64 on the same inputs, first in evaluation mode, then in training mode (where nothing is
    dropped). A tensor agrees if

    .. math:: \max |x_\text{port} - x_\text{PyTorch}| \le 10^{-10} \max |x_\text{PyTorch}|,

    within the models in any order of its axes, so that a port that keeps channels last agrees; the result itself in
    PyTorch's order (or channels last, if jax_inputs are given). For the first module whose output differs, changes are
    made on PyTorch's side one by one (transposed weights, other gate orders, epsilons, paddings, flattening orders,
    ...); a change that gives the port's numbers is a cause, and with it made the search goes on behind it. Where the
    outputs agree, gradients are compared by parameter, then the parameters and buffers after each of a few training
    steps.

    **Matches** what PyTorch 2.13 computes in eager mode on a CPU. Neither model is changed.
    **Differs**: where PyTorch's model asks for a smaller type on its way, or jax.nn does of itself, float64 is taken.
    A port shows what it computes step by step in `lax.scan`; of `lax.cond` and `lax.while_loop` only what comes out.

    Args:
        jax_model: a built jaxdl.nn or flax.nnx module, or a function `f(params, *inputs)` of a flat dict of tensors.
            A function may take a keyword `train` and give `(outputs, buffers)` where it is True. In a function,
            `jax.ad_checkpoint.checkpoint_name(x, "conv1")` says that x is the output of PyTorch's `conv1`.
        torch_module: a `torch.nn.Module`.
        inputs: what both are called with: an array or a tuple of arrays, NumPy's, JAX's or PyTorch's; floating ones
            become float64.
        params: a function's tensors by name; None: PyTorch's state_dict.
        jax_inputs: what the port is called with, where that is something else (images with channels last).
        keywords: by name, for PyTorch's model.
        jax_keywords: by name, for the port.
        names: the port's names → PyTorch's, of modules (with all that is in them) or tensors, where they differ.
        loss: `(of the port's outputs, of PyTorch's)`, each giving a scalar; None: a fixed weighted sum.
        optimizers: `(optax transformation, parameters -> torch optimiser)`; None: gradient descent by 0.01.
        steps: of training; 0 for none.
        tell: is told what is being tried, for a progress display.

    Returns:
        A Diff: `first` (module, shapes, difference, index, causes), `firsts`, `agrees`, `right`, `table()`,
        `assert_agreement()`; printed it is a page.

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
        TypeError: the model is neither a module nor a function, torch_module is no module, params is no flat dict, or
            loss or optimizers is no pair.
        ValueError: `names` holds a name that the model does not have, steps is negative, or one of the models, the
            loss or the training fails: with the shapes that it was given and what it said.

    >>> import numpy as np
    >>> try:
    ...     import torch
    ... except ModuleNotFoundError:
    ...     print("transposed weight")
    ... else:
    ...     port = lambda params, x: x @ params["weight"] + params["bias"]
    ...     print(diff(port, torch.nn.Linear(3, 3), np.arange(6.0).reshape(2, 3)).first.cause)
    transposed weight
    """
    require_torch()
    check(jax_model, torch_module, params, loss, optimizers, steps)
    inputs, keywords = sequence(inputs), dict(keywords or {})
    with running("PyTorch's model", torch_module, inputs, "inputs= and keywords= are what it is called with"):
        original = Original(torch_module, inputs, keywords)
        before = original.run()
    tied: dict[str, str] = {}
    if params is None:
        params, tied = original.tensors(), original.tied()
    given = inputs if jax_inputs is None else sequence(jax_inputs)
    with running(
        "the port", jax_model, given, "it is traced as under jax.jit; jax_inputs= and jax_keywords= say what it takes"
    ):
        port = Port(jax_model, given, jax_keywords or {}, params, tied)
        narrow = port.run().narrow
    pairs = named(original, port, names or {})
    run = _Diffing(original, port, pairs, relations(original.tensors(), port.tensors(), pairs))
    run.tell, run.channels_last = tell or run.tell, jax_inputs is not None
    run.widened = before.narrowed or (bool(narrow) and all(one.library for one in narrow))
    forward = run.search(train=False).run()
    tensors = port.tensors()
    absent = tuple(name for name in original.tensors() if pairs.tensor(name, tensors) is None)
    compared = len(original.tensors()) - len(absent)
    result = Diff(type(torch_module).__name__, tuple(run.relations), compared, forward, absent=absent)
    return run.further(result, loss, optimizers, steps, before.draws)


@dataclass
class _Diffing:
    """Two models, and how they are compared."""

    original: Original
    port: Port
    pairs: Counterparts
    relations: list[Relation]
    widened: bool = False
    channels_last: bool = False
    tell: Callable[[str], None] = lambda text: None

    def search(self, *, train: bool) -> Search:
        """The search in one mode."""
        return Search(
            self.original,
            self.port,
            self.pairs.modules,
            self.relations,
            train=train,
            widened=self.widened,
            channels_last=self.channels_last,
            tell=self.tell,
        )

    def further(self, result: Diff, loss: Any, optimizers: Any, steps: int, draws: tuple[str, ...]) -> Diff:
        """Training mode, gradients and steps, as far as what comes before agrees."""
        outputs = (len(self.port.run(widened=self.widened).outputs), len(result.forward.comparison.run.root.outputs))
        if outputs[0] != outputs[1]:
            result = result.noting(f"the number of outputs: {outputs[1]} in PyTorch, {outputs[0]} in the port")
        if self.widened:
            result = result.noting("smaller types: where PyTorch's model or jax.nn asks for one, both took float64")
        if draws and result.forward.faults:
            note = f"what follows from {', '.join(draws)}: PyTorch's model draws random numbers there"
            result = result.noting(note)
        if result.forward.comparison.first is not None:
            return result.noting("training mode, gradients and steps: the outputs differ first")
        last = result.forward
        moving: tuple[str, ...] = ()
        if self.port.can_train:
            with running("the port in training mode", self.port.model, self.port.inputs, "its own line is above"):
                search = self.search(train=True)
            last = search.run()
            result = replace(result, training=last)
            if last.comparison.first is not None:
                return result.noting("buffers, gradients and steps: the outputs in training mode differ first")
            ours = search.port_run.buffers
            buffers = compared_buffers(self.original, last.comparison.run, ours, self.pairs)
            result, moving = replace(result, buffers=tuple(buffers)), tuple(ours)
        else:
            result = result.noting("training mode: a function without the keyword `train` has none")
        return self._trained(result, last, moving, loss, optimizers, steps)

    def _trained(
        self, result: Diff, last: Found, moving: tuple[str, ...], loss: Any, optimizers: Any, steps: int
    ) -> Diff:
        self.tell("gradients")
        with running("the loss", loss, (), "loss= is (of the port's outputs, of PyTorch's outputs), each a scalar"):
            behind = Training(
                self.original, self.port, self.pairs, last.comparison, self.relations, loss, optimizers,
                moving,
                train=self.port.can_train, widened=self.widened,
            )  # fmt: skip
            gradients = tuple(behind.gradients())
        if gradients and all(tensor.gap is None for tensor in gradients):
            return result.noting("gradients and steps: no parameter has a counterpart in the port (see names=)")
        if not gradients:
            return result.noting("gradients and steps: the loss depends on no parameter of PyTorch's")
        result = replace(result, gradients=gradients)
        if not steps:
            return result
        if any(not tensor.agrees for tensor in gradients):
            return result.noting("steps: the gradients differ first")
        self.tell("steps")
        known = frozenset(tensor.name for tensor in result.buffers if not tensor.agrees)
        with running("training", optimizers, (), "optimizers= is (optax transformation, parameters -> torch's)"):
            return replace(result, steps=tuple(tuple(step) for step in behind.steps(steps, known)))
