"""The activations: kinks and limits as in PyTorch, dtypes, rounding, the random one, and what is refused."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

FAST_COMPILE = {"xla_backend_optimization_level": 0}  # a program that runs once
KINKS = np.array([np.nan, 0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, 1e-30, -1e-30], np.float32)
POINTS = np.array([np.nan, -np.inf, np.inf, 0.0, -3, 3, -1, 1, 6, 0.5, -0.5, 25, 1e-30, -1e-30, 40, -40, 700, -700])
CASES: list[tuple[str, dict[str, Any]]] = [
    ("relu", {}),
    ("relu6", {}),
    ("hardtanh", {}),
    ("hardtanh", {"min_val": 0.0, "max_val": 0.0}),
    ("threshold", {"threshold": 0.5, "value": -7.0}),
    ("leaky_relu", {"negative_slope": -2.0}),
    ("rrelu", {}),
    ("elu", {"alpha": 0.5}),
    ("selu", {}),
    ("celu", {"alpha": -0.5}),
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
    ("silu", {}),
    ("mish", {}),
    ("hardswish", {}),
    ("hardshrink", {"lambd": -0.5}),
    ("hardshrink", {}),
    ("softshrink", {}),
    ("tanhshrink", {}),
    ("softplus", {"beta": -1.0}),
    ("softplus", {"beta": 2.0, "threshold": 3.0}),
    ("softsign", {}),
    ("logsigmoid", {}),
    ("sigmoid", {}),
    ("tanh", {}),
]
# Where PyTorch computes otherwise by the element's place in memory (softshrink's slope at NaN), or is imprecise: gelu's
# second derivative at 6, a cancellation in both (7e-9, of which the eleventh digit after the point differs).
APART = {"softshrink": [np.nan], "gelu": [6.0], "mish": [700.0]}


def slope(function: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    return lambda x: jax.vjp(function, x)[1](jnp.ones_like(x))[0]


@pytest.mark.torch
def test_value_slope_and_curvature_at_the_kinks_as_in_torch(torch: ModuleType) -> None:
    """One element at a time in PyTorch: among several its vector code has other ideas of a NaN's slope."""

    @partial(jax.jit, compiler_options=FAST_COMPILE)
    def ours(x: jax.Array) -> list[list[jax.Array]]:
        found = []
        for name, keywords in CASES:
            function = jax.tree_util.Partial(getattr(F, name), **keywords)
            found.append([function(x), slope(function)(x), slope(slope(function))(x)])
        return found

    with jax.enable_x64(True):
        results = jax.tree.map(np.asarray, ours(jnp.asarray(POINTS)))
    for (name, keywords), result in zip(CASES, results, strict=True):
        for place, point in enumerate(POINTS):
            if any(np.array_equal(point, other, equal_nan=True) for other in APART.get(name, [])):
                continue
            leaf = torch.tensor([point], requires_grad=True)
            value = getattr(torch.nn.functional, name)(leaf, **keywords)
            (first,) = torch.autograd.grad(value, leaf, torch.ones_like(leaf), create_graph=True)
            second = torch.zeros(1)
            if first.requires_grad:
                (second,) = torch.autograd.grad(first, leaf, torch.ones_like(leaf), allow_unused=True)
            expected = [float(t.detach()) if t is not None else 0.0 for t in (value, first, second)]
            np.testing.assert_allclose([r[place] for r in result], expected, 1e-10, 1e-14, err_msg=f"{name}({point})")


def test_relu_and_its_slope_at_the_kinks() -> None:
    value, pull = jax.vjp(F.relu, KINKS)
    np.testing.assert_array_equal(value, np.array([np.nan, 0, 0, 1, 0, np.inf, 0, 1e-30, 0], np.float32))
    np.testing.assert_array_equal(pull(jnp.ones(9))[0], [1, 0, 0, 1, 0, 1, 0, 1, 0])


def test_hardsigmoid_has_the_exact_slope() -> None:
    """PyTorch's is 1/6 rounded to float32, so it is held against the mathematics here."""
    with jax.enable_x64(True):
        x = jnp.array([-3.0, -2.9, 0.0, 2.9, 3.0, np.nan, np.inf, -np.inf])
        value, pull = jax.vjp(F.hardsigmoid, x)
        np.testing.assert_array_equal(pull(jnp.ones(8))[0], [0, 1 / 6, 1 / 6, 1 / 6, 0, 0, 0, 0])
        np.testing.assert_allclose(value, [0, 0.1 / 6, 0.5, 5.9 / 6, 1, np.nan, 1, 0], 1e-14)


def test_what_overflows_in_torch_does_not() -> None:
    x = jnp.array([800.0])
    straight = partial(F.softplus, threshold=1000.0)
    found = jax.jit(
        lambda x: (straight(x), slope(straight)(x), slope(slope(F.mish))(x)), compiler_options=FAST_COMPILE
    )(x)
    assert [a.tolist() for a in found] == [[800.0], [1.0], [0.0]]


