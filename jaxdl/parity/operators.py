"""Every function of jaxdl.functional on the sample inputs of PyTorch's op_db.

In float64: the value (called plainly, and compiled), the gradient of every differentiable input for a random
cotangent, second derivatives (reverse over reverse, and forward over reverse, as `jax.hessian` takes them) and
forward mode. In float32: value and gradients of two inputs at once, under `jit` of `vmap`. And what PyTorch's
error_inputs refuse.

    python -m jaxdl.parity.operators nn.functional.glu nn.functional.elu
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import functional
from jaxdl.parity.adapters import ACCEPTED, ADAPTERS, LIMITS, OUT, SCALE, Adapter
from jaxdl.parity.cases import FUNCTIONS, WITHOUT_GRADIENT, Drawn
from jaxdl.parity.reference import require_torch
from jaxdl.parity.samples import (
    FAST_COMPILE,
    FEW,
    TOLERANCE,
    Arguments,
    Tally,
    difference,
    drawn,
    is_inexact,
    let_go,
    outputs,
    spread,
    to_jax,
)

if TYPE_CHECKING:
    import torch

PLAIN = Adapter("called as in PyTorch")
# What jax computes in more than one way is held against one of PyTorch's.
COUNTERPARTS = {"value": "value", "gradient": "gradient", "second": "second", "hessian": "second"}
TWICE = 100  # second derivatives of at most so many samples of an entry, evenly spaced; max pooling has 1440
OTHERS = ("softmax", "log_softmax")  # functions of torch.nn.functional that op_db has under another name


@cache
def entries() -> dict[str, list[Any]]:
    """op_db's entries of torch.nn.functional, by name."""
    require_torch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's test code warns as it is imported
        from torch.testing._internal.common_methods_invocations import op_db
    found: dict[str, list[Any]] = {}
    for entry in op_db:
        if entry.name.startswith("nn.functional.") or entry.name in OTHERS:
            found.setdefault(entry.name, []).append(entry)
    for name, cases in FUNCTIONS.items():
        found[f"nn.functional.{name}"] = [_entry(name, cases)]
    return found


def _entry(name: str, cases: list[tuple[Any, ...]]) -> Any:
    """Our own cases of a function that op_db does not have, as an entry of op_db."""
    import torch

    def sample_inputs(device: str, dtype: torch.dtype, requires_grad: bool) -> Iterator[Any]:
        for case in cases:
            args, kwargs = (case[:-1], case[-1]) if isinstance(case[-1], dict) else (case, {})
            first, *rest = (
                drawn(tuple(a), dtype).requires_grad_(requires_grad) if isinstance(a, Drawn) else a for a in args
            )
            yield SimpleNamespace(input=first, args=tuple(rest), kwargs=kwargs)

    return SimpleNamespace(
        name=f"nn.functional.{name}",
        variant_test_name="",
        op=getattr(torch.nn.functional, name),
        sample_inputs=sample_inputs,
        error_inputs_func=None,
        supports_autograd=name not in WITHOUT_GRADIENT,
        supports_gradgrad=True,
        supported_dtypes=lambda device: {torch.float64, torch.float32},
    )


def measure(name: str, limit: int | None = None) -> Tally:
    """All samples of an operator (or `limit` of each entry's), in both precisions, and its error inputs.

    Raises:
        ModuleNotFoundError: torch is not installed.
    """
    import torch

    tally = Tally(name)
    with jax.enable_x64(True), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated arguments are among the samples, in both frameworks
        torch.manual_seed(0)
        for entry in entries()[name]:
            if not entry.supports_gradgrad and entry.supports_autograd:
                tally.notes.add("PyTorch has no second derivative")
            if torch.float64 in entry.supported_dtypes("cpu") and entry.variant_test_name != "without_cudnn":
                _double(tally, entry, limit)
            elif entry.variant_test_name != "without_cudnn":
                _values_only(tally, entry, limit)
            if torch.float32 in entry.supported_dtypes("cpu") and entry.supports_autograd:
                _single(tally, entry, limit)
        _errors(tally, entries()[name][0])
    return tally


