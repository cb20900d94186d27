"""Every module beside its torch.nn namesake: names, initial weights bit for bit, outputs, buffers and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import bridge, nn, random

# name, positional arguments, keyword arguments, input shape
CASES = [
    ("Linear", (5, 3), {}, (4, 5)),
    ("Linear", (5, 3), {"bias": False}, (2, 4, 5)),
    ("Linear", (1, 1), {}, (1,)),
    ("Conv2d", (3, 8, 3), {"padding": 1}, (2, 3, 7, 6)),
    ("Conv2d", (4, 6, (3, 2)), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}, (2, 4, 9, 8)),
    ("Conv2d", (4, 4, 3), {"groups": 4, "bias": False}, (2, 4, 6, 6)),
    ("Conv2d", (2, 3, 4), {"padding": "same", "dilation": 2}, (2, 2, 9, 9)),
    ("Conv2d", (2, 3, 3), {"padding": "valid"}, (2, 6, 6)),
    ("Conv2d", (2, 3, 3), {"padding": 2, "padding_mode": "circular"}, (2, 2, 6, 5)),
    ("Conv2d", (2, 3, 3), {"padding": (1, 2), "padding_mode": "reflect"}, (2, 2, 6, 5)),
    ("Conv2d", (2, 3, 5), {"padding": 4, "padding_mode": "replicate"}, (2, 2, 6, 5)),
    ("Conv2d", (2, 3, 4), {"padding": "same", "padding_mode": "circular"}, (2, 2, 6, 5)),
    ("Conv2d", (2, 3, 4), {"padding": "same", "padding_mode": "reflect"}, (2, 2, 6, 5)),
    ("MaxPool2d", (2,), {}, (2, 3, 6, 7)),
    ("MaxPool2d", (3, 2, 1), {"ceil_mode": True}, (2, 3, 6, 7)),
    ("MaxPool2d", (2,), {"dilation": 2, "stride": 1}, (2, 3, 6, 7)),
    ("ReLU", (), {}, (3, 4)),
    ("ReLU", (True,), {}, (3, 4)),
    ("Softmax", (), {}, (3, 4)),
    ("Softmax", (-1,), {}, (2, 3, 4)),
    ("LogSoftmax", (1,), {}, (2, 3, 4)),
    ("BatchNorm1d", (4,), {}, (5, 4)),
    ("BatchNorm1d", (4,), {"momentum": None}, (5, 4, 3)),
    ("BatchNorm1d", (4,), {"affine": False, "eps": 0.1}, (2, 4)),
    ("BatchNorm1d", (4,), {"bias": False}, (2, 4)),
    ("BatchNorm2d", (3,), {"momentum": 0.3}, (2, 3, 4, 5)),
    ("BatchNorm2d", (3,), {"track_running_stats": False}, (2, 3, 4, 5)),
    ("Dropout", (0.0,), {}, (3, 4)),
    ("Dropout", (1.0,), {}, (3, 4)),
    ("Flatten", (), {}, (2, 3, 4)),
    ("Flatten", (0, 1), {}, (2, 3, 4)),
    ("Identity", (), {}, (2, 3)),
]
DRAWS = {"Linear", "Conv2d"}
IDS = [f"{name}{args}{kwargs}" for name, args, kwargs, _ in CASES]


def build(name, args, kwargs, seed=0, **more):
    return getattr(nn, name)(
        *args, **kwargs, **more, **({"rngs": random.TorchGenerator(seed)} if name in DRAWS else {})
    )


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "args", "kwargs", "shape"), CASES, ids=IDS)
def test_a_seed_gives_the_same_tensors(torch, name, args, kwargs, shape, dtype):
    typed = name in {*DRAWS, "BatchNorm1d", "BatchNorm2d"}
    for seed in (0, 3):
        with torch.random.fork_rng(devices=[]), jax.enable_x64(True):
            torch.manual_seed(seed)
            theirs = getattr(torch.nn, name)(
                *args, **kwargs, **({"dtype": getattr(torch, dtype)} if typed else {})
            ).state_dict()
            ours = nn.state_dict(build(name, args, kwargs, seed, **({"dtype": dtype} if typed else {})))
        assert list(ours) == list(theirs)
        for key, tensor in theirs.items():
            assert ours[key].dtype == tensor.numpy().dtype
            np.testing.assert_array_equal(ours[key], tensor.numpy(), strict=True)


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")  # PyTorch's own, for Softmax(dim=None)
@pytest.mark.torch
@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize(("name", "args", "kwargs", "shape"), CASES, ids=IDS)
def test_it_computes_what_torch_computes(torch, name, args, kwargs, shape, train):
    """float64: output, buffers, and the gradients of parameters and input, over two calls (buffers have moved)."""
    with torch.random.fork_rng(devices=[]), jax.enable_x64(True):
        torch.manual_seed(0)
        theirs = getattr(torch.nn, name)(*args, **kwargs).double().train(train)
        ours = build(name, args, kwargs)
        bridge.load_into(ours, {n: t.numpy() for n, t in theirs.state_dict().items()})
        apply, params, buffers = nn.functionalize(ours)
        compiled = jax.jit(lambda p, b, x: apply(p, b, x, train=train, key=jax.random.key(0)))
        for call in range(2):
            x = np.random.RandomState(call).randn(*shape)
            tx = torch.tensor(x, requires_grad=True)
            expected = theirs(tx * 1)  # not the leaf itself: ReLU(inplace=True) writes into its input
            cotangent = np.random.RandomState(call + 9).randn(*expected.shape)
            theirs.zero_grad()
            expected.backward(torch.tensor(cotangent))

            def dot(params, x, buffers=buffers, cotangent=cotangent):
                return (apply(params, buffers, x, train=train, key=jax.random.key(0))[0] * cotangent).sum()

            gradients, dx = jax.grad(dot, argnums=(0, 1))(params, jnp.asarray(x))
            output, buffers = compiled(params, buffers, x)
            computed = {"output": output, "input": dx, **gradients, **buffers}
            reference = {"output": expected.detach(), "input": tx.grad, **dict(theirs.named_buffers())}
            reference |= {n: p.grad for n, p in theirs.named_parameters()}
            assert computed.keys() == reference.keys()
            for key, tensor in reference.items():
                scale = max(np.abs(tensor.numpy()).max(), 1e-300)
                assert computed[key].shape == tuple(tensor.shape)
                assert np.abs(np.asarray(computed[key]) - tensor.numpy()).max() <= 1e-10 * scale, key


@pytest.mark.torch
def test_losses_and_containers(torch):
    x, labels = np.random.RandomState(0).randn(6, 4).astype(np.float32), np.array([0, 1, 3, 2, -100, 1])
    weight = np.array([0.1, 2.0, 1.0, 0.5], np.float32)
    theirs = torch.nn.CrossEntropyLoss(torch.tensor(weight), label_smoothing=0.1)
    ours = nn.CrossEntropyLoss(weight, label_smoothing=0.1)
    assert list(nn.state_dict(ours)) == list(theirs.state_dict()) == ["weight"]
    np.testing.assert_allclose(ours(x, labels), theirs(torch.tensor(x), torch.tensor(labels)), rtol=1e-6)
    for reduction in ("mean", "sum", "none"):
        expected = torch.nn.MSELoss(reduction=reduction)(torch.tensor(x), torch.tensor(x[::-1].copy()))
        np.testing.assert_allclose(nn.MSELoss(reduction=reduction)(x, x[::-1]), expected, rtol=1e-6)


@pytest.mark.torch
def test_a_whole_model_from_one_seed(torch):
    """Weights come in construction order from one stream, as in PyTorch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(42)
        theirs = torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3),
            torch.nn.BatchNorm2d(4),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(144, 5),
        )
    g = random.TorchGenerator(42)
    ours = nn.Sequential(
        nn.Conv2d(1, 4, 3, rngs=g), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5, rngs=g)
    )
    computed = nn.state_dict(ours)
    assert list(computed) == list(theirs.state_dict())
    for name, tensor in theirs.state_dict().items():
        np.testing.assert_array_equal(computed[name], tensor.numpy())
