"""`diff`: from anybody's PyTorch model and its port to the first tensor that differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jaxdl import nn
from jaxdl.parity.divergence import causes
from jaxdl.parity.divergence.counterparts import Counterparts, Relation, in_their_layout, relation
from jaxdl.parity.divergence.match import gap
from jaxdl.parity.divergence.original import Change, Original
from jaxdl.parity.divergence.port import Port
from jaxdl.parity.divergence.result import Diff
from jaxdl.parity.divergence.search import Found, Search
from jaxdl.parity.divergence.training import Tensor, Training
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

    in any order of its axes, so that a port that keeps channels last agrees. For the first module whose output
    differs, changes are made on PyTorch's side one by one (transposed weights, other gate orders, epsilons,
    paddings, flattening orders, ...); a change that gives the port's numbers is a cause, and with it made the search
    goes on behind it. Where the outputs agree, gradients are compared by parameter, then the parameters and buffers
    after each of a few training steps.

    **Matches** what PyTorch 2.13 computes in eager mode on a CPU. Neither model is changed.
    **Differs**: a port that computes inside `lax.scan` or `lax.cond` shows there only what comes out of it.

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
        TypeError: the model is neither a module nor a function, or torch_module is no module.
        ValueError: `names` holds a name that neither model has, or steps is negative.

    >>> import numpy as np, pytest
    >>> torch = pytest.importorskip("torch")
    >>> from jaxdl import parity
    >>> linear = torch.nn.Linear(3, 3)
    >>> found = parity.diff(lambda p, x: x @ p["weight"] + p["bias"], linear, np.ones((2, 3)) * np.arange(3))
    >>> found.first.cause
    'transposed weight'
    """
    require_torch()
    _check(jax_model, torch_module, steps)
    tell = tell or (lambda text: None)
    inputs = _tuple(inputs)
    keywords = dict(keywords or {})
    original = Original(torch_module, inputs, keywords)
    if params is None and not nn.is_module(jax_model):
        params = original.tensors()
    port = Port(jax_model, inputs if jax_inputs is None else _tuple(jax_inputs), jax_keywords or {}, params)
    pairs = _names(original, port, names or {})
    relations = _relations(original, port, pairs)
    modules = pairs.modules
    forward = Search(original, port, modules, relations, train=False, tell=tell).run()
    compared = sum(pairs.tensor(name, port.tensors()) is not None for name in original.tensors())
    result = Diff(type(torch_module).__name__, tuple(relations), compared, forward)
    return _further(result, original, port, pairs, relations, loss, optimizers, steps, tell)


def _further(
    result: Diff,
    original: Original,
    port: Port,
    pairs: Counterparts,
    relations: Sequence[Relation],
    loss: Any,
    optimizers: Any,
    steps: int,
    tell: Callable[[str], None],
) -> Diff:
    """Training mode, gradients and steps, as far as what comes before agrees."""
    train = port.can_train
    last = result.forward.comparison
    if last.first is not None:
        note = "training mode, gradients and steps: the outputs differ first"
        return replace(result, notes=(note,))
    if train:
        search = Search(original, port, pairs.modules, relations, train=True, tell=tell)
        training = search.run()
        result = replace(result, training=training)
        last = training.comparison
        if last.first is not None:
            return replace(result, notes=("buffers, gradients and steps: the outputs in training mode differ first",))
        result = replace(result, buffers=tuple(_buffers(original, training, search, pairs)))
    else:
        result = replace(result, notes=("training mode: a function without the keyword `train` has none",))
    tell("gradients")
    behind = Training(original, port, pairs, last, loss, train=train)
    result = replace(result, gradients=tuple(behind.gradients()))
    if not steps:
        return result
    if any(not tensor.agrees for tensor in result.gradients or ()):
        return replace(result, notes=(*result.notes, "steps: the gradients differ first"))
    tell("steps")
    return replace(result, steps=tuple(tuple(step) for step in behind.steps(steps, optimizers)))