def test_gradients_of_infinite_inputs_stay_out_of_the_weight() -> None:
    x = jnp.array([[np.inf, 1.0], [2.0, np.inf]])
    assert jax.grad(lambda w: F.prelu(x, w)[0, 1])(jnp.array([0.1, 0.2])).tolist() == [0.0, 0.0]


def test_half_types_are_computed_in_float32_and_rounded_once() -> None:
    """Exact gelu is left out: the last bits of 1 + erf(x) are what remains of it for x << 0, and fusion moves them."""
    functions = [jax.tree_util.Partial(getattr(F, name), **keywords) for name, keywords in CASES if name != "gelu"]
    functions += [F.glu, lambda x: F.softmax(x, 0), lambda x: F.prelu(x, jnp.asarray(0.25, x.dtype))]
    apply = jax.jit(lambda x: [f(x) for f in functions], compiler_options=FAST_COMPILE)
    for dtype in (jnp.float16, jnp.bfloat16):
        x = jnp.asarray(np.random.default_rng(0).normal(size=500) * 3, dtype)
        for given, wide in zip(apply(x), apply(x.astype(jnp.float32)), strict=True):
            assert given.dtype == dtype
            np.testing.assert_array_equal(given, wide.astype(dtype))


def test_a_parameter_does_not_change_the_dtype() -> None:
    with jax.enable_x64(True):
        x, three = jnp.ones(3, jnp.float32), jnp.array(3.0)
        for call in (
            lambda: F.elu(x, np.float64(0.3)),
            lambda: F.leaky_relu(x, np.array(0.3)),
            lambda: F.softplus(x, np.float64(2.0), three),
            lambda: F.hardtanh(x, np.float64(-1.0), 1),
            lambda: F.gumbel_softmax(x, np.float64(2.0), key=jax.random.key(0)),
        ):
            assert jax.eval_shape(call).dtype == jnp.float32


INTEGERS = np.array([-2, 0, 1, 3, 9])


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["int64", "uint8", "int8", "bool"])
def test_integers_as_in_torch(torch: ModuleType, dtype: str) -> None:
    """What PyTorch computes with whole numbers is computed, what it refuses is refused."""
    calls: list[tuple[str, tuple[Any, ...]]] = [
        *((name, ()) for name in ("relu", "relu6", "hardtanh", "sigmoid", "tanh", "tanhshrink", "softsign", "glu")),
        *((name, ()) for name in ("elu", "selu", "celu", "gelu", "silu", "mish", "hardswish", "hardsigmoid", "rrelu")),
        *((name, ()) for name in ("hardshrink", "softshrink", "softplus", "logsigmoid", "leaky_relu")),
        ("hardtanh", (0.5, 1.5)),
        ("threshold", (0.5, 7.7)),
        ("threshold", (0.5, -7.7)),
        ("softmax", (0,)),
        ("softmin", (0,)),
    ]
    x = INTEGERS.astype(dtype)[:4]
    with jax.enable_x64(True):
        for name, more in calls:
            try:
                expected = getattr(torch.nn.functional, name)(torch.tensor(x), *more)
            except (RuntimeError, NotImplementedError):
                with pytest.raises((TypeError, ValueError), match=f"{name}: "):
                    getattr(F, name)(x, *more)
                continue
            given = getattr(F, name)(x, *more)
            assert str(given.dtype) == str(expected.dtype).removeprefix("torch."), name
            np.testing.assert_allclose(given, expected, 1e-6, err_msg=name)


@pytest.mark.torch
def test_complex_as_in_torch(torch: ModuleType) -> None:
    z = np.random.default_rng(0).normal(size=(5, 2)).view(complex)
    with jax.enable_x64(True):
        for name in ("sigmoid", "tanh", "silu", "softsign", "tanhshrink"):
            expected = getattr(torch.nn.functional, name)(torch.tensor(z))
            np.testing.assert_allclose(getattr(F, name)(z), expected, 1e-13, err_msg=name)
        for name in ("relu", "elu", "gelu", "hardtanh", "softplus", "leaky_relu", "softshrink"):
            with pytest.raises(TypeError, match=f"{name}: input has dtype complex128"):
                getattr(F, name)(z)


def test_relu_takes_integers_and_ignores_inplace() -> None:
    assert F.relu(np.array([-2, 3], np.int8), inplace=True).tolist() == [0, 3]
    names = ("relu6", "elu", "selu", "celu", "silu", "mish", "hardswish", "hardsigmoid", "hardtanh", "rrelu")
    for name in names:
        given, expected = (jax.make_jaxpr(partial(getattr(F, name), inplace=flag))(KINKS) for flag in (True, False))
        assert str(given) == str(expected), name


