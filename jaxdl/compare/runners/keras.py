"""TensorFlow as one who wants speed writes it: a Keras model, a step of one's own under tf.function, perhaps by XLA."""

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from jaxdl.compare.runners import Job, Losses, Runner, Steps, Task, batches, proven, repeated


def load(job: Job) -> None:
    """Import TensorFlow and Keras, and give them the job's cores."""
    sys.modules.setdefault("jax", None)  # type: ignore[arg-type]  # TensorFlow would import it for a converter
    os.environ |= {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": job["scratch"]}  # not as this user has set Keras up
    import keras  # noqa: F401
    import tensorflow as tf

    threads = len(job["cores"])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    if job.get("device") != "gpu":
        tf.config.set_visible_devices([], "GPU")
    elif not tf.config.list_physical_devices("GPU"):
        raise RuntimeError("TensorFlow sees no GPU; pip install 'tensorflow[and-cuda]'")
    tf.config.experimental.enable_tensor_float_32_execution(bool(job.get("tf32")))


def build(job: Job) -> Runner:
    """The peer's model with PyTorch's initial weights, and the batches in its layout."""
    return Keras(job)


class Keras:
    """A peer's file: `model(config)`, `weights(tensors)`, `loss`, `optimizer(config)`; perhaps `inputs` and `DIFFERS`.

    `weights` gives PyTorch's tensors under the paths of the model's variables ('conv1.kernel'), each number of a tensor
    in its place or places, or added to one of another tensor; `inputs` lays an array out as its users keep it (NHWC).
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
        """The model with the initial weights, whose dtype is Keras's own from here on."""
        _default(dtype)
        model = self.peer.model(self.config)
        model(*(array[:1] for array in self.laid_out(self.batches[0], dtype)[:-1]))
        weights = self.peer.weights({name: _as(a, dtype) for name, a in self.initial.items()})
        variables = dict(_variables(model))
        if set(weights) != set(variables):
            odd = ", ".join(sorted(set(weights) ^ set(variables)))
            raise ValueError(f"the peer's weights and its model's variables are not the same: {odd}")
        for path, variable in variables.items():
            if tuple(variable.shape) != weights[path].shape:
                raise ValueError(
                    f"{path} has shape {tuple(variable.shape)}, and the weights have {weights[path].shape}"
                )
            variable.assign(weights[path])
        return model

    def laid_out(self, arrays: tuple[Any, ...], dtype: str) -> tuple[Any, ...]:
        """A batch as the peer's users keep it, on the device."""
        import tensorflow as tf

        *inputs, target = (_as(a, dtype) for a in arrays)
        turned = getattr(self.peer, "inputs", lambda x: x)
        return tuple(tf.constant(a) for a in (*map(turned, inputs), target))

    def compiled(self, function: Callable[..., Any]) -> Any:
        """A function as a graph of TensorFlow's kernels, or as a program of XLA's."""
        import tensorflow as tf

        return tf.function(function, jit_compile=self.job["mode"] == "tensorflow_xla")

    def task(self, kind: str, number: int) -> Task:
        """One of the three; a sweep is one run after the other, each as fast as one alone."""
        return _Inference(self, number) if kind == "infer" else _Training(self, runs=number if kind == "sweep" else 1)

    def agree(self) -> dict[str, Any]:
        """Output, loss and gradients in float64; gradients go back to PyTorch's names by the transpose of `weights`."""
        import tensorflow as tf

        model = self.made("float64")
        *inputs, target = self.laid_out(proven(self.batches[0]), "float64")
        paths = {id(variable): path for path, variable in _variables(model)}

        @self.compiled
        def computed() -> Any:
            with tf.GradientTape() as tape:
                output = model(*inputs, training=True)
                loss = self.peer.loss(output, target)
            return output, loss, tape.gradient(loss, model.trainable_variables)

        output, loss, gradients = computed()
        _default(self.config.dtype)
        found = {
            paths[id(variable)]: tf.convert_to_tensor(gradient).numpy()
            for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        }
        return {"output": output.numpy(), "loss": loss.numpy(), **_back(self.peer.weights, self.initial, found)}

    def after(self) -> dict[str, Any]:
        """The last losses."""
        return self.losses.after(len(self.batches))


class _Training(Steps):
    """A step of one's own, as Keras's guide to writing one has it."""

    def __init__(self, keras: Keras, runs: int) -> None:
        model, optimizer = keras.made(keras.config.dtype), keras.peer.optimizer(keras.config)
        optimizer.build(model.trainable_variables)
        laid_out = [keras.laid_out(batch, keras.config.dtype) for batch in keras.batches]
        super().__init__(laid_out, keras.losses if runs == 1 else Losses(), runs)
        self._compiled = keras.compiled(_step(model, optimizer, keras.peer.loss))

    def _step(self, batch: Any) -> Any:
        return self._compiled(*batch)

    def _wait(self, loss: Any) -> None:
        loss.numpy()


def _step(model: Any, optimizer: Any, loss_of: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    def step(*batch: Any) -> Any:
        *inputs, target = batch
        with tf.GradientTape() as tape:
            loss = loss_of(model(*inputs, training=True), target)
            total = tf.add_n([loss, *model.losses])  # regularisers
        gradients = tape.gradient(total, model.trainable_variables)
        # An embedding's is of a batch's rows alone, and Adam would not move the others.
        optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients])
        return loss

    return step


