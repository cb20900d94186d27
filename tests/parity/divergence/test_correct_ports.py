"""Ports that are right, in each of the ways in which ports are written: none may be said to differ."""

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
RNG = np.random.default_rng(3)
IMAGES, ROWS, STEPS = RNG.normal(size=(2, 2, 4, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3, 4))
WORDS = np.array([[1, 2, 0, 6], [3, 3, 5, 1]])


def correct(make):
    CASES.append(pytest.param(make, id=make.__name__))
    return make


@pytest.mark.slow
@pytest.mark.parametrize("make", CASES)
def test_a_correct_port_is_clean(make, originals):
    original, port, inputs, *options = make(originals)
    found = diff(port, original, inputs, steps=2, **(options[0] if options else {}))
    assert found.agrees, str(found)
    assert not found.forward.faults
    found.assert_agreement()
    assert "agrees with PyTorch" in str(found)
    assert "right         everything that was compared" in str(found)
    assert "" in found.right
    assert all(tensor.gap is not None for tensor in found.gradients), str(found)


def module(call, **children):
    """A jaxdl.nn module of these children."""

    class Port(nn.Module):
        def __init__(self):
            for name, child in children.items():
                setattr(self, name, child)

        def __call__(self, *inputs):
            return call(self, *inputs)

    return Port()


def loaded(port, original, originals):
    bridge.load_into(port, originals.tensors(original))
    return port


@correct
def convolution_and_batch_norm(originals):
    rngs = random.TorchGenerator(1)
    port = module(
        lambda self, x: self.fc(self.pool(F.relu(self.bn(self.conv(x)))).reshape(2, -1)),
        conv=nn.Conv2d(2, 3, 3, padding=1, rngs=rngs),
        bn=nn.BatchNorm2d(3),
        pool=nn.AvgPool2d(2),
        fc=nn.Linear(12, 5, rngs=rngs),
    )
    theirs = originals.build(originals.Net)
    return theirs, loaded(port, theirs, originals), IMAGES


def language(kind):
    def make(originals):
        rngs = random.TorchGenerator(1)
        port = module(
            lambda self, x: self.head(self.rnn(self.embed(x))[0]),
            embed=nn.Embedding(7, 4, rngs=rngs),
            rnn=getattr(nn, kind)(4, 4, batch_first=True, rngs=rngs),
            head=nn.Linear(4, 3, rngs=rngs),
        )
        theirs = originals.build(originals.Language, kind)
        return theirs, loaded(port, theirs, originals), WORDS

    make.__name__ = kind
    return make


correct(language("LSTM"))
correct(language("GRU"))


@correct
def a_residual_block(originals):
    rngs = random.TorchGenerator(1)
    port = module(
        lambda self, x: x + self.fc2(F.relu(self.fc1(self.norm(x)))),
        norm=nn.LayerNorm(4),
        fc1=nn.Linear(4, 6, rngs=rngs),
        fc2=nn.Linear(6, 4, rngs=rngs),
    )
    theirs = originals.build(originals.Block)
    return theirs, loaded(port, theirs, originals), ROWS


@correct
def a_transformer_layer_that_drops(originals):
    import torch

    theirs = originals.build(torch.nn.TransformerEncoderLayer, 4, 2, 6, 0.5, batch_first=True)
    port = nn.TransformerEncoderLayer(4, 2, 6, 0.5, batch_first=True, rngs=random.TorchGenerator(1))
    return theirs, loaded(port, theirs, originals), STEPS


@correct
def attention_with_two_results(originals):
    import torch

    theirs = originals.build(torch.nn.MultiheadAttention, 4, 2, batch_first=True)
    port = nn.MultiheadAttention(4, 2, batch_first=True, rngs=random.TorchGenerator(1))
    return theirs, loaded(port, theirs, originals), (STEPS, STEPS[:, :2], STEPS[:, :2])


# stock Flax

LEAVES = {"weight": ("kernel", "scale", "embedding"), "running_mean": ("mean",), "running_var": ("var",)}


def copied(port, tensors):
    for name, variable in nn.named_variables(port).items():
        owner, _, leaf = name.rpartition(".")
        theirs = next((n for n, others in LEAVES.items() if leaf in others), leaf)
        value = tensors.get(f"{owner}.{theirs}".lstrip("."))
        if value is not None:
            variable.set_value(jnp.asarray(np.moveaxis(value, (0, 1), (-1, -2)) if leaf == "kernel" else value))
    return port


