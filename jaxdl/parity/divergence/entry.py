"""What `diff` is given: checked, and what goes wrong with it said in one sentence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from jaxdl import nn
from jaxdl.parity.divergence.counterparts import Counterparts
from jaxdl.parity.divergence.original import Original
from jaxdl.parity.divergence.port import Port


def check(jax_model: Any, torch_module: Any, params: Any, loss: Any, optimizers: Any, steps: Any) -> None:
    """Raise TypeError or ValueError for what `diff` cannot take."""
    import torch

    if not isinstance(torch_module, torch.nn.Module):
        raise TypeError(f"diff: torch_module must be a built torch.nn.Module, given {_kind(torch_module)}")
    if isinstance(jax_model, type) or not (nn.is_module(jax_model) or callable(jax_model)):
        raise TypeError(
            "diff: jax_model must be a built jaxdl.nn or flax.nnx module or a function of (params, *inputs), "
            f"given {_kind(jax_model)}"
        )
    if isinstance(jax_model, torch.nn.Module):
        raise TypeError("diff: jax_model is a PyTorch module; the port comes first, PyTorch's model second")
    if not isinstance(steps, int) or steps < 0:
        raise ValueError(f"diff: steps must be a whole number of at least 0, given {steps!r}")
    if loss is not None and not (_pair(loss) and all(map(callable, loss))):
        raise TypeError("diff: loss= must be a pair of functions, (of the port's outputs, of PyTorch's outputs)")
    if optimizers is not None and not (
        _pair(optimizers) and hasattr(optimizers[0], "init") and callable(optimizers[1])
    ):
        raise TypeError("diff: optimizers= must be a pair, (optax transformation, parameters -> torch optimiser)")
    if params is None:
        return
    if nn.is_module(jax_model):
        raise ValueError("diff: params= is for a function; a module holds its own (bridge.load_into fills it)")
    if not isinstance(params, Mapping):
        raise TypeError(f"diff: params must be a flat dict of arrays by name, given {_kind(params)}")
    for name, value in params.items():
        if not hasattr(value, "dtype"):
            raise TypeError(
                f"diff: params must be a flat dict of arrays by name; {name!r} is {_kind(value)}: join the names of a "
                "nested dict with dots"
            )


def _pair(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2


def _kind(value: Any) -> str:
    return f"the class {value.__name__}; build it first" if isinstance(value, type) else f"a {type(value).__name__}"


def sequence(inputs: Any) -> tuple[Any, ...]:
    """Arguments, of which there may be one that is not in a tuple."""
    return tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)


@contextmanager
def running(what: str, model: Any, inputs: Sequence[Any], hint: str) -> Iterator[None]:
    """Say in one sentence what failed and on what."""
    try:
        yield
    except Exception as error:
        text = (str(error).strip().splitlines() or [""])[0][:300]
        shapes = ", ".join(str(tuple(value.shape)) for value in inputs if hasattr(value, "shape"))
        on = f" on inputs of shape {shapes}" if shapes else ""
        raise ValueError(f"diff: {what} failed{on}: {type(error).__name__}: {text} ({hint})") from error


def named(original: Original, port: Port, names: Mapping[str, str]) -> Counterparts:
    """Which name stands for which, with what the caller says about it.

    Raises:
        ValueError: `names` holds a name that the model does not have.
    """
    theirs = [name for name, _ in original.module.named_modules()]
    tensors, their_tensors = port.tensors(), original.tensors()
    prefixes = {name.rsplit(".", depth)[0] for name in tensors for depth in range(1, name.count(".") + 1)}
    tags = {name for name, _ in port.run().outputs_of}
    ours = set(port.modules) | prefixes | tags | {""}
    for mine, their in names.items():
        if mine not in ours and mine not in tensors:
            raise ValueError(f"names: the port has no module or tensor {mine!r}; it has {_some([*ours, *tensors])}")
        if their not in theirs and their not in their_tensors:
            has = _some([*theirs, *their_tensors])
            raise ValueError(f"names: PyTorch's model has no module or tensor {their!r}; it has {has}")
    return Counterparts(theirs, ours, names)


def _some(names: Iterable[str]) -> str:
    found = sorted({name for name in names if name})
    return ", ".join(found[:12]) + (", …" if len(found) > 12 else "")
