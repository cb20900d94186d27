"""Activations, softmax, arithmetic and reductions."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tries


def activations() -> dict[str, Callable[[Any], Any]]:
    """What may stand where an activation stands, by how a sentence calls it."""
    import torch
    from torch.nn import functional as F

    return {
        "no activation": lambda x: x,
        "relu": F.relu,
        "gelu by erf": F.gelu,
        "gelu by tanh": lambda x: F.gelu(x, approximate="tanh"),
        "gelu by sigmoid(1.702 x)": lambda x: x * torch.sigmoid(1.702 * x),
        "silu": F.silu,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "elu": F.elu,
        "selu": F.selu,
        "leaky_relu with slope 0.01": F.leaky_relu,
        "leaky_relu with slope 0.1": lambda x: F.leaky_relu(x, 0.1),
        "leaky_relu with slope 0.2": lambda x: F.leaky_relu(x, 0.2),
        "leaky_relu with slope 0.3": lambda x: F.leaky_relu(x, 0.3),
        "relu6": F.relu6,
        "softplus": F.softplus,
        "softsign": F.softsign,
        "mish": F.mish,
        "hardtanh": F.hardtanh,
        "hardswish": F.hardswish,
        "hardsigmoid as relu6(x + 3) / 6": F.hardsigmoid,
        "hardsigmoid as clip(0.2 x + 0.5)": lambda x: (0.2 * x + 0.5).clamp(0, 1),
        "relu squared": lambda x: F.relu(x).square(),
        "celu": F.celu,
        "logsigmoid": F.logsigmoid,
        "exp": torch.exp,
    }


@tries(
    "relu gelu silu tanh sigmoid elu selu celu leaky_relu relu6 softplus softsign mish hardtanh hardswish hardsigmoid "
    "logsigmoid exp clamp threshold",
    "input",
)
def activation(given: Given) -> Iterator[Try]:
    for name, function in activations().items():
        gelu = name.startswith("gelu") and "approximate" in vars(given.a)
        kind = "GELU form" if gelu else "missing activation" if name == "no activation" else "activation"
        text = f"taking {name}" if name != "no activation" else "leaving the activation out"
        yield Try(kind, text, lambda a, function=function: function(a.input))


@tries("gelu", "input, approximate='none'")
def gelu(given: Given) -> Iterator[Try]:
    return iter(())


@tries("softmax log_softmax", "input, dim=None")
def softmax(given: Given) -> Iterator[Try]:
    import torch

    own = given.a.dim
    count = given.a.input.ndim
    if own is not None:
        for axis in range(-1, -count - 1, -1):
            if axis % count != own % count:
                yield Try("axis", f"softmax over axis {axis} instead of {own}", lambda a, d=axis: a.input.softmax(d))
                yield Try(
                    "axis", f"log_softmax over axis {axis} instead of {own}", lambda a, d=axis: a.input.log_softmax(d)
                )
        yield Try("activation", "taking softmax", lambda a: a.input.softmax(own))
        yield Try("activation", "taking log_softmax", lambda a: a.input.log_softmax(own))
        yield Try("activation", "taking sigmoid", lambda a: torch.sigmoid(a.input))
        yield Try("missing activation", "leaving the softmax out", lambda a: a.input)
        width = given.a.input.shape[own]
        yield Try("scale", f"dividing by √{width} before the softmax", lambda a: (a.input / width**0.5).softmax(own))
        if given.a.input.ndim >= 2 and given.a.input.shape[-1] == given.a.input.shape[-2]:
            yield from _causal(own)


def _causal(axis: int) -> Iterator[Try]:
    def masked(a: Any) -> Any:
        size = a.input.shape[-1]
        hidden = a.input.new_ones(size, size).triu(1).bool()
        return a.input.masked_fill(hidden, float("-inf")).softmax(axis)

    yield Try("mask", "hiding later positions (a causal mask)", masked)


@tries("add __add__ __iadd__ add_ __radd__", "input, other, alpha=1")
def addition(given: Given) -> Iterator[Try]:
    tensors = [hasattr(value, "shape") and value.ndim > 0 for value in (given.a.input, given.a.other)]
    if all(tensors):
        wide = [tuple(value.shape) == given.output.shape for value in (given.a.input, given.a.other)]
        for keep, what in (("input", "second"), ("other", "first")):
            if wide[keep == "other"]:
                left = given.a.other if keep == "input" else given.a.input
                kind = "missing bias" if left.ndim == 1 else "missing term"
                yield Try(
                    "missing residual" if all(wide) else kind,
                    f"leaving out the {what} of the two that are added",
                    lambda a, keep=keep: getattr(a, keep).clone(),
                )
        yield Try("sign", "subtracting instead of adding", lambda a: a.input - a.other)
    if isinstance(given.a.other, int | float) and hasattr(given.a.input, "sqrt"):
        text = f"adding epsilon ({given.a.other:g}) inside the root instead of outside"
        yield Try("epsilon inside the root", text, lambda a: (a.input.square() + a.other).sqrt())
    small = isinstance(given.a.other, int | float) and 0 < abs(given.a.other) < 0.05
    others = (1e-3, 1e-5, 1e-6, 1e-8, 1e-12, 0.0) if small else (0.0, 1.0, -1.0)
    yield from _number(given, "adding", lambda x, y: x + y, others)


@tries("sub __sub__ __rsub__ subtract", "input, other, alpha=1")
def subtraction(given: Given) -> Iterator[Try]:
    yield Try("sign", "adding instead of subtracting", lambda a: a.input + a.other)
    yield Try("missing operation", "leaving the subtraction out", lambda a: a.input)


@tries("mul __mul__ __rmul__ __imul__ multiply", "input, other")
@tries("div __truediv__ true_divide divide __itruediv__ __rtruediv__", "input, other")
def scaling(given: Given) -> Iterator[Try]:
    for name, other, what in (("input", "other", "second"), ("other", "input", "first")):
        value, number = getattr(given.a, name), getattr(given.a, other)
        if hasattr(value, "shape") and tuple(value.shape) == given.output.shape:
            text = f"leaving out the {what} of the two factors"
            if isinstance(number, int | float):
                text = f"not multiplying or dividing by {number:.6g}"
            yield Try("scale", text, lambda a, n=name: getattr(a, n).clone())
    yield Try("scale", "dividing instead of multiplying, or the reverse", _inverse(given))


def _inverse(given: Given) -> Callable[[Any], Any]:
    import torch

    x, y = (torch.as_tensor(value) for value in (given.a.input, given.a.other))
    multiplied = np.allclose((x * y).numpy(), given.output)
    return lambda a: a.input / a.other if multiplied else a.input * a.other


def _number(given: Given, verb: str, function: Callable[[Any, Any], Any], others: tuple[float, ...]) -> Iterator[Try]:
    """Other constants."""
    if isinstance(given.a.other, int | float):
        for other in others:
            if other != given.a.other:
                kind = "epsilon" if 0 < abs(given.a.other) < 0.05 else "constant"
                yield Try(
                    kind,
                    f"{verb} {other:g} instead of {given.a.other:g}",
                    lambda a, other=other: function(a.input, other),
                )


@tries("var std var_mean std_mean", "input, dim=None, unbiased=True, keepdim=False, correction=None")
def variance(given: Given) -> Iterator[Try]:
    import torch

    def run(a: Any, correction: int, deviation: bool) -> Any:
        function = torch.std if deviation else torch.var
        return function(a.input, dim=a.dim, correction=correction, keepdim=a.keepdim)

    for correction, text in ((0, "n"), (1, "n − 1")):
        for deviation in (False, True):
            yield Try(
                "biased variance",
                f"the {'deviation' if deviation else 'variance'} over {text}",
                lambda a, c=correction, d=deviation: run(a, c, d),
            )


@tries("mean sum amax amin max min", "input, dim=None, keepdim=False")
def reduction(given: Given) -> Iterator[Try]:
    dim = given.a.dim
    if dim is None:
        for name in ("mean", "sum"):
            yield Try("reduction", f"taking the {name} of all", lambda a, n=name: getattr(a.input, n)())
    if dim is None or not isinstance(dim, int | tuple | list):
        return
    names = {"mean": "the mean", "sum": "the sum", "amax": "the maximum"}
    for name, text in names.items():
        yield Try("reduction", f"taking {text}", lambda a, n=name: getattr(a.input, n)(dim=a.dim, keepdim=a.keepdim))
    count = given.a.input.ndim
    for axis in range(count):
        if isinstance(dim, int) and axis != dim % count:
            yield Try("axis", f"reducing axis {axis} instead of {dim}", lambda a, d=axis: a.input.mean(d, a.keepdim))
    if isinstance(dim, int):
        yield Try("position", "taking the last position", lambda a: a.input.select(a.dim, -1))
        yield Try("position", "taking the first position", lambda a: a.input.select(a.dim, 0))


@tries("__getitem__", "input, index")
def selection(given: Given) -> Iterator[Try]:
    """Another position of the axis from which one was taken: the last for the first, for instance."""
    index = given.a.index if isinstance(given.a.index, tuple) else (given.a.index,)
    places = [i for i, entry in enumerate(index) if isinstance(entry, int)]
    if Ellipsis not in index:
        for place in places:
            for other in (0, -1):
                if other != index[place]:
                    changed = (*index[:place], other, *index[place + 1 :])
                    yield Try(
                        "position",
                        f"taking position {other} instead of {index[place]} of axis {place}",
                        lambda a, changed=changed: a.input[changed],
                    )


@tries("rsqrt sqrt", "input")
def root(given: Given) -> Iterator[Try]:
    """With epsilon added behind the root, where PyTorch's model adds it before."""
    import torch

    inverse = not bool(np.allclose(given.a.input.numpy() ** 0.5, given.output))
    for eps in (1e-5, 1e-6, 1e-8, 1e-12, 1e-3, 1e-7):

        def outside(a: Any, eps: float = eps) -> Any:
            deviation = (a.input - eps).clamp(min=0).sqrt() + eps
            return 1 / deviation if inverse else deviation

        yield Try("epsilon outside the root", f"adding epsilon ({eps:g}) outside the root instead of inside", outside)
    yield Try("missing root", "leaving the root out", lambda a: 1 / a.input if inverse else a.input.clone())
    yield Try("inverse", "taking the other of sqrt and rsqrt", torch.sqrt if inverse else torch.rsqrt)


@tries("glu", "input, dim=-1")
def gated(given: Given) -> Iterator[Try]:
    import torch
    from torch.nn import functional as F

    def halves(a: Any) -> Any:
        return a.input.chunk(2, a.dim)

    yield Try(
        "order of parts",
        "taking the other half for the gate",
        lambda a: F.glu(torch.cat(halves(a)[::-1], a.dim), a.dim),
    )
    for name, function in activations().items():
        if name not in ("no activation", "sigmoid"):
            yield Try("activation", f"taking {name} for the gate", lambda a, f=function: halves(a)[0] * f(halves(a)[1]))


@tries("masked_fill", "input, mask, value")
def masking(given: Given) -> Iterator[Try]:
    yield Try("mask", "leaving the mask out", lambda a: a.input.clone())
    yield Try("mask", "hiding what the mask shows", lambda a: a.input.masked_fill(~a.mask, a.value))
    for value in (-1e4, -1e9, float("-inf"), 0.0):
        yield Try("mask", f"filling with {value:g}", lambda a, v=value: a.input.masked_fill(a.mask, v))
