"""Activations, most of them on a million numbers."""

from typing import Any

from jaxdl.compare.operations.case import WIDE, Operation, normal


def pointwise(name: str, *rest: Any, slower: str = "") -> Operation:
    """An activation, with its further arguments."""
    return Operation(name, lambda F, x: getattr(F, name)(x, *rest), (WIDE,), slower=slower)


def row_wise(name: str) -> Operation:
    """One over the classes."""
    return Operation(name, lambda F, x: getattr(F, name)(x, -1), (normal(512, 1000),))


CASES = [
    *(
        pointwise(name)
        for name in ("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "tanh")
    ),
    *(
        pointwise(name)
        for name in ("hardswish", "hardsigmoid", "hardtanh", "softplus", "softsign", "logsigmoid", "glu")
    ),
    *(pointwise(name) for name in ("hardshrink", "softshrink", "tanhshrink", "rrelu")),
    pointwise("threshold", 0.1, 0.0),
    Operation("prelu", lambda F, x, w: F.prelu(x, w), (normal(64, 32, 28, 28), normal(32))),
    row_wise("softmax"),
    row_wise("log_softmax"),
    row_wise("softmin"),
    Operation(
        "gumbel_softmax", lambda F, x, **key: F.gumbel_softmax(x, dim=-1, **key), (normal(512, 1000),), random=True
    ),
]
