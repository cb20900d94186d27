"""What moves, resizes and samples images."""

from typing import Any

from jaxdl.compare.operations.case import Draw, Operation, normal

IMAGES = normal(64, 32, 28, 28)


def resize(mode: str, x: Draw, size: Any, **keywords: Any) -> Operation:
    """Twice as large."""
    return Operation(f"interpolate, {mode}", lambda F, x: F.interpolate(x, size, mode=mode, **keywords), (x,))


def padding(mode: str) -> Operation:
    """Two pixels at each side."""
    return Operation(f"pad, {mode}", lambda F, x: F.pad(x, (2, 2, 2, 2), mode), (IMAGES,))


CASES = [
    resize("nearest", normal(16, 16, 32, 32), (64, 64)),
    resize("linear", normal(16, 32, 512), 1024),
    resize("bilinear", normal(16, 16, 32, 32), (64, 64)),
    resize("bicubic", normal(16, 16, 32, 32), (64, 64)),
    resize("trilinear", normal(4, 8, 12, 16, 16), (24, 32, 32)),
    resize("area", normal(16, 16, 64, 64), (32, 32)),
    Operation(
        "affine_grid", lambda F, theta: F.affine_grid(theta, (32, 3, 64, 64), align_corners=False), (normal(32, 2, 3),)
    ),
    Operation(
        "grid_sample",
        lambda F, x, grid: F.grid_sample(x, grid, align_corners=False),
        (normal(16, 16, 32, 32), normal(16, 32, 32, 2, scale=0.5)),
    ),
    *(padding(mode) for mode in ("constant", "reflect", "replicate", "circular")),
    *(
        Operation(name, lambda F, x, name=name: getattr(F, name)(x, 4), (IMAGES,))
        for name in ("channel_shuffle", "pixel_unshuffle", "pixel_shuffle")
    ),
    # PyTorch has no derivative of it.
    Operation("native_channel_shuffle", lambda F, x: F.native_channel_shuffle(x, 4), (IMAGES,), smooth=False),
]
