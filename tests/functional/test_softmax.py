"""softmax and its relatives: the choice of axis, limits, and the one that draws."""

from collections.abc import Callable
from functools import partial
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F


@pytest.mark.parametrize(("shape", "dim"), [((), 0), ((4,), 0), ((4, 5), 1), ((3, 4, 5), 0), ((2, 3, 4, 5), 1)])
@pytest.mark.parametrize("function", [F.softmax, F.softmin, F.log_softmax])
def test_no_dim_means_the_deprecated_one_and_warns(
    function: Callable[..., jax.Array], shape: tuple[int, ...], dim: int
) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with pytest.warns(UserWarning, match="Implicit dimension choice for .*soft") as caught:
        y = function(x)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(y, function(x, dim))


def test_softmax_in_numbers() -> None:
    x = np.log(np.array([[1.0, 3.0], [2.0, 6.0]], np.float32))
    np.testing.assert_allclose(F.softmax(x, 1), [[0.25, 0.75]] * 2, rtol=1e-6)
    np.testing.assert_allclose(F.softmax(x, 0), [[1 / 3] * 2, [2 / 3] * 2], rtol=1e-6)
    np.testing.assert_allclose(F.softmin(x, 1), [[0.75, 0.25]] * 2, rtol=1e-6)
    np.testing.assert_allclose(F.log_softmax(x, -1), np.log([[0.25, 0.75]] * 2), rtol=1e-6)


def test_large_and_infinite_logits() -> None:
    x = np.array([[1e4, 0.0, -1e4], [0.0, -np.inf, 0.0], [-np.inf] * 3, [np.inf, 0, 0]], np.float32)
    half = np.log(np.float32(0.5))
    np.testing.assert_array_equal(F.softmax(x, 1), [[1, 0, 0], [0.5, 0, 0.5], [np.nan] * 3, [np.nan] * 3])
    np.testing.assert_allclose(F.log_softmax(x[:2], 1), [[0, -1e4, -2e4], [half, -np.inf, half]], rtol=1e-6)


def test_half_types_are_computed_in_float32() -> None:
    x = jnp.asarray(np.random.default_rng(0).normal(size=2000), jnp.float16)
    np.testing.assert_array_equal(F.softmax(x, 0), F.softmax(x.astype(jnp.float32), 0).astype(jnp.float16))
    assert F.log_softmax(x, 0, dtype=jnp.float32).dtype == jnp.float32


def test_empty_arrays() -> None:
    assert F.softmax(np.ones((5, 0, 0)), -1).shape == (5, 0, 0)
    assert F.log_softmax(np.ones((5, 0)), 0).shape == (5, 0)
    assert F.gumbel_softmax(np.ones((0, 3))).shape == (0, 3)


@pytest.mark.torch
def test_the_cast_comes_after_the_sign_as_in_torch(torch: ModuleType) -> None:
    x = np.array([254, 0, 1, 3], np.uint8)
    expected = torch.nn.functional.softmin(torch.tensor(x), 0, dtype=torch.float32)
    np.testing.assert_allclose(F.softmin(x, 0, dtype=jnp.float32), expected, rtol=1e-6)


def test_of_complex_numbers_the_real_part_is_kept() -> None:
    z = np.array([1 + 2j, 3 - 1j], np.complex64)
    with pytest.warns(UserWarning, match="softmin: of complex input only the real part is kept"):
        given = F.softmin(z, 0, dtype=jnp.float32)
    np.testing.assert_array_equal(given, F.softmin(z.real, 0))


KEY = jax.random.key(0)
LOGITS = np.log(np.array([0.1, 0.2, 0.3, 0.4], np.float32))


def test_gumbel_softmax_chooses_with_the_logits_probabilities() -> None:
    """Pearson's chi-square over 40,000 choices: beyond 30.7 with 3 degrees of freedom by chance once in a million."""
    logits = jnp.broadcast_to(jnp.asarray(LOGITS), (40_000, 4))
    choose = jax.jit(lambda x: [F.gumbel_softmax(x, tau=0.3, hard=hard, key=KEY) for hard in (True, False)])
    chosen, soft = map(np.asarray, choose(logits))
    assert set(np.unique(chosen)) == {0.0, 1.0}
    assert (chosen.sum(1) == 1).all()
    expected = 40_000 * np.exp(LOGITS)
    assert ((chosen.sum(0) - expected) ** 2 / expected).sum() < 30.7
    np.testing.assert_array_equal(soft.argmax(1), chosen.argmax(1))


def test_hard_has_the_derivatives_of_soft() -> None:
    def total(logits: jax.Array, hard: bool) -> jax.Array:
        return jnp.vdot(jnp.array([1.0, -2.0, 3.0, 0.5]), F.gumbel_softmax(logits, 2.0, hard, key=KEY))

    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def derivatives(x: jax.Array) -> list[list[jax.Array]]:
        return [[transform(total)(x, hard) for hard in (False, True)] for transform in (jax.grad, jax.hessian)]

    for soft, hard in derivatives(jnp.asarray(LOGITS)):
        np.testing.assert_array_equal(hard, soft)
        assert np.abs(soft).max() > 0


@pytest.mark.slow
@pytest.mark.torch
def test_gumbel_softmax_is_torch_s_formula_with_our_noise(torch: ModuleType) -> None:
    with jax.enable_x64(True):
        x = np.random.default_rng(0).normal(size=(3, 4, 2))
        noise = torch.tensor(np.asarray(jax.random.gumbel(KEY, x.shape, jnp.float64)))
        leaf = torch.tensor(x, requires_grad=True)
        soft = ((leaf + noise) / 0.7).softmax(1)
        hard = torch.zeros_like(soft).scatter_(1, soft.argmax(1, keepdim=True), 1.0)
        for flag, expected in ((False, soft), (True, hard - soft.detach() + soft)):
            cotangent = torch.randn_like(expected)
            (gradient,) = torch.autograd.grad(expected, leaf, cotangent, retain_graph=True)
            draw = partial(F.gumbel_softmax, tau=0.7, hard=flag, dim=1, key=KEY)
            value, pulled = jax.jit(lambda x, c, draw=draw: (draw(x), jax.vjp(draw, x)[1](c)[0]))(x, cotangent.numpy())
            np.testing.assert_allclose(value, expected.detach(), 1e-12, 1e-15)
            np.testing.assert_allclose(pulled, gradient, 1e-12, 1e-15)


def test_eps_is_deprecated() -> None:
    with pytest.warns(UserWarning, match="gumbel_softmax: eps is deprecated") as caught:
        F.gumbel_softmax(LOGITS, 1, False, 1e-5, key=KEY)
    assert caught[0].filename == __file__
