"""What a user would write without jaxdl: a stock Flax NNX model, stock optax, a jitted step."""

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from jaxdl.compare.runners import Job, Losses, Runner, Steps, Task, batches, proven, repeated, set_jax_precision


def load(job: Job) -> None:
    """Import jax, Flax and optax."""
    import jax  # noqa: F401
    import optax  # noqa: F401
    from flax import nnx  # noqa: F401

    set_jax_precision(job)


def build(job: Job) -> Runner:
    """The peer's model with PyTorch's initial weights, and the batches in its layout."""
    return Flax(job)


class Flax:
    """A peer's file: `model(config, rngs)`, `weights(tensors)`, `loss`, `optimizer(config)`; perhaps `inputs` and
    `DIFFERS`.

    `weights` gives PyTorch's tensors, linearly rearranged, under the paths of the model's variables
    ('conv1.kernel'); `inputs` lays an array out as its users keep it (NHWC).
    """

    def __init__(self, job: Job) -> None:
        self.job, self.config = job, job["config"]
        self.peer: Any = import_module(job["peer"])
        self.differs = str(getattr(self.peer, "DIFFERS", ""))
        with np.load(job["initial"]) as arrays:
            self.initial = dict(arrays)
        self.batches = batches(job, np.asarray)
        self.losses = Losses()

    def made(self, dtype: str) -> Any:
        """The model with the initial weights; those that they replace are not drawn: that is a compilation a shape,
        together longer than a first step."""
        import jax
        from flax import nnx

        config = SimpleNamespace(**{**vars(self.config), "dtype": dtype})

        def make() -> Any:
            return self.peer.model(config, nnx.Rngs(config.seed))

        model = self._given_weights(nnx.eval_shape(make), dtype)
        if all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(nnx.state(model))):
            return model
        return self._given_weights(make(), dtype)  # a dropout's keys have to be drawn

    def _given_weights(self, model: Any, dtype: str) -> Any:
        import jax

        weights = jax.jit(self.peer.weights)({name: _as(a, dtype) for name, a in self.initial.items()})
        variables = _variables(model)
        if set(weights) != set(variables):
            odd = ", ".join(sorted(set(weights) ^ set(variables)))
            raise ValueError(f"the peer's weights and its model's variables are not the same: {odd}")
        for path, variable in variables.items():
            if variable.shape != weights[path].shape:
                raise ValueError(f"{path} has shape {variable.shape}, and the weights have {weights[path].shape}")
            variable.set_value(weights[path])
        return model

    def laid_out(self, arrays: tuple[Any, ...], dtype: str) -> tuple[Any, ...]:
        """A batch as the peer's users keep it, on the device."""
        import jax

        *inputs, target = (_as(a, dtype) for a in arrays)
        turned = getattr(self.peer, "inputs", lambda x: x)
        return tuple(jax.device_put(a) for a in (*map(turned, inputs), target))

    def task(self, kind: str, number: int) -> Task:
        """One of the three; a sweep is one run after the other, each as fast as one alone."""
        return _Inference(self, number) if kind == "infer" else _Training(self, runs=number if kind == "sweep" else 1)

    def agree(self) -> dict[str, Any]:
        """Output, loss and gradients in float64; gradients go back to PyTorch's names by the transpose of `weights`."""
        import jax
        from flax import nnx

        with jax.enable_x64(True):
            model = self.made("float64")
            model.train()
            *inputs, target = self.laid_out(proven(self.batches[0]), "float64")

            def computed(model: Any) -> Any:
                output = model(*inputs)
                return self.peer.loss(output, target), output

            # Compiled: one operation after the other, a ResNet's took half a minute.
            (loss, output), gradients = nnx.jit(nnx.value_and_grad(computed, has_aux=True))(model)
            pulled = {".".join(map(str, path)): g.get_value() for path, g in nnx.to_flat_state(gradients)}

            @jax.jit
            def named(given: Any, pulled: Any) -> Any:
                weights, back = jax.vjp(self.peer.weights, given)
                (found,) = back(
                    {path: pulled.get(path, jax.numpy.zeros_like(value)) for path, value in weights.items()}
                )
                return found

            given = {name: _as(a, "float64") for name, a in self.initial.items()}
            return {"output": output, "loss": loss, **named(given, pulled)}

    def after(self) -> dict[str, Any]:
        """The last losses."""
        return self.losses.after(len(self.batches))


class _Training(Steps):
    """The step of Flax's own introduction: jitted, with the model and the optimiser as its arguments."""

    def __init__(self, flax: Flax, runs: int) -> None:
        from flax import nnx

        laid_out = [flax.laid_out(batch, flax.config.dtype) for batch in flax.batches]
        super().__init__(laid_out, flax.losses if runs == 1 else Losses(), runs)
        self._model = flax.made(flax.config.dtype)
        self._model.train()
        self._optimizer = nnx.Optimizer(self._model, flax.peer.optimizer(flax.config), wrt=nnx.Param)
        self._compiled = _step(flax.peer.loss)

    def _step(self, batch: Any) -> Any:
        return self._compiled(self._model, self._optimizer, *batch)

    def _wait(self, loss: Any) -> None:
        import jax

        jax.block_until_ready(loss)


def _step(loss_of: Callable[..., Any]) -> Callable[..., Any]:
    from flax import nnx

    @nnx.jit
    def step(model: Any, optimizer: Any, *batch: Any) -> Any:
        *inputs, target = batch
        loss, gradients = nnx.value_and_grad(lambda model: loss_of(model(*inputs), target))(model)
        optimizer.update(model, gradients)
        return loss

    return step


class _Inference:
    """The untrained model's answers for so many rows at once."""

    def __init__(self, flax: Flax, number: int) -> None:
        from flax import nnx

        model = flax.made(flax.config.dtype)
        model.eval()
        rows = tuple(np.concatenate(arrays) for arrays in zip(*flax.batches, strict=True))
        *self._inputs, _ = flax.laid_out(
            tuple(array[repeated(len(array), number)] for array in rows), flax.config.dtype
        )
        self._model, self._predict = model, nnx.jit(lambda model, *inputs: model(*inputs))

    def first(self) -> None:
        self.turn(1)

    def check(self) -> Any:
        return self._predict(self._model, *self._inputs)

    def turn(self, count: int) -> int:
        import jax

        for _ in range(count):
            outputs = self._predict(self._model, *self._inputs)
        jax.block_until_ready(outputs)
        return count


def _variables(model: Any) -> dict[str, Any]:
    """Parameters and batch statistics by path; a dropout's random stream is neither."""
    from flax import nnx

    nodes = ((".".join(map(str, path)), node) for path, node in nnx.iter_graph(model))
    return {path: node for path, node in nodes if isinstance(node, nnx.Param | nnx.BatchStat)}


def _as(array: np.ndarray, dtype: str) -> np.ndarray:
    """Floating numbers in that dtype."""
    return array.astype(dtype) if np.issubdtype(array.dtype, np.floating) else array