def _double(tally: Tally, entry: Any, limit: int | None) -> None:
    import torch

    programs: dict[str, Callable[..., Any]] = {}
    cases, known = _cases(entry, torch.float64, limit)
    tally.known += known
    stride = -(-len(cases) // TWICE)
    for number, case in enumerate(cases):
        let_go(number)
        tally.cases += 1
        reference = case.derivatives_in_torch(tally, entry.supports_gradgrad and number % stride == 0)
        try:
            plain = outputs(case.arguments.call_jax(case.ours, *case.arguments.arrays()))
            program = programs.setdefault(str(case), case.program("second" in reference))
            found = program(*case.arguments.arrays(), reference["cotangents"], reference["tangents"])
        except Exception as error:  # one case's failure is a fault like another; the rest is still measured
            tally.faults.append(f"{type(error).__name__}: {str(error)[:300]} · {case}")
            continue
        case.compare(tally, {"value": plain}, reference)
        case.compare(tally, found, reference)
        forward, backward = np.asarray(found["forward"]), np.asarray(found["backward"])
        if not np.allclose(forward, backward, rtol=1e-10, atol=1e-10, equal_nan=True):
            tally.faults.append(f"forward mode {forward} against reverse {backward} · {case}")


def _values_only(tally: Tally, entry: Any, limit: int | None) -> None:
    """Operators of integers or complex numbers."""
    dtype = next(d for d in entry.supported_dtypes("cpu") if str(d) in ("torch.int64", "torch.complex128"))
    cases, known = _cases(entry, dtype, limit)
    tally.known += known
    for case in cases:
        tally.cases += 1
        try:
            ours = outputs(case.arguments.call_jax(case.ours, *case.arguments.arrays()))
        except Exception as error:
            tally.faults.append(f"{type(error).__name__}: {str(error)[:300]} · {case}")
            continue
        case.compare(tally, {"value": ours}, {"value": case.values_in_torch(case.arguments.tensors())})


def _single(tally: Tally, entry: Any, limit: int | None) -> None:
    import torch

    programs: dict[str, Callable[..., Any]] = {}
    for number, case in enumerate(_cases(entry, torch.float32, limit)[0]):
        let_go(number)
        if not case.arguments.varied:
            continue
        rows = [case.arguments.tensors(), [0.75 * t.detach() for t in case.arguments.tensors()]]
        references = [case.gradients_in_torch(row) for row in rows]
        inputs = [np.stack(pair) for pair in zip(*([t.detach().numpy() for t in row] for row in rows), strict=True)]
        cotangents = [np.stack(pair) for pair in zip(*(r["cotangents"] for r in references), strict=True)]
        try:
            program = programs.setdefault(str(case), case.batched())
            found = program(case.arguments.arrays()[0], inputs, cotangents)
        except Exception as error:
            tally.faults.append(f"under vmap: {type(error).__name__}: {str(error)[:300]} · {case}")
            continue
        for row, reference in enumerate(references):
            case.compare(tally, jax.tree.map(lambda a: a[row], found), reference)  # noqa: B023  called at once


def _errors(tally: Tally, entry: Any) -> None:
    """What PyTorch refuses is refused, in a sentence that begins with the function's name."""
    if entry.error_inputs_func is None:
        return
    ours = ADAPTERS.get(entry.name, PLAIN).ours or _ours(entry.name)
    for error in entry.error_inputs("cpu"):
        if any(entry.name == name and part in error.error_regex for name, part in ACCEPTED):
            continue
        sample = error.sample_input
        args, kwargs = jax.tree.map(to_jax, ([sample.input, *sample.args], sample.kwargs), is_leaf=lambda x: x is None)
        try:
            ours(*args, **kwargs)
        except (ValueError, TypeError) as refusal:
            if not str(refusal).partition(": ")[0].isidentifier():
                tally.faults.append(f"refused without its name: {refusal} · PyTorch: {error.error_regex}")
        except Exception as unclear:
            tally.faults.append(f"refused by {type(unclear).__name__}: {unclear} · PyTorch: {error.error_regex}")
        else:
            tally.faults.append(f"not refused · {Arguments(args, kwargs)} · PyTorch: {error.error_regex}")


def _ours(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(functional, name.rpartition(".")[2])
    return function


def _cases(entry: Any, dtype: "torch.dtype", limit: int | None) -> tuple[list["Case"], int]:
    """`limit` of an entry's cases, and how many there are."""
    differentiable = entry.supports_autograd and dtype.is_floating_point
    samples, known = spread(entry.sample_inputs("cpu", dtype, requires_grad=differentiable), limit)
    return [Case(entry, sample) for sample in samples], known


class Case:
    """One sample of one operator, as a function of its differentiable arguments alone."""

    def __init__(self, entry: Any, sample: Any) -> None:
        import torch

        adapter = ADAPTERS.get(entry.name, PLAIN)
        self.name = entry.name
        self.arguments = Arguments([sample.input, *sample.args], sample.kwargs, adapter.static)
        self.ours = adapter.ours or _ours(entry.name)
        self.reference = partial(adapter.reference, torch) if adapter.reference else entry.op

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"

    def compare(self, tally: Tally, found: dict[str, list[Any]], reference: dict[str, list[Any]]) -> None:
        """Every tensor of every kind that both hold."""
        scale = SCALE[self.name][0](self.arguments) if self.name in SCALE else 0.0
        for kind, counterpart in COUNTERPARTS.items():
            if kind not in found or counterpart not in reference:
                continue
            ours, theirs = found[kind], reference[counterpart]
            if len(ours) != len(theirs):
                tally.faults.append(f"{len(ours)} results where PyTorch has {len(theirs)} · {self}")
                continue
            labels = [self.arguments.labels[i] for i in self.arguments.varied] if kind != "value" else range(len(ours))
            for label, a, b in zip(labels, ours, theirs, strict=True):
                dtype = "float32" if b.dtype == np.float32 else "float64"
                limit = LIMITS.get((self.name, counterpart, dtype), (TOLERANCE[dtype], ""))[0]
                apart = difference(a, b, 0.0 if kind == "value" else scale)
                tally.record(counterpart, dtype, apart, limit, f"{label} of {self}")

    # PyTorch's side

    def values_in_torch(self, inputs: "list[torch.Tensor]") -> list[np.ndarray]:
        """Every output."""
        return [t.detach().numpy() for t in outputs(self.arguments.call_torch(self.reference, inputs))]

    def gradients_in_torch(self, inputs: "list[torch.Tensor]") -> dict[str, list[np.ndarray]]:
        """Value, cotangents and gradients."""
        import torch

        inputs = [t.detach().requires_grad_() for t in inputs]
        results = outputs(self.arguments.call_torch(self.reference, inputs))
        smooth = [t for t in results if is_inexact(t) and t.requires_grad]
        cotangents = [torch.randn_like(t) for t in results if is_inexact(t)]
        used = [c for c, t in zip(cotangents, (t for t in results if is_inexact(t)), strict=True) if t.requires_grad]
        gradients = torch.autograd.grad(smooth, inputs, used, allow_unused=True) if smooth else [None] * len(inputs)
        return {
            "value": [t.detach().numpy() for t in results],
            "gradient": _filled(gradients, inputs),
            "cotangents": [c.numpy() for c in cotangents],
        }

    def derivatives_in_torch(self, tally: Tally, twice: bool) -> dict[str, list[np.ndarray]]:
        """Value, gradients, and the gradient of <gradients, tangents>; cotangents and tangents."""
        import torch

        inputs = [t.detach().requires_grad_() for t in self.arguments.tensors()]
        results = outputs(self.arguments.call_torch(self.reference, inputs))
        inexact = [t for t in results if is_inexact(t)]
        cotangents, tangents = [torch.randn_like(t) for t in inexact], [torch.randn_like(t) for t in inputs]
        found = {
            "value": [t.detach().numpy() for t in results],
            "cotangents": [c.numpy() for c in cotangents],
            "tangents": [t.numpy() for t in tangents],
        }
        smooth = [(t, c) for t, c in zip(inexact, cotangents, strict=True) if t.requires_grad]
        if not smooth or not inputs:
            return found | {"gradient": _filled([None] * len(inputs), inputs)}
        gradients = torch.autograd.grad(
            [t for t, _ in smooth], inputs, [c for _, c in smooth], create_graph=twice, allow_unused=True
        )
        found["gradient"] = _filled(gradients, inputs)
        if not twice:
            return found
        directed = [(g, t) for g, t in zip(gradients, tangents, strict=True) if g is not None and g.requires_grad]
        second: Any = [None] * len(inputs)
        if directed:
            try:
                second = torch.autograd.grad(
                    [g for g, _ in directed], inputs, [t for _, t in directed], allow_unused=True
                )
            except RuntimeError as error:
                tally.notes.add(f"PyTorch has no second derivative for some samples ({str(error)[:60]})")
                return found
        return found | {"second": _filled(second, inputs)}

    # jax's side

    def _split(self, fixed: list[Any], *inputs: Any) -> tuple[list[Any], list[Any]]:
        """What has derivatives, and every output."""
        results = outputs(self.arguments.call_jax(self.ours, fixed, list(inputs)))
        return [a for a in map(jnp.asarray, results) if is_inexact(a)], results

    def program(self, twice: bool) -> Callable[..., Any]:
        """All derivatives in one compiled program."""

        def everything(fixed: list[Any], inputs: list[Any], cotangents: list[Any], tangents: list[Any]) -> Any:
            function = partial(self._split, fixed)

            def gradients(*inputs: Any) -> tuple[Any, ...]:
                _, pull = jax.vjp(lambda *x: function(*x)[0], *inputs)
                return pull(cotangents)

            smooth, results = function(*inputs)
            found = {"value": results}
            if not inputs or not smooth:
                return found | {"gradient": list(inputs), "forward": 0.0, "backward": 0.0}
            _, forward = jax.jvp(lambda *x: function(*x)[0], tuple(inputs), tuple(tangents))
            if twice:
                first, pull = jax.vjp(gradients, *inputs)
                found |= {"second": list(pull(tuple(tangents)))}
                found |= {"hessian": list(jax.jvp(gradients, tuple(inputs), tuple(tangents))[1])}
            else:
                first = gradients(*inputs)
            return found | {
                "gradient": list(first),
                "forward": _dot(cotangents, forward),
                "backward": _dot(first, tangents),
            }

        return jax.jit(everything, compiler_options=FAST_COMPILE)

    def batched(self) -> Callable[..., Any]:
        """Value and gradients of many inputs and cotangents at once."""

        def value_and_gradients(fixed: list[Any], inputs: list[Any], cotangents: list[Any]) -> Any:
            _, pull, results = jax.vjp(partial(self._split, fixed), *inputs, has_aux=True)
            return {"value": results, "gradient": list(pull(cotangents))}

        return jax.jit(jax.vmap(value_and_gradients, (None, 0, 0)))


def _filled(gradients: Any, inputs: Any) -> list[np.ndarray]:
    """Gradients as arrays, zero for what the result does not depend on."""
    return [
        np.zeros(tuple(t.shape), t.detach().numpy().dtype) if g is None else g.numpy(force=True)
        for g, t in zip(gradients, inputs, strict=True)
    ]


def _dot(left: Any, right: Any) -> Any:
    return sum((a * b).sum() for a, b in zip(left, right, strict=True))


def main(names: list[str]) -> int:
    """Measure the named operators, or all, and print what differs; `--all` runs every sample, not a few of each."""
    limit, names = (None if "--all" in names else FEW), [name for name in names if name != "--all"]
    failed = 0
    for name in names or entries():
        if name in OUT:
            continue
        if not ADAPTERS.get(name, PLAIN).ours and not hasattr(functional, name.rpartition(".")[2]):
            print(f"{name}: not written yet")
            failed += 1
            continue
        tally = measure(name, limit)
        print(tally)
        for fault in tally.faults[:10]:
            print("   ", fault[:600])
        for note in sorted(tally.notes):
            print("    note:", note)
        failed += bool(tally.faults)
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
