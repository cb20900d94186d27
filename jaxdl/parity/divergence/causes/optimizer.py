"""Other settings of an optimiser: what its port may have taken for them."""

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any

SETTINGS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "eps": ("epsilon", (1e-8, 1e-6, 1e-7, 1e-5, 1e-10, 1e-16, 1e-3, 0.0)),
    "alpha": ("decay", (0.9, 0.99)),
    "betas": ("decay", ((0.9, 0.999), (0.9, 0.99), (0.9, 0.95), (0.95, 0.999))),
    "weight_decay": ("weight decay", (0.0, 1e-2, 1e-4)),
    "amsgrad": ("form", (True, False)),
    "centered": ("form", (True, False)),
    "initial_accumulator_value": ("initial state", (0.1, 0.0)),
}


def of(factory: Callable[[Any], Any]) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """`(kind, text, factory)` for each variation of the optimiser that a factory makes."""
    import torch

    probe = factory([torch.zeros(1, requires_grad=True)])
    kind, own = type(probe), dict(probe.defaults)

    def other(**changed: Any) -> Callable[[Any], Any]:
        return lambda parameters: kind(parameters, **{**own, **changed})

    momentum = own.get("momentum")
    if momentum:
        if "dampening" in own:
            text = f"dampening {momentum:g} (the mean of gradients) instead of {own['dampening']:g}"
            yield "momentum convention", text, other(dampening=momentum)
        yield "momentum convention", f"momentum {1 - momentum:g} instead of {momentum:g}", other(momentum=1 - momentum)
        yield "momentum convention", "no momentum", other(momentum=0.0)
        if "nesterov" in own:
            turned = not own["nesterov"]
            yield "momentum convention", f"nesterov={turned}", other(nesterov=turned, dampening=0.0)
        yield "momentum convention", "dampening 0", other(dampening=0.0)
    for name, (cause, values) in SETTINGS.items():
        for value in values if name in own else ():
            if value != own[name]:
                yield cause, f"{name}={value!r} instead of {own[name]!r}", other(**{name: value})
    for one, two in ((torch.optim.Adam, torch.optim.AdamW), (torch.optim.AdamW, torch.optim.Adam)):
        if kind is one and own.get("weight_decay"):
            kept = {name: own[name] for name in ("lr", "betas", "eps", "weight_decay", "amsgrad")}
            what = "taken off the parameters" if two is torch.optim.AdamW else "added to the gradient"
            yield "weight decay", f"weight decay {what}, as {two.__name__} has it", lambda p, t=two, k=kept: t(p, **k)
    yield from _inside_the_root(kind, own)
    for factor, text in ((0.5, "half"), (2.0, "twice"), (0.1, "a tenth of"), (10.0, "ten times")):
        yield "learning rate", f"{text} the learning rate", other(lr=own["lr"] * factor)


def _inside_the_root(kind: Any, own: dict[str, Any]) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Epsilon added to the mean or sum of squares, as optax has it in RMSprop and Adagrad."""
    import torch

    if kind not in (torch.optim.RMSprop, torch.optim.Adagrad) or own.get("centered"):
        return
    sums = kind is torch.optim.Adagrad
    decays = (None,) if sums else dict.fromkeys((own["alpha"], 0.9, 0.99))
    for eps, decay, start in product(dict.fromkeys((own["eps"], 1e-8, 1e-7, 1e-10)), decays, (0.0, 0.1, 1.0)):
        text = f"epsilon ({eps:g}) inside the root" + ("" if sums else f", alpha {decay:g}")
        text += f", starting from {start:g}" if start else ""
        settings = {**own, "eps": eps, "alpha": decay}
        yield "epsilon inside the root", text, lambda p, s=settings, b=start: _Inside(p, s, b)


class _Inside:
    """RMSprop, or Adagrad where alpha is None, with epsilon inside the root."""

    def __init__(self, parameters: Iterable[Any], settings: dict[str, Any], start: float) -> None:
        self._parameters, self._settings = list(parameters), settings
        self._squares = [p.detach() * 0 + start for p in self._parameters]
        self._moved = [p.detach() * 0 for p in self._parameters]

    def zero_grad(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    def step(self) -> None:
        alpha, momentum = self._settings["alpha"], self._settings.get("momentum", 0.0)
        for parameter, squares, moved in zip(self._parameters, self._squares, self._moved, strict=True):
            if parameter.grad is None:
                continue
            gradient = parameter.grad + self._settings.get("weight_decay", 0.0) * parameter.detach()
            squares.mul_(1.0 if alpha is None else alpha).add_(gradient**2, alpha=1.0 if alpha is None else 1 - alpha)
            moved.mul_(momentum).add_(gradient / (squares + self._settings["eps"]).sqrt())
            parameter.data.sub_(self._settings["lr"] * moved)