def _buffers(original: Original, training: Found, search: Search, pairs: Counterparts) -> list[Tensor]:
    """The buffers after one run in training mode, with the cause of those that differ."""
    run, ours = training.comparison.run, search.port_run.buffers
    compared = []
    for name, theirs in run.buffers.items():
        pair = pairs.tensor(name, ours)
        if pair is None or not np.issubdtype(theirs.dtype, np.floating):
            compared.append(Tensor(name, None))
            continue
        mine = in_their_layout(pair, ours[pair])
        found = gap(mine, theirs)
        kind, text = ("", "") if found.agrees else _moved_by(name, original, training, ours, pairs)
        compared.append(Tensor(name, found, kind, text))
    return compared


def _moved_by(
    name: str, original: Original, training: Found, ours: Mapping[str, np.ndarray], pairs: Counterparts
) -> tuple[str, str]:
    """What moves a module's buffers as the port's were moved: all of them, if there is such a change."""
    owner = original.owner(name)
    run = training.comparison.run
    buffers = [other for other in run.buffers if original.owner(other) == owner]
    partial = ("", "")
    for op in (op for op in run.ops if op.call >= 0 and run.calls[op.call].name == owner):
        for change in causes.candidates(op, owner):
            moved = _try(original, change)
            if moved is None:
                continue
            agree = {
                other: gap(in_their_layout(pair, ours[pair]), moved[other]).agrees
                for other in buffers
                if (pair := pairs.tensor(other, ours)) is not None and np.issubdtype(moved[other].dtype, np.floating)
            }
            text = f"{change.text} makes it agree"
            if all(agree.values()):
                return change.kind, text
            if agree.get(name) and not partial[0]:
                partial = (change.kind, text)
    return partial


def _try(original: Original, change: Change) -> dict[str, np.ndarray] | None:
    try:
        return original.run([change], train=True).buffers
    except Exception:  # a guess that does not fit this call, whatever PyTorch says about it
        return None


def _names(original: Original, port: Port, names: Mapping[str, str]) -> Counterparts:
    theirs = [name for name, _ in original.module.named_modules()]
    tensors = port.tensors()
    prefixes = {name.rsplit(".", depth)[0] for name in tensors for depth in range(1, name.count(".") + 1)}
    ours = set(port.modules) | prefixes | {""}
    for mine, their in names.items():
        if mine not in ours and mine not in tensors:
            raise ValueError(f"names: the port has no module or tensor {mine!r}; it has {_some(ours)}")
        if their not in theirs and their not in original.tensors():
            raise ValueError(f"names: PyTorch's model has no module or tensor {their!r}; it has {_some(theirs)}")
    return Counterparts(theirs, ours, names)


def _some(names: Any) -> str:
    found = sorted(name for name in names if name)
    return ", ".join(found[:12]) + (", …" if len(found) > 12 else "")


def _relations(original: Original, port: Port, pairs: Counterparts) -> list[Relation]:
    """The tensors that do not hold PyTorch's numbers."""
    tensors = port.tensors()
    found = []
    for name, theirs in original.tensors().items():
        pair = pairs.tensor(name, tensors)
        if pair is not None and np.issubdtype(theirs.dtype, np.floating):
            one = relation(name, in_their_layout(pair, tensors[pair]), theirs)
            if one is not None:
                found.append(one)
    return found


def _tuple(inputs: Any) -> tuple[Any, ...]:
    return tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)


def _check(jax_model: Any, torch_module: Any, steps: int) -> None:
    import torch

    if not isinstance(torch_module, torch.nn.Module):
        what = "the class" if isinstance(torch_module, type) else f"a {type(torch_module).__name__}"
        raise TypeError(f"diff: torch_module must be a built torch.nn.Module, given {what}")
    if isinstance(jax_model, type) or not (nn.is_module(jax_model) or callable(jax_model)):
        what = f"the class {jax_model.__name__}" if isinstance(jax_model, type) else f"a {type(jax_model).__name__}"
        raise TypeError(
            f"diff: jax_model must be a built jaxdl.nn or flax.nnx module or a function of (params, *inputs), given {what}"
        )
    if steps < 0:
        raise ValueError(f"diff: steps must be at least 0, given {steps}")
