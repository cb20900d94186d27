"""Recurrent layers and cells: torch has them in its own namespace, with all arguments given."""

from typing import Any

from jaxdl.compare.operations.case import Operation, normal

STATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}  # rows of weights a hidden unit


def layer(name: str) -> Operation:
    """64 steps of 64 features into 128 units, a batch of 64."""
    rows = 128 * STATES[name]

    def in_torch(torch: Any, x: Any, *weights: Any) -> Any:
        zero = x.new_zeros(1, 64, 128)
        start = (zero, zero) if name == "lstm" else zero
        return getattr(torch, name)(x, start, list(weights), True, 1, 0.0, True, False, True)[0]

    return Operation(
        name,
        lambda F, x, *weights: getattr(F, name)(x, None, list(weights), batch_first=True)[0],
        (
            normal(64, 64, 64),
            normal(rows, 64, scale=0.05),
            normal(rows, 128, scale=0.05),
            normal(rows, scale=0.1),
            normal(rows, scale=0.0 if name == "gru" else 0.1),  # Flax's GRU has one bias: the other is 0
        ),
        constants=(4,) if name == "gru" else (),
        torch=in_torch,
    )


def cell(name: str) -> Operation:
    """One step."""
    rows = 128 * STATES[name.removesuffix("_cell")]

    def step(F: Any, x: Any, *given: Any) -> Any:
        hidden, weights = (given[:2], given[2:]) if name == "lstm_cell" else (given[0], given[1:])
        return getattr(F, name)(x, hidden, *weights)

    states = [normal(64, 128)] * (2 if name == "lstm_cell" else 1)
    weights = (normal(rows, 64), normal(rows, 128, scale=0.1), normal(rows), normal(rows))
    return Operation(name, step, (normal(64, 64), *states, *weights), torch=step)


CASES = [*(layer(name) for name in STATES), *(cell(f"{name}_cell") for name in STATES)]
