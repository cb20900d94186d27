"""max_pool2d against a loop, and against all of PyTorch's samples."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

GEOMETRIES: list[dict[str, Any]] = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2)},
    {"kernel_size": (1, 7)},
    {"kernel_size": 4, "ceil_mode": True},  # tiles, larger than one comparison chain
    {"kernel_size": 3, "ceil_mode": True},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0)},
    {"kernel_size": (3, 2), "stride": 2, "dilation": (1, 3), "ceil_mode": True},
    {"kernel_size": 2, "stride": 3, "padding": 1},  # some elements are in no window
    {"kernel_size": 3, "padding": 1, "ceil_mode": True},  # one more window would begin just past the input
]


def loop(
    x: np.ndarray,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """PyTorch's definition, read element by element: a later one wins if it is greater, or NaN."""
    k, p, d = (np.broadcast_to(a, 2) for a in (kernel_size, padding, dilation))
    s = k if stride is None else np.broadcast_to(stride, 2)
    size = np.array(x.shape[2:])
    room = size + 2 * p - d * (k - 1) - 1
    out = (-(-room // s) if ceil_mode else room // s) + 1
    out -= ceil_mode & ((out - 1) * s >= size + p)
    value, index = np.zeros((*x.shape[:2], *out), x.dtype), np.zeros((*x.shape[:2], *out), int)
    for n, c, i, j in np.ndindex(value.shape):
        best = None
        for u, v in np.ndindex(*k):
            r, q = (i, j) * s + (u, v) * d - p
            if 0 <= r < size[0] and 0 <= q < size[1]:
                element = x[n, c, r, q]
                if best is None or element > best or element != element:
                    best, value[n, c, i, j], index[n, c, i, j] = element, element, r * size[1] + q
    return value, index


def inputs(kind: str) -> np.ndarray:
    draw = np.random.default_rng(0)
    if kind == "distinct":
        return draw.permutation(2 * 3 * 8 * 7).reshape(2, 3, 8, 7).astype(np.float32)
    x = draw.integers(-1, 2, (2, 3, 8, 7)).astype(np.float32)  # many ties
    if kind == "ties":
        return x
    if kind == "integers":
        return np.where(x < 0, np.iinfo(np.int32).min, x).astype(np.int32)
    x[draw.random(x.shape) < 0.5] = -np.inf
    x[draw.random(x.shape) < 0.1] = np.nan
    return x


def with_gradient(options: dict[str, Any]) -> Callable[..., tuple[Any, ...]]:
    """Value, gradient for a cotangent, and indices, compiled once."""

    def everything(x: Any, cotangent: Any) -> tuple[Any, ...]:
        pool = jax.tree_util.Partial(F.max_pool2d, **options, return_indices=True)
        value, pull, index = jax.vjp(pool, x, has_aux=True)
        return value, *pull(cotangent), index

    return jax.jit(everything, compiler_options={"xla_backend_optimization_level": 0})


@pytest.mark.parametrize("options", GEOMETRIES, ids=str)
def test_value_index_and_gradient_are_the_loop_s(options: dict[str, Any]) -> None:
    compiled = with_gradient(options)
    for kind in ("distinct", "ties", "nan and -inf"):
        x = inputs(kind)
        value, index = loop(x, **options)
        cotangent = np.random.default_rng(1).integers(1, 9, value.shape).astype(np.float32)
        expected = np.zeros((6, 56), np.float32)
        np.add.at(expected, (np.arange(6)[:, None], index.reshape(6, -1)), cotangent.reshape(6, -1))
        ours, gradient, places = compiled(x, cotangent)
        np.testing.assert_array_equal(ours, value)
        np.testing.assert_array_equal(places, index)
        np.testing.assert_array_equal(gradient, expected.reshape(x.shape))
        assert (ours.dtype, places.dtype) == (np.float32, np.int32)
    np.testing.assert_array_equal(jax.jit(jax.tree_util.Partial(F.max_pool2d, **options))(x), value)


@pytest.mark.parametrize("options", [GEOMETRIES[0], GEOMETRIES[5]], ids=str)
def test_integers(options: dict[str, Any]) -> None:
    x = inputs("integers")
    value, index = loop(x, **options)
    ours, places = F.max_pool2d(x, **options, return_indices=True)
    np.testing.assert_array_equal(ours, value)
    np.testing.assert_array_equal(places, index)
    assert ours.dtype == np.int32


def test_indices_are_int64_under_x64() -> None:
    with jax.enable_x64(True):
        assert F.max_pool2d(np.ones((1, 4, 4)), 2, return_indices=True)[1].dtype == jnp.int64
        assert F.max_pool2d(np.ones((1, 4, 4)), 3, 1, return_indices=True)[1].dtype == jnp.int64


def test_an_empty_stride_is_the_kernel_as_in_torch() -> None:
    x = inputs("distinct")
    np.testing.assert_array_equal(F.max_pool2d(x, 2, ()), F.max_pool2d(x, 2))


def test_no_batch_and_an_empty_batch() -> None:
    x = inputs("distinct")
    np.testing.assert_array_equal(F.max_pool2d(x[0], 3, 2), F.max_pool2d(x, 3, 2)[0])
    assert F.max_pool2d(x[:0], 2).shape == (0, 3, 4, 3)
    assert F.max_pool2d(x[:0], 3, 2, 1).shape == (0, 3, 4, 4)


def test_no_gradient_by_select_and_scatter() -> None:
    """XLA's own gradient of a windowed maximum is slow on CPU."""
    for options in GEOMETRIES:
        pool = jax.tree_util.Partial(F.max_pool2d, **options)
        program = jax.make_jaxpr(lambda x, pool=pool: jax.vjp(pool, x)[1](pool(x)))(inputs("distinct"))
        assert "select_and_scatter" not in str(program)


def geometries(torch: ModuleType, entry: Any) -> dict[str, tuple[list[Any], dict[str, Any]]]:
    """PyTorch's samples as [N, C, H, W], gathered by what fixes the program: H, W and the arguments."""
    found: dict[str, tuple[list[Any], dict[str, Any]]] = {}
    for sample in entry.sample_inputs("cpu", torch.float64):
        options = {k: v for k, v in sample.kwargs.items() if k != "return_indices"}
        padding = tuple(np.broadcast_to(options["padding"], 2).tolist())
        key = f"{tuple(sample.input.shape[-2:])} {options | {'padding': padding}}"
        found.setdefault(key, ([], options))[0].append(sample.input.reshape(-1, *sample.input.shape[-3:]))
    return found


@pytest.mark.torch
def test_all_of_torch_s_samples(torch: ModuleType, entries: Callable[[str], list[Any]]) -> None:
    """All 1,440 of them. Those that differ in N alone run as one batch: compiling is what costs time here."""
    faults = []
    with jax.enable_x64(True):
        for key, (samples, options) in geometries(torch, entries("nn.functional.max_pool2d")[0]).items():
            x = torch.cat(samples).requires_grad_()
            value, index = torch.nn.functional.max_pool2d(x, **options, return_indices=True)
            cotangent = torch.randn_like(value)
            (gradient,) = torch.autograd.grad(value, x, cotangent)

            ours = with_gradient(options)(x.detach().numpy(), cotangent.numpy())
            if not np.array_equal(ours[0], value.detach()) or not np.array_equal(ours[2], index):
                faults.append(f"value or indices · {key}")
            if not np.allclose(ours[1], gradient, rtol=1e-14, atol=1e-14):  # sums may be taken in another order
                faults.append(f"gradient · {key}")
    assert not faults, "\n".join(faults)


@pytest.mark.torch
@pytest.mark.parametrize("options", GEOMETRIES, ids=str)
def test_nan_ties_and_infinities_as_in_torch(torch: ModuleType, options: dict[str, Any]) -> None:
    x = inputs("nan and -inf")
    leaf = torch.tensor(x, requires_grad=True)
    value, index = torch.nn.functional.max_pool2d(leaf, **options, return_indices=True)
    value.sum().backward()
    ours, gradient, places = with_gradient(options)(x, np.ones(value.shape, np.float32))
    np.testing.assert_array_equal(ours, value.detach())
    np.testing.assert_array_equal(places, index)
    np.testing.assert_array_equal(gradient, leaf.grad)
