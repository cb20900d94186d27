"""Ports that are wrong in one place: each must be found at its module, with its cause, and nothing else beside it."""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxdl import bridge, nn, random
from jaxdl import functional as F
from jaxdl.parity.divergence import diff

pytestmark = pytest.mark.torch
CASES = []
IMAGES = np.random.default_rng(0).normal(size=(2, 2, 4, 4))
ROWS = np.random.default_rng(1).normal(size=(3, 4))
WORDS = np.array([[1, 2, 0, 6], [3, 3, 5, 1]])
STEPS = np.random.default_rng(2).normal(size=(2, 3, 4))


@dataclass
class Expected:
    """What must be found, and in which model."""

    make: Any
    cause: str
    module: str
    text: str
    where: str | None = None
    whole: bool = True
    options: dict = field(default_factory=dict)


def broken(cause, module, text, **more):
    def note(make):
        CASES.append(pytest.param(Expected(make, cause, module, text, **more), id=make.__name__))
        return make

    return note


@pytest.mark.slow
@pytest.mark.parametrize("expected", CASES)
def test_a_broken_port_is_found_with_its_cause(expected, originals):
    original, port, inputs, *options = expected.make(originals)
    found = diff(port, original, inputs, steps=0, **(options[0] if options else {}))
    first = found.first
    assert first is not None, str(found)
    assert (first.module, first.cause) == (expected.module, expected.cause), str(found)
    assert expected.text in str(first.causes[0]), str(found)
    assert expected.where is None or first.where == expected.where, str(found)
    if expected.whole:
        assert len(found.forward.faults) == 1, str(found)
        assert found.forward.last.first is None, str(found)
        assert "nothing else is wrong" in str(found)


def loaded(port, tensors):
    bridge.load_into(port, tensors)
    return port


# jaxdl.nn modules


