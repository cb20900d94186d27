"""Which settings the optimisers are compared with: PyTorch's optim_db, and the combinations that it leaves out."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

from jaxdl.parity.reference import require_torch

OUT = {"SparseAdam": "sparse gradients, which jax does not have"}

DECAY = 0.98  # of the scheduled learning rate, a step
Shapes = Mapping[str, tuple[int, ...]]

# All of them for optim_db's settings; for the combinations those that take another path through the code. A name that
# begins with `complex` is complex.
ALL: Shapes = {"matrix": (4, 3), "scalar": (), "complex vector": (2,)}
FEW: Shapes = {"matrix": (3, 2), "complex scalar": ()}
SHAPES: dict[str, tuple[Shapes, Shapes]] = {
    "Adafactor": (
        {"matrix": (4, 3), "vector": (3,), "scalar": (), "tensor": (2, 3, 2)},
        {"matrix": (4, 3), "vector": (3,)},
    ),
    "Muon": ({"tall": (5, 3), "wide": (3, 4)}, {"tall": (5, 3), "wide": (3, 4)}),
}

DECAYS = (0.0, 0.1)
BOTH = (False, True)
# Every combination of these is run, but those that PyTorch refuses or that say the same as another.
GRID: dict[str, dict[str, tuple[Any, ...]]] = {
    "SGD": {
        "momentum": (0.0, 0.9),
        "dampening": (0.0, 0.3),
        "weight_decay": DECAYS,
        "nesterov": BOTH,
        "maximize": BOTH,
    },
    "Adam": {"weight_decay": DECAYS, "amsgrad": BOTH, "decoupled_weight_decay": BOTH, "maximize": BOTH},
    "AdamW": {"betas": ((0.9, 0.999), (0.0, 0.5)), "amsgrad": BOTH, "maximize": BOTH},
    "Adamax": {"betas": ((0.9, 0.999), (0.0, 0.5)), "weight_decay": DECAYS, "maximize": BOTH},
    "NAdam": {"weight_decay": DECAYS, "decoupled_weight_decay": BOTH, "maximize": BOTH},
    "RAdam": {"weight_decay": DECAYS, "decoupled_weight_decay": BOTH, "maximize": BOTH},
    "Adagrad": {"lr_decay": (0.0, 0.1), "initial_accumulator_value": (0.0, 0.5), "maximize": BOTH},
    "Adadelta": {"rho": (0.9, 0.0), "weight_decay": DECAYS, "maximize": BOTH},
    "RMSprop": {"momentum": (0.0, 0.9), "centered": BOTH, "weight_decay": DECAYS, "maximize": BOTH},
    "Rprop": {"etas": ((0.5, 1.2), (0.3, 1.01)), "step_sizes": ((1e-6, 50), (1e-3, 0.1)), "maximize": BOTH},
    "ASGD": {"lambd": (1e-4, 0.1), "t0": (1e6, 20), "weight_decay": DECAYS, "maximize": BOTH},
    "Adafactor": {
        "lr": (1.0,),  # below 1 / sqrt(t) from the second step on
        "eps": ((None, 1e-3), (0.1, 1.0)),
        "d": (1.0, 1.5),
        "weight_decay": DECAYS,
        "maximize": BOTH,
    },
    "Muon": {"nesterov": BOTH, "adjust_lr_fn": (None, "original", "match_rms_adamw")},
}
# Keywords of the first parameter's group; the others have the defaults.
GROUPS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1, "maximize": True},
    "Adam": {"lr": 0.02, "betas": (0.8, 0.9), "weight_decay": 0.1, "amsgrad": True},
    "AdamW": {"lr": 0.02, "betas": (0.8, 0.9), "weight_decay": 0.0},
    "Adamax": {"lr": 0.02, "betas": (0.8, 0.9), "weight_decay": 0.1},
    "NAdam": {"lr": 0.02, "betas": (0.8, 0.9), "momentum_decay": 0.01, "weight_decay": 0.1},
    "RAdam": {"lr": 0.02, "betas": (0.0, 0.9), "weight_decay": 0.1},
    "Adagrad": {"lr": 0.02, "lr_decay": 0.1, "weight_decay": 0.1},
    "Adadelta": {"lr": 0.5, "rho": 0.8, "weight_decay": 0.1},
    "RMSprop": {"lr": 0.02, "alpha": 0.9, "momentum": 0.5, "centered": True},
    "Rprop": {"lr": 0.02, "etas": (0.4, 1.1)},
    "ASGD": {"lr": 0.02, "lambd": 0.01, "alpha": 0.5, "t0": 50},
    "Adafactor": {"lr": 0.02, "d": 2.0, "weight_decay": 0.1},
    "Muon": {"lr": 0.02, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
}


@dataclass(frozen=True)
class Settings:
    """Keywords of PyTorch's optimiser, and what else a case has.

    Attributes:
        keywords: as PyTorch has them.
        shapes: of the parameters, by name.
        scheduled: the learning rate falls by `DECAY` a step.
        group: keywords of the first parameter alone.
    """

    keywords: Mapping[str, Any]
    shapes: Shapes
    scheduled: bool = False
    group: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [f"{name}={_word(value)}" for name, value in self.keywords.items()]
        words += ["lr scheduled"] if self.scheduled else []
        if self.group:
            inside = ", ".join(f"{name}={_word(value)}" for name, value in self.group.items())
            words.append(f"a group with {inside}")
        return ", ".join(words) or "default"


def _word(value: Any) -> str:
    return f"tensor({value.item():g})" if hasattr(value, "item") else str(value)


@cache
def entries() -> dict[str, Any]:
    """optim_db's entries by the class name."""
    require_torch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's test code warns as it is imported
        from torch.testing._internal.common_optimizers import optim_db
    classes: list[Any] = list(optim_db)
    return {entry.optim_cls.__name__: entry for entry in classes}


def cases(name: str, dtype: str) -> list[Settings]:
    """All settings of an optimiser: optim_db's, the grid's, a scheduled learning rate, a group; in float32 the first
    alone."""
    every, few = SHAPES.get(name, (ALL, FEW))
    known = [inputs.kwargs for inputs in entries()[name].optim_inputs_func(device="cpu")]
    if dtype == "float32":
        return [Settings(keywords, few) for keywords in known]
    return [
        *(Settings(keywords, every) for keywords in known),
        *(Settings(keywords, few) for keywords in _combinations(name)),
        Settings({"lr": 0.1}, few, scheduled=True),
        Settings({}, few, group=GROUPS[name]),
    ]


def _combinations(name: str) -> Iterator[dict[str, Any]]:
    grid = GRID[name]
    for values in product(*grid.values()):
        keywords = dict(zip(grid, values, strict=True))
        if keywords.get("decoupled_weight_decay") and not keywords["weight_decay"]:
            continue
        if name == "SGD" and keywords["nesterov"] and (not keywords["momentum"] or keywords["dampening"]):
            continue
        if name == "SGD" and keywords["dampening"] and not keywords["momentum"]:
            continue
        yield keywords
