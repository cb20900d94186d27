"""What is made of uniforms and normals: exponential, Cauchy, log-normal, geometric, Poisson, binomial, bit for bit."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator

pytestmark = pytest.mark.torch
DTYPES = ("float32", "float64", "float16", "bfloat16")
SIZES = ((), (0,), (1,), (2,), (3, 5), (16,), (5001,))
CASES = [
    ("exponential", "exponential_", {"lambd": 1.0}),
    ("exponential", "exponential_", {"lambd": 0.3}),
    ("exponential", "exponential_", {"lambd": 1e-30}),
    ("cauchy", "cauchy_", {}),
    ("cauchy", "cauchy_", {"median": -1.3, "sigma": 0.2}),
    ("log_normal", "log_normal_", {}),
    ("log_normal", "log_normal_", {"mean": -0.7, "std": 0.3}),
    ("log_normal", "log_normal_", {"mean": 600.0, "std": 300.0}),
    ("geometric", "geometric_", {"p": 0.5}),
    ("geometric", "geometric_", {"p": 1e-5}),
    ("geometric", "geometric_", {"p": 0.99}),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("method", "name", "keywords"), CASES, ids=str)
def test_numbers(torch, pair, assert_same_bits, assert_same_state, method, name, keywords, dtype):
    for seed in (0, -11):
        reference, generator = pair(seed)
        for shape in SIZES:
            tensor = torch.empty(shape, dtype=getattr(torch, dtype))
            expected = getattr(tensor, name)(**keywords, generator=reference)
            assert_same_bits(expected, getattr(generator, method)(shape=shape, **keywords, dtype=dtype))
            assert_same_state(reference, generator)


def test_counts_are_integers_unless_told_otherwise(torch, pair, assert_same_state):
    reference, generator = pair(1)
    expected = torch.empty(999, dtype=torch.int64).geometric_(0.01, generator=reference)
    np.testing.assert_array_equal(generator.geometric(0.01, 999), expected.numpy(), strict=True)
    assert_same_state(reference, generator)


def test_extreme_uniforms(torch, assert_same_bits, state_that_draws):
    edges = (0, 1, 2**20, 2**21 - 1, 2**32 - 1)
    state = state_that_draws(np.array([word for high in edges for low in edges for word in (high, low)]))
    size = (len(edges) ** 2,)
    for method, name, keywords in CASES:
        reference, generator = torch.Generator(), TorchGenerator(0)
        reference.set_state(torch.from_numpy(state))
        generator.set_state(state)
        expected = getattr(torch.empty(size, dtype=torch.float64), name)(**keywords, generator=reference)
        assert_same_bits(expected, getattr(generator, method)(shape=size, **keywords, dtype="float64"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_bernoulli_of_an_array(torch, pair, assert_same_state, dtype):
    reference, generator = pair(2)
    for shape in ((), (3,), (40, 50), (40_000,)):
        chances = torch.rand(shape, generator=torch.Generator().manual_seed(1)).to(getattr(torch, dtype))
        if chances.numel() > 2:
            chances.ravel()[:2] = torch.tensor([0, 1])
        expected = torch.bernoulli(chances, generator=reference)
        given = generator.bernoulli(as_numpy(chances, dtype))
        np.testing.assert_array_equal(given, expected.bool().numpy(), strict=True)
        assert_same_state(reference, generator)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3,), (15,), (16,), (37, 20)])
def test_normal_of_arrays(torch, pair, assert_same_bits, assert_same_state, dtype, shape):
    source = torch.Generator().manual_seed(1)
    mean = torch.randn(shape, generator=source).to(getattr(torch, dtype))
    std = torch.rand(shape, generator=source).to(getattr(torch, dtype))
    reference, generator = pair(3)
    for given_mean, given_std in ((mean, std), (mean, 1.3), (0.7, std), (mean, std[..., :1]), (mean[..., :1], std)):
        expected = torch.normal(given_mean, given_std, generator=reference)
        ours = [x if isinstance(x, float) else as_numpy(x, dtype) for x in (given_mean, given_std)]
        assert_same_bits(expected, generator.normal(shape, *ours, dtype=dtype))
        assert_same_state(reference, generator)


def as_numpy(tensor, dtype: str) -> np.ndarray:
    return tensor.double().numpy().astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("largest", [0.0, 3.0, 12.0, 500.0, 30_000.0])
def test_poisson(torch, pair, assert_same_bits, assert_same_state, dtype, largest):
    for seed, shape in ((0, (1500,)), (7, (3, 4)), (7, ())):
        reference, generator = pair(seed)
        rates = (torch.rand(shape, generator=torch.Generator().manual_seed(1)) * largest).to(getattr(torch, dtype))
        expected = torch.poisson(rates, generator=reference)
        assert_same_bits(expected, generator.poisson(as_numpy(rates, dtype)))
        assert_same_state(reference, generator)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("largest", [1, 5, 60, 3000, 10**7])
def test_binomial(torch, pair, assert_same_bits, assert_same_state, dtype, largest):
    for seed, shape in ((0, (1500,)), (7, (3, 4)), (7, ())):
        reference, generator = pair(seed)
        source = torch.Generator().manual_seed(1)
        count = torch.randint(0, largest + 1, shape, generator=source).to(getattr(torch, dtype))
        chances = (torch.rand(shape, generator=source) * 1.2 - 0.1).clamp(0, 1).to(count.dtype)
        expected = torch.binomial(count, chances, generator=reference)
        assert_same_bits(expected, generator.binomial(count.numpy().astype(np.int64), chances.numpy()))
        assert_same_state(reference, generator)


@pytest.mark.parametrize(("dtype", "counts"), [("float32", (1e18, 3e38)), ("float64", (1e100, 1e200, 1.7e308))])
def test_binomial_of_very_many(torch, pair, assert_same_bits, assert_same_state, dtype, counts):
    reference, generator = pair(2)
    for count in counts:
        chances = torch.linspace(0.0, 1.0, 41, dtype=getattr(torch, dtype))
        expected = torch.binomial(torch.full_like(chances, count), chances, generator=reference)
        assert_same_bits(expected, generator.binomial(count, chances.numpy()))
        assert_same_state(reference, generator)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_poisson_up_to_its_limit(torch, pair, assert_same_bits, assert_same_state, dtype):
    reference, generator = pair(3)
    rates = np.tile(np.array([1e10, 1e15, 1e18, 8.9e18], dtype), 50)
    assert_same_bits(torch.poisson(torch.from_numpy(rates), generator=reference), generator.poisson(rates))
    assert_same_state(reference, generator)


@pytest.mark.parametrize("small", [False, True], ids=["proposed", "one by one"])
def test_rejection_of_extreme_uniforms(torch, assert_same_bits, assert_same_state, state_that_draws, small):
    """A uniform of 0 proposes an infinite count, which is refused, or has an infinite logarithm."""
    edges = [(0, 0), (2**21 - 1, 2**32 - 1), (0, 1), (2**20, 0)]
    state = state_that_draws(np.array([word for first in edges for second in edges for word in (*first, *second)] * 6))
    rates = torch.tensor([3.0, 0.5, 2.0] if small else [12.0, 15.0, 10.0], dtype=torch.float64)
    for name in ("poisson", "binomial"):
        reference, generator = torch.Generator(), TorchGenerator(0)
        reference.set_state(torch.from_numpy(state))
        generator.set_state(state)
        inputs = (rates,) if name == "poisson" else (rates * 0 + 30, rates / 30)
        expected = getattr(torch, name)(*inputs, generator=reference)
        assert_same_bits(expected, getattr(generator, name)(*(tensor.numpy() for tensor in inputs)))
        assert_same_state(reference, generator)
