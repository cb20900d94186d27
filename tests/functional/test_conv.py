"""conv2d against a loop, its explicit derivative against lax's own, and delicate cases against PyTorch."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxdl import functional as F
from jaxdl.functional.convolution import _rules

Options = dict[str, Any]
GEOMETRIES: list[tuple[Options, tuple[int, ...]]] = [
    ({}, (4, 3, 3, 2)),
    ({"stride": (2, 1), "padding": (0, 2)}, (4, 3, 2, 3)),
    ({"stride": 3, "padding": 1, "dilation": (1, 2)}, (2, 3, 3, 3)),
    ({"padding": "same", "dilation": (1, 3)}, (2, 3, 4, 2)),
    ({"padding": "valid", "stride": 2}, (2, 3, 1, 1)),
    ({"groups": 3, "padding": 1}, (6, 1, 3, 3)),
]


def loop(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:
    """The definition, one kernel element at a time."""
    (sh, sw), (dh, dw) = np.broadcast_to(stride, 2), np.broadcast_to(dilation, 2)
    reach = np.array([dh * (w.shape[2] - 1), dw * (w.shape[3] - 1)])
    low = (
        {"same": reach // 2, "valid": np.array([0, 0])}[padding]
        if isinstance(padding, str)
        else np.broadcast_to(padding, 2)
    )
    high = reach - low if padding == "same" else low
    x = np.pad(x, ((0, 0), (0, 0), (low[0], high[0]), (low[1], high[1])))
    oh, ow = (x.shape[2] - reach[0] - 1) // sh + 1, (x.shape[3] - reach[1] - 1) // sw + 1
    y = np.zeros((x.shape[0], w.shape[0], oh, ow)) + b[:, None, None]
    out, inn = w.shape[0] // groups, w.shape[1]
    for g, u, v in np.ndindex(groups, *w.shape[2:]):
        part = x[:, g * inn : (g + 1) * inn, u * dh :, v * dw :][
            :, :, : (oh - 1) * sh + 1 : sh, : (ow - 1) * sw + 1 : sw
        ]
        y[:, g * out : (g + 1) * out] += np.einsum("nchw,oc->nohw", part, w[g * out : (g + 1) * out, :, u, v])
    return y


def arrays(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    return draw.normal(size=(2, 3, 7, 8)), draw.normal(size=shape), draw.normal(size=shape[0])


@pytest.mark.parametrize(("options", "shape"), GEOMETRIES, ids=str)
def test_value_is_the_loop_s(options: Options, shape: tuple[int, ...]) -> None:
    x, w, b = arrays(shape)
    with jax.enable_x64(True):
        y = F.conv2d(x, w, b, **options)
        np.testing.assert_allclose(y, loop(x, w, b, **options), rtol=1e-13, atol=1e-13)
        np.testing.assert_array_equal(F.conv2d(x[0], w, b, **options), F.conv2d(x[:1], w, b, **options)[0])


TORCHS: dict[str, tuple[str, tuple[int, ...], tuple[int, ...], Options]] = {
    "complex sequences": ("conv1d", (2, 4, 9), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    "one complex sequence": ("conv1d", (3, 7), (2, 3, 2), {"padding": "same", "dilation": 2}),
    "complex images": ("conv2d", (2, 3, 5, 6), (4, 3, 2, 3), {"stride": (1, 2), "padding": (1, 0)}),
    "complex images, transposed": ("conv_transpose2d", (2, 4, 3, 2), (4, 3, 2, 2), {"stride": 2}),
    "a larger output": ("conv2d", (2, 3, 5, 4), (4, 3, 2, 2), {"padding": 1}),
    "a larger output, groups": ("conv2d", (2, 4, 3, 3), (4, 2, 2, 2), {"padding": 3, "stride": (1, 2), "groups": 2}),
    "transposed": ("conv_transpose2d", (2, 4, 3, 5), (4, 3, 2, 2), {"stride": 2}),
    "transposed, gaps": (
        "conv_transpose2d",
        (2, 4, 3, 2),
        (4, 2, 3, 2),
        {"stride": (2, 3), "padding": 1, "output_padding": (1, 2), "groups": 2},
    ),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", TORCHS)
def test_it_and_its_gradients_are_torchs(assert_as_in_torch: Callable[..., None], name: str) -> None:
    function, *shapes, options = TORCHS[name]
    draw = np.random.default_rng(0)
    channels = shapes[1][1] * options.get("groups", 1) if "transpose" in function else shapes[1][0]
    arrays = {
        argument: draw.normal(size=shape) + (1j * draw.normal(size=shape) if "complex" in name else 0)
        for argument, shape in zip(("input", "weight", "bias"), [*shapes, (channels,)], strict=True)
    }
    assert_as_in_torch(function, arrays, **options)


def plain(x: jax.Array, w: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(x, w, (2, 1), ((1, 1), (2, 2)), rhs_dilation=(1, 2))


def ours(x: jax.Array, w: jax.Array) -> jax.Array:
    return F.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(1, 2))


def energy(convolution: Any) -> Any:
    return lambda x, w: jnp.sum(jnp.sin(convolution(x, w)))


FORMS = ("as a product", "written out", "canonical")

TRANSFORMS = {
    "gradient": lambda f: jax.grad(f, (0, 1)),
    "gradient of the weight alone": lambda f: jax.grad(f, 1),
    "gradient of the input alone": lambda f: jax.grad(f, 0),
    "forward mode": lambda f: lambda x, w: jax.jvp(f, (x, w), (x, w))[1],
    "hessian": lambda f: lambda x, w: jax.hessian(f, 1)(x, w),
    "reverse over reverse": lambda f: (
        lambda x, w: jax.grad(lambda x, w: jnp.vdot(w, jax.grad(f, 1)(x, w)), (0, 1))(x, w)
    ),
    "reverse over forward": lambda f: jax.grad(lambda x, w: jax.jvp(f, (x, w), (x, w))[1], (0, 1)),
    "vmap of weights": lambda f: lambda x, w: jax.vmap(jax.grad(f, (0, 1)), (None, 0))(x, jnp.stack([w, 2 * w])),
    "per-example gradients": lambda f: lambda x, w: jax.vmap(jax.grad(f, 1), (0, None))(x[:, None], w),
    "checkpoint": lambda f: jax.grad(jax.checkpoint(f), (0, 1)),
}


@pytest.mark.slow
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("channels", [3, 9])  # few, and so many that the way back to them is lax's
@pytest.mark.parametrize("form", FORMS)
def test_the_explicit_derivative_is_lax_s_own(
    form: str, channels: int, transform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_rules, "form", lambda x, kernel, groups: form)
    with jax.enable_x64(True):
        x, w, _ = (jnp.asarray(a) for a in arrays((2, channels, 3, 3)))
        x = jnp.concatenate([x, x**2, jnp.cos(x)], axis=1)[:, :channels]
        for a, b in zip(
            jax.tree.leaves(jax.jit(transform(energy(ours)))(x, w)),
            jax.tree.leaves(jax.jit(transform(energy(plain)))(x, w)),
            strict=True,
        ):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("x", "kernel", "groups", "dtype", "expected"),
    [
        ((2, 28, 28, 1), (5, 5, 1, 6), 1, "float32", "written out"),
        ((2, 28, 28, 3), (3, 3, 3, 6), 1, "bfloat16", "written out"),
        ((2, 28, 28, 6), (5, 5, 6, 16), 1, "float32", "canonical"),
        ((2, 28, 28, 3), (7, 7, 3, 6), 1, "float32", "canonical"),
        ((2, 28, 28, 1), (5, 5, 1, 6), 1, "float64", "as a product"),
        ((2, 28, 28, 8), (3, 3, 1, 8), 8, "float64", "written out"),
        ((2, 28, 28, 32), (3, 3, 16, 8), 2, "float64", "canonical"),
        ((2, 28, 28, 1), (5, 5, 1, 6), 1, "int32", "lax"),
    ],
)
def test_the_form_that_a_convolution_takes(
    x: Any, kernel: Any, groups: int, dtype: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with jax.enable_x64(True):
        image, kernels = jnp.ones(x, dtype), jnp.ones(kernel, dtype)
    assert _rules.form(image, kernels, groups) == expected
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert _rules.form(image, kernels, groups) == "lax"


SPACES: dict[str, tuple[tuple[int, ...], tuple[int, ...], Options]] = {
    "a sequence": ((8, 2, 11), (4, 2, 3), {"padding": 1, "dilation": 2}),
    "a sequence, seen here and there": ((4, 2, 11), (4, 2, 2), {"stride": 4}),
    "images, seen here and there": ((4, 2, 9, 10), (4, 2, 2, 1), {"stride": (3, 4), "padding": (1, 0)}),
    "a volume": ((2, 2, 4, 5, 6), (4, 2, 2, 1, 3), {"stride": (1, 2, 1), "padding": (0, 1, 1), "dilation": (2, 1, 1)}),
    "a volume in groups": ((4, 4, 4, 5, 6), (4, 2, 2, 2, 2), {"groups": 2, "padding": 1, "stride": (1, 3, 2)}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_fits_every_space(form: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    *shapes, options = SPACES[name]
    if form == "as a product" and "groups" in options:
        return
    monkeypatch.setattr(_rules, "form", lambda x, kernel, groups: form)
    rank, groups = len(shapes[0]) - 2, options.get("groups", 1)
    stride, padding, dilation = (
        np.broadcast_to(options.get(n, d), rank).tolist() for n, d in (("stride", 1), ("padding", 0), ("dilation", 1))
    )
    edges = [(edge, edge) for edge in padding]

    def expected(x: jax.Array, w: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(x, w, stride, edges, rhs_dilation=dilation, feature_group_count=groups)

    with jax.enable_x64(True):
        x, w = (jnp.asarray(np.random.default_rng(0).normal(size=shape)) for shape in shapes)
        function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[rank]
        y, back = jax.jit(lambda x, w: jax.vjp(lambda x, w: function(x, w, **options), x, w))(x, w)
        y_, back_ = jax.vjp(expected, x, w)
        for ours_, theirs in zip((y, *back(y)), (y_, *back_(y_)), strict=True):
            np.testing.assert_allclose(ours_, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64", "complex128", "int32"])
def test_an_accelerator_s_form_takes_every_dtype(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with jax.enable_x64(True):
        x, w = jnp.ones((2, 4, 5, 5), dtype), jnp.ones((2, 2, 3, 3), dtype)
        monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
        function = partial(F.conv2d, groups=2)
        assert jax.eval_shape(function, x, w).dtype == dtype
        if dtype != "int32":
            gradient = jax.eval_shape(jax.grad(lambda w: function(x, w).real.sum()), w)
            assert gradient.dtype == dtype


ON_FOUR_DEVICES = """
import jaxdl, jax, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxdl import functional as F
jax.config.update("jax_enable_x64", True)
rows = NamedSharding(Mesh(np.array(jax.devices()), "d"), PartitionSpec("d"))
draw = np.random.default_rng(0)
energy = lambda x, w, groups: (F.conv2d(x, w, groups=groups) ** 2).sum()
step = jax.jit(jax.grad(energy, (0, 1)), static_argnames="groups")
for dtype, channels, groups in (("float32", 1, 1), ("float32", 3, 3), ("float64", 3, 1), ("float32", 9, 1)):
    x = draw.normal(size=(8, channels, 7, 7)).astype(dtype)
    w = draw.normal(size=(3, channels // groups, 3, 3)).astype(dtype)
    apart = jax.device_put(x, rows)
    one, four = step(x, w, groups=groups), step(apart, w, groups=groups)
    assert "all-gather" not in step.lower(apart, w, groups=groups).compile().as_text(), (dtype, channels)
    assert four[0].sharding.is_equivalent_to(rows, 4), (dtype, channels)
    for a, b in zip(one, four):
        np.testing.assert_allclose(a, b, atol=1e-12 if dtype == "float64" else 1e-3)
"""


@pytest.mark.parametrize(("dtype", "channels"), [("float32", 1), ("float64", 3)])
def test_blocks_of_neighbours_and_of_others_are_one(dtype: str, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a batch that is split among devices is cut into; that it stays split is the next test's."""
    with jax.enable_x64(True):
        x, w = (jnp.asarray(a[:, :channels], dtype) for a in arrays((4, 3, 3, 3))[:2])
        x = jnp.concatenate([x, x**2, jnp.cos(x)])
        near = F.conv2d(x, w)
        monkeypatch.setattr(jax, "device_count", lambda: 4)
        np.testing.assert_allclose(F.conv2d(x, w), near, atol=1e-13 if dtype == "float64" else 1e-5)


@pytest.mark.slow
def test_a_batch_that_is_split_among_devices_stays_split() -> None:
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", ON_FOUR_DEVICES], check=True, env=environment, timeout=300)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinities_and_nans_stay_in_their_windows(dtype: str) -> None:
    """No form multiplies what no window holds."""
    with jax.enable_x64(True):
        x = jnp.ones((1, 1, 9, 9), dtype).at[0, 0, 4, 4].set(jnp.inf).at[0, 0, 0, 8].set(jnp.nan)
        for channels in (1, 6):
            y = F.conv2d(jnp.tile(x, (1, channels, 1, 1)), jnp.ones((2, channels, 3, 3), dtype))
            finite = np.ones((7, 7), bool)
            finite[2:5, 2:5] = finite[0, 6] = False
            np.testing.assert_array_equal(np.isfinite(y), np.broadcast_to(finite, y.shape))


def test_a_gradient_convolves_in_the_fast_order_alone() -> None:
    """Inside lax.scan XLA's CPU compiler leaves a convolution in the order it finds; one alone is fast."""
    x, w = jnp.ones((2, 9, 8, 8)), jnp.ones((4, 9, 3, 3))
    program = str(jax.make_jaxpr(jax.grad(lambda x, w: F.conv2d(x, w, padding=1).sum(), (0, 1)))(x, w))
    fast = "lhs_spec=(0, 3, 1, 2), rhs_spec=(3, 2, 0, 1), out_spec=(0, 3, 1, 2)"
    assert program.count("conv_general_dilated[") == 3, program  # the value and two gradients
    assert program.count(fast) == 3, program


@pytest.mark.parametrize(("channels", "convolutions"), [(3, 1), (9, 2)])
def test_a_weight_that_is_not_differentiated_costs_no_convolution(channels: int, convolutions: int) -> None:
    x, w = jnp.ones((2, channels, 8, 8)), jnp.ones((4, channels, 3, 3))
    program = str(jax.make_jaxpr(jax.grad(lambda x: F.conv2d(x, w).sum()))(x))
    # The value, unless it is written out, and one gradient.
    assert program.count("conv_general_dilated[") == convolutions, program


def test_other_dtypes() -> None:
    for dtype in (jnp.int32, jnp.complex64, jnp.bfloat16):
        y = F.conv2d(jnp.ones((1, 2, 3, 3), dtype), jnp.ones((1, 2, 2, 2), dtype), jnp.ones(1, dtype))
        assert y.dtype == dtype
        assert (y == 9).all()


def test_an_empty_batch() -> None:
    assert F.conv2d(np.ones((0, 2, 4, 4)), np.ones((3, 2, 3, 3)), stride=2).shape == (0, 3, 1, 1)
