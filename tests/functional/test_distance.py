"""Norms and distances: zero vectors, ties, any p, and what is refused."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl.functional import distance

POWERS = [0, 0.5, 1, 1.5, 2, 3, np.inf, -np.inf, -1]
# A zero vector, a tie, an element that is zero, a vector shorter than normalize's eps.
ROWS = np.array([[0.0, 0, 0], [1, -1, 1], [0, 2, -2], [1e-13, 0, 0], [-3, 0.5, 0]])
NEXT = np.array([1, 2, 3, 4, 0])


@pytest.mark.torch
def test_value_and_gradient_at_zero_vectors_and_ties_as_in_torch(torch: ModuleType) -> None:
    functional = torch.nn.functional
    calls: list[Callable[[Any, Any], Any]] = [
        *(lambda f, x, p=p: f.normalize(x, p) for p in POWERS),
        *(lambda f, x, p=p: f.pairwise_distance(x, x * 0 + x[1:2], p, 0.0) for p in POWERS),
        *(lambda f, x, p=p: f.pdist(x, p) for p in POWERS if p >= 0),
        *(lambda f, x, eps=eps: f.cosine_similarity(x, x[NEXT], 1, eps) for eps in (1e-8, 0.5, 5.0)),
    ]

    @jax.jit
    def ours(x: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
        def both(call: Callable[[Any, Any], Any]) -> tuple[jax.Array, jax.Array]:
            value, pull = jax.vjp(lambda x: call(F, x), x)
            return value, pull(jnp.arange(1.0, 1 + value.size).reshape(value.shape))[0]

        return [both(call) for call in calls]

    with jax.enable_x64(True):
        found = jax.tree.map(np.asarray, ours(jnp.asarray(ROWS)))
    for number, (call, (value, gradient)) in enumerate(zip(calls, found, strict=True)):
        leaf = torch.tensor(ROWS, requires_grad=True)
        expected = call(functional, leaf)
        cotangent = torch.arange(1.0, 1 + expected.numel(), dtype=torch.float64).reshape(expected.shape)
        (slope,) = torch.autograd.grad(expected, leaf, cotangent, allow_unused=True)
        slope = torch.zeros_like(leaf) if slope is None else slope
        scale = float(np.nanmax(np.abs(slope.numpy()))) or 1.0
        np.testing.assert_allclose(value, expected.detach(), 1e-12, 1e-14, err_msg=f"{number}")
        np.testing.assert_allclose(gradient, slope, 1e-10, 1e-10 * scale, err_msg=f"{number}")


@pytest.mark.torch
def test_cosine_s_bound_changes_the_value_alone(torch: ModuleType) -> None:
    """Second derivatives where both norms are below eps, which op_db does not reach."""
    x, y, v = np.random.default_rng(0).normal(size=(3, 2, 3))
    with jax.enable_x64(True):

        def total(x: jax.Array) -> jax.Array:
            return F.cosine_similarity(x, y, 1, 5.0).sum()

        given = jax.jit(lambda x: jax.jvp(jax.grad(total), (x,), (v,)))(x)
        leaf = torch.tensor(x, requires_grad=True)
        value = torch.nn.functional.cosine_similarity(leaf, torch.tensor(y), 1, 5.0).sum()
        (first,) = torch.autograd.grad(value, leaf, create_graph=True)
        (second,) = torch.autograd.grad((first * torch.tensor(v)).sum(), leaf)
        np.testing.assert_allclose(given[0], first.detach(), 1e-12)
        np.testing.assert_allclose(given[1], second, 1e-10)


def test_pdist_in_several_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    x = jnp.asarray(np.random.default_rng(0).normal(size=(11, 3)), jnp.float32)

    def both(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        return F.pdist(x, 3), jax.grad(lambda x: (F.pdist(x, 3) ** 2).sum())(x)

    whole = jax.jit(both)(x)
    monkeypatch.setattr(distance, "CACHED", 4 * x.size)
    jaxpr = jax.make_jaxpr(lambda x: F.pdist(x, 3))(x)
    assert "scan" in str(jaxpr)
    for a, b in zip(whole, jax.jit(lambda x: both(x))(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    rows, columns = np.triu_indices(11, 1)
    np.testing.assert_allclose(whole[0], np.linalg.norm(x[rows] - x[columns], 3, axis=1), rtol=1e-5)


def test_pdist_can_be_differentiated_twice() -> None:
    with jax.enable_x64(True):
        x = jnp.array([[0.0, 0.0], [3.0, 4.0]])
        hessian = jax.jit(jax.hessian(lambda x: F.pdist(x)[0]))(x)
        unit = np.array([0.6, 0.8])
        block = (np.eye(2) - np.outer(unit, unit)) / 5
        np.testing.assert_allclose(hessian[0, :, 0], block, atol=1e-15)
        np.testing.assert_allclose(hessian[0, :, 1], -block, atol=1e-15)


@pytest.mark.slow
@pytest.mark.torch
def test_shapes_and_dtypes_as_in_torch(torch: ModuleType) -> None:
    r = np.random.default_rng(0)
    pairs = [
        (r.normal(size=(2, 1, 3)), r.normal(size=(4, 3)).astype(np.float32)),
        (np.asarray(r.normal()), np.asarray(r.normal())),
        (np.arange(6).reshape(2, 3), np.ones(3, np.int32)),
        (np.arange(6).reshape(2, 3), r.normal(size=3).astype(np.float32)),
        (r.normal(size=(2, 6)).view(complex), r.normal(size=6).view(complex)),
    ]
    with jax.enable_x64(True):
        for a, b in pairs:
            for keepdim in (False, True):
                expected = torch.nn.functional.pairwise_distance(torch.tensor(a), torch.tensor(b), keepdim=keepdim)
                given = F.pairwise_distance(a, b, keepdim=keepdim)
                assert (given.shape, str(given.dtype)) == (tuple(expected.shape), str(expected.dtype)[6:])
                np.testing.assert_allclose(given, expected, 1e-6)
        for a, b in (pairs[0], pairs[1], pairs[3]):
            for dim in (-1, 0):
                expected = torch.nn.functional.cosine_similarity(torch.tensor(a), torch.tensor(b), dim)
                given = F.cosine_similarity(a, b, dim)
                assert (given.shape, str(given.dtype)) == (tuple(expected.shape), str(expected.dtype)[6:])
                np.testing.assert_allclose(given, expected, 1e-6)
    for shape in ((0, 3), (1, 3), (3, 0), (0, 0)):
        assert F.pdist(np.ones(shape, np.float32)).shape == tuple(torch.pdist(torch.ones(shape)).shape)


X = np.ones((2, 3), np.float32)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.normalize(X, dim=2), ValueError, r"normalize: dim is 2 but input has shape \(2, 3\)"),
    (lambda: F.normalize(X[0]), ValueError, r"normalize: dim is 1 but input has shape \(3,\)"),
    (lambda: F.normalize(X, dim=(0, -2)), ValueError, "which names one axis twice"),
    (lambda: F.normalize(X, out=X), ValueError, "normalize: out is given, but arrays are immutable"),
    (lambda: F.normalize(X.astype(int)), TypeError, "normalize: input has dtype int"),
    (lambda: F.normalize(X, "fro"), TypeError, "normalize: p must be a number"),
    (lambda: F.normalize(X, np.nan), ValueError, "normalize: p is nan"),
    (lambda: F.normalize(X[:, :0], np.inf), ValueError, "an empty vector, which has no norm for p = inf"),
    (lambda: F.cosine_similarity(X, X.T), ValueError, r"cosine_similarity: x1 of shape \(2, 3\), x2 of .* broadcast"),
    (lambda: F.cosine_similarity(X, X, 2), ValueError, "cosine_similarity: dim is 2"),
    (lambda: F.cosine_similarity(X.astype(int), X.astype(int)), TypeError, "one must be floating point"),
    (lambda: F.cosine_similarity(X + 0j, X), TypeError, "x1 has dtype complex64"),
    (lambda: F.pairwise_distance(X > 0, X), TypeError, "pairwise_distance: x1 has dtype bool"),
    (lambda: F.pairwise_distance(X, X.T), ValueError, "pairwise_distance: x1 of shape .* do not broadcast"),
    (lambda: F.pairwise_distance(X, X, "2"), TypeError, "pairwise_distance: p must be a number"),
    (lambda: F.pdist(X[0]), ValueError, r"pdist: input has shape \(3,\); it must be \[N, M\]"),
    (lambda: F.pdist(X, -1), ValueError, "pdist: p is -1; it must be at least 0"),
    (lambda: F.pdist(X, np.nan), ValueError, "pdist: p is nan"),
    (lambda: F.pdist(X.astype(int)), TypeError, "pdist: input has dtype int"),
]


@pytest.mark.parametrize(
    ("call", "exception", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_refused(call: Callable[[], Any], exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words) as caught:
        call()
    assert type(caught.value) is exception
    with pytest.raises(exception, match=words):
        jax.jit(lambda _: call())(0)