class Net(nn.Module):
    def __init__(self, eps=1e-5, stride=1, bias=True, size=4, bug=""):
        rngs = random.TorchGenerator(0)
        self.conv = nn.Conv2d(2, 3, 3, stride=stride, padding=1, bias=bias, rngs=rngs)
        self.bn = nn.BatchNorm2d(3, eps=eps)
        self.pool = nn.AvgPool2d(2)
        self.fc = nn.Linear(3 * size * size // 4, 5, rngs=rngs)
        self.bug = bug

    def __call__(self, x):
        if self.bug == "same padding":
            x = F.pad(x, (0, 1, 0, 1))
            x = F.conv2d(x, self.conv.weight[...], self.conv.bias[...], stride=2)
            x = self.bn(x)
        else:
            x = self.bn(self.conv(x))
        if self.bug == "float32":
            x = F.relu(x.astype(jnp.float32)).astype(x.dtype)
        elif self.bug != "no relu":
            x = F.relu(x)
        x = F.max_pool2d(x, 2) if self.bug == "maximum" else self.pool(x)
        x = x.transpose(0, 2, 3, 1) if self.bug == "channels last" else x
        return self.fc(x.reshape(len(x), -1))


def net(originals, *, original=None, **settings):
    theirs = originals.build(originals.Net, **(original or {}))
    return theirs, loaded(Net(**settings), originals.tensors(theirs)), IMAGES


@broken("channels-last flatten", "fc", "flattening in the order N, H, W, C instead of N, C, H, W", where="")
def flattened_channels_last(originals):
    return net(originals, bug="channels last")


@broken("epsilon", "bn", "epsilon 0.001 instead of 1e-05 makes it agree", where="bn")
def another_epsilon(originals):
    return net(originals, eps=1e-3)


@broken("missing activation", "pool", "leaving the activation out", where="")
def no_activation(originals):
    return net(originals, bug="no relu")


@broken("dtype", "pool", "computing in float64 what the port computes in float32 (test_broken_ports.py:")
def float32_inside(originals):
    return net(originals, bug="float32")


@broken("other function", "pool", "pooling by the maximum", where="pool")
def maximum_for_mean(originals):
    return net(originals, bug="maximum")


@broken("padding side", "conv", "padding by (0, 1), (0, 1) (before, after) instead of (1, 1), (1, 1)", where="conv")
def padded_as_xla_does(originals):
    return net(originals, original={"stride": 2, "size": 2}, stride=2, size=2, bug="same padding")


@broken("transposed weight", "fc1", "transposing fc1.weight")
def a_transposed_square_weight(originals):
    theirs = originals.build(originals.Mlp)
    tensors = originals.tensors(theirs)
    tensors["fc1.weight"] = tensors["fc1.weight"].T.copy()
    return theirs, loaded(Mlp(), tensors), ROWS


class Mlp(nn.Module):
    def __init__(self, approximate="none", bug=""):
        rngs = random.TorchGenerator(0)
        self.fc1, self.act = nn.Linear(4, 4, rngs=rngs), nn.GELU(approximate)
        self.norm, self.fc2 = nn.LayerNorm(4), nn.Linear(4, 4, rngs=rngs)
        self.bug = bug

    def __call__(self, x):
        x = self.act(self.fc1(x))
        return self.fc2(self.norm(x)) if self.bug != "no norm" else self.fc2(x)


@broken("GELU form", "act", "taking gelu by tanh makes it agree", where="act")
def gelu_by_tanh(originals):
    theirs = originals.build(originals.Mlp)
    return theirs, loaded(Mlp("tanh"), originals.tensors(theirs)), ROWS


@broken("missing normalisation", "norm", "leaving the normalisation out", where="norm")
def no_normalisation(originals):
    theirs = originals.build(originals.Mlp)
    return theirs, loaded(Mlp(bug="no norm"), originals.tensors(theirs)), ROWS


@broken("other values", "fc1", "giving fc1.weight the port's values (and 5 more tensors likewise)")
def never_loaded(originals):
    return originals.build(originals.Mlp), Mlp(), ROWS


class Language(nn.Module):
    def __init__(self, kind="LSTM", bug=""):
        rngs = random.TorchGenerator(0)
        self.embed = nn.Embedding(7, 4, rngs=rngs)
        self.rnn = getattr(nn, kind)(4, 4, batch_first=bug != "time first", rngs=rngs)
        self.head = nn.Linear(4, 3, rngs=rngs)
        self.bug = bug

    def __call__(self, x):
        x = self.embed(x)
        if self.bug == "scaled":
            x = x * 2.0
        return self.head(self.rnn(x)[0])


@broken("gate order", "rnn", "swapping gate order i,f,g,o to i,f,o,g makes it agree", where="rnn")
def gates_in_another_order(originals):
    theirs = originals.build(originals.Language)
    tensors = originals.tensors(theirs)
    for name in [name for name in tensors if name.startswith("rnn")]:
        i, f, g, o = np.split(tensors[name], 4)
        tensors[name] = np.concatenate([i, f, o, g])
    return theirs, loaded(Language(), tensors), WORDS


@broken("scale", "rnn", "multiplying by 2 before lstm", where="rnn")
def a_scaled_embedding(originals):
    theirs = originals.build(originals.Language)
    return theirs, loaded(Language(bug="scaled"), originals.tensors(theirs)), WORDS


@broken("batch_first", "rnn", "batch_first=False", where="rnn")
def batch_taken_for_time(originals):
    theirs = originals.build(originals.Language, "GRU")
    return theirs, loaded(Language("GRU", "time first"), originals.tensors(theirs)), WORDS


class Block(nn.Module):
    def __init__(self, bug=""):
        rngs = random.TorchGenerator(0)
        self.norm, self.fc1, self.fc2 = nn.LayerNorm(4), nn.Linear(4, 6, rngs=rngs), nn.Linear(6, 4, rngs=rngs)
        self.bug = bug

    def __call__(self, x):
        if self.bug == "post-norm":
            return self.norm(x + self.fc2(F.relu(self.fc1(x))))
        inside = self.fc2(F.relu(self.fc1(self.norm(x))))
        return inside if self.bug == "no residual" else x + inside


@broken("missing residual", "", "leaving out the first of the two that are added", where="")
def no_residual(originals):
    theirs = originals.build(originals.Block)
    return theirs, loaded(Block("no residual"), originals.tensors(theirs)), ROWS


class Encoder(nn.Module):
    def __init__(self, norm_first, activation="relu"):
        self.layer = nn.TransformerEncoderLayer(
            4, 2, 6, 0.1, activation, norm_first=norm_first, batch_first=True, rngs=random.TorchGenerator(0)
        )

    def __call__(self, x):
        return self.layer(x)


def encoder(originals, **settings):
    import torch

    class Original(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.TransformerEncoderLayer(4, 2, 6, batch_first=True)

        def forward(self, x):
            return self.layer(x)

    theirs = originals.build(Original)
    return theirs, loaded(Encoder(**settings), originals.tensors(theirs)), STEPS


@broken("norm order", "layer.self_attn", "(norm_first=True) makes it agree", where="layer")
def pre_norm_for_post_norm(originals):
    return encoder(originals, norm_first=True)


# flax.nnx modules


class FlaxNet(nnx.Module):
    def __init__(self, *, size=4, stride=1, epsilon=1e-5, padding="SAME", use_bias=True, bug=""):
        rngs = nnx.Rngs(0)
        self.conv = nnx.Conv(2, 3, (3, 3), strides=stride, padding=padding, use_bias=use_bias, rngs=rngs)
        self.bn = nnx.BatchNorm(3, momentum=0.9, epsilon=epsilon, rngs=rngs)
        self.fc = nnx.Linear(3 * size * size // 4, 5, rngs=rngs)
        self.bug = bug

    def __call__(self, x):
        x = nnx.avg_pool(nnx.relu(self.bn(self.conv(x))), (2, 2), (2, 2))
        if self.bug != "flatten":
            x = x.transpose(0, 3, 1, 2)
        return self.fc(x.reshape(len(x), -1))


LEAVES = {"weight": ("kernel", "scale", "embedding"), "running_mean": ("mean",), "running_var": ("var",)}


def copied(port, tensors):
    """A stock Flax module with PyTorch's numbers in its own layouts."""
    for name, variable in nn.named_variables(port).items():
        owner, _, leaf = name.rpartition(".")
        theirs = next((n for n, others in LEAVES.items() if leaf in others), leaf)
        value = tensors.get(f"{owner}.{theirs}".lstrip("."))
        if value is not None:
            value = np.moveaxis(value, (0, 1), (-1, -2)) if leaf == "kernel" else value
            variable.set_value(jnp.asarray(value))
    return port


def flax_net(originals, original=None, **settings):
    theirs = originals.build(originals.Net, **(original or {}))
    port = copied(FlaxNet(**settings), originals.tensors(theirs))
    return theirs, port, IMAGES, {"jax_inputs": IMAGES.transpose(0, 2, 3, 1)}


@broken("channels-last flatten", "fc", "flattening in the order N, H, W, C", where="")
def flax_flattens_channels_last(originals):
    return flax_net(originals, bug="flatten")


@broken("padding side", "conv", "padding by (0, 1), (0, 1) (before, after) instead of (1, 1), (1, 1)", where="conv")
def flax_pads_same_at_stride_2(originals):
    return flax_net(originals, {"stride": 2, "size": 2}, stride=2, size=2)


@broken("missing bias", "conv", "leaving out conv.bias makes it agree", where="conv")
def flax_without_bias(originals):
    return flax_net(originals, use_bias=False)


@broken("flipped kernel", "conv", "turning conv.weight round in space")
def flax_with_flipped_kernel(originals):
    theirs, port, inputs, options = flax_net(originals)
    port.conv.kernel.set_value(port.conv.kernel.get_value()[::-1, ::-1])
    return theirs, port, inputs, options


class FlaxMlp(nnx.Module):
    def __init__(self, epsilon=1e-5, approximate=False, dtype=None):
        rngs = nnx.Rngs(0)
        self.fc1, self.fc2 = nnx.Linear(4, 4, rngs=rngs, dtype=dtype), nnx.Linear(4, 4, rngs=rngs)
        self.norm, self.approximate = nnx.LayerNorm(4, epsilon=epsilon, rngs=rngs), approximate

    def __call__(self, x):
        return self.fc2(self.norm(nnx.gelu(self.fc1(x), approximate=self.approximate)))


@broken("epsilon", "norm", "epsilon 1e-06 instead of 1e-05", where="norm")
def flax_epsilon(originals):
    theirs = originals.build(originals.Mlp)
    return theirs, copied(FlaxMlp(1e-6), originals.tensors(theirs)), ROWS


@broken("GELU form", "act", "taking gelu by tanh", where="act")
def flax_gelu(originals):
    theirs = originals.build(originals.Mlp)
    return theirs, copied(FlaxMlp(approximate=True), originals.tensors(theirs)), ROWS


@broken("dtype", "fc1", "computing in float64 what the port computes in bfloat16", where="fc1")
def flax_in_bfloat16(originals):
    theirs = originals.build(originals.Mlp)
    return theirs, copied(FlaxMlp(dtype=jnp.bfloat16), originals.tensors(theirs)), ROWS


@broken("transposed weight", "fc2", "transposing fc2.weight")
def flax_kernel_not_transposed(originals):
    theirs = originals.build(originals.Mlp)
    port = copied(FlaxMlp(), originals.tensors(theirs))
    port.fc2.kernel.set_value(port.fc2.kernel.get_value().T)
    return theirs, port, ROWS


# pure functions with a flat dict of tensors


def linear(params, name, x):
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def layer_norm(params, x, *, eps=1e-5, ddof=0, outside=False):
    variance = x.var(-1, keepdims=True, ddof=ddof)
    x = x - x.mean(-1, keepdims=True)
    x = x / (jnp.sqrt(variance) + eps) if outside else x / jnp.sqrt(variance + eps)
    return x * params["norm.weight"] + params["norm.bias"]


def mlp(first=linear, norm=layer_norm, act=lambda x: F.gelu(x), last="fc2"):
    def port(params, x):
        return linear(params, last, norm(params, act(first(params, "fc1", x))))

    return lambda originals: (originals.build(originals.Mlp), port, ROWS)


def functions(cause, module, text, **ports):
    for name, make in ports.items():
        make.__name__ = name
        broken(cause, module, text)(make)


functions(
    "biased variance", "norm", "dividing the variance by n − 1 instead of n makes it agree",
    unbiased_variance=mlp(norm=lambda params, x: layer_norm(params, x, ddof=1)),
)  # fmt: skip
functions(
    "epsilon outside the root", "norm", "adding epsilon (1e-05) outside the root",
    epsilon_outside=mlp(norm=lambda params, x: layer_norm(params, x, outside=True)),
)  # fmt: skip
functions(
    "transposed weight", "fc1", "transposing fc1.weight",
    transposed_in_code=mlp(first=lambda params, name, x: x @ params[f"{name}.weight"] + params[f"{name}.bias"]),
)  # fmt: skip
functions(
    "missing bias", "fc1", "leaving out fc1.bias",
    bias_forgotten=mlp(first=lambda params, name, x: x @ params[f"{name}.weight"].T),
)  # fmt: skip
functions("activation", "act", "taking silu", another_activation=mlp(act=F.silu))


def recurrent(cell):
    def port(params, words):
        tensors = {name.removeprefix("rnn."): value for name, value in params.items()}
        x = params["embed.weight"][words]
        start = (jnp.zeros((len(x), 4)),) * 2
        _, outputs = jax.lax.scan(lambda state, x: cell(tensors, state, x), start, x.swapaxes(0, 1))
        return linear(params, "head", outputs.swapaxes(0, 1))

    return port


def lstm(tensors, state, x, order="ifgo", both=True):
    h, c = state
    gates = x @ tensors["weight_ih_l0"].T + tensors["bias_ih_l0"] + h @ tensors["weight_hh_l0"].T
    gates = gates + tensors["bias_hh_l0"] if both else gates
    part = dict(zip(order, jnp.split(gates, 4, -1), strict=True))
    c = F.sigmoid(part["f"]) * c + F.sigmoid(part["i"]) * jnp.tanh(part["g"])
    h = F.sigmoid(part["o"]) * jnp.tanh(c)
    return (h, c), h


def gru(tensors, state, x):
    h, _ = state
    a, b = x @ tensors["weight_ih_l0"].T + tensors["bias_ih_l0"], tensors["bias_hh_l0"]
    w = jnp.split(tensors["weight_hh_l0"], 3)
    i, b = jnp.split(a, 3, -1), jnp.split(b, 3)
    r, z = F.sigmoid(i[0] + h @ w[0].T + b[0]), F.sigmoid(i[1] + h @ w[1].T + b[1])
    n = jnp.tanh(i[2] + (r * h) @ w[2].T + b[2])
    h = (1 - z) * n + z * h
    return (h, h), h


@broken("gate order", "rnn", "swapping gate order i,f,g,o to i,f,o,g makes it agree", where="rnn")
def gates_read_in_another_order(originals):
    return originals.build(originals.Language), recurrent(lambda *a: lstm(*a, order="ifog")), WORDS


@broken("missing bias", "rnn", "leaving out bias_hh", where="rnn")
def one_bias_of_two(originals):
    return originals.build(originals.Language), recurrent(lambda *a: lstm(*a, both=False)), WORDS


@broken("reset gate", "rnn", "before the recurrent product", where="rnn")
def reset_before_the_product(originals):
    return originals.build(originals.Language, "GRU"), recurrent(gru), WORDS


def attention(*, scale=2**-0.5, order="qkv", axis=-1, causal=True, heads="neighbours"):
    def split(x):
        batch, length, _ = x.shape
        if heads == "interleaved":
            return x.reshape(batch, length, 2, 2).transpose(0, 3, 1, 2)
        return x.reshape(batch, length, 2, 2).transpose(0, 2, 1, 3)

    def port(params, x):
        parts = dict(zip(order, map(split, jnp.split(linear(params, "qkv", x), 3, -1)), strict=True))
        scores = parts["q"] @ parts["k"].swapaxes(-1, -2) * scale
        if causal:
            scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
        mixed = jnp.asarray(jax.nn.softmax(scores, axis)) @ parts["v"]
        return linear(params, "out", mixed.swapaxes(1, 2).reshape(x.shape))

    return port


@broken("scale", "out", "not multiplying or dividing by 1.41421 makes it agree", where="")
def scores_not_scaled(originals):
    return originals.build(originals.Attention), attention(scale=1.0), STEPS


@broken("order of parts", "out", "taking the 3 parts in the order 1, 0, 2", where="")
def query_and_key_exchanged(originals):
    return originals.build(originals.Attention), attention(order="kqv"), STEPS


@broken("order of parts", "out", "taking the 3 parts in the order 0, 2, 1", where="")
def key_and_value_exchanged(originals):
    return originals.build(originals.Attention), attention(order="qvk"), STEPS


@broken("axis", "out", "softmax over axis -2 instead of -1", where="")
def softmax_over_queries(originals):
    return originals.build(originals.Attention, causal=False), attention(causal=False, axis=-2), STEPS


@broken("mask", "out", "leaving the mask out", where="")
def no_mask(originals):
    return originals.build(originals.Attention), attention(causal=False), STEPS


@broken("order of axes", "out", "the axes in the order (0, 3, 1, 2)", where="")
def heads_of_every_other_feature(originals):
    return originals.build(originals.Attention), attention(heads="interleaved"), STEPS


# faults that the functions of a model by hand show


class RMSNorm:
    """As PyTorch users write it."""

    @staticmethod
    def original(torch):
        class Norm(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = torch.nn.Parameter(torch.ones(4))

            def forward(self, x):
                return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight

        return lambda: torch.nn.Sequential(Norm(), torch.nn.Linear(4, 4))


def by_hand(norm):
    def make(originals):
        import torch

        port = lambda params, x: linear(params, "1", norm(x) * params["0.weight"])  # noqa: E731
        return originals.build(RMSNorm.original(torch)), port, ROWS

    return make


functions(
    "epsilon outside the root", "0", "adding epsilon (1e-05) outside the root instead of inside",
    rms_epsilon_outside=by_hand(lambda x: x / (jnp.sqrt((x**2).mean(-1, keepdims=True)) + 1e-5)),
)  # fmt: skip
functions(
    "epsilon", "0", "adding 1e-06 instead of 1e-05",
    rms_epsilon=by_hand(lambda x: x / jnp.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)),
)  # fmt: skip
functions(
    "another module's parameters", "fc1", "exchanging the parameters of fc1 and fc2",
    layers_exchanged=mlp(first=lambda params, name, x: linear(params, "fc2", x), last="fc1"),
)  # fmt: skip
