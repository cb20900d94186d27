"""What will not do is refused with one sentence that says what was wrong and what would do."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator

SEEDS = [
    (1.5, TypeError, r"`seed` \(=1.5\) must be an integer from -2\*\*63 to 2\*\*64 - 1, not a float"),
    (True, TypeError, "not a bool"),
    ("0", TypeError, "not a str"),
    (2**64, ValueError, r"`seed` \(=18446744073709551616\) must be an integer from"),
    (-(2**63) - 1, ValueError, "must be an integer from"),
]
CALLS = [
    (
        "uniform",
        (-1,),
        {},
        ValueError,
        r"`shape` \(=-1\) must be an integer or a tuple of integers, none of them negative",
    ),
    ("uniform", ((2, 1.5),), {}, ValueError, r"`shape` \(=\(2, 1.5\)\)"),
    ("uniform", (2, 1, 0), {}, ValueError, r"`low` \(=1.0\) must not exceed `high` \(=0.0\)"),
    ("uniform", (2, "a", 1), {}, TypeError, "`low` .='a'. must be one number, not a str"),
    ("uniform", (2, 0, np.inf), {}, ValueError, r"`high` \(=inf\) must be finite"),
    (
        "uniform",
        (2, 0, 1e39),
        {},
        ValueError,
        r"`high` \(=1e\+39\) must lie within ±3.4\S+, the range of float32",
    ),
    ("uniform", (2, -3e38, 3e38), {}, ValueError, r"`high - low` \(=6e\+38\) must lie within"),
    (
        "uniform",
        (2,),
        {"dtype": np.int32},
        TypeError,
        "`dtype` .* must be one of float32, float64, float16, bfloat16",
    ),
    ("uniform", (2,), {"dtype": None}, TypeError, "`dtype` .=None. must be one of"),
    ("normal", (2, 0, -1), {}, ValueError, r"`std` \(=-1.0\) must not be negative"),
    ("normal", (2, np.nan), {}, ValueError, r"`mean` \(=nan\) must be finite"),
    (
        "normal",
        (2, 0, 1e5),
        {"dtype": "float16"},
        ValueError,
        "must lie within ±65504.0, the range of float16",
    ),
    ("normal", (2,), {"dtype": "complex64"}, TypeError, "`dtype` .='complex64'. must be one of"),
    ("randint", (3, 3, 2), {}, ValueError, r"`low` \(=3\) must be less than `high` \(=3\)"),
    ("randint", (0, 300, 2), {"dtype": np.uint8}, ValueError, "must both fit into uint8"),
    ("randint", (0, 2**63, 2), {}, ValueError, r"`high` \(=9223372036854775808\) must be an integer from -2"),
    ("randint", (0.0, 2, 2), {}, TypeError, r"`low` \(=0.0\) must be an integer"),
    (
        "randint",
        (0, 2, 2),
        {"dtype": np.float32},
        TypeError,
        "must be an integer type such as int64 or int32",
    ),
    ("randint", (0, 2, (1, -1)), {}, ValueError, "none of them negative"),
    ("randperm", (-1,), {}, ValueError, r"`n` \(=-1\) must be an integer from 0 to 214748363"),
    ("randperm", (3.0,), {}, TypeError, r"`n` \(=3.0\) must be an integer"),
    ("randperm", (214_748_364,), {}, ValueError, "must be an integer from 0 to 214748363"),
    ("bernoulli", (1.1, 2), {}, ValueError, r"`p` \(=1.1\) must lie between 0 and 1"),
    ("bernoulli", (0.5, -2), {}, ValueError, "none of them negative"),
    ("bernoulli", (0.5,), {}, TypeError, r"`shape` \(=None\) must be given where `p` \(=0.5\) is one number"),
    ("bernoulli", (np.array([0.5, 1.5]),), {}, ValueError, "`p` must lie between 0 and 1 everywhere; it goes from 0.5"),
    ("bernoulli", (np.array([0, 1]),), {}, TypeError, "`p` .of dtype int64. must be an array of float32 or float64"),
    ("normal", (2, np.zeros(3)), {}, ValueError, r"`shape` \(=\(2,\)\) must be that of `mean` and `std` together"),
    ("normal", (3, np.zeros(3), np.ones(2)), {}, ValueError, r"`mean` \(of shape \(3,\)\) and `std` .* must broadcast"),
    (
        "normal",
        (1, np.zeros(1), -np.ones(1)),
        {},
        ValueError,
        "`std` must not be negative anywhere; the least of it is",
    ),
    ("normal", (1, np.array([1e39])), {}, ValueError, "`mean` must be finite everywhere and within the range of float"),
    ("normal", (3, [1 + 2j, 0, 0], 1), {}, TypeError, "`mean` .of dtype complex128. must be real numbers: an array of"),
    ("normal", (3, ["a", "b", "c"], 1), {}, TypeError, "`mean` .of dtype <U1. must be real numbers"),
    ("normal", (3, np.complex128(1 + 2j)), {}, TypeError, "`mean` .* must be one real number, not a complex one"),
    ("trunc_normal", (2,), {"std": 0.0}, ValueError, r"`std` \(=0.0\) must be positive"),
    ("trunc_normal", (2,), {"a": 3.0}, ValueError, r"`a` \(=3.0\) must be less than `b` \(=2.0\)"),
    ("trunc_normal", (2,), {"a": "x"}, TypeError, "`a` .='x'. must be one number, not a str"),
    ("trunc_normal", (3, 0, 1, 5, np.inf), {}, ValueError, r"`b` \(=inf\) must be finite where no more than 0.3 of"),
    ("trunc_normal", (3, 0, 1, 5, 1e39), {}, ValueError, r"`b` \(=1e\+39\) must lie within ±3.4"),
    ("exponential", (2, 0.0), {}, ValueError, r"`lambd` \(=0.0\) must be positive"),
    ("exponential", (2,), {"dtype": "int64"}, TypeError, "`dtype` .='int64'. must be one of float32"),
    ("cauchy", (2, 0.0, -1.0), {}, ValueError, r"`sigma` \(=-1.0\) must be positive"),
    ("log_normal", (2, np.inf), {}, ValueError, r"`mean` \(=inf\) must be finite"),
    ("log_normal", (2, 0.0, 0.0), {}, ValueError, r"`std` \(=0.0\) must be positive"),
    ("geometric", (1.0, 2), {}, ValueError, r"`p` \(=1.0\) must lie between 0 and 1, and be neither"),
    ("geometric", (0.5, 2), {"dtype": "int8"}, TypeError, "`dtype` .='int8'. must be one of int64, float32"),
    ("poisson", ([1.0, -1.0],), {}, ValueError, "`rates` must be finite and not negative"),
    ("poisson", ([1, 2],), {}, TypeError, "`rates` .of dtype int64. must be an array of float32"),
    ("poisson", ([1.0, 1e300],), {}, ValueError, r"`rates` \(the largest is 1e\+300\) must be at most 9e\+18, so that"),
    ("poisson", (np.float32([1e30]),), {}, ValueError, r"must be at most 9e\+18"),
    ("binomial", ("a", 0.5), {}, TypeError, "`count` .of dtype <U1. must be real numbers"),
    ("binomial", (3, [1.5]), {}, ValueError, "`p` must lie between 0 and 1 everywhere"),
    ("binomial", (2.5, [0.5]), {}, ValueError, "`count` must be whole numbers, none of them negative"),
    ("binomial", ([1, 2, 3], [0.5, 0.5]), {}, ValueError, r"`count` \(of shape \(3,\)\) and `p` .* must broadcast"),
    ("binomial", (3, np.zeros(2, np.float16)), {}, TypeError, "must be an array of float32 or float64"),
    ("multinomial", ([1.0, -1.0], 1), {}, ValueError, "`weights` must be finite and not negative, with one above 0"),
    ("multinomial", ([[1.0, 1.0], [0.0, 0.0]], 1), {}, ValueError, "with one above 0 in each row"),
    ("multinomial", ([np.inf, 1.0], 1), {}, ValueError, "`weights` must be finite"),
    (
        "multinomial",
        (np.ones((1, 1, 1)), 1),
        {},
        ValueError,
        r"`weights` \(of shape \(1, 1, 1\)\) must have one dimension",
    ),
    ("multinomial", ([1, 2], 1), {}, TypeError, "`weights` .of dtype int64. must be an array of float32 or float64"),
    ("multinomial", ([1.0, 2.0], 3), {}, ValueError, r"`num_samples` \(=3\) must be an integer from 1 to 2"),
    ("multinomial", ([1.0, 2.0], 0, True), {}, ValueError, r"`num_samples` \(=0\) must be an integer from 1"),
    ("manual_seed", (2**64,), {}, ValueError, r"`seed` \(=18446744073709551616\) must be an integer"),
    ("skip", (-1,), {}, ValueError, r"`draws` \(=-1\) must be an integer from 0"),
]


@pytest.mark.parametrize(("seed", "error", "match"), SEEDS)
def test_seed(seed, error, match):
    with pytest.raises(error, match=match):
        TorchGenerator(seed)


@pytest.mark.parametrize(("method", "arguments", "keywords", "error", "match"), CALLS)
def test_call(method, arguments, keywords, error, match):
    generator = TorchGenerator(0)
    with pytest.raises(error, match=match):
        getattr(generator, method)(*arguments, **keywords)
    np.testing.assert_array_equal(generator.get_state(), TorchGenerator(0).get_state())  # nothing was drawn


def test_a_missing_seed():
    with pytest.raises(TypeError, match=r"^TorchGenerator.__init__\(\) missing 1 required positional argument: 'seed'"):
        TorchGenerator()


@pytest.mark.parametrize("seed", [np.int64(3), np.uint32(3), np.array(3)])
def test_numpy_integers_are_integers(seed):
    assert TorchGenerator(seed).random() == TorchGenerator(3).random()
    assert TorchGenerator(0).randint(np.int32(0), np.int64(9), np.int64(2)).shape == (2,)