class _Inference:
    """The untrained model's answers for so many rows at once."""

    def __init__(self, keras: Keras, number: int) -> None:
        model = keras.made(keras.config.dtype)
        rows = tuple(np.concatenate(arrays) for arrays in zip(*keras.batches, strict=True))
        wanted = tuple(array[repeated(len(array), number)] for array in rows)
        *self._inputs, _ = keras.laid_out(wanted, keras.config.dtype)
        self._predict = keras.compiled(lambda *inputs: model(*inputs, training=False))

    def first(self) -> None:
        self.turn(1)

    def check(self) -> Any:
        return self._predict(*self._inputs).numpy()

    def turn(self, count: int) -> int:
        for _ in range(count):
            outputs = self._predict(*self._inputs)
        outputs.numpy()  # waits
        return count


def _default(dtype: str) -> None:
    """What Keras makes of numbers and of layers whose dtype nobody names."""
    import keras

    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)


def _variables(layer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Weights and statistics by the attributes that lead to them; a Sequential's layers by number."""
    children = list(_children(layer))
    for name, child in children:
        yield from _variables(child, f"{path}{name}.")
    if not children:
        yield from ((f"{path}{weight.name}", weight) for weight in layer.weights)


def _children(layer: Any) -> Iterator[tuple[str, Any]]:
    import keras

    if isinstance(layer, keras.Sequential):
        yield from ((str(number), child) for number, child in enumerate(layer.layers))
        return
    for name, value in vars(layer).items():
        if isinstance(value, keras.Layer) and not name.startswith("_"):
            yield name, value


def _back(
    weights: Callable[..., Any], tensors: dict[str, np.ndarray], found: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The transpose of `weights`: a tensor's numbers are numbered, and where a number comes out, its gradient lies."""
    zeros = {name: np.zeros(tensor.shape) for name, tensor in tensors.items()}
    result = {}
    for name, tensor in tensors.items():
        placed = weights({**zeros, name: np.arange(1.0, tensor.size + 1).reshape(tensor.shape)})
        total = np.zeros(tensor.size + 1)
        for path, gradient in found.items():
            if placed[path].any():
                total += np.bincount(placed[path].astype(int).ravel(), gradient.ravel(), tensor.size + 1)
        result[name] = total[1:].reshape(tensor.shape)
    return result


def _as(array: np.ndarray, dtype: str) -> np.ndarray:
    """Floating numbers in that dtype."""
    return array.astype(dtype) if np.issubdtype(array.dtype, np.floating) else array
