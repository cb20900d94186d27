"""Every initialiser: PyTorch's bits from a TorchGenerator, the distribution from nnx.Rngs, and what is refused."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxdl import nn, random

init = nn.init

# name, shape, arguments, whether it draws
CASES = [
    ("uniform_", (7, 5), (-0.3, 0.7), True),
    ("normal_", (7, 5), (0.1, 0.2), True),
    ("normal_", (3,), (), True),
    ("trunc_normal_", (7, 5), (), True),
    ("trunc_normal_", (7, 5), (0.0, 1.0, 1.0, 1.5), True),
    ("constant_", (3, 2), (0.1,), False),
    ("ones_", (3, 2), (), False),
    ("zeros_", (3, 2), (), False),
    ("eye_", (3, 5), (), False),
    ("eye_", (5, 3), (), False),
    ("dirac_", (6, 4, 3), (), False),
    ("dirac_", (6, 2, 3, 4), (3,), False),
    ("dirac_", (6, 4, 3, 2, 1), (2,), False),
    ("xavier_uniform_", (5, 3, 3), (1.7,), True),
    ("xavier_normal_", (7, 5), (1.7,), True),
    ("kaiming_uniform_", (7, 5), (0.2, "fan_out"), True),
    ("kaiming_normal_", (8, 4, 3, 3), (0, "FAN_IN", "relu"), True),
    ("sparse_", (20, 6), (0.3,), True),
    ("sparse_", (5, 2), (1.0, 0.5), True),
]


def param(shape, dtype="float32"):
    return nnx.Param(jnp.full(shape, 9, dtype))


def drawn(name, shape, *args, seed=0, **keywords):
    return np.asarray(getattr(init, name)(param(shape), *args, **keywords, rngs=nnx.Rngs(seed)).get_value())


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "shape", "args", "draws"), CASES)
def test_torch_s_bits(torch, name, shape, args, draws, dtype):
    with torch.random.fork_rng(devices=[]), jax.enable_x64(True):
        torch.manual_seed(3)
        expected = getattr(torch.nn.init, name)(torch.zeros(shape, dtype=getattr(torch, dtype)), *args).numpy()
        variable, rngs = param(shape, dtype), random.TorchGenerator(3)
        returned = getattr(init, name)(variable, *args, **({"rngs": rngs} if draws else {}))
        assert returned is variable
        np.testing.assert_array_equal(variable.get_value(), expected, strict=True)
        np.testing.assert_array_equal(rngs.get_state(), torch.get_rng_state().numpy())


@pytest.mark.torch
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("shape", [(20, 12), (12, 20), (16, 16), (5, 3, 3), (1, 1)])
def test_orthogonal_is_torch_s_to_rounding(torch, shape, dtype, tolerance):
    """Measured 9.2e-7 and 2.0e-15 at most (64 × 64): LAPACK's own rounding, which depends on the processor."""
    with torch.random.fork_rng(devices=[]), jax.enable_x64(True):
        torch.manual_seed(3)
        expected = torch.nn.init.orthogonal_(torch.zeros(shape, dtype=getattr(torch, dtype)), 1.3).numpy()
        rngs = random.TorchGenerator(3)
        given = np.asarray(init.orthogonal_(param(shape, dtype), 1.3, rngs=rngs).get_value())
        np.testing.assert_allclose(given, expected, rtol=0, atol=tolerance)
        np.testing.assert_array_equal(rngs.get_state(), torch.get_rng_state().numpy())
        small = given.reshape(shape[0], -1) / 1.3
        small = small if small.shape[0] <= small.shape[1] else small.T
        np.testing.assert_allclose(small @ small.T, np.eye(len(small)), atol=tolerance)


def assert_distributed(values, below):
    """Kolmogorov's test against the distribution function `below`; a false alarm has probability 1e-6."""
    values = np.sort(values.ravel().astype(np.float64))
    expected = np.vectorize(below)(values)
    distance = np.abs(expected - (np.arange(values.size) + 0.5) / values.size).max()
    assert distance < math.sqrt(math.log(2 / 1e-6) / 2 / values.size)


def normal_below(z):
    return math.erfc(-z / math.sqrt(2)) / 2


@pytest.mark.parametrize(
    ("name", "args", "std"),
    [
        ("normal_", (0.0, 0.3), 0.3),
        ("xavier_normal_", (2.0,), 2.0 * math.sqrt(2 / 150)),
        ("kaiming_normal_", (0, "fan_out", "relu"), math.sqrt(2 / 100)),
    ],
)
def test_normals_from_rngs(name, args, std):
    assert_distributed(drawn(name, (100, 50), *args), lambda x: normal_below(x / std))


