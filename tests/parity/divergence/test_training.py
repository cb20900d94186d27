"""Behind the outputs: buffers, gradients by name, steps of training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from jaxdl import bridge, nn, optim, random
from jaxdl import functional as F
from jaxdl.parity import ParityError
from jaxdl.parity.divergence import diff

pytestmark = [pytest.mark.torch, pytest.mark.slow]
ROWS, IMAGES = np.random.default_rng(4).normal(size=(3, 4)), np.random.default_rng(5).normal(size=(2, 2, 4, 4))


class Net(nn.Module):
    def __init__(self, momentum=0.1, norm=nn.BatchNorm2d):
        rngs = random.TorchGenerator(1)
        self.conv, self.bn = nn.Conv2d(2, 3, 3, padding=1, rngs=rngs), norm(3, momentum=momentum)
        self.fc = nn.Linear(12, 5, rngs=rngs)

    def __call__(self, x):
        return self.fc(F.avg_pool2d(F.relu(self.bn(self.conv(x))), 2).reshape(len(x), -1))


def loaded(port, original, originals):
    bridge.load_into(port, originals.tensors(original))
    return port


def test_the_convention_of_momentum(originals):
    original = originals.build(originals.Net)
    found = diff(loaded(Net(0.9), original, originals), original, IMAGES)
    first = found.first
    assert (first.stage, first.module, first.tensor) == ("buffers", "bn", "running_mean")
    assert first.cause == "momentum convention"
    assert str(first.causes[0]).startswith("momentum 0.9 instead of 0.1 (the share that is kept")
    assert first.shapes == ((3,), (3,))
    assert {one.stage for one in found.firsts} == {"buffers"}, "the steps do not repeat what the buffers say"
    assert all(tensor.agrees for tensor in found.gradients)
    assert "steps         after each of 3 steps, 6 tensors agree" in str(found)
    with pytest.raises(ParityError, match=r"buffers · bn · running_mean · .* > 1e-10 \(float64\); momentum 0.9"):
        found.assert_agreement()


class FlaxNet(nnx.Module):
    def __init__(self, rngs, momentum=0.9):
        self.conv = nnx.Conv(2, 3, (3, 3), padding=1, rngs=rngs)
        self.bn = nnx.BatchNorm(3, momentum=momentum, epsilon=1e-5, rngs=rngs)
        self.fc = nnx.Linear(12, 5, rngs=rngs)

    def __call__(self, x):
        x = nnx.avg_pool(nnx.relu(self.bn(self.conv(x))), (2, 2), (2, 2))
        return self.fc(x.transpose(0, 3, 1, 2).reshape(len(x), -1))


@pytest.mark.parametrize("momentum", [0.9, 0.1])
def test_the_biased_variance_of_flax(originals, momentum):
    original = originals.build(originals.Net)
    port = FlaxNet(nnx.Rngs(0), momentum)
    tensors = originals.tensors(original)
    for module in (port.conv, port.fc):
        name = "conv" if module is port.conv else "fc"
        module.kernel.set_value(jnp.asarray(np.moveaxis(tensors[f"{name}.weight"], (0, 1), (-1, -2))))
        module.bias.set_value(jnp.asarray(tensors[f"{name}.bias"]))
    for ours, theirs in (("scale", "weight"), ("bias", "bias"), ("mean", "running_mean"), ("var", "running_var")):
        getattr(port.bn, ours).set_value(jnp.asarray(tensors[f"bn.{theirs}"]))
    found = diff(port, original, IMAGES, jax_inputs=IMAGES.transpose(0, 2, 3, 1), steps=1)
    assert not found.forward.faults, str(found)
    assert not found.training.faults
    variance = next(one for one in found.firsts if one.tensor == "running_var")
    assert variance.cause == "biased variance"
    assert "by the variance over n instead of n − 1" in variance.causes[0].text
    assert (found.first.tensor == "running_var") == (momentum == 0.9)
    assert ("momentum 0.9 instead of 0.1" in variance.causes[0].text) == (momentum == 0.1)


def batch_norm(params, x, train, *, ddof=0):
    turn = lambda a: a[:, None, None]  # noqa: E731
    mean, var = params["bn.running_mean"], params["bn.running_var"]
    moved = {}
    if train:
        m, v, count = x.mean((0, 2, 3)), x.var((0, 2, 3)), x.size / 3
        moved = {"bn.running_mean": 0.9 * mean + 0.1 * m, "bn.running_var": 0.9 * var + 0.1 * v * count / (count - 1)}
        mean, var = m, x.var((0, 2, 3), ddof=ddof)
    x = (x - turn(mean)) / jnp.sqrt(turn(var) + 1e-5)
    return x * turn(params["bn.weight"]) + turn(params["bn.bias"]), moved


def test_a_fault_of_the_training_mode_alone(originals):
    def port(params, x, train=False):
        x, moved = batch_norm(params, F.conv2d(x, params["conv.weight"], params["conv.bias"], padding=1), train, ddof=1)
        x = linear(params, "fc", F.avg_pool2d(F.relu(x), 2).reshape(len(x), -1))
        return (x, moved) if train else x

    found = diff(port, originals.build(originals.Net), IMAGES)
    assert not found.forward.faults
    first = found.first
    assert (first.stage, first.module, first.cause) == ("training", "bn", "biased variance"), str(found)
    assert "buffers, gradients and steps: the outputs in training mode differ first" in found.notes


def linear(params, name, x):
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def block(inner=lambda x: x, residual=lambda x: x):
    def port(params, x):
        normal = F.layer_norm(x, (4,), params["norm.weight"], params["norm.bias"])
        return residual(x) + inner(linear(params, "fc2", F.relu(linear(params, "fc1", normal))))

    return port


@pytest.mark.parametrize(
    ("inner", "cause", "text"),
    [
        (jax.lax.stop_gradient, "stopped gradient", "is zero everywhere"),
        (lambda x: x / 2 + jax.lax.stop_gradient(x / 2), "scaled gradient", "is 0.5 times PyTorch's"),
    ],
)
def test_a_gradient_that_does_not_come_through(originals, inner, cause, text):
    found = diff(block(inner), originals.build(originals.Block), ROWS)
    assert not found.forward.faults
    assert (found.first.stage, found.first.cause) == ("gradients", cause)
    assert text in found.first.causes[0].text
    assert {one.module for one in found.firsts} == {"norm", "fc1", "fc2"}
    assert "steps: the gradients differ first" in found.notes
    assert "right         the outputs of norm, fc1, fc2 and of the whole model" in str(found)


def test_a_bias_of_zero_that_the_port_does_not_have(originals):
    original = originals.build(originals.Block)
    original.fc2.bias.data.zero_()

    class Port(nn.Module):
        def __init__(self):
            rngs = random.TorchGenerator(0)
            self.norm, self.fc1 = nn.LayerNorm(4), nn.Linear(4, 6, rngs=rngs)
            self.fc2 = nn.Linear(6, 4, bias=False, rngs=rngs)

        def __call__(self, x):
            return x + self.fc2(F.relu(self.fc1(self.norm(x))))

    port = Port()
    bridge.load_into(port, {n: v for n, v in originals.tensors(original).items() if n != "fc2.bias"})
    found = diff(port, original, ROWS)
    assert (found.first.stage, found.first.module, found.first.tensor) == ("gradients", "fc2", "bias")
    assert found.first.cause == "missing bias"
    assert found.first.shapes == (None, (4,))


def test_a_loss_of_the_users_own(originals, torch):
    target = np.array([0, 3, 1])
    losses = (
        lambda output: F.cross_entropy(output, jnp.asarray(target)),
        lambda output: torch.nn.functional.cross_entropy(output, torch.from_numpy(target)),
    )
    original = originals.build(originals.Block)
    assert diff(block(), original, ROWS, loss=losses, steps=2).agrees
    wrong = (lambda output: 3 * losses[0](output), losses[1])
    assert diff(block(), original, ROWS, loss=wrong).first.cause == "scaled gradient"


SGD = {"lr": 0.1, "momentum": 0.8}
OPTIMIZERS = [
    pytest.param(optim.sgd(0.1, momentum=0.8), "SGD", SGD, "", "", id="sgd"),
    pytest.param(
        optim.sgd(0.1, momentum=0.8, dampening=0.8), "SGD", SGD, "momentum convention", "dampening 0.8", id="damped"
    ),
    pytest.param(optax.adamw(0.1, weight_decay=0.3), "AdamW", {"lr": 0.1, "weight_decay": 0.3}, "", "", id="adamw"),
    pytest.param(
        optax.adamw(0.1, weight_decay=0.3), "Adam", {"lr": 0.1, "weight_decay": 0.3},
        "weight decay", "taken off the parameters, as AdamW has it", id="decay",
    ),
    pytest.param(optax.adam(0.1, eps=1e-3), "Adam", {"lr": 0.1}, "epsilon", "eps=0.001 instead of 1e-08", id="epsilon"),
    pytest.param(
        optax.rmsprop(0.1, 0.9, 1e-8, eps_in_sqrt=False), "RMSprop", {"lr": 0.1},
        "decay", "alpha=0.9 instead of 0.99", id="alpha",
    ),
    pytest.param(
        optax.rmsprop(0.1, 0.9, 1e-8), "RMSprop", {"lr": 0.1},
        "epsilon inside the root", "epsilon (1e-08) inside the root, alpha 0.9", id="inside",
    ),
    pytest.param(
        optax.adagrad(0.1), "Adagrad", {"lr": 0.1},
        "epsilon inside the root", "epsilon (1e-07) inside the root, starting from 0.1", id="adagrad",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("transformation", "name", "settings", "cause", "text"), OPTIMIZERS)
def test_an_optimiser(originals, torch, transformation, name, settings, cause, text):
    factory = lambda parameters: getattr(torch.optim, name)(parameters, **settings)  # noqa: E731
    found = diff(block(), originals.build(originals.Block), ROWS, optimizers=(transformation, factory), steps=3)
    if not cause:
        assert found.agrees, str(found)
        return
    assert found.first.stage.startswith("step"), str(found)
    assert found.first.cause == cause, str(found)
    assert text in found.first.causes[0].text


def test_a_weight_that_is_tied_in_pytorch_alone(originals, torch):
    class Original(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = torch.nn.Embedding(7, 4), torch.nn.Linear(4, 7, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, x):
            return self.head(torch.tanh(self.embed(x)))

    original = originals.build(Original)
    port = lambda params, x: jnp.tanh(params["embed.weight"][x]) @ params["head.weight"].T  # noqa: E731
    words = np.array([[1, 2, 6]])
    assert diff(port, original, words).agrees
    found = diff(port, original, words, params=originals.tensors(original))
    assert found.first.cause == "untied weight"
    assert "embed.weight and head.weight are one parameter in PyTorch" in found.first.causes[0].text
