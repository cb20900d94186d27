"""Behind the outputs: gradients by parameter, and a few steps of training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.parity.divergence.causes import optimizer as variations
from jaxdl.parity.divergence.comparison import Comparison
from jaxdl.parity.divergence.counterparts import Counterparts, Form, Relation, in_their_layout
from jaxdl.parity.divergence.match import Gap, gap, real
from jaxdl.parity.divergence.original import Original
from jaxdl.parity.divergence.port import Port, double
from jaxdl.parity.divergence.recording import tensors_in
from jaxdl.parity.divergence.sight import compiled, inexact
from jaxdl.parity.tolerances import ROUNDING

RATE = 1e-2  # of plain gradient descent, where no optimisers are given
Loss = Callable[[Any], Any]


@dataclass(frozen=True)
class Tensor:
    """One tensor compared by name.

    Attributes:
        name: PyTorch's.
        gap: the difference; None where there is nothing to compare.
        shapes: the port's and PyTorch's; the port's is None where it has no such tensor.
        kind, text: the cause, where one was found.
    """

    name: str
    gap: Gap | None
    shapes: tuple[tuple[int, ...] | None, tuple[int, ...]] = (None, ())
    kind: str = ""
    text: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it is rounding, or there is nothing to compare."""
        return self.gap is None or self.gap.agrees


def beside(
    name: str, pair: str | None, ours: Mapping[str, np.ndarray], theirs: np.ndarray, form: Form | None = None
) -> Tensor:
    """A tensor of PyTorch's, in the form in which the port keeps it, and the port's."""
    theirs = theirs if form is None else form(theirs)
    if pair is None or pair not in ours or not np.issubdtype(theirs.dtype, np.inexact):
        return Tensor(name, None, (None, theirs.shape))
    mine = in_their_layout(pair, ours[pair])
    return Tensor(name, gap(real(mine), real(theirs)), (mine.shape, theirs.shape))


