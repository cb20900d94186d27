"""Average and p-norm pooling where PyTorch's samples do not go: infinities, half types, integers, lp_pool."""

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F


def test_an_infinity_stays_in_its_own_windows() -> None:
    x = np.array([[1.0, np.inf, 3.0, np.nan, 5.0, -np.inf, 1.0, 1.0]], np.float32)
    np.testing.assert_array_equal(F.avg_pool1d(x, 2), [[np.inf, np.nan, -np.inf, 1.0]])
    np.testing.assert_array_equal(F.avg_pool1d(x, 2, 1), [[np.inf, np.inf, np.nan, np.nan, -np.inf, -np.inf, 1.0]])
    np.testing.assert_array_equal(F.adaptive_avg_pool1d(x[:, :5], 3), [[np.inf, np.nan, np.nan]])
    np.testing.assert_array_equal(F.adaptive_avg_pool1d(x[:, 4:7], 2), [[-np.inf, -np.inf]])


def test_half_types_are_summed_in_float32() -> None:
    x = np.full((1, 64, 64), 60000, np.float16)
    for pooled in (F.avg_pool2d(x, 64), F.avg_pool2d(x, 63), F.adaptive_avg_pool2d(x, 1), F.adaptive_avg_pool2d(x, 3)):
        assert pooled.dtype == np.float16
        assert (np.asarray(pooled) == 60000).all()


def test_integers_are_rounded_towards_zero_as_in_torch() -> None:
    x = np.arange(-7, 9).reshape(1, 4, 4)
    assert F.avg_pool2d(x, 2).tolist() == [[[-4, -2], [3, 5]]]
    assert F.avg_pool2d(x, 3, 2, 1, True).tolist() == [[[-2, -2, 0], [1, 3, 2], [1, 3, 2]]]


def test_one_window_is_the_mean() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 5)).astype(np.float32)
    expected = x.mean((2, 3), keepdims=True)
    np.testing.assert_allclose(F.adaptive_avg_pool2d(x, 1), expected, rtol=1e-5)
    np.testing.assert_allclose(F.avg_pool2d(x, (7, 5)), expected, rtol=1e-5)


def derivatives(axes: int, options: dict[str, Any]) -> Any:
    """Value, gradient, and both forms of the second derivative, compiled once."""
    pool = {1: F.lp_pool1d, 2: F.lp_pool2d, 3: F.lp_pool3d}[axes]

    def gradient(x: Any, cotangent: Any) -> Any:
        value, pull = jax.vjp(lambda x: pool(x, **options), x)
        return pull(cotangent)[0], value

    def everything(x: Any, cotangent: Any, tangent: Any) -> Any:
        first, pull, value = jax.vjp(lambda x: gradient(x, cotangent), x, has_aux=True)
        hessian = jax.jvp(lambda x: gradient(x, cotangent)[0], (x,), (tangent,))[1]
        return value, first, *pull(tangent), hessian

    return jax.jit(everything, compiler_options={"xla_backend_optimization_level": 0})


LP_CASES: list[tuple[int, dict[str, Any]]] = [
    (1, {"norm_type": 1, "kernel_size": 3, "stride": 2, "ceil_mode": True}),
    (1, {"norm_type": 2, "kernel_size": 2}),
    (2, {"norm_type": 3.0, "kernel_size": (3, 2), "stride": 1, "ceil_mode": True}),
    (1, {"norm_type": 1.5, "kernel_size": 2}),
    (2, {"norm_type": -float("inf"), "kernel_size": 3, "stride": 1}),
    (3, {"norm_type": -2.0, "kernel_size": (2, 1, 2)}),
]


@pytest.mark.torch
@pytest.mark.parametrize(("axes", "options"), LP_CASES, ids=str)
def test_lp_pool_and_its_derivatives_as_in_torch(torch: ModuleType, axes: int, options: dict[str, Any]) -> None:
    """Negative elements, whose roots are NaN for an odd p, and windows of zeros, where the root has no slope."""
    draw = np.random.default_rng(0)
    pool = getattr(torch.nn.functional, f"lp_pool{axes}d")
    with jax.enable_x64(True):
        compiled = derivatives(axes, options)
        for x in (draw.normal(size=(2, 2, *(7, 6, 4)[:axes])), np.abs(draw.normal(size=(2, 2, *(7, 6, 4)[:axes])))):
            x[0, 0] = 0
            leaf, tangent = torch.tensor(x, requires_grad=True), draw.normal(size=x.shape)
            value = pool(leaf, **options)
            cotangent = torch.tensor(draw.normal(size=tuple(value.shape)))
            (first,) = torch.autograd.grad(value, leaf, cotangent, create_graph=True)
            second = torch.autograd.grad(first, leaf, torch.tensor(tangent))[0] if first.requires_grad else 0 * leaf
            expected = [t.detach().numpy() for t in (value, first, second, second)]
            for ours, theirs in zip(compiled(x, cotangent.numpy(), tangent), expected, strict=True):
                scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0)
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * scale)


@pytest.mark.torch
def test_lp_pool_of_integers_as_in_torch(torch: ModuleType) -> None:
    x = np.arange(-7, 9).reshape(1, 4, 4)
    for p in (2, 3, 2.0):
        expected = torch.nn.functional.lp_pool2d(torch.tensor(x), p, 2)
        np.testing.assert_allclose(F.lp_pool2d(x, p, 2), expected, rtol=1e-6)


def test_average_pooling_takes_no_window_of_several_axes() -> None:
    """XLA adds up a window of k·k one element after the other; axis by axis are 2k."""
    program = str(jax.make_jaxpr(lambda x: F.avg_pool2d(x, 5, 2))(jnp.ones((1, 1, 16, 16))))
    assert "window_dimensions=(1, 1, 1, 5)" in program
    assert "window_dimensions=(1, 1, 5, 5)" not in program
    assert "reduce_window" not in str(jax.make_jaxpr(lambda x: F.avg_pool2d(x, 5))(jnp.ones((1, 1, 16, 16))))
