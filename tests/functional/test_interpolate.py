"""interpolate and the shuffles where op_db does not look: sizes of one, scales, and what is not finite."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

SMOOTH = {1: ("linear",), 2: ("bilinear", "bicubic"), 3: ("trilinear",)}
# The spatial shapes of input and output; where axes are left out, so are the last ones here.
SIZES = [((5, 7, 3), (8, 4, 3)), ((6, 1, 4), (1, 3, 2))]
FACTORS = (1.7, 0.6, 2.4)


def cases() -> Iterator[tuple[str, tuple[int, ...], dict[str, Any]]]:
    """Mode, the input's spatial shape, and the options."""
    for axes, smooth in SMOOTH.items():
        first, second = ((a[:axes], {"size": b[:axes]}) for a, b in SIZES)
        stretched, recomputed = ({"scale_factor": FACTORS[:axes], "recompute_scale_factor": r} for r in (False, True))
        for mode in ("nearest", "nearest-exact", *smooth):
            yield mode, first[0], stretched
            yield mode, *second
        yield "area", *first
        for mode in smooth:
            yield mode, first[0], stretched | {"align_corners": True}
            yield mode, first[0], recomputed
            yield mode, first[0], first[1] | {"align_corners": True}
            yield mode, second[0], second[1] | {"align_corners": True}
    for mode in SMOOTH[2]:
        yield mode, (9, 4), {"size": (4, 9), "antialias": True}
        yield mode, (9, 4), {"size": (4, 9), "antialias": True, "align_corners": True}
        yield mode, (9, 7), {"scale_factor": (0.3, 0.5), "antialias": True}


@pytest.mark.torch
@pytest.mark.parametrize(("mode", "shape", "options"), [*cases()], ids=str)
def test_it_is_torchs(
    assert_as_in_torch: Callable[..., None], mode: str, shape: tuple[int, ...], options: dict[str, Any]
) -> None:
    x = np.random.default_rng(1).normal(size=(2, 2, *shape))
    assert_as_in_torch("interpolate", {"input": x}, mode=mode, **options)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_no_other_neighbour_is_chosen(torch: ModuleType, mode: str) -> None:
    """Rounding decides where a place falls on the edge of two elements, and PyTorch has a kernel for small images."""
    for size, out in np.random.default_rng(1).integers(20, 130, (6, 2)).tolist():
        line = np.arange(size, dtype=np.float32)[None, None]
        calls: list[tuple[Any, dict[str, Any]]] = [
            (line, {"size": out}),
            (line.astype(np.float64), {"size": out}),
            (line[:, :, None], {"size": (1, out)}),
            (line[..., None], {"scale_factor": (out / size, 1.0)}),
        ]
        for x, options in calls:
            expected = torch.nn.functional.interpolate(torch.tensor(x), mode=mode, **options)
            with jax.enable_x64(True):
                chosen = jax.device_get(F.interpolate(x, mode=mode, **options))
            np.testing.assert_array_equal(chosen, expected, str((x.dtype, x.shape, options)))


SPOILT = np.random.default_rng(0).normal(size=(1, 2, 7, 6))
SPOILT[0, 0, 2, 3], SPOILT[0, 1, 0, 0], SPOILT[0, 1, 5, 5], SPOILT[0, 1, 6, 1] = np.nan, np.inf, -np.inf, np.nan
SEEING: list[dict[str, Any]] = [
    *({"mode": mode} for mode in ("nearest", "nearest-exact", "area")),
    *({"mode": mode, "align_corners": corners} for mode in SMOOTH[2] for corners in (False, True)),
    *({"mode": mode, "antialias": True} for mode in SMOOTH[2]),
]


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("options", SEEING, ids=str)
def test_what_is_not_finite_reaches_those_that_see_it(torch: ModuleType, options: dict[str, Any]) -> None:
    """Whether as an infinity or as NaN is not compared: that is whether a weight of 0 is left out or multiplied."""
    for size in ((4, 9), (13, 3), (7, 11)):
        with jax.enable_x64(True):
            ours = jax.device_get(F.interpolate(SPOILT, size, **options))
        theirs = torch.nn.functional.interpolate(torch.tensor(SPOILT), size, **options).numpy()
        seen = ~np.isfinite(theirs)
        assert 0 < seen.mean() < 0.9
        np.testing.assert_array_equal(~np.isfinite(ours), seen)
        np.testing.assert_allclose(ours[~seen], theirs[~seen], rtol=0, atol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "shape", "argument"),
    [
        ("pixel_shuffle", (2, 12, 3, 2), {"upscale_factor": 2}),
        ("pixel_shuffle", (9, 1, 2), {"upscale_factor": 3}),
        ("pixel_unshuffle", (2, 3, 4, 6), {"downscale_factor": 2}),
        ("pixel_unshuffle", (2, 2, 1, 6, 3), {"downscale_factor": 3}),
        ("channel_shuffle", (2, 12, 2, 3), {"groups": 3}),
        ("channel_shuffle", (1, 6, 5), {"groups": 6}),
    ],
)
def test_shuffles_are_torchs(
    assert_as_in_torch: Callable[..., None], name: str, shape: tuple[int, ...], argument: dict[str, int]
) -> None:
    assert_as_in_torch(name, {"input": np.random.default_rng(1).normal(size=shape)}, **argument)


