"""Behind the outputs: gradients by parameter, and a few steps of training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.parity.divergence.causes import optimizer as variations
from jaxdl.parity.divergence.comparison import Comparison
from jaxdl.parity.divergence.counterparts import Counterparts, in_their_layout
from jaxdl.parity.divergence.match import Gap, gap
from jaxdl.parity.divergence.original import Original, tensors_in
from jaxdl.parity.divergence.port import Port

RATE = 1e-2  # of plain gradient descent, where no optimisers are given
# A gradient that cancels, as that of a bias before batch norm, has no scale of its own: in units of the model's largest
# gradient its rounding is this small.
CANCELLED = 1e-13
Loss = Callable[[Any], Any]


@dataclass(frozen=True)
class Tensor:
    """One tensor compared by name.

    Attributes:
        name: PyTorch's.
        gap: the difference; None where the port has no such tensor.
        kind, text: the cause, where one was found.
    """

    name: str
    gap: Gap | None
    kind: str = ""
    text: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it is rounding, or there is nothing to compare."""
        return self.gap is None or self.gap.agrees


class Training:
    """Both models with a loss.

    Args:
        original: PyTorch's.
        port: the port.
        names: which name stands for which.
        comparison: of the outputs, in the mode of training: they agree.
        losses: `(of the port's outputs, of PyTorch's outputs)`, each giving a scalar; None: a fixed weighted sum.
        train: the mode.
    """

    def __init__(
        self,
        original: Original,
        port: Port,
        names: Counterparts,
        comparison: Comparison,
        losses: tuple[Loss, Loss] | None,
        *,
        train: bool,
    ) -> None:
        self._original, self._port, self._names, self._train = original, port, names, train
        self._ours, self._theirs = losses or _weighted(comparison)
        tensors = port.tensors()
        self._pairs = {
            name: found for name in original.parameters() if (found := names.tensor(name, tensors)) is not None
        }
        self._function = port.function(train)

    def gradients(self) -> list[Tensor]:
        """The loss's gradient by each of PyTorch's parameters."""
        theirs = self._original.gradients(self._theirs, train=self._train)
        with jax.enable_x64(True):
            trained, rest = self._split()
            ours = jax.jit(jax.grad(lambda p: self._loss(p, rest, self._port.buffers)[0]))(trained)
            ours = {name: np.asarray(value) for name, value in ours.items()}
        largest = max((float(np.abs(value).max(initial=0.0)) for value in theirs.values()), default=0.0)
        return [self._gradient(name, ours, theirs[name], CANCELLED * largest) for name in theirs]

    def _split(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The tensors of the port that are PyTorch's parameters, and the others."""
        trained = {name: self._port.params[name] for name in self._pairs.values() if name in self._port.params}
        return trained, {name: value for name, value in self._port.params.items() if name not in trained}

    def _loss(self, trained: Mapping[str, Any], rest: Mapping[str, Any], buffers: Any) -> tuple[Any, Any]:
        outputs, buffers = self._function({**rest, **trained}, buffers, *self._port.inputs)
        return self._ours(outputs), buffers

    def _gradient(self, name: str, ours: Mapping[str, np.ndarray], theirs: np.ndarray, rounding: float) -> Tensor:
        pair = self._pairs.get(name)
        if pair is None or pair not in ours:
            return Tensor(name, None)
        mine = in_their_layout(pair, ours[pair])
        found = gap(mine, theirs)
        if found.difference <= rounding:
            return Tensor(name, replace(found, relative=0.0))
        if found.agrees:
            return Tensor(name, found)
        return Tensor(name, found, *_factor(name, mine, theirs))

    def steps(self, count: int, optimizers: tuple[Any, Callable[..., Any]] | None) -> list[list[Tensor]]:
        """Parameters and buffers after each of `count` steps on the same inputs; a list a step."""
        import torch

        transformation, factory = optimizers or (None, lambda parameters: torch.optim.SGD(parameters, lr=RATE))
        theirs = self._original.train(count, self._theirs, factory, train=self._train)
        ours = self._train_port(count, transformation)
        compared = [self._beside(a, b) for a, b in zip(ours, theirs, strict=True)]
        wrong = next((step for step in compared if any(not tensor.agrees for tensor in step)), None)
        if wrong is not None and optimizers is not None:
            cause = self._cause(count, factory, ours)
            if cause is not None:
                place = next(i for i, tensor in enumerate(wrong) if not tensor.agrees)
                wrong[place] = Tensor(wrong[place].name, wrong[place].gap, *cause)
        return compared

    def _cause(self, count: int, factory: Any, ours: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
        for kind, text, other in variations.of(factory):
            try:
                theirs = self._original.train(count, self._theirs, other, train=self._train)
            except (TypeError, ValueError, RuntimeError):  # these settings do not go together
                continue
            if all(tensor.agrees for a, b in zip(ours, theirs, strict=True) for tensor in self._beside(a, b)):
                return kind, text
        return None

    def _train_port(self, count: int, transformation: Any) -> list[dict[str, np.ndarray]]:
        with jax.enable_x64(True):
            trained, rest = self._split()
            buffers = self._port.buffers
            state = None if transformation is None else transformation.init(jax.tree.map(jnp.asarray, trained))

            @jax.jit
            def step(trained: Any, buffers: Any, state: Any) -> Any:
                gradients, buffers = jax.grad(self._loss, has_aux=True)(trained, rest, buffers)
                if transformation is None:
                    updates = jax.tree.map(lambda g: -RATE * g, gradients)
                else:
                    updates, state = transformation.update(gradients, state, trained)
                return jax.tree.map(jnp.add, trained, updates), buffers, state

            kept = []
            for _ in range(count):
                trained, buffers, state = step(trained, buffers, state)
                plain = {n: v for n, v in {**rest, **buffers, **trained}.items() if _numbers(v)}
                kept.append({name: np.asarray(value) for name, value in plain.items()})
        return kept

    def _beside(self, ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> list[Tensor]:
        compared = []
        for name, value in theirs.items():
            pair = self._names.tensor(name, ours)
            moved = pair is not None and np.issubdtype(value.dtype, np.floating)
            compared.append(Tensor(name, gap(in_their_layout(pair, ours[pair]), value) if moved and pair else None))
        return compared


def _numbers(value: Any) -> bool:
    return hasattr(value, "dtype") and not jnp.issubdtype(value.dtype, jax.dtypes.extended)


def _factor(name: str, ours: np.ndarray, theirs: np.ndarray) -> tuple[str, str]:
    """What simple thing stands between two gradients."""
    if not ours.any():
        return "stopped gradient", f"the port's gradient of {name} is zero everywhere, as behind stop_gradient"
    if ours.shape == theirs.shape and theirs.any():
        ratio = float((ours * theirs).sum() / (theirs * theirs).sum())
        if gap(ours, ratio * theirs).agrees:
            return "scaled gradient", f"the port's gradient of {name} is {ratio:.6g} times PyTorch's"
    return "", ""


def _weighted(comparison: Comparison) -> tuple[Loss, Loss]:
    """The same weighted sum of both models' outputs, whatever the order of the axes."""
    pairs = comparison.results

    def theirs(outputs: Any) -> Any:
        import torch

        tensors = list(tensors_in(outputs))
        return sum((tensors[j] * torch.from_numpy(_weights(tensors[j].shape))).sum() for _, j, _ in pairs)

    def ours(outputs: Any) -> Any:
        leaves = [x for x in jax.tree.leaves(outputs) if jnp.issubdtype(jnp.asarray(x).dtype, jnp.floating)]
        total = jnp.zeros(())
        for i, j, axes in pairs:
            weights = _weights(comparison.run.root.outputs[j].shape).transpose(axes).reshape(leaves[i].shape)
            total = total + (leaves[i] * weights).sum()
        return total

    return ours, theirs


def _weights(shape: Sequence[int]) -> np.ndarray:
    count = int(np.prod(shape))
    return (np.cos(np.arange(count)) / max(count, 1)).reshape(tuple(shape))