@pytest.mark.parametrize(
    ("name", "args", "low", "high"),
    [
        ("uniform_", (-0.3, 0.7), -0.3, 0.7),
        ("xavier_uniform_", (2.0,), -2.0 * math.sqrt(6 / 150), 2.0 * math.sqrt(6 / 150)),
        ("kaiming_uniform_", (0, "fan_in", "linear"), -math.sqrt(3 / 50), math.sqrt(3 / 50)),
    ],
)
def test_uniforms_from_rngs(name, args, low, high):
    values = drawn(name, (100, 50), *args)
    assert low <= values.min() <= values.max() <= high
    assert_distributed(values, lambda x: (x - low) / (high - low))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [(0.0, 1.0, -2.0, 2.0), (0.0, 0.02, -2.0, 2.0), (0.3, 2.0, 0.5, 1.0), (0.0, 1.0, 4.0, 6.0), (0.0, 1.0, -6.0, -4.0)],
)
@pytest.mark.filterwarnings("ignore:trunc_normal_. mean is:UserWarning")  # the two in the tails
def test_truncated_normals_from_rngs(mean, std, a, b):
    """Also in the tails, where the distribution function near one has no digits left in float32."""
    values = drawn("trunc_normal_", (100, 50), mean, std, a, b)
    assert a <= values.min() <= values.max() <= b
    side = -1 if mean < a else 1  # the tail function is precise on one side alone
    first, last = (normal_below(side * (end - mean) / std) for end in (a, b))
    assert_distributed(values, lambda x: (normal_below(side * (x - mean) / std) - first) / (last - first))


def test_matrices_from_rngs():
    weight = drawn("orthogonal_", (6, 4), 2.0)
    np.testing.assert_allclose(weight.T @ weight, 4 * np.eye(4), atol=1e-5)
    weight = drawn("sparse_", (40, 30), 0.25, 0.5)
    assert (weight == 0).sum(0).tolist() == [10] * 30
    assert_distributed(weight[weight != 0], lambda x: normal_below(x / 0.5))
    assert (drawn("sparse_", (40, 30), 0.25, seed=1) == 0).tolist() != (weight == 0).tolist()


@pytest.mark.torch
def test_names_and_gains_are_torch_s(torch):
    ours = {"Rngs", "Variable", "fans"}
    assert set(init.__all__) - ours == set(torch.nn.init.__all__)
    linear = ["linear", *(f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3))]
    for name in (*linear, "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


def test_old_names_warn_and_do_the_same():
    with pytest.warns(FutureWarning, match="nn.init.normal is deprecated; use nn.init.normal_") as caught:
        old = init.normal(param((2, 3)), rngs=random.TorchGenerator(0))
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(
        old.get_value(), init.normal_(param((2, 3)), rngs=random.TorchGenerator(0)).get_value()
    )


def test_nothing_to_fill_and_a_mean_far_outside_warn():
    for name in ("kaiming_uniform_", "kaiming_normal_"):
        with pytest.warns(UserWarning, match=f"{name}: tensor has no elements") as caught:
            getattr(init, name)(param((0, 3)), rngs=random.TorchGenerator(0))
        assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="trunc_normal_: mean is 5.0, more than two std"):
        init.trunc_normal_(param((3,)), 5.0, rngs=random.TorchGenerator(0))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g: init.zeros_(jnp.ones(3)), TypeError, "zeros_: tensor must be a variable such as nnx.Param"),
        (lambda g: init.normal_(param((3,)), rngs=3), TypeError, "normal_: rngs must be a random.TorchGenerator"),
        (lambda g: init.normal_(param((3,)), std=-1.0, rngs=g), ValueError, "normal_: std is -1.0"),
        (lambda g: init.normal_(param((3,), "int32"), rngs=g), TypeError, "normal_: tensor has dtype int32"),
        (lambda g: init.uniform_(param((3,)), 1.0, 0.0, rngs=g), ValueError, "uniform_: the range starts at 1.0"),
        (lambda g: init.trunc_normal_(param((3,)), std=0.0, rngs=g), ValueError, "trunc_normal_: std is 0.0"),
        (lambda g: init.trunc_normal_(param((3,)), a=2.0, rngs=g), ValueError, "trunc_normal_: a is 2.0 and b is 2.0"),
        (lambda g: init.eye_(param((3,))), ValueError, r"eye_: tensor has shape \(3,\)"),
        (lambda g: init.dirac_(param((3, 3))), ValueError, r"dirac_: tensor has shape \(3, 3\)"),
        (lambda g: init.dirac_(param((4, 3, 3)), 3), ValueError, "dirac_: groups is 3 but the weight has 4 rows"),
        (lambda g: init.xavier_normal_(param((3,)), rngs=g), ValueError, "xavier_normal_: fan in and fan out need"),
        (lambda g: init.kaiming_normal_(param((3, 3)), mode="x", rngs=g), ValueError, "kaiming_normal_: mode must be"),
        (lambda g: init.orthogonal_(param((3,)), rngs=g), ValueError, r"orthogonal_: tensor has shape \(3,\)"),
        (
            lambda g: init.orthogonal_(param((3, 3), "float16"), rngs=g),
            TypeError,
            "orthogonal_: tensor has dtype float",
        ),
        (lambda g: init.sparse_(param((3,)), 0.1, rngs=g), ValueError, r"sparse_: tensor has shape \(3,\)"),
        (lambda g: init.sparse_(param((3, 3)), 1.1, rngs=g), ValueError, "sparse_: sparsity is 1.1"),
        (lambda g: init.calculate_gain("leaky_relu", True), ValueError, "calculate_gain: param is True"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(random.TorchGenerator(0))
