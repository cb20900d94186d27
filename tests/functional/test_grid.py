"""grid_sample and affine_grid where op_db does not look: exact elements and borders, far outside, NaN."""

from collections.abc import Callable
from functools import partial
from itertools import product
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

DRAW = np.random.default_rng(0)
IMAGE, VOLUME = DRAW.normal(size=(2, 3, 4, 5)), DRAW.normal(size=(2, 2, 3, 4, 1))
# Places between elements, on both borders, on elements' centres, halfway between them, outside, and far outside.
ALONG = np.array([-0.83, 0.37, 0.0, -1.0, 1.0, 0.2, -0.8, 0.5, 1 / 3, 1.13, -1.9, 7.3, -50.6, 1e5, -1e20])
SAMPLING = [
    {"mode": mode, "padding_mode": padding, "align_corners": bool(corners)}
    for mode, padding, corners in product(("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (0, 1))
]


def grid(values: Any, *plane: int) -> np.ndarray:
    """Two samples' places, each coordinate drawn from `values`."""
    return np.random.default_rng(1).choice(values, (2, *plane, len(plane)))


@pytest.mark.torch
@pytest.mark.parametrize("options", SAMPLING, ids=str)
def test_images_are_sampled_as_in_torch(assert_as_in_torch: Callable[..., None], options: dict[str, Any]) -> None:
    assert_as_in_torch("grid_sample", {"input": IMAGE, "grid": grid(ALONG, 8, 9)}, **options)


@pytest.mark.torch
@pytest.mark.parametrize("options", SAMPLING[:6] + SAMPLING[6:12:2], ids=str)
def test_volumes_are_sampled_as_in_torch(assert_as_in_torch: Callable[..., None], options: dict[str, Any]) -> None:
    assert_as_in_torch("grid_sample", {"input": VOLUME, "grid": grid(ALONG, 5, 4, 6)}, **options)


NOWHERE = np.array([0.3, -0.41, np.nan, np.inf, -np.inf])


@pytest.mark.torch
@pytest.mark.parametrize("options", [SAMPLING[0], *SAMPLING[6::2]], ids=str)
def test_a_place_that_is_no_number_is_treated_as_in_torch(
    assert_as_in_torch: Callable[..., None], options: dict[str, Any]
) -> None:
    assert_as_in_torch("grid_sample", {"input": IMAGE, "grid": grid(NOWHERE, 4, 6)}, **options)


@pytest.mark.parametrize("padding_mode", ["border", "reflection"])
def test_where_places_are_clipped_it_is_the_first_element(padding_mode: str) -> None:
    """Not beside PyTorch, whose bilinear gradient writes outside its memory here (2.13, on CPU)."""

    @jax.jit
    def value_and_gradients(x: jax.Array, places: jax.Array) -> tuple[jax.Array, ...]:
        seen, pull = jax.vjp(lambda *a: F.grid_sample(*a, padding_mode=padding_mode), x, places)
        return seen, *pull(jnp.ones_like(seen))

    image = np.float32(IMAGE)
    seen, by_image, by_place = value_and_gradients(image, np.full((2, 1, 1, 2), np.nan, np.float32))
    np.testing.assert_array_equal(seen, image[..., :1, :1])
    np.testing.assert_array_equal(by_image, np.zeros_like(image) + (np.arange(20) == 0).reshape(4, 5))
    assert not by_place.any()


@pytest.mark.torch
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_so_is_one_in_a_volume_with_zeros_outside(assert_as_in_torch: Callable[..., None], mode: str) -> None:
    arrays = {"input": VOLUME, "grid": grid(NOWHERE, 3, 4, 5)}
    assert_as_in_torch("grid_sample", arrays, mode=mode, align_corners=False)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("padding_mode", ["border", "reflection"])
def test_so_is_one_in_a_volume_where_it_is_clipped(torch: ModuleType, padding_mode: str) -> None:
    """The value alone: the gradient that PyTorch has here is not that of its value."""
    volume, places = np.float32(VOLUME), np.full((2, 1, 1, 1, 3), np.nan, np.float32)
    options = {"padding_mode": padding_mode, "align_corners": False}
    expected = torch.nn.functional.grid_sample(torch.tensor(volume), torch.tensor(places), **options)
    np.testing.assert_allclose(F.grid_sample(volume, places, **options), expected, rtol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("options", SAMPLING[1::4], ids=str)
def test_what_is_not_finite_reaches_those_that_see_it(torch: ModuleType, options: dict[str, Any]) -> None:
    image, places = IMAGE.copy(), grid(ALONG, 8, 9)
    image[0, 0, 1, 3], image[0, 1, 0, 0], image[1, 0, 3, 4], image[1, 2, 2, 2] = np.nan, np.inf, -np.inf, np.inf
    with jax.enable_x64(True):
        jitted = jax.jit(partial(F.grid_sample, **options), compiler_options={"xla_backend_optimization_level": 0})
        seen = jax.device_get(jitted(image, places))
    expected = torch.nn.functional.grid_sample(torch.tensor(image), torch.tensor(places), **options).numpy()
    assert 0 < (~np.isfinite(expected)).mean() < 0.9
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-12)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:Since version 1.3.0, affine_grid behavior has changed")  # of an axis of one element
@pytest.mark.parametrize("align_corners", [False, True], ids=["edges", "centres"])
@pytest.mark.parametrize("size", [(2, 1, 3, 4), (2, 5, 1, 7), (2, 1, 4, 3, 2), (2, 1, 1, 1, 5)], ids=str)
def test_affine_grids_are_torchs(
    assert_as_in_torch: Callable[..., None], size: tuple[int, ...], align_corners: bool
) -> None:
    theta = np.random.default_rng(2).normal(size=(2, len(size) - 2, len(size) - 1))
    assert_as_in_torch("affine_grid", {"theta": theta}, size=size, align_corners=align_corners)


@pytest.mark.parametrize("align_corners", [False, True], ids=["edges", "centres"])
@pytest.mark.parametrize("image", [IMAGE, VOLUME], ids=["image", "volume"])
def test_through_the_identity_every_element_is_seen(image: np.ndarray, align_corners: bool) -> None:
    theta = np.eye(image.ndim - 2, image.ndim - 1, dtype=np.float32)[None].repeat(2, 0)

    @jax.jit
    def look(x: jax.Array) -> list[jax.Array]:
        places = F.affine_grid(theta, x.shape, align_corners)
        return [F.grid_sample(x, places, mode, align_corners=align_corners) for mode in ("bilinear", "nearest")]

    for seen in look(np.float32(image)):
        np.testing.assert_allclose(seen, image, rtol=0, atol=1e-6)


X, PLACES, THETA = jnp.ones((2, 1, 3, 4)), jnp.zeros((2, 5, 6, 2)), jnp.ones((2, 2, 3))
# (the call, the exception, the words)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.grid_sample(X, PLACES, "linear"), ValueError, "grid_sample: mode is 'linear'; it must be one of"),
    (lambda: F.grid_sample(X, PLACES, padding_mode="wrap"), ValueError, "grid_sample: padding_mode is 'wrap'"),
    (lambda: F.grid_sample(X[0], PLACES), ValueError, r"grid_sample: input has shape \(1, 3, 4\); it must be"),
    (lambda: F.grid_sample(X[..., :0], PLACES), ValueError, r"input has shape \(2, 1, 3, 0\); .* not empty in space"),
    (lambda: F.grid_sample(X, PLACES[:1]), ValueError, r"grid has shape \(1, 5, 6, 2\), .* needs \[2, H', W', 2\]"),
    (lambda: F.grid_sample(X, PLACES[..., :1]), ValueError, r"grid_sample: grid has shape \(2, 5, 6, 1\), but input"),
    (
        lambda: F.grid_sample(X[None].swapaxes(0, 1), jnp.zeros((2, 1, 1, 1, 3)), "bicubic"),
        ValueError,
        "grid_sample: mode is 'bicubic', which takes 4-D input, but input has shape",
    ),
    (
        lambda: F.grid_sample(X.astype(int), PLACES),
        TypeError,
        "grid_sample: input has dtype int32; it must be floating",
    ),
    (lambda: F.grid_sample(X, PLACES.astype(jnp.float16)), TypeError, "input has dtype float32 but grid has dtype"),
    (lambda: F.affine_grid(THETA, (2, 1, 3)), ValueError, r"affine_grid: size is \(2, 1, 3\); it must be"),
    (lambda: F.affine_grid(THETA, (3, 1, 3, 4)), ValueError, r"affine_grid: theta has shape \(2, 2, 3\), but size"),
    (lambda: F.affine_grid(THETA, (2, 1, 0, 4)), ValueError, "every entry must be at least 1"),
    (lambda: F.affine_grid(THETA, (2, 1, 3.0, 4)), TypeError, "affine_grid: size must be 4 or 5 integers"),
    (lambda: F.affine_grid(THETA.astype(int), (2, 1, 3, 4)), TypeError, "affine_grid: theta has dtype int32"),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_what_is_refused(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
