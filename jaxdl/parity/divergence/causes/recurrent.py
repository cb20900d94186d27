"""Recurrent layers: the order of the gates, the biases, where the reset gate stands, the direction of time."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tries

LAYER = "input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first=False"
GATES = {"lstm": "ifgo", "gru": "rzn"}


def _orders(kind: str) -> Iterator[tuple[tuple[int, ...], str]]:
    gates = GATES[kind]
    for order in list(permutations(range(len(gates))))[1:]:
        yield order, f"swapping gate order {','.join(gates)} to {','.join(gates[i] for i in order)}"


def _blocks(tensor: Any, order: tuple[int, ...]) -> Any:
    """Rows of a weight or bias as a port reads them that takes their blocks for the gates in another order."""
    import torch

    blocks = tensor.chunk(len(order))
    return torch.cat([blocks[order.index(gate)] for gate in range(len(order))])


def _layer(name: str, a: Any, **changed: Any) -> Any:
    import torch

    a = type(a)(**{**vars(a), **changed})
    function = getattr(torch, name)
    rest: tuple[Any, ...] = (a.has_biases, a.num_layers, a.dropout, a.train, a.bidirectional)
    if isinstance(a.batch_first, bool):
        rest = (*rest, a.batch_first)
    return function(a.input, a.hx, a.params, *rest)


def _rules(name: str) -> None:
    @tries(name, LAYER)
    def layer(given: Given) -> Iterator[Try]:
        def on_params(function: Any) -> Any:
            return lambda a: _layer(name, a, params=[function(i, p) for i, p in enumerate(a.params)])

        each = 4 if given.a.has_biases else 2
        if name in GATES:
            for order, text in _orders(name):
                yield Try("gate order", text, on_params(lambda i, p, order=order: _blocks(p, order)))
        if given.a.has_biases:
            for missing, text in (((2, 3), "both biases"), ((3,), "bias_hh"), ((2,), "bias_ih")):
                yield Try(
                    "missing bias",
                    f"leaving out {text}",
                    on_params(lambda i, p, missing=missing: p * 0 if i % each in missing else p),
                )
            if name in GATES:
                for order, text in _orders(name):
                    yield Try(
                        "gate order",
                        f"{text} and leaving out bias_hh",
                        on_params(lambda i, p, order=order: p * 0 if i % each == 3 else _blocks(p, order)),
                    )
        yield Try(
            "direction of time",
            "running backwards through time",
            lambda a: _reversed(name, a),
        )
        if given.a.bidirectional and given.a.input.ndim == 3 and isinstance(given.a.batch_first, bool):
            for kind, text, join in DIRECTIONS:
                yield Try(kind, text, lambda a, join=join: _directions(name, a, join))
        if given.a.input.ndim == 3:
            yield Try("batch_first", f"batch_first={not given.a.batch_first}", lambda a: _turned(name, a))
        if name == "gru":
            yield Try(
                "reset gate",
                "applying the reset gate before the recurrent product, as in Cho et al. 2014, instead of after it",
                lambda a: _gru(a, before=True),
            )
            yield Try(
                "update gate",
                "keeping 1 − z of the old state instead of z",
                lambda a: _gru(a, turned=True),
            )
        if name == "lstm":
            yield Try("forget bias", "adding 1 to the forget gate", on_params(lambda i, p: _forget(i % each, p)))
        if name.startswith("rnn"):
            other = "rnn_relu" if name == "rnn_tanh" else "rnn_tanh"
            yield Try("activation", f"taking {other[4:]} for {name[4:]}", lambda a: _layer(other, a))


for kind in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
    _rules(kind)


def _forget(place: int, tensor: Any) -> Any:
    if place != 2:
        return tensor
    size = tensor.shape[0] // 4
    tensor = tensor.clone()
    tensor[size : 2 * size] += 1
    return tensor


# How a layer's two directions may be joined: of `run(place, input)` and the turning of time.
DIRECTIONS = (
    ("direction of time", "running the second direction forwards too", lambda run, x, turn: (run(0, x), run(1, x))),
    (
        "direction of time",
        "not turning the results of the second direction back",
        lambda run, x, turn: (run(0, x), run(1, turn(x))),
    ),
    (
        "order of parts",
        "joining the two directions in the other order",
        lambda run, x, turn: (turn(run(1, turn(x))), run(0, x)),
    ),
)


def _directions(name: str, a: Any, join: Any) -> Any:
    """A bidirectional network layer by layer; its states at the end stay what they are."""
    import torch

    _, *rest = _layer(name, a)
    each = len(a.params) // (2 * a.num_layers)
    states = a.hx if name == "lstm" else (a.hx,)
    x = a.input
    for layer in range(a.num_layers):

        def run(direction: int, x: Any, layer: int = layer) -> Any:
            place = 2 * layer + direction
            hx = tuple(state[place : place + 1] for state in states)
            params = a.params[place * each : (place + 1) * each]
            changed = {"input": x, "params": params, "num_layers": 1, "bidirectional": False}
            return _layer(name, a, hx=hx if name == "lstm" else hx[0], **changed)[0]

        x = torch.cat(join(run, x, lambda value: value.flip(1 if a.batch_first else 0)), -1)
    return (x, *rest)


def _reversed(name: str, a: Any) -> Any:
    axis = 1 if a.batch_first else 0
    output, *rest = _layer(name, a, input=a.input.flip(axis))
    return (output.flip(axis), *rest)


def _turned(name: str, a: Any) -> Any:
    """The axes of batch and time taken for each other; the states are zeros of the size that then fits."""
    import torch

    batch = a.input.shape[1 if a.batch_first else 0]
    batch = a.input.shape[0] if not a.batch_first else a.input.shape[1]
    states = a.hx if isinstance(a.hx, tuple | list) else (a.hx,)
    states = [state.new_zeros(state.shape[0], batch, state.shape[2]) for state in states]
    output, *rest = _layer(
        name, a, batch_first=not a.batch_first, hx=tuple(states) if isinstance(a.hx, tuple | list) else states[0]
    )
    return (output, *(torch.zeros_like(state) for state in states)) if not rest else (output, *rest)


def _gru(a: Any, *, before: bool = False, turned: bool = False) -> Any:
    """A GRU by hand, with one thing in another place."""
    import torch

    sequence = a.input.transpose(0, 1) if a.batch_first else a.input
    each = 4 if a.has_biases else 2
    directions = 2 if a.bidirectional else 1
    finals = []
    for layer in range(a.num_layers):
        outputs = []
        for direction in range(directions):
            place = layer * directions + direction
            w_ih, w_hh, *biases = a.params[place * each : (place + 1) * each]
            b_ih, b_hh = biases or (w_ih.new_zeros(len(w_ih)), w_ih.new_zeros(len(w_ih)))
            state, steps = a.hx[place], []
            for x in sequence.flip(0) if direction else sequence:
                i, (w_r, w_z, w_n), (b_r, b_z, b_n) = (x @ w_ih.T + b_ih).chunk(3, -1), w_hh.chunk(3), b_hh.chunk(3)
                r, z = torch.sigmoid(i[0] + state @ w_r.T + b_r), torch.sigmoid(i[1] + state @ w_z.T + b_z)
                inner = (r * state) @ w_n.T + b_n if before else r * (state @ w_n.T + b_n)
                new = torch.tanh(i[2] + inner)
                state = z * new + (1 - z) * state if turned else (1 - z) * new + z * state
                steps.append(state)
            finals.append(state)
            outputs.append(torch.stack(steps[::-1] if direction else steps))
        sequence = torch.cat(outputs, -1)
    return (sequence.transpose(0, 1) if a.batch_first else sequence), torch.stack(finals)


def _cell_rules(name: str, kind: str) -> None:
    @tries(name, "input, hx, w_ih, w_hh, b_ih=None, b_hh=None")
    def cell(given: Given) -> Iterator[Try]:
        import torch

        function = getattr(torch, name)
        for order, text in _orders(kind) if kind in GATES else ():
            yield Try(
                "gate order",
                text,
                lambda a, order=order: function(
                    a.input, a.hx, *(None if p is None else _blocks(p, order) for p in (a.w_ih, a.w_hh, a.b_ih, a.b_hh))
                ),
            )
        if kind.startswith("rnn"):
            other = getattr(torch, "rnn_relu_cell" if kind == "rnn_tanh" else "rnn_tanh_cell")
            text = f"taking {'relu' if kind == 'rnn_tanh' else 'tanh'} for {kind[4:]}"
            yield Try("activation", text, lambda a: other(a.input, a.hx, a.w_ih, a.w_hh, a.b_ih, a.b_hh))
        if given.a.b_ih is not None:
            text = "leaving out bias_hh"
            yield Try("missing bias", text, lambda a: function(a.input, a.hx, a.w_ih, a.w_hh, a.b_ih, a.b_hh * 0))
            text = "leaving out bias_ih"
            yield Try("missing bias", text, lambda a: function(a.input, a.hx, a.w_ih, a.w_hh, a.b_ih * 0, a.b_hh))


for cell_name in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
    _cell_rules(f"{cell_name}_cell", cell_name)