class Training:
    """Both models with a loss.

    Args:
        original: PyTorch's.
        port: the port.
        names: which name stands for which.
        comparison: of the outputs, in the mode of training: they agree.
        losses: `(of the port's outputs, of PyTorch's outputs)`, each giving a scalar; None: a fixed weighted sum.
        relations: the tensors that the port keeps in another form.
        optimizers: `(optax transformation, parameters -> torch optimiser)`; None: gradient descent.
        moving: the port's buffers that a step changes.
        train: the mode.
        widened: whether the port computes in float64 what it asks for in a smaller type.
    """

    def __init__(
        self,
        original: Original,
        port: Port,
        names: Counterparts,
        comparison: Comparison,
        relations: Sequence[Relation],
        losses: tuple[Loss, Loss] | None,
        optimizers: tuple[Any, Callable[..., Any]] | None,
        moving: Sequence[str],
        *,
        train: bool,
        widened: bool,
    ) -> None:
        import torch

        self._original, self._port, self._names, self._train = original, port, names, train
        self._function = port.in_float64(train) if widened else port.function(train)
        self._ours, self._theirs = losses or _weighted(comparison)
        plain: tuple[Any, Callable[..., Any]] = (None, lambda parameters: torch.optim.SGD(parameters, lr=RATE))
        self._transformation, self._factory = optimizers or plain
        self._varied = optimizers is not None
        self._gradients = original.gradients(self._theirs, train=train)
        self._forms = {one.name: one.form for one in relations if one.form is not None}
        self._elsewise = frozenset(one.name for one in relations if one.form is None)
        tensors = port.tensors()
        self._pairs = {n: found for n in original.parameters() if (found := names.tensor(n, tensors)) is not None}
        with double():
            trained = [pair for name, pair in self._pairs.items() if name in self._gradients and pair in port.params]
            held = {name: port.params[name] for name in port.params if name not in trained}
            self._held = {name: value for name, value in held.items() if name not in moving}
            parameters = {name: jnp.asarray(port.params[name]) for name in trained}
            buffers = {**port.buffers, **{name: held[name] for name in moving if name in held}}
            state = None if self._transformation is None else self._transformation.init(parameters)
            self._step = compiled(self._one_step())
            self._start = (parameters, buffers, state)

    def gradients(self) -> list[Tensor]:
        """The loss's gradient by each of PyTorch's parameters."""
        ours = {name: np.asarray(value) for name, value in self._first[0].items()}
        largest = max((float(np.abs(value).max(initial=0.0)) for value in self._gradients.values()), default=0.0)
        return [
            self._gradient(name, ours, value, ROUNDING["float64"] * largest)
            for name, value in self._gradients.items()
            if name not in self._elsewise
        ]

    @cached_property
    def _first(self) -> tuple[dict[str, jax.Array], tuple[Any, Any, Any]]:
        with double():
            return self._step(*self._start)

    def _one_step(self) -> Callable[..., Any]:
        function = self._function

        def loss(trained: Mapping[str, Any], buffers: Mapping[str, Any]) -> tuple[Any, Any]:
            tensors = {**self._held, **trained}
            if not self._port.named:
                tensors = {**tensors, **buffers}
            outputs, moved = function(tensors, buffers, *self._port.inputs)
            return self._ours(outputs), {**buffers, **moved}

        def step(trained: Any, buffers: Any, state: Any) -> Any:
            gradients, buffers = jax.grad(loss, has_aux=True)(trained, buffers)
            gradients = jax.tree.map(jnp.conj, gradients)  # of a complex parameter, as PyTorch has it
            if self._transformation is None:
                updates = jax.tree.map(lambda g: -RATE * g, gradients)
            else:
                updates, state = self._transformation.update(gradients, state, trained)
            return gradients, (jax.tree.map(jnp.add, trained, updates), buffers, state)

        return step

    def _gradient(self, name: str, ours: Mapping[str, np.ndarray], theirs: np.ndarray, rounding: float) -> Tensor:
        pair = self._pairs.get(name)
        if pair is None:
            return self._absent(name, theirs, rounding)
        form = self._forms.get(name)
        compared = beside(name, pair, ours, theirs, form)
        if compared.gap is None or compared.agrees:
            return compared
        if compared.gap.difference <= rounding:
            return replace(compared, gap=replace(compared.gap, relative=0.0))
        kind, text = self._factor(name, in_their_layout(pair, ours[pair]), theirs if form is None else form(theirs))
        return replace(compared, kind=kind, text=text)

    def _absent(self, name: str, theirs: np.ndarray, rounding: float) -> Tensor:
        """A parameter that the port does not have: a difference, unless it may stand there under another name."""
        unnamed = set(self._port.params) - set(self._pairs.values())
        size = float(np.abs(theirs).max(initial=0.0))
        if size <= rounding or unnamed:
            return Tensor(name, None, (None, theirs.shape))
        leaf = name.rpartition(".")[2]
        kind = "missing bias" if "bias" in leaf else "missing parameter"
        text = f"the port has no tensor {name}, and PyTorch's has a gradient"
        place = np.unravel_index(int(np.abs(theirs).argmax()), theirs.shape)
        return Tensor(name, Gap(size, 1.0, tuple(map(int, place)), ()), (None, theirs.shape), kind, text)

    def _factor(self, name: str, ours: np.ndarray, theirs: np.ndarray) -> tuple[str, str]:
        """What simple thing stands between two gradients."""
        if not ours.any():
            return "stopped gradient", f"the port's gradient of {name} is zero everywhere, as behind stop_gradient"
        row = self._original.padding_row(name)
        if row is not None and ours.shape == theirs.shape and not theirs[row].any():
            place = np.arange(len(ours)) == row % len(ours)
            if gap(np.where(place[:, None], 0.0, ours), theirs).agrees:
                return "padding row", f"PyTorch's gradient of {name} is zero in row {row} (padding_idx)"
        if ours.shape == theirs.shape and theirs.any():
            ratio = float((ours * theirs).sum() / (theirs * theirs).sum())
            if ours.size > 1 and gap(ours, ratio * theirs).agrees:
                return "scaled gradient", f"the port's gradient of {name} is {ratio:.6g} times PyTorch's"
        others = [n for n, first in self._original.tied().items() if first == name and n in self._port.params]
        if others:
            with double():
                tied = {n: self._alone(n) for n in others}
            if gap(ours + sum(tied.values()), theirs).agrees:
                text = f"{' and '.join([name, *others])} are one parameter in PyTorch, and several in the port"
                return "untied weight", text
        return "", ""

    def _alone(self, name: str) -> np.ndarray:
        """The port's gradient by one more of its tensors."""
        function, params = self._function, self._port.params

        def loss(value: Any) -> Any:
            return self._ours(function({**params, name: value}, self._port.buffers, *self._port.inputs)[0])

        return np.asarray(compiled(jax.grad(loss))(params[name]))

    def steps(self, count: int, known: frozenset[str]) -> list[list[Tensor]]:
        """Parameters and buffers after each of `count` steps on the same inputs; a list a step.

        Args:
            count: of steps.
            known: tensors that are known to differ: they are left out.
        """
        theirs = self._original.train(count, self._theirs, self._factory, train=self._train)
        ours = self._train_port(count)
        compared = [self._beside(a, b, known) for a, b in zip(ours, theirs, strict=True)]
        wrong = next((step for step in compared if any(not tensor.agrees for tensor in step)), None)
        if wrong is not None and self._varied:
            cause = self._cause(count, ours, known)
            if cause is not None:
                place = next(i for i, tensor in enumerate(wrong) if not tensor.agrees)
                wrong[place] = replace(wrong[place], kind=cause[0], text=cause[1])
        return compared

    def _cause(self, count: int, ours: Sequence[Mapping[str, Any]], known: frozenset[str]) -> tuple[str, str] | None:
        for kind, text, other in variations.of(self._factory):
            try:
                theirs = self._original.train(count, self._theirs, other, train=self._train)
            except (TypeError, ValueError, RuntimeError):  # these settings do not go together
                continue
            if all(tensor.agrees for a, b in zip(ours, theirs, strict=True) for tensor in self._beside(a, b, known)):
                return kind, f"{text} makes it agree"
        return None

    def _train_port(self, count: int) -> list[dict[str, np.ndarray]]:
        kept = []
        _, state = self._first
        for number in range(count):
            if number:
                with double():
                    _, state = self._step(*state)
            plain = {n: v for n, v in {**self._held, **state[1], **state[0]}.items() if _numbers(v)}
            kept.append({name: np.asarray(value) for name, value in plain.items()})
        return kept

    def _beside(
        self, ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray], known: frozenset[str]
    ) -> list[Tensor]:
        left = [name for name in theirs if name not in known | self._elsewise]
        return [
            beside(name, self._names.tensor(name, ours), ours, theirs[name], self._forms.get(name)) for name in left
        ]