@pytest.mark.torch
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("mode", SMOOTH[2])
def test_bytes_are_resampled_in_integers(torch: ModuleType, mode: str, antialias: bool) -> None:
    x = np.random.default_rng(1).integers(0, 256, (2, 3, 9, 11), dtype=np.uint8)
    for size in ((5, 17), (12, 4)):
        expected = torch.nn.functional.interpolate(torch.tensor(x), size, mode=mode, antialias=antialias)
        np.testing.assert_array_equal(F.interpolate(x, size, mode=mode, antialias=antialias), expected)


LINE, IMAGE = jnp.ones((1, 2, 3)), jnp.ones((1, 2, 3, 4))
# (the call, the exception, the words)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.interpolate(LINE), ValueError, "interpolate: size is None and scale_factor is None; give one"),
    (lambda: F.interpolate(LINE, 2, 2.0), ValueError, "interpolate: size is 2 and scale_factor is 2.0; give one"),
    (lambda: F.interpolate(LINE, 2, mode="cubic"), ValueError, "interpolate: mode is 'cubic'; it must be one of"),
    (lambda: F.interpolate(LINE, 2, mode="bilinear"), ValueError, r"input has shape \(1, 2, 3\), but .* takes 4-D"),
    (lambda: F.interpolate(LINE[0], 2), ValueError, r"input has shape \(2, 3\), but mode 'nearest' takes 3-D or 4-D"),
    (lambda: F.interpolate(IMAGE, (2, 2, 2)), ValueError, r"size is \(2, 2, 2\), but input .* has 2 spatial axes"),
    (lambda: F.interpolate(IMAGE, scale_factor=[2.0]), ValueError, r"scale_factor is \[2.0\], but input"),
    (lambda: F.interpolate(LINE, 2.0), TypeError, "interpolate: size must be an integer, but got 2.0"),
    (lambda: F.interpolate(LINE, 0), ValueError, r"\(1, 2, 3\) would become \(0,\) in space"),
    (lambda: F.interpolate(LINE, scale_factor=0.2), ValueError, r"would become \(0,\) in space"),
    (lambda: F.interpolate(LINE, scale_factor=-1.0), ValueError, "scale_factor is -1.0; it must be positive"),
    (lambda: F.interpolate(LINE, scale_factor=jnp.ones(1)), TypeError, "scale_factor must be a number"),
    (lambda: F.interpolate(LINE[:, :0], 2), ValueError, r"input has shape \(1, 0, 3\); only N may be 0"),
    (lambda: F.interpolate(LINE, 2, align_corners=False), ValueError, "align_corners is False, which mode 'nearest'"),
    (lambda: F.interpolate(LINE, 2, antialias=True), ValueError, "antialias is for modes .* but mode is 'nearest'"),
    (lambda: F.interpolate(IMAGE, 2, mode="lanczos"), ValueError, "mode 'lanczos' needs antialias=True"),
    (lambda: F.interpolate(LINE, 2, recompute_scale_factor=True), ValueError, "recompute_scale_factor is True, but"),
    (lambda: F.interpolate(LINE.astype(int), 2), TypeError, "input has dtype int32, but mode 'nearest' takes"),
    (lambda: F.pixel_shuffle(IMAGE, 2), ValueError, r"pixel_shuffle: input has 2 channels, .* upscale_factor \(=2\)"),
    (lambda: F.pixel_shuffle(IMAGE, 0), ValueError, "pixel_shuffle: upscale_factor is 0; it must be at least 1"),
    (lambda: F.pixel_unshuffle(IMAGE, 2), ValueError, "pixel_unshuffle: input has height 3 and width 4"),
    (lambda: F.pixel_unshuffle(IMAGE, 1.0), TypeError, "pixel_unshuffle: downscale_factor must be an integer"),
    (lambda: F.channel_shuffle(IMAGE, 3), ValueError, r"channel_shuffle: input has 2 channels, .* groups \(=3\)"),
    (lambda: F.channel_shuffle(IMAGE[0, 0], 1), ValueError, r"channel_shuffle: input has shape \(3, 4\)"),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_what_is_refused(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
