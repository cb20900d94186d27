"""Max pooling against a loop over windows: ties, NaN, infinities and large kernels are not in PyTorch's samples."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
PLANE = {1: (11,), 2: (8, 7), 3: (5, 6, 4)}

GEOMETRIES: list[tuple[int, dict[str, Any]]] = [
    (2, {"kernel_size": 2}),
    (2, {"kernel_size": (3, 2)}),
    (2, {"kernel_size": (1, 7)}),
    (2, {"kernel_size": 4, "ceil_mode": True}),
    (2, {"kernel_size": 3, "ceil_mode": True}),
    (2, {"kernel_size": 3, "stride": 2, "padding": 1}),
    (2, {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0)}),
    (2, {"kernel_size": (3, 2), "stride": 2, "dilation": (1, 3), "ceil_mode": True}),
    (2, {"kernel_size": 2, "stride": 3}),  # some elements are in no window
    (2, {"kernel_size": 2, "stride": 3, "padding": 1}),
    (2, {"kernel_size": 3, "padding": 1, "ceil_mode": True}),  # one more window would begin just past the input
    (2, {"kernel_size": 7, "stride": 1, "padding": 3}),  # a window's last runs overlap
    (1, {"kernel_size": 9, "stride": 2, "padding": 4, "ceil_mode": True}),
    (1, {"kernel_size": 3, "dilation": 4}),
    (3, {"kernel_size": (2, 3, 2)}),
    (3, {"kernel_size": 3, "stride": (1, 2, 2), "padding": 1, "dilation": (1, 2, 1)}),
]


def loop(
    x: np.ndarray,
    axes: int,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """PyTorch's definition, read element by element: a later one wins if it is greater, or NaN."""
    k, p, d = (np.broadcast_to(a, axes) for a in (kernel_size, padding, dilation))
    s = k if stride is None else np.broadcast_to(stride, axes)
    size = np.array(x.shape[2:])
    room = size + 2 * p - d * (k - 1) - 1
    out = (-(-room // s) if ceil_mode else room // s) + 1
    out -= ceil_mode & ((out - 1) * s >= size + p)
    value, index = np.zeros((*x.shape[:2], *out), x.dtype), np.zeros((*x.shape[:2], *out), int)
    for n, c, *window in np.ndindex(value.shape):
        best = None
        for tap in np.ndindex(*k):
            place = window * s + tap * d - p
            if (place >= 0).all() and (place < size).all():
                element = x[(n, c, *place)]
                if best is None or element > best or element != element:
                    best = value[(n, c, *window)] = element
                    index[(n, c, *window)] = np.ravel_multi_index(place, size)
    return value, index


def inputs(kind: str, axes: int) -> np.ndarray:
    draw = np.random.default_rng(0)
    shape = (2, 3, *PLANE[axes])
    if kind == "distinct":
        return draw.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32)
    x = draw.integers(-1, 2, shape).astype(np.float32)  # many ties
    if kind == "ties":
        return x
    if kind == "integers":
        return np.where(x < 0, np.iinfo(np.int32).min, x).astype(np.int32)
    x[draw.random(x.shape) < 0.5] = -np.inf
    x[draw.random(x.shape) < 0.1] = np.nan
    return x


def with_gradient(axes: int, options: dict[str, Any]) -> Callable[..., tuple[Any, ...]]:
    """Value, gradient for a cotangent, and indices, compiled once."""

    def everything(x: Any, cotangent: Any) -> tuple[Any, ...]:
        pool = jax.tree_util.Partial(MAX_POOL[axes], **options, return_indices=True)
        value, pull, index = jax.vjp(pool, x, has_aux=True)
        return value, *pull(cotangent), index

    return jax.jit(everything, compiler_options={"xla_backend_optimization_level": 0})


@pytest.mark.slow
@pytest.mark.parametrize(("axes", "options"), GEOMETRIES, ids=str)
def test_value_index_and_gradient_are_the_loop_s(axes: int, options: dict[str, Any]) -> None:
    compiled = with_gradient(axes, options)
    for kind in ("distinct", "ties", "nan and -inf"):
        x = inputs(kind, axes)
        value, index = loop(x, axes, **options)
        cotangent = np.random.default_rng(1).integers(1, 9, value.shape).astype(np.float32)
        expected = np.zeros((6, np.prod(PLANE[axes])), np.float32)
        np.add.at(expected, (np.arange(6)[:, None], index.reshape(6, -1)), cotangent.reshape(6, -1))
        ours, gradient, places = compiled(x, cotangent)
        np.testing.assert_array_equal(ours, value)
        np.testing.assert_array_equal(places, index)
        np.testing.assert_array_equal(gradient, expected.reshape(x.shape))
        assert (ours.dtype, places.dtype) == (np.float32, np.int32)


@pytest.mark.parametrize(("axes", "options"), [GEOMETRIES[i] for i in (2, 7, 11, 14)], ids=str)
def test_a_value_without_its_index_is_the_same(axes: int, options: dict[str, Any]) -> None:
    x = inputs("nan and -inf", axes)
    np.testing.assert_array_equal(MAX_POOL[axes](x, **options), loop(x, axes, **options)[0])


@pytest.mark.parametrize("options", [GEOMETRIES[0][1], GEOMETRIES[5][1]], ids=str)
def test_integers(options: dict[str, Any]) -> None:
    x = inputs("integers", 2)
    value, index = loop(x, 2, **options)
    ours, places = F.max_pool2d_with_indices(x, **options)
    np.testing.assert_array_equal(ours, value)
    np.testing.assert_array_equal(places, index)
    assert ours.dtype == np.int32


def test_indices_are_int64_under_x64() -> None:
    with jax.enable_x64(True):
        assert F.max_pool2d(np.ones((1, 4, 4)), 2, return_indices=True)[1].dtype == jnp.int64
        assert F.max_pool2d(np.ones((1, 4, 4)), 3, 1, return_indices=True)[1].dtype == jnp.int64


def test_an_empty_stride_is_the_kernel_as_in_torch() -> None:
    x = inputs("distinct", 2)
    np.testing.assert_array_equal(F.max_pool2d(x, 2, ()), F.max_pool2d(x, 2))


def test_no_batch_and_an_empty_batch() -> None:
    x = inputs("distinct", 2)
    np.testing.assert_array_equal(F.max_pool2d(x[0], 3, 2), F.max_pool2d(x, 3, 2)[0])
    assert F.max_pool2d(x[:0], 2).shape == (0, 3, 4, 3)
    assert F.max_pool2d(x[:0], 3, 2, 1).shape == (0, 3, 4, 4)


def test_a_dilated_window_in_the_padding_alone_has_no_maximum() -> None:
    """Both its elements lie beside the input. PyTorch's gradient is written out of bounds there; ours is zero."""
    value, pull = jax.vjp(lambda x: F.max_pool1d(x, 2, 1, 1, 4), jnp.ones((1, 3)))
    assert value.tolist() == [[-np.inf]]
    assert pull(value)[0].tolist() == [[0.0, 0.0, 0.0]]


def program(axes: int, **options: Any) -> str:
    def gradient(x: Any) -> Any:
        value, pull = jax.vjp(lambda x: MAX_POOL[axes](x, **options), x)
        return pull(value)

    return str(jax.make_jaxpr(gradient)(jnp.ones((1, 1, *(64,) * axes))))


def test_no_gradient_by_select_and_scatter() -> None:
    """XLA's own gradient of a windowed maximum is slow on CPU."""
    assert "select_and_scatter" not in program(2, kernel_size=2)
    assert "select_and_scatter" not in program(2, kernel_size=3, stride=2, padding=1)


def test_a_program_hardly_grows_with_the_kernel() -> None:
    overlapping = [program(2, kernel_size=k, stride=1).count("\n") for k in (4, 32)]
    assert overlapping[1] < 3 * overlapping[0]
    assert program(2, kernel_size=32).count("\n") == program(2, kernel_size=8).count("\n")


@pytest.mark.torch
@pytest.mark.parametrize(("axes", "options"), GEOMETRIES, ids=str)
def test_nan_ties_and_infinities_as_in_torch(torch: ModuleType, axes: int, options: dict[str, Any]) -> None:
    """The loop above is what PyTorch does."""
    x = inputs("nan and -inf", axes)
    pool = getattr(torch.nn.functional, f"max_pool{axes}d")
    value, index = pool(torch.tensor(x), **options, return_indices=True)
    ours, places = loop(x, axes, **options)
    np.testing.assert_array_equal(ours, value)
    np.testing.assert_array_equal(places, index)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize(("axes", "output"), [(1, 4), (1, 15), (2, (3, 7)), (2, (4, 7)), (3, (2, 6, 3))])
def test_adaptive_windows_ties_and_nan_as_in_torch(torch: ModuleType, axes: int, output: Any) -> None:
    pool = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}[axes]
    for kind in ("distinct", "ties", "nan and -inf"):
        x = inputs(kind, axes)
        leaf = torch.tensor(x, requires_grad=True)
        value, index = getattr(torch.nn.functional, f"adaptive_max_pool{axes}d")(leaf, output, return_indices=True)
        value.sum().backward()
        ours, pull, places = jax.vjp(lambda x: pool(x, output, return_indices=True), x, has_aux=True)
        np.testing.assert_array_equal(ours, value.detach())
        np.testing.assert_array_equal(places, index)
        np.testing.assert_array_equal(pull(jnp.ones_like(ours))[0], leaf.grad)


def test_an_adaptive_output_may_be_empty() -> None:
    assert F.adaptive_max_pool2d(np.ones((1, 4, 4), np.float32), (0, 2)).shape == (1, 0, 2)
    assert F.adaptive_avg_pool2d(np.ones((1, 4, 4), np.float32), (0, 2)).shape == (1, 0, 2)
