"""Every module of jaxdl.nn on the constructor arguments and inputs of PyTorch's module_db, and on cases of our own
for what that leaves out.

In training and in evaluation mode, from the same weights: names, order and shapes of the state_dict, initial weights
bit for bit from the same seed, outputs, updated buffers, gradients of parameters and inputs; in float64 and float32.

    python -m jaxdl.parity.modules GroupNorm LSTM
"""

import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jaxdl import bridge, nn, random
from jaxdl.parity.adapters import MODULE_LIMITS, MODULES_OUT, UNSEEDED
from jaxdl.parity.cases import CASES
from jaxdl.parity.reference import require_torch
from jaxdl.parity.samples import (
    FAST_COMPILE,
    FEW,
    TOLERANCE,
    Arguments,
    Tally,
    difference,
    drawn,
    given,
    is_inexact,
    let_go,
    outputs,
    spread,
    to_jax,
)

if TYPE_CHECKING:
    import torch

SEED = 7


@cache
def entries() -> dict[str, Any]:
    """module_db's entries by class name, without the Lazy ones."""
    require_torch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's test code warns as it is imported
        from torch.testing._internal.common_modules import module_db
    found = {entry.module_cls.__name__: entry for entry in module_db}
    return {name: entry for name, entry in found.items() if not name.startswith("Lazy")}


def names() -> list[str]:
    """All modules that are measured: module_db's, and those of our own cases."""
    return [*entries(), *(name for name in CASES if name not in entries())]


def measure(name: str, limit: int | None = None) -> Tally:
    """All samples of a module (or `limit` of them), in both modes and both precisions.

    Raises:
        ModuleNotFoundError: torch is not installed.
    """
    import torch

    tally = Tally(name)
    programs: dict[str, Callable[..., Any]] = {}
    with jax.enable_x64(True), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated arguments are among the samples, in both frameworks
        for dtype in (torch.float64, torch.float32):
            for train in (True, False):
                torch.manual_seed(0)
                samples, known = spread(_samples(name, dtype, train), limit)
                tally.known += known if dtype == torch.float64 else 0
                for number, (arguments, inputs) in enumerate(samples):
                    let_go(number)
                    tally.cases += dtype == torch.float64
                    case = Case(name, arguments, inputs, dtype, train)
                    try:
                        case.measure(tally, programs)
                    except Exception as error:  # one case's failure is a fault like another
                        tally.faults.append(f"{type(error).__name__}: {str(error)[:300]} · {case}")
    return tally


def _samples(name: str, dtype: "torch.dtype", train: bool) -> Iterator[tuple[Arguments, Arguments]]:
    """(constructor's, call's) arguments."""

    if name in entries():
        entry = entries()[name]
        for sample in entry.module_inputs_func(entry, "cpu", dtype, True, train):
            built, run = sample.constructor_input, sample.forward_input
            yield Arguments(built.args, built.kwargs), Arguments(run.args, run.kwargs)
    for args, kwargs, *inputs in CASES.get(name, []):
        keywords = inputs.pop() if isinstance(inputs[-1], dict) else {}

        made = Arguments([given(a, dtype) for a in args], {k: given(v, dtype) for k, v in kwargs.items()})
        called = Arguments([drawn(i, dtype) for i in inputs], {k: drawn(v, dtype) for k, v in keywords.items()})
        yield made, called


