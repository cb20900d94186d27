"""The PyTorch twin: eager, compiled, or with images in channels_last memory."""

from importlib import import_module
from typing import Any

from jaxdl.compare.runners import Job, Losses, Runner, Steps, Task, batches, proven, repeated


def load(job: Job) -> None:
    """Import PyTorch, and give it the job's cores and the allocator that jax has: a CNN's step takes a quarter less."""
    import torch

    from jaxdl import runtime

    runtime.tune(cache=False)
    torch.set_num_threads(len(job["cores"]))
    if job.get("device") == "gpu":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = job["tf32"]


def build(job: Job) -> Runner:
    """The twin with its parameters drawn from the seed, and the batches."""
    return PyTorch(job)


class PyTorch:
    """A twin's model and optimiser, and its batches."""

    differs = ""

    def __init__(self, job: Job) -> None:
        import torch

        self.torch, self.job, self.config = torch, job, job["config"]
        self.twin: Any = import_module(job["twin"])
        self.device = torch.device("cuda" if job.get("device") == "gpu" else "cpu")
        self.layout = torch.channels_last if job["mode"] == "channels_last" else torch.contiguous_format
        self.batches = [tuple(self.placed(a) for a in batch) for batch in batches(job, torch.from_numpy)]
        self.model, self.forward = self.made(self.config.seed)
        self.losses = Losses()

    def made(self, seed: int) -> tuple[Any, Any]:
        """A model from a seed, and what is called to run it forward."""
        self.torch.manual_seed(seed)
        model = self.twin.model(self.config).to(getattr(self.torch, self.config.dtype))
        model = model.to(self.device, memory_format=self.layout)
        return model, self.torch.compile(model) if self.job["mode"] == "compile" else model

    def placed(self, array: Any) -> Any:
        """An array on the device, images in the mode's memory order."""
        array = array.to(self.device)
        return array.to(memory_format=self.layout) if array.ndim == 4 else array

    def task(self, kind: str, number: int) -> Task:
        """One of the three; a sweep is one run after the other, each as fast as one alone."""
        if kind == "product":
            return _Product(self, number)
        return _Inference(self, number) if kind == "infer" else _Training(self, runs=number if kind == "sweep" else 1)

    def mixed(self) -> Any:
        """The context in which a model is called: autocast to bfloat16 where the job says so."""
        return self.torch.autocast(self.device.type, self.torch.bfloat16, enabled=bool(self.job.get("bf16")))

    def agree(self) -> dict[str, Any]:
        """Forward and backward in float64."""
        torch = self.torch
        torch.manual_seed(self.config.seed)
        model = self.twin.model(self.config).to(torch.float64)
        *inputs, target = (a.double() if a.dtype == torch.float32 else a for a in proven(self.batches[0]))
        output = model(*inputs)
        loss = self.twin.loss(output, target)
        loss.backward()
        gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
        return {"output": output.detach(), "loss": loss.detach(), **gradients}

    def after(self) -> dict[str, Any]:
        """The last losses."""
        return self.losses.after(len(self.batches))

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()


class _Training(Steps):
    """Training steps as PyTorch's own tutorials write them."""

    def __init__(self, pytorch: PyTorch, runs: int) -> None:
        alone = runs == 1  # a sweep begins with a model of its own
        super().__init__(pytorch.batches, pytorch.losses if alone else Losses(), runs)
        model, self._forward = (pytorch.model, pytorch.forward) if alone else pytorch.made(pytorch.config.seed)
        self._optimizer, self._loss = pytorch.twin.optimizer(model, pytorch.config), pytorch.twin.loss
        self._pytorch = pytorch

    def _step(self, batch: Any) -> Any:
        *inputs, target = batch
        self._optimizer.zero_grad()
        with self._pytorch.mixed():
            loss = self._loss(self._forward(*inputs), target)
        loss.backward()
        self._optimizer.step()
        return loss.detach()

    def _wait(self, loss: Any) -> None:
        self._pytorch.wait()


class _Inference:
    """The untrained model's answers for so many rows at once, in evaluation mode."""

    def __init__(self, pytorch: PyTorch, number: int) -> None:
        torch = pytorch.torch
        self._pytorch = pytorch
        model, self._forward = pytorch.made(pytorch.config.seed)
        model.eval()
        arrays = [torch.cat(parts) for parts in zip(*pytorch.batches, strict=True)][:-1]
        self._inputs = [pytorch.placed(array[repeated(len(array), number)]) for array in arrays]

    def first(self) -> None:
        self.turn(1)

    def check(self) -> Any:
        with self._pytorch.torch.inference_mode(), self._pytorch.mixed():
            return self._forward(*self._inputs).float().cpu()

    def turn(self, count: int) -> int:
        with self._pytorch.torch.inference_mode(), self._pytorch.mixed():
            for _ in range(count):
                self._forward(*self._inputs)
        self._pytorch.wait()
        return count


class _Product:
    """A product of two square matrices of float32."""

    def __init__(self, pytorch: PyTorch, number: int) -> None:
        import numpy as np

        factor = np.random.RandomState(0).randn(number, number).astype(np.float32)
        self._pytorch, self._factor = pytorch, pytorch.placed(pytorch.torch.from_numpy(factor))

    def first(self) -> None:
        self.turn(1)

    def check(self) -> Any:
        return (self._factor @ self._factor).cpu()

    def turn(self, count: int) -> int:
        for _ in range(count):
            self._factor @ self._factor
        self._pytorch.wait()
        return count
