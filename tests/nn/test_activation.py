"""The activation, dropout and distance modules: what PyTorch's database of modules does not ask."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl import nn

NAMES = [
    *("ReLU", "ReLU6", "RReLU", "Hardtanh", "Hardsigmoid", "SiLU", "Mish", "Hardswish", "ELU", "CELU", "SELU", "GLU"),
    *("GELU", "Hardshrink", "LeakyReLU", "Softplus", "Softshrink", "PReLU", "Softmin", "Softmax", "LogSoftmax"),
    *("Threshold", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"),
    *("CosineSimilarity", "PairwiseDistance"),
]
KEY = jax.random.key(0)


@pytest.mark.torch
def test_constructors_take_what_torch_s_take(torch):
    for name in NAMES:
        theirs, ours = (
            [(p.name, p.default) for p in inspect.signature(getattr(library, name).__init__).parameters.values()]
            for library in (torch.nn, nn)
        )
        assert ours == [entry for entry in theirs if entry[0] != "device"], name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Dropout", "Dropout1d", "AlphaDropout", "FeatureAlphaDropout", "RReLU"])
def test_the_key_of_a_call_reaches_a_module_that_draws(name):
    x = -jnp.ones((20, 3, 2))
    apply, params, buffers = nn.functionalize(getattr(nn, name)())
    first, again, other = (apply(params, buffers, x, train=True, key=key)[0] for key in (KEY, KEY, jax.random.key(1)))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (apply(params, buffers, x)[0] == apply(params, buffers, x)[0]).all()
    with pytest.raises(ValueError, match=f"{name} draws in training mode and was given no key"):
        apply(params, buffers, x, train=True)


def test_prelu_s_weight():
    layer = nn.PReLU(3, 0.5)
    assert list(nn.state_dict(layer)) == ["weight"]
    assert nn.state_dict(layer)["weight"].tolist() == [0.5] * 3
    x = -jnp.ones((2, 3))
    np.testing.assert_array_equal(layer(x), F.prelu(x, jnp.full(3, 0.5)))


def test_hardtanh_s_older_names():
    with pytest.warns(FutureWarning, match="Hardtanh: min_value is deprecated; use min_val"):
        layer = nn.Hardtanh(min_value=-3.0)
    assert (layer.min_val, layer.max_val) == (-3.0, 1.0)


def test_no_dim_warns_of_the_caller_s_line():
    for layer in (nn.Softmax(), nn.Softmin(), nn.LogSoftmax()):
        with pytest.warns(UserWarning, match="Implicit dimension choice") as caught:
            layer(jnp.zeros((2, 3)))
        assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Hardtanh(1.0, 1.0), ValueError, "Hardtanh: max_val is 1.0 and min_val is 1.0"),
        (lambda: nn.PReLU(-1), ValueError, "PReLU: num_parameters is -1"),
        (lambda: nn.Softmax2d()(jnp.zeros((2, 3))), ValueError, r"Softmax2d: input has shape \(2, 3\)"),
        (lambda: nn.AlphaDropout(1.5), ValueError, "AlphaDropout: p must be between 0 and 1, given 1.5"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
