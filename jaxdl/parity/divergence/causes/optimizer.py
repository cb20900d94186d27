"""Other settings of an optimiser: what its port may have taken for them."""

from collections.abc import Callable, Iterator
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


def of(factory: Callable[[Any], Any]) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
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
    for factor, text in ((0.5, "half"), (2.0, "twice"), (0.1, "a tenth of"), (10.0, "ten times")):
        yield "learning rate", f"{text} the learning rate", other(lr=own["lr"] * factor)