class FlaxMlp(nnx.Module):
    def __init__(self, rngs):
        self.layers = nnx.Sequential(nnx.Linear(4, 4, rngs=rngs), nnx.LayerNorm(4, epsilon=1e-5, rngs=rngs), nnx.relu)
        self.rest = nnx.List([nnx.Linear(4, 4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)])

    def __call__(self, x):
        x = self.layers(x)
        for layer in self.rest:
            x = layer(x)
        return x


class FlaxImages(nnx.Module):
    def __init__(self, rngs):
        self.embed, self.conv = (
            nnx.Conv(2, 4, (2, 2), strides=2, rngs=rngs),
            nnx.Conv(4, 4, (3, 3), padding=1, rngs=rngs),
        )
        self.norm, self.drop = nnx.GroupNorm(4, 2, epsilon=1e-5, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.drop(nnx.silu(self.norm(self.conv(self.embed(x)))))


@correct
def flax_with_channels_last(originals):
    from torch import nn as tnn

    class Original(tnn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.conv = tnn.Conv2d(2, 4, 2, stride=2), tnn.Conv2d(4, 4, 3, padding=1)
            self.norm, self.drop = tnn.GroupNorm(2, 4), tnn.Dropout2d(0.1)

        def forward(self, x):
            return self.drop(tnn.functional.silu(self.norm(self.conv(self.embed(x)))))

    theirs = originals.build(Original)
    port = copied(FlaxImages(nnx.Rngs(0)), originals.tensors(theirs))
    return theirs, port, IMAGES, {"jax_inputs": IMAGES.transpose(0, 2, 3, 1)}


@correct
def flax_sequential_and_list(originals):
    from torch import nn as tnn

    class Original(tnn.Module):
        def __init__(self):
            super().__init__()
            self.layers = tnn.Sequential(tnn.Linear(4, 4), tnn.LayerNorm(4), tnn.ReLU())
            self.rest = tnn.ModuleList([tnn.Linear(4, 4), tnn.Linear(4, 2)])

        def forward(self, x):
            x = self.layers(x)
            for layer in self.rest:
                x = layer(x)
            return x

    theirs = originals.build(Original)
    tensors = originals.tensors(theirs)
    tensors |= {name.replace("layers.", "layers.layers."): value for name, value in tensors.items()}
    return theirs, copied(FlaxMlp(nnx.Rngs(0)), tensors), ROWS


# pure functions


def linear(params, name, x):
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


@correct
def a_function_under_jit(originals):
    @jax.jit
    def port(params, x):
        x = jax.nn.gelu(linear(params, "fc1", x), approximate=False)
        x = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return linear(params, "fc2", x * params["norm.weight"] + params["norm.bias"])

    return originals.build(originals.Mlp), port, ROWS


@correct
def a_function_that_trains(originals):
    def port(params, x, train=False):
        x = F.conv2d(x, params["conv.weight"], params["conv.bias"], padding=1)
        mean, var = params["bn.running_mean"], params["bn.running_var"]
        if train:
            count = x.size / 3
            m, v = x.mean((0, 2, 3)), x.var((0, 2, 3))
            moved = {
                "bn.running_mean": 0.9 * mean + 0.1 * m,
                "bn.running_var": 0.9 * var + 0.1 * v * count / (count - 1),
            }
            mean, var = m, v
        turn = lambda a: a[:, None, None]  # noqa: E731
        x = (x - turn(mean)) / jnp.sqrt(turn(var) + 1e-5) * turn(params["bn.weight"]) + turn(params["bn.bias"])
        x = linear(params, "fc", F.avg_pool2d(F.relu(x), 2).reshape(len(x), -1))
        return (x, moved) if train else x

    return originals.build(originals.Net), port, IMAGES


@correct
def an_lstm_by_scan(originals):
    def port(params, words):
        p = {name.removeprefix("rnn."): value for name, value in params.items()}

        def step(state, x):
            h, c = state
            gates = x @ p["weight_ih_l0"].T + p["bias_ih_l0"] + h @ p["weight_hh_l0"].T + p["bias_hh_l0"]
            i, f, g, o = jnp.split(gates, 4, -1)
            c = F.sigmoid(f) * c + F.sigmoid(i) * jnp.tanh(g)
            h = F.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        x = params["embed.weight"][words]
        _, outputs = jax.lax.scan(step, (jnp.zeros((len(x), 4)),) * 2, x.swapaxes(0, 1))
        return linear(params, "head", outputs.swapaxes(0, 1))

    return originals.build(originals.Language), port, WORDS


@correct
def a_function_with_its_own_names_and_layouts(originals):
    theirs = originals.build(originals.Mlp)
    given = originals.tensors(theirs)
    params = {"in.w": given["fc1.weight"].T.copy(), "in.b": given["fc1.bias"], "fc2.weight": given["fc2.weight"]}
    params |= {name: given[name] for name in ("norm.weight", "norm.bias", "fc2.bias")}

    def port(params, x):
        x = jax.nn.gelu(x @ params["in.w"] + params["in.b"], approximate=False)
        x = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return linear(params, "fc2", x * params["norm.weight"] + params["norm.bias"])

    return theirs, port, ROWS, {"params": params, "names": {"in.w": "fc1.weight", "in.b": "fc1.bias"}}


@correct
def several_outputs_in_a_dict(originals):
    from torch import nn as tnn

    class Original(tnn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = tnn.Linear(4, 3), tnn.Linear(4, 4)

        def forward(self, x):
            return {"value": self.b(x), "policy": self.a(x).softmax(-1), "choice": self.a(x).argmax(-1)}

    def port(params, x):
        a = linear(params, "a", x)
        return {"policy": jax.nn.softmax(a), "value": linear(params, "b", x), "choice": a.argmax(-1)}

    return originals.build(Original), port, ROWS


@correct
def tied_weights_and_a_module_called_twice(originals):
    from torch import nn as tnn

    class Original(tnn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.mix, self.head = tnn.Embedding(7, 4), tnn.Linear(4, 4), tnn.Linear(4, 7, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, x):
            return self.head(self.mix(self.mix(self.embed(x)).tanh()))

    def port(params, x):
        x = jnp.tanh(linear(params, "mix", params["embed.weight"][x]))
        return linear(params, "mix", x) @ params["head.weight"].T

    return originals.build(Original), port, WORDS


@correct
def a_frozen_parameter_and_one_that_is_not_used(originals):
    theirs = originals.build(originals.Block)
    theirs.fc1.weight.requires_grad_(False)
    theirs.unused = type(theirs.fc1)(4, 4)

    def port(params, x):
        inside = F.layer_norm(x, (4,), params["norm.weight"], params["norm.bias"])
        return x + linear(params, "fc2", F.relu(linear(params, "fc1", inside)))

    return theirs, port, ROWS


@correct
def in_place_operations_and_types_asked_for(originals):
    from torch import nn as tnn

    class Original(tnn.Module):
        def __init__(self):
            super().__init__()
            self.fc = tnn.Linear(4, 4)

        def forward(self, x):
            x = self.fc(x)
            x = x.float().add_(1.0).relu_().type_as(x)
            x = x / x.float().pow(2).mean(-1, keepdim=True).add(1e-6).sqrt()
            return x.mul_(2.0)[:, :2]

    def port(params, x):
        x = F.relu((linear(params, "fc", x) + 1.0).astype(jnp.float32)).astype(x.dtype)
        return (2 * x / jnp.sqrt((x.astype(jnp.float32) ** 2).mean(-1, keepdims=True) + 1e-6).astype(x.dtype))[:, :2]

    return originals.build(Original), port, ROWS


@correct
def complex_numbers(originals):
    import torch
    from torch import nn as tnn

    class Original(tnn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.mix = tnn.Linear(4, 4), tnn.Parameter(torch.randn(3, dtype=torch.complex64))

        def forward(self, x):
            return torch.fft.irfft(torch.fft.rfft(self.fc(x)) * self.mix, n=4)

    def port(params, x):
        return jnp.fft.irfft(jnp.fft.rfft(linear(params, "fc", x)) * params["mix"], n=4)

    theirs = originals.build(Original)
    return theirs, port, ROWS, {"params": originals.tensors(theirs)}


def test_neither_model_is_changed(originals):
    original = originals.build(originals.Net).train()
    before = originals.tensors(original)
    rngs = random.TorchGenerator(1)
    port = module(lambda self, x: self.fc(x), fc=nn.Linear(4, 4, rngs=rngs))
    state = {name: np.asarray(value) for name, value in nn.state_dict(port).items()}
    diff(port, originals.build(originals.Mlp), ROWS, steps=1)
    diff(lambda p, x: x, original, IMAGES, steps=1)
    assert original.training
    assert all(np.array_equal(before[name], value) for name, value in originals.tensors(original).items())
    assert next(original.parameters()).dtype.is_floating_point
    assert all(np.array_equal(state[name], value) for name, value in nn.state_dict(port).items())