class Case:
    """One module, built in both frameworks with the same weights, and one call of it."""

    def __init__(self, name: str, made: Arguments, called: Arguments, dtype: "torch.dtype", train: bool) -> None:
        self.name, self.made, self.called, self.dtype, self.train = name, made, called, dtype, train

    def __str__(self) -> str:
        return f"{self.name}({self.made})({self.called}), {'train' if self.train else 'eval'}"

    def measure(self, tally: Tally, programs: dict[str, Callable[..., Any]]) -> None:
        """Build both, compare what they hold, run both, compare what comes out."""
        import torch

        torch.manual_seed(SEED)
        theirs = self.made.call_torch(getattr(torch.nn, self.name), self.made.tensors())
        ours = self._ours()
        initial, reference = nn.state_dict(ours), theirs.state_dict()
        if list(initial) != list(reference) or any(initial[k].shape != tuple(reference[k].shape) for k in initial):
            tally.faults.append(f"state_dict {_shapes(initial)} where PyTorch has {_shapes(reference)} · {self}")
            return
        if self.name not in UNSEEDED:
            wrong = [k for k, t in reference.items() if not np.array_equal(initial[k], t.numpy(), equal_nan=True)]
            if wrong:
                tally.faults.append(f"initial {wrong} are not PyTorch's · {self}")
        theirs = theirs.to(self.dtype).train(self.train)
        bridge.load_into(ours, {k: t.numpy() for k, t in theirs.state_dict().items()})
        apply, params, buffers = nn.functionalize(ours)
        expected = self._in_torch(theirs)
        # A module's text leaves out settings such as norm_first: one that is built of modules has its own program.
        composed = any(isinstance(leaf, torch.nn.Module) for leaf in self.made.leaves)
        key = f"{self} {self.dtype} {len(programs) if composed else ''}"
        program = programs.setdefault(key, self._program(apply))
        found = program(params, buffers, *self.called.arrays(), expected.pop("cotangents"))
        word = str(self.dtype).removeprefix("torch.")
        for kind, tensors in expected.items():
            if list(found[kind]) != list(tensors):
                tally.faults.append(f"{kind}: {list(found[kind])} where PyTorch has {list(tensors)} · {self}")
                continue
            limit = MODULE_LIMITS.get((self.name, kind, word), (TOLERANCE[word], ""))[0]
            for key, tensor in tensors.items():
                tally.record(kind, word, difference(found[kind][key], tensor), limit, f"{key} of {self}")

    def _ours(self) -> Any:
        """jaxdl's module from PyTorch's constructor arguments."""
        built = getattr(nn, self.name)
        args, kwargs = jax.tree.unflatten(self.made.structure, [_rebuilt(leaf) for leaf in self.made.leaves])
        kwargs.pop("device", None)
        if "rngs" in inspect.signature(built.__init__).parameters:
            kwargs["rngs"] = random.TorchGenerator(SEED)
        return built(*args, **kwargs)

    def _in_torch(self, module: Any) -> dict[str, Any]:
        """Outputs, buffers and gradients."""
        import torch

        inputs = [t.detach().clone().requires_grad_() for t in self.called.tensors()]
        results = outputs(
            self.called.call_torch(module, [t * 1 for t in inputs])
        )  # not the leaves: some write into them
        inexact = [t for t in results if is_inexact(t)]
        cotangents = [torch.randn_like(t) for t in inexact]
        smooth = [(t, c) for t, c in zip(inexact, cotangents, strict=True) if t.requires_grad]
        params = dict(module.named_parameters())
        wanted = [*params.values(), *inputs]
        trained = [t for t in wanted if t.requires_grad]
        found: list[Any] = []
        if smooth and trained:
            found = list(
                torch.autograd.grad([t for t, _ in smooth], trained, [c for _, c in smooth], allow_unused=True)
            )
        by_tensor = {id(t): g for t, g in zip(trained, found, strict=bool(found))}
        gradients = [by_tensor.get(id(t)) for t in wanted]
        arrays = [
            np.zeros(tuple(t.shape), t.detach().numpy().dtype) if g is None else g.numpy()
            for t, g in zip(wanted, gradients, strict=True)
        ]
        return {
            "value": {str(i): t.detach().numpy() for i, t in enumerate(results)},
            "buffers": {k: t.detach().numpy() for k, t in module.named_buffers() if k in module.state_dict()},
            "gradient": dict(zip([*params, *(f"input {i}" for i in range(len(inputs)))], arrays, strict=True)),
            "cotangents": [c.numpy() for c in cotangents],
        }

    def _program(self, apply: nn.Apply) -> Callable[..., Any]:
        """The same in jax, compiled."""

        def everything(params: Any, buffers: Any, fixed: Any, inputs: Any, cotangents: Any) -> Any:
            def run(params: Any, inputs: Any) -> tuple[list[Any], Any]:
                def called(*args: Any, **kwargs: Any) -> Any:
                    return apply(params, buffers, *args, train=self.train, key=jax.random.key(0), **kwargs)

                results, changed = self.called.call_jax(called, fixed, inputs)
                flat = outputs(results)
                return [a for a in flat if is_inexact(a)], (flat, changed)

            _, pull, (results, changed) = jax.vjp(run, params, inputs, has_aux=True)
            of_params, of_inputs = pull(cotangents)
            named = {f"input {i}": g for i, g in enumerate(of_inputs)}
            return {
                "value": {str(i): a for i, a in enumerate(results)},
                "buffers": changed,
                "gradient": {k: of_params[k] for k in params} | named,
            }

        return _ordered(jax.jit(everything, compiler_options=FAST_COMPILE))


def _ordered(program: Callable[..., Any]) -> Callable[..., Any]:
    """jit returns dicts with sorted keys; this puts parameters and buffers back into the order they came in."""

    def run(params: Any, buffers: Any, *rest: Any) -> Any:
        found = program(params, buffers, *rest)
        gradient = found["gradient"]
        inputs = sorted((k for k in gradient if k not in params), key=lambda k: int(k.split()[1]))
        values = sorted(found["value"], key=int)
        return {
            "value": {k: found["value"][k] for k in values},
            "buffers": {k: found["buffers"][k] for k in buffers},
            "gradient": {k: gradient[k] for k in [*params, *inputs]},
        }

    return run


def _rebuilt(leaf: Any) -> Any:
    """A constructor's argument for jaxdl: modules become ours, all else as in `to_jax`."""
    import torch

    if not isinstance(leaf, torch.nn.Module):
        return to_jax(leaf)
    built = getattr(nn, type(leaf).__name__)
    known = {
        "d_model": "self_attn.embed_dim",
        "nhead": "self_attn.num_heads",
        "dim_feedforward": "linear1.out_features",
    }
    known |= {"dropout": "dropout.p", "layer_norm_eps": "norm1.eps", "batch_first": "self_attn.batch_first"}
    wanted = inspect.signature(built.__init__).parameters
    arguments: dict[str, Any] = {}
    for name in wanted:
        try:
            value = leaf
            for part in known.get(name, name).split("."):
                value = getattr(value, part)
        except AttributeError:
            continue
        arguments[name] = value is not None if name == "bias" else to_jax(value)
    if "bias" in wanted and hasattr(leaf, "linear1"):
        arguments["bias"] = any(name == "linear1.bias" for name, _ in leaf.named_parameters())
    if "rngs" in wanted:
        arguments["rngs"] = random.TorchGenerator(SEED)
    return built(**arguments)


def _shapes(tensors: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def main(chosen: list[str]) -> int:
    """Measure the named modules, or all, and print what differs; `--all` runs every sample, not a few of each."""
    limit, chosen = (None if "--all" in chosen else FEW), [name for name in chosen if name != "--all"]
    failed = 0
    for name in chosen or names():
        if name in MODULES_OUT:
            continue
        if not hasattr(nn, name):
            print(f"{name}: not written yet")
            failed += 1
            continue
        tally = measure(name, limit)
        print(tally)
        for fault in tally.faults[:10]:
            print("   ", fault[:600])
        failed += bool(tally.faults)
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
