"""Ports of models with blocks in blocks, of PyTorch's composed modules and with several results."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl.parity.divergence import diff, sight
from jaxdl.train import origin

pytestmark = pytest.mark.torch
ROWS = np.random.default_rng(0).normal(size=(2, 3, 4))
WORDS = np.array([[1, 2, 0, 6], [3, 3, 5, 1]])


def linear(params, name, x):
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def masked(torch):
    """One block of attention, which is given a mask that is made outside, in numbers whose sum overflows."""
    nn = torch.nn

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.out = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x, mask):
            query, key = (part(x).unflatten(-1, (1, 4)).transpose(1, 2) for part in (self.q, self.k))  # one head
            scores = torch.matmul(query, key.transpose(-2, -1)) * 0.5
            return self.out(((scores + mask).softmax(-1) @ key).squeeze(1))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = Attention()

        def forward(self, x):
            allowed = torch.ones(3, 3, dtype=torch.bool).tril()
            hidden = torch.where(allowed, torch.zeros((), dtype=x.dtype), torch.finfo(x.dtype).min)
            return self.attention(x, hidden)

    return Model


def test_what_is_wrong_in_a_block_comes_before_a_mask_from_outside(originals, torch):
    def port(params, x):
        q, k, out = (partial(linear, params, f"attention.{name}") for name in ("q", "k", "out"))
        return out(jax.nn.softmax(q(x) @ k(x).swapaxes(-1, -2) * 0.25, -1) @ k(x))

    found = diff(port, originals.build(masked(torch)), ROWS)
    told = [(first.where, first.function, first.cause) for first in found.firsts]
    assert told == [("attention", "mul", "scale"), ("attention", "add", "missing term")], str(found)
    assert found.forward.last.first is None


def test_query_and_key_of_hand_written_attention_exchanged(originals, torch):
    def port(params, x):
        q, k, out = (partial(linear, params, f"attention.{name}") for name in ("q", "k", "out"))
        hidden = jnp.where(jnp.tril(jnp.ones((3, 3), bool)), 0, -1e300)
        return out(jax.nn.softmax(k(x) @ q(x).swapaxes(-1, -2) * 0.5 + hidden, -1) @ k(x))

    found = diff(port, originals.build(masked(torch)), ROWS)
    assert found.first.cause == "order of parts", str(found)
    assert "exchanging the two factors" in str(found.first.causes[0])


@pytest.mark.parametrize("wrong", ["cut", "joined"])
def test_the_heads_of_multi_head_attention(originals, torch, wrong):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            return self.attention(x, x, x, need_weights=False)[0]

    def port(params, x):
        thirds = jnp.split(x @ params["attention.in_proj_weight"].T + params["attention.in_proj_bias"], 3, -1)
        if wrong == "cut":
            query, key, value = (third.reshape(2, 3, 4, 2).transpose(0, 3, 1, 2) for third in thirds)
        else:
            query, key, value = (third.reshape(2, 3, 2, 4).swapaxes(1, 2) for third in thirds)
        mixed = jax.nn.softmax(query @ key.swapaxes(-1, -2) / 2, -1) @ value
        mixed = mixed.swapaxes(1, 2) if wrong == "cut" else mixed
        return linear(params, "attention.out_proj", mixed.reshape(x.shape))

    found = diff(port, originals.build(Model), np.concatenate([ROWS, ROWS[::-1]], -1))
    assert (found.first.module, found.first.cause) == ("attention", "order of axes"), str(found)
    assert ("cutting" if wrong == "cut" else "joining") in found.first.causes[0].text
    assert found.forward.last.first is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
@pytest.mark.parametrize(
    ("cause", "join"),
    [
        ("running the second direction forwards", lambda run, x: (run("", x), run("_reverse", x))),
        ("not turning the results", lambda run, x: (run("", x), run("_reverse", x[::-1]))),
        ("the other order", lambda run, x: (run("_reverse", x[::-1])[::-1], run("", x))),
    ],
)
def test_the_two_directions_of_a_recurrent_network(originals, torch, kind, cause, join):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = getattr(torch.nn, kind)(4, 3, num_layers=2, bidirectional=True)

        def forward(self, x):
            return self.rnn(x)[0]

    def cell(weights, x, state):
        h, c = state
        w, u, b, d = weights
        x, y = x @ w.T + b, h @ u.T + d
        if kind == "LSTM":
            i, f, g, o = jnp.split(x + y, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jax.nn.sigmoid(o) * jnp.tanh(c), c
        (r, z, n), (s, t, m) = jnp.split(x, 3, -1), jnp.split(y, 3, -1)
        z = jax.nn.sigmoid(z + t)
        return (1 - z) * jnp.tanh(n + jax.nn.sigmoid(r + s) * m) + z * h, c

    def port(params, x):
        for layer in range(2):

            def run(direction, x, layer=layer):
                names = [f"rnn.{name}_l{layer}{direction}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
                weights, state, outputs = [params[name] for name in names], (jnp.zeros((3, 3)),) * 2, []
                for row in x:
                    state = cell(weights, row, state)
                    outputs.append(state[0])
                return jnp.stack(outputs)

            x = jnp.concatenate(join(run, x), -1)
        return x

    found = diff(port, originals.build(Model), ROWS)
    assert found.first.module == "rnn", str(found)
    assert cause in str(found.first.causes[0])
    assert found.forward.last.first is None


def test_the_row_of_padding_is_not_trained(originals, torch):
    original = originals.build(torch.nn.Embedding, 7, 4, padding_idx=-7)
    found = diff(lambda params, words: params["weight"][words], original, WORDS)
    assert (found.first.stage, found.first.cause) == ("gradients", "padding row"), str(found)
    assert "zero in row 0" in str(found.first.causes[0])


@pytest.mark.parametrize(
    ("outputs", "cause"),
    [
        (lambda mean, spread, z: (spread, mean, z), "order of outputs"),
        (lambda mean, spread, z: (spread, z), "missing output"),
    ],
)
def test_results_that_are_used_within_the_model(originals, torch, outputs, cause):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.mean, self.spread = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)

        def forward(self, x):
            mean, spread = self.mean(x), self.spread(x)
            return mean, spread, mean + spread.exp()

    def port(params, x):
        mean, spread = linear(params, "mean", x), linear(params, "spread", x)
        return outputs(mean, spread, mean + jnp.exp(spread))

    found = diff(port, originals.build(Model), ROWS)
    assert (found.first.module, found.first.where, found.first.cause) == ("", "", cause), str(found)
    assert found.forward.last.first is None


def test_a_forgotten_dilation(originals, torch):
    original = originals.build(torch.nn.Conv1d, 3, 2, 3, padding=2, dilation=2)

    def port(params, x):
        return jax.lax.conv_general_dilated(x, params["weight"], (1,), "SAME") + params["bias"][:, None]

    found = diff(port, original, ROWS)
    assert found.first.cause == "dilation", str(found)


def test_a_folder_whose_name_begins_as_the_package_s_is_the_port_s():
    package = Path(sight.__file__).parents[2]
    frames = [SimpleNamespace(file_name=f"{package}{end}", line_num=7) for end in ("/nn/conv.py", "_port/model.py")]
    source = SimpleNamespace(traceback=SimpleNamespace(frames=frames))
    assert origin.line(source) == "model.py:7"
