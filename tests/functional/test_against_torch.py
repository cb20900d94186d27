"""Every sample input that PyTorch keeps for these functions, in both frameworks.

float64 holds value, gradients, second derivatives and forward mode, under jit; float32 holds value and
gradients, under jit of vmap. Cotangents and tangents are random.
"""

import warnings
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional

pytestmark = pytest.mark.torch

Program = Callable[..., Any]  # compiled for the first sample of its shapes and options, used for all of them

# Under their names in op_db. max_pool2d and dropout are compared in their own files.
NAMES = {
    "nn.functional.linear": functional.linear,
    "nn.functional.conv2d": functional.conv2d,
    "nn.functional.relu": functional.relu,
    "nn.functional.batch_norm": functional.batch_norm,
    "softmax": functional.softmax,
    "log_softmax": functional.log_softmax,
    "nn.functional.cross_entropy": functional.cross_entropy,
    "nn.functional.nll_loss": functional.nll_loss,
    "nn.functional.mse_loss": functional.mse_loss,
}
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}  # of the tensor's largest magnitude
FAST_COMPILE = {"xla_backend_optimization_level": 0}  # float32 compiles as users do


class Case:
    """One sample as a function of its differentiable arguments alone, in either framework."""

    def __init__(self, torch: ModuleType, entry: Any, name: str, sample: Any) -> None:
        self.torch, self.reference, self.name = torch, entry.op, name
        self.arguments: dict[Any, Any] = dict(enumerate((sample.input, *sample.args))) | sample.kwargs
        tensors = {k: a for k, a in self.arguments.items() if torch.is_tensor(a)}
        self.leaves = [k for k, a in tensors.items() if a.requires_grad]
        self.others = [k for k, a in tensors.items() if not a.requires_grad]  # targets, buffers

    def in_torch(self, *leaves: Any) -> Any:
        fixed = {k: a.clone() if self.torch.is_tensor(a) else a for k, a in self.arguments.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # padding='same' with an even kernel costs PyTorch a copy, and it says so
            return _call(self.reference, fixed | dict(zip(self.leaves, leaves, strict=True)))

    def in_jax(self, others: list[Any], *leaves: Any) -> Any:
        static = {k: self._numpy(a) for k, a in self.arguments.items()}
        arrays = zip([*self.leaves, *self.others], [*leaves, *others], strict=True)
        output = _call(NAMES[self.name], static | dict(arrays))
        return output[0] if isinstance(output, tuple) else output  # batch_norm's buffers have a test of their own

    def inputs(self) -> list[Any]:
        return [self.arguments[k] for k in self.leaves]

    def arrays(self) -> tuple[list[Any], list[Any]]:
        """For JAX: what is not differentiated, and what is."""
        return [self._numpy(self.arguments[k]) for k in self.others], [self._numpy(a) for a in self.inputs()]

    def __str__(self) -> str:
        shapes = {k: tuple(a.shape) if self.torch.is_tensor(a) else a for k, a in self.arguments.items()}
        return f"{self.name} {shapes}"

    def _numpy(self, argument: Any) -> Any:
        if self.torch.is_tensor(argument):
            return argument.detach().numpy()
        is_dtype = isinstance(argument, self.torch.dtype)
        return jnp.dtype(str(argument).removeprefix("torch.")) if is_dtype else argument


def _call(function: Callable[..., Any], arguments: dict[Any, Any]) -> Any:
    positional = [a for k, a in arguments.items() if isinstance(k, int)]
    return function(*positional, **{k: a for k, a in arguments.items() if isinstance(k, str)})


def _dot(left: Any, right: Any) -> Any:
    return sum((a * b).sum() for a, b in zip(left, right, strict=True))


def _torch_derivatives(case: Case) -> tuple[list[Any], Any, list[Any]]:
    """Value, gradients, the gradient of <gradients, tangents>; and cotangent and tangents."""
    torch, inputs = case.torch, case.inputs()
    value = case.in_torch(*inputs)
    cotangent, tangents = torch.randn_like(value), [torch.randn_like(a) for a in inputs]
    gradients = torch.autograd.grad(value, inputs, cotangent, create_graph=True)
    directed = _dot(gradients, tangents)
    second = [None] * len(inputs)
    if directed.requires_grad:
        second = torch.autograd.grad(directed, inputs, allow_unused=True)
    second = [torch.zeros_like(a) if s is None else s for s, a in zip(second, inputs, strict=True)]
    results = [t.detach().numpy() for t in (value, *gradients, *second)]
    return results, cotangent.numpy(), [t.numpy() for t in tangents]


def _all_derivatives(case: Case) -> Program:
    """The same, and <cotangent, forward mode along the tangents> beside <gradients, tangents>."""

    def everything(
        others: list[Any], inputs: list[Any], cotangent: Any, tangents: list[Any]
    ) -> tuple[list[Any], list[Any]]:
        function = partial(case.in_jax, others)

        def gradients(*inputs: Any) -> tuple[Any, ...]:
            return jax.vjp(function, *inputs)[1](cotangent)

        value, forward = jax.jvp(function, tuple(inputs), tuple(tangents))
        first, pull = jax.vjp(gradients, *inputs)
        return [value, *first, *pull(tuple(tangents))], [(cotangent * forward).sum(), _dot(first, tangents)]

    return jax.jit(everything, compiler_options=FAST_COMPILE)


def _batched_gradients(case: Case) -> Program:
    """Value and gradients of many inputs and cotangents at once."""

    def value_and_gradients(others: list[Any], inputs: list[Any], cotangent: Any) -> list[Any]:
        value, pull = jax.vjp(partial(case.in_jax, others), *inputs)
        return [value, *pull(cotangent)]

    return jax.jit(jax.vmap(value_and_gradients, (None, 0, 0)))


def _difference(ours: Any, reference: Any) -> float:
    """The largest difference over the largest magnitude; inf where shape, dtype or NaNs differ."""
    ours = np.asarray(ours)
    finite = np.isfinite(reference)
    if ours.shape != reference.shape or ours.dtype != reference.dtype or (np.isfinite(ours) != finite).any():
        return np.inf
    if not finite.any():
        return 0.0
    scale = np.abs(reference[finite]).max() or 1.0
    return float(np.abs(ours[finite] - reference[finite]).max() / scale)


def _slack(case: Case) -> float:
    """How many tolerances a gradient may differ by: 1, but for batch_norm with two values per channel.

    There the output is ±1 whatever the input is, and the gradient what eps leaves of a difference: terms that
    are larger than it by (σ² + eps) / eps cancel, in both frameworks.
    """
    if case.name != "nn.functional.batch_norm" or not case.arguments.get("training", False):
        return 1.0
    x = case.inputs()[0].detach().numpy()
    return 1.0 + float(x.var(axis=0).max()) / 1e-5 if x.ndim == 2 and x.shape[0] == 2 else 1.0


def _faults(case: Case, ours: list[Any], reference: list[Any]) -> list[str]:
    """What differs, in words: value, gradients, and second derivatives where there are as many."""
    count = len(case.leaves)
    labels = [
        "value",
        *(f"gradient {k}" for k in case.leaves),
        *(f"second derivative {k}" for k in case.leaves),
    ]
    dtype, slack, found = str(reference[0].dtype), _slack(case), []
    assert len(ours) in (1 + count, 1 + 2 * count)
    for label, a, b in zip(labels, ours, reference, strict=False):
        difference, allowed = _difference(a, b), TOLERANCE[dtype] * (1.0 if label == "value" else slack)
        if not difference <= allowed:
            found.append(f"{label} · {difference:.1e} > {allowed:.0e} ({dtype}) · {case}")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_value_and_derivatives_in_float64(torch: ModuleType, entries: Callable[[str], list[Any]], name: str) -> None:
    torch.manual_seed(0)
    faults: list[str] = []
    programs: dict[str, Program] = {}
    with jax.enable_x64(True):
        for entry in (e for e in entries(name) if e.variant_test_name != "without_cudnn"):  # the same samples
            for sample in entry.sample_inputs("cpu", torch.float64, requires_grad=True):
                case = Case(torch, entry, name, sample)
                reference, cotangent, tangents = _torch_derivatives(case)
                program = programs.setdefault(str(case), _all_derivatives(case))
                ours, (forward, backward) = program(*case.arrays(), cotangent, tangents)
                faults += _faults(case, ours, reference)
                if not np.isclose(forward, backward, rtol=1e-10, atol=1e-10, equal_nan=True):
                    faults.append(f"forward mode {forward} against reverse {backward} · {case}")
    assert programs
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradients_in_float32_under_vmap(
    torch: ModuleType, entries: Callable[[str], list[Any]], name: str
) -> None:
    torch.manual_seed(0)
    faults: list[str] = []
    programs: dict[str, Program] = {}
    entry = entries(name)[0]  # the variants ask for float64 or repeat the samples
    for sample in entry.sample_inputs("cpu", torch.float32, requires_grad=True):
        if name == "nn.functional.conv2d" and sample.input.ndim == 3:
            continue  # unbatched: vmap makes it one more of the batched
        case = Case(torch, entry, name, sample)
        reference, cotangent, _ = _torch_derivatives(case)
        program = programs.setdefault(str(case), _batched_gradients(case))
        others, inputs = case.arrays()
        batched = program(others, *jax.tree.map(lambda a: np.stack([a, a]), (inputs, cotangent)))
        for row in range(2):
            faults += _faults(case, [b[row] for b in batched], reference)
    assert programs
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", ["nn.functional.conv2d", "nn.functional.max_pool2d"])
def test_what_torch_refuses_is_refused_here(entries: Callable[[str], list[Any]], name: str) -> None:
    (entry,) = entries(name)
    ours = getattr(functional, name.rpartition(".")[2])
    errors = list(entry.error_inputs("cpu"))
    assert errors
    for error in errors:
        sample = error.sample_input
        arguments = [a.numpy() if hasattr(a, "numpy") else a for a in (sample.input, *sample.args)]
        with pytest.raises((ValueError, TypeError), match=f"^{ours.__name__}: "):
            ours(*arguments, **sample.kwargs)