def _numbers(value: Any) -> bool:
    return hasattr(value, "dtype") and not jnp.issubdtype(value.dtype, jax.dtypes.extended)


def _weighted(comparison: Comparison) -> tuple[Loss, Loss]:
    """The same weighted sum of both models' outputs, whatever the order of the axes."""
    outputs = comparison.run.root.outputs
    pairs = comparison.results

    def theirs(found: Any) -> Any:
        import torch

        tensors = [torch.view_as_real(t) if t.is_complex() else t for t in tensors_in(found, every=True)]
        chosen = [t for i, _ in pairs if (t := tensors[i]).is_floating_point() and t.requires_grad]
        return sum(((t * torch.from_numpy(_weights(tuple(t.shape)))).sum() for t in chosen), torch.zeros(()).double())

    def ours(found: Any) -> Any:
        leaves = jax.tree.leaves(found)
        total = jnp.zeros(())
        for i, axes in pairs:
            if inexact(leaves[i]):
                leaf = leaves[i]
                leaf = jnp.stack([leaf.real, leaf.imag], -1) if jnp.iscomplexobj(leaf) else leaf
                total = total + (leaf * _weights(outputs[i].shape).transpose(axes)).sum()
        return total

    return ours, theirs


def _weights(shape: Sequence[int]) -> np.ndarray:
    count = int(np.prod(shape))
    return (np.cos(np.arange(count)) / max(count, 1)).reshape(tuple(shape))
