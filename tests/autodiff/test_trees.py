"""Trees of arrays as arguments and results of every transformation."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from jaxdl import autodiff
from jaxdl.autodiff import grad, hessian, jacfwd, jacrev, jvp, tree, value_and_grad, vjp, vmap


class Layer(NamedTuple):
    w: Any
    b: Any


PARAMS = {
    "layers": [Layer(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -0.5])), Layer(np.array([[1.0, -1.0]]), None)],
    "scale": (2.0, {"bias": np.float64(0.25)}),
    "nothing": None,
}
X = np.array([0.3, -0.7])


def _net(params: Any, x: Any) -> Any:
    for w, b in params["layers"]:
        x = np.tanh(w @ x + (0 if b is None else b))
    return {"y": x * params["scale"][0], "rest": (np.sum(x) + params["scale"][1]["bias"], None)}


def _loss(params: Any, x: Any) -> Any:
    out = _net(params, x)
    return np.sum(out["y"]) * out["rest"][0]


def _shapes(value: Any) -> Any:
    return tree.map(np.shape, value)


def test_a_gradient_has_the_form_of_its_argument() -> None:
    value, gradient = value_and_grad(_loss)(PARAMS, X)
    assert value == _loss(PARAMS, X)
    assert tree.flatten(gradient)[1] == tree.flatten(PARAMS)[1]
    assert _shapes(gradient) == _shapes(PARAMS)
    assert isinstance(gradient["layers"][0], Layer)
    direction = tree.map(np.ones_like, PARAMS)
    _, slope = jvp(lambda p: _loss(p, X), (PARAMS,), (direction,))
    along = sum(np.sum(each) for each in tree.flatten(gradient)[0])
    np.testing.assert_allclose(slope, along, rtol=1e-14)


def test_values_and_cotangents_are_trees() -> None:
    y, pull = vjp(_net, PARAMS, X)
    assert tree.flatten(y)[1] == tree.flatten(_net(PARAMS, X))[1]
    by_params, by_x = pull(tree.map(np.ones_like, y))
    assert _shapes(by_params) == _shapes(PARAMS)
    assert by_x.shape == X.shape
    _, tangent = jvp(_net, (PARAMS, X), (tree.map(np.zeros_like, PARAMS), np.ones(2)))
    assert tangent["rest"][1] is None
    np.testing.assert_allclose(np.sum(by_x), np.sum(tangent["y"]) + tangent["rest"][0], rtol=1e-14)


@pytest.mark.parametrize("jacobian", [jacfwd, jacrev])
def test_a_jacobian_is_a_tree_of_the_result_of_trees_of_the_argument(jacobian: Any) -> None:
    J = jacobian(_net, argnums=(0, 1))(PARAMS, X)
    by_params, by_x = J["y"]
    assert by_params["layers"][0].w.shape == (1, 2, 2)
    assert by_params["nothing"] is None
    assert J["rest"][0][0]["scale"][1]["bias"] == pytest.approx(1)
    rows = [vjp(_net, PARAMS, X)[1]({"y": np.ones(1), "rest": (0.0, None)})[1]]
    np.testing.assert_allclose(by_x, rows, atol=1e-15)


def test_a_hessian_of_trees_is_symmetric() -> None:
    H = hessian(lambda p: np.sum(p["a"] ** 2) * p["b"] ** 3)({"a": np.array([1.0, 2.0]), "b": 3.0})
    np.testing.assert_allclose(H["a"]["b"], H["b"]["a"])
    np.testing.assert_allclose(H["b"]["b"], 90)
    np.testing.assert_allclose(H["a"]["a"], 54 * np.eye(2))


def test_vmap_takes_and_gives_trees_along_chosen_axes() -> None:
    data = {"x": np.arange(6.0).reshape(2, 3), "k": (np.arange(3.0), 5.0)}

    def f(d: Any, w: Any) -> Any:
        return Layer(d["x"] * w, [d["k"][0] + d["k"][1], None])

    got = vmap(f, in_axes=({"x": 1, "k": (0, None)}, None), out_axes=Layer(1, 0))(data, 2.0)
    np.testing.assert_array_equal(got.w, data["x"] * 2)
    np.testing.assert_array_equal(got.b[0], np.arange(3.0) + 5)
    assert got.b[1] is None
    whole = vmap(f, in_axes=(None, 0))(data, np.arange(2.0))
    assert _shapes(whole) == Layer((2, 2, 3), [(2, 3), None])


@pytest.mark.parametrize(("argnums", "expected"), [(0, 6), (1, 3), (-1, 3), ((0, 1), (6, 3)), ((-1,), (3,)), ((), ())])
def test_argnums(argnums: Any, expected: Any) -> None:
    got = grad(lambda x, y: 3 * x * y + x * 0, argnums)(1.0, 2.0)
    assert got == expected


def test_aux_is_passed_on_as_it_is() -> None:
    def f(x: Any, y: Any = 1) -> Any:
        return np.sum(x * x) * y, {"twice": 2 * x, "word": "kept", "none": None, "count": 3}

    x = np.array([1.0, 2.0])
    for _ in range(2):
        gradient, aux = grad(f, has_aux=True)(x, y=2)
        np.testing.assert_array_equal(gradient, 4 * x)
        np.testing.assert_array_equal(aux["twice"], 2 * x)
        assert (aux["word"], aux["none"], aux["count"]) == ("kept", None, 3)
    (value, aux), _ = value_and_grad(f, has_aux=True)(x)
    assert (value, aux["twice"][1]) == (5, 4)
    assert jvp(f, (x,), (x,), has_aux=True)[2]["word"] == "kept"
    assert vjp(f, x, has_aux=True)[2]["word"] == "kept"
    second = grad(lambda x: np.sum(grad(f, has_aux=True)(x)[1]["twice"] * x))(x)
    np.testing.assert_array_equal(second, 4 * x)


def test_no_leaves_and_empty_arrays() -> None:
    assert grad(lambda p: 1.0 * np.sum(np.ones(2)))({}) == {}
    assert grad(lambda x: np.sum(x))(np.zeros((0, 3))).shape == (0, 3)
    assert jacrev(lambda x: x * x)(np.zeros(0)).shape == (0, 0)
    assert jacfwd(lambda x: x * x)(np.zeros(0)).shape == (0, 0)
    assert vmap(lambda x: x * x)(np.zeros((0, 2))).shape == (0, 2)


def test_flatten_keeps_the_order_of_keys() -> None:
    leaves, structure = autodiff.tree.flatten({"b": 1, "a": [2, (3, None)]})
    assert leaves == [2, 3, 1]
    assert tree.unflatten(structure, "xyz") == {"a": ["x", ("y", None)], "b": "z"}
    assert tree.flatten({1: 0, "a": 1})[0] == [0, 1]
