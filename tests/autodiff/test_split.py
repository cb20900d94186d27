"""np.split is one operation with several results: every transformation takes it as such."""

import jax
import numpy as np
import pytest

from jaxdl import autodiff

X = np.random.RandomState(0).randn(3, 7)


def some_pieces(x):
    a, _, c = np.split(x, [2, 3], axis=1)  # the one in the middle has no cotangent
    return np.sum(np.sin(a @ c[:2])) if len(x) == 7 else np.sum(np.sin(a[:, :1] * c))


def by_slices(x):
    return np.sum(np.sin(x[:, :1] * x[:, 3:]))


@pytest.mark.parametrize("derivative", [autodiff.grad, autodiff.hessian, autodiff.jacfwd, autodiff.jacrev])
def test_derivatives_are_those_of_slices(derivative):
    np.testing.assert_allclose(derivative(some_pieces)(X), derivative(by_slices)(X), rtol=1e-13, atol=1e-14)


def test_batched_recorded_and_compiled():
    many = np.stack([X, 2 * X])
    gradient = autodiff.grad(some_pieces)
    expected = np.stack([gradient(x) for x in many])
    np.testing.assert_allclose(autodiff.vmap(gradient)(many), expected, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(autodiff.trace(gradient)(X)(X), expected[0], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(autodiff.jit(gradient)(X), expected[0], rtol=1e-13, atol=1e-14)
    with jax.enable_x64(True):
        np.testing.assert_allclose(jax.jit(autodiff.lowered(gradient))(X), expected[0], rtol=1e-13, atol=1e-14)


def test_the_pieces_are_numpys():
    for sections in (7, [2, 3], [0, 5, 9]):
        pieces, _ = autodiff.jvp(lambda x, s=sections: np.split(x, s, axis=-1), (X,), (X,))
        for piece, expected in zip(pieces, np.split(X, sections, axis=-1), strict=True):
            np.testing.assert_array_equal(piece, expected)