def test_rrelu_draws_its_slopes_from_the_range() -> None:
    """Kolmogorov's test of uniformity; a false alarm has probability 1e-6."""
    x, key = -jnp.ones((400, 100)), jax.random.key(0)
    y, pull = jax.vjp(lambda x: F.rrelu(x, 0.1, 0.3, True, key=key), x)
    slopes = np.sort(-np.asarray(y).ravel())
    distance = np.abs((slopes - 0.1) / 0.2 - (np.arange(slopes.size) + 0.5) / slopes.size).max()
    assert distance < np.sqrt(np.log(2 / 1e-6) / 2 / slopes.size)
    np.testing.assert_array_equal(pull(jnp.ones_like(x))[0], -y)  # the slope of an element is its own
    assert F.rrelu(jnp.array([2.0, np.nan]), training=True, key=key)[0] == 2.0
    assert F.rrelu(x[:1], 0.5, 0.5, True)[0, 0] == -0.5  # nothing is drawn, so no key


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.gelu(KINKS, "exact"), ValueError, "gelu: approximate is 'exact'; it must be 'none' or 'tanh'"),
    (lambda: F.celu(KINKS, 0), ValueError, "celu: alpha is 0"),
    (lambda: F.elu(KINKS, "1"), TypeError, "elu: alpha must be a number .* but got '1'"),
    (lambda: F.leaky_relu(KINKS, [0.1]), TypeError, r"leaky_relu: negative_slope must be a number .* got \[0\.1\]"),
    (lambda: F.hardtanh(KINKS, 1.0, -1.0), ValueError, "hardtanh: min_val is 1.0 and max_val is -1.0"),
    (lambda: F.hardtanh(np.ones(2, np.uint8)), ValueError, "hardtanh: min_val is -1.0 but input has dtype uint8"),
    (lambda: F.threshold(KINKS, 1e39, 0), ValueError, r"threshold: threshold is 1e\+39, which float32 cannot hold"),
    (lambda: F.threshold(INTEGERS > 0, 0, 0), TypeError, "threshold: input has dtype bool"),
    (lambda: F.softshrink(KINKS, -0.5), ValueError, "softshrink: lambd is -0.5; it must lie in"),
    (lambda: F.softshrink(KINKS, np.inf), ValueError, "softshrink: lambd is inf"),
    (lambda: F.prelu(KINKS, np.ones(2, np.float32)), ValueError, r"prelu: weight has shape \(2,\) but .*\(9,\)"),
    (lambda: F.prelu(np.float32(1), np.ones(2, np.float32)), ValueError, "prelu: weight has shape"),
    (lambda: F.prelu(KINKS, np.ones((1, 1), np.float32)), ValueError, r"prelu: weight has shape \(1, 1\)"),
    (lambda: F.prelu(KINKS, np.ones(1, np.float16)), TypeError, "input has dtype float32 but weight has dtype float16"),
    (lambda: F.rrelu(KINKS, 0.3, 0.1), ValueError, "rrelu: lower is 0.3 and upper is 0.1"),
    (lambda: F.rrelu(KINKS, 0.3, np.inf), ValueError, "rrelu: lower is 0.3 and upper is inf; both must be finite"),
    (lambda: F.rrelu(KINKS, training=True), ValueError, "rrelu: key is None but training draws slopes; pass key="),
    (lambda: F.glu(np.float32(1)), ValueError, "glu: input is a scalar"),
    (lambda: F.glu(KINKS), ValueError, "glu: input has size 9 in dim -1; it must be even"),
    (lambda: F.glu(KINKS, 1), ValueError, r"glu: dim is 1 but input has shape \(9,\); it must lie in \[-1, 0\]"),
    (lambda: F.softsign(INTEGERS > 0), TypeError, "softsign: input has dtype bool"),
    (lambda: F.softmin(INTEGERS > 0, 0), TypeError, "softmin: input has dtype bool"),
    (lambda: F.gumbel_softmax(KINKS), ValueError, "gumbel_softmax: key is None but noise is drawn"),
    (lambda: F.gumbel_softmax(INTEGERS), TypeError, "gumbel_softmax: logits has dtype int"),
    (lambda: F.gumbel_softmax(KINKS, dim=1), ValueError, "gumbel_softmax: dim is 1"),
    (lambda: F.gumbel_softmax(np.ones((2, 0)), hard=True), ValueError, "have nothing to choose from in dim -1"),
]


@pytest.mark.parametrize(
    ("call", "exception", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_refused(call: Callable[[], Any], exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words) as caught:
        call()
    assert type(caught.value) is exception
    with pytest.raises(exception, match=words):
        jax.jit(lambda _: call())(0)  # nothing of it waits for a value


def test_a_traced_parameter_is_refused_with_a_sentence() -> None:
    with pytest.raises(TypeError, match="elu: alpha must be a number that is known while tracing"):
        jax.jit(lambda a: F.elu(KINKS, a))(1.0)
