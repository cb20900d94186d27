"""Convolutions, and folding."""

from typing import Any

from jaxdl.compare.operations.case import Draw, Operation, normal


def conv(name: str, x: Draw, w: Draw, **keywords: Any) -> Operation:
    """A convolution without a bias."""
    function = name.partition(",")[0]
    return Operation(name, lambda F, x, w: getattr(F, function)(x, w, **keywords), (x, w))


def in_a_scan(F: Any, x: Any, w: Any) -> Any:
    """Batch after batch, as in a scanned training loop."""
    from jax import lax

    return lax.map(lambda images: F.conv2d(images, w), x)


CASES = [
    conv("conv1d", normal(32, 32, 256), normal(64, 32, 5), padding=2),
    conv("conv2d", normal(64, 32, 28, 28), normal(64, 32, 3, 3), padding=1),
    conv("conv2d, stride 2", normal(64, 32, 28, 28), normal(64, 32, 3, 3), padding=1, stride=2),
    conv("conv2d, LeNet", normal(128, 6, 12, 12), normal(16, 6, 5, 5)),
    Operation(
        "conv2d, in a scan",
        in_a_scan,
        (normal(4, 128, 6, 12, 12), normal(16, 6, 5, 5)),
        torch=lambda torch, x, w: torch.stack([torch.nn.functional.conv2d(images, w) for images in x]),
    ),
    conv("conv2d, depthwise", normal(32, 64, 28, 28), normal(64, 1, 3, 3), padding=1, groups=64),
    conv("conv3d", normal(4, 16, 12, 12, 12), normal(16, 16, 3, 3, 3), padding=1),
    Operation(
        "conv_tbc",
        lambda F, x, w, b: F.conv_tbc(x, w, b, 2),
        (normal(256, 32, 32), normal(5, 32, 64), normal(64)),
    ),
    conv("conv_transpose1d", normal(32, 32, 128), normal(32, 32, 4), stride=2, padding=1),
    conv("conv_transpose2d", normal(32, 32, 14, 14), normal(32, 32, 4, 4), stride=2, padding=1),
    conv("conv_transpose3d", normal(4, 16, 8, 8, 8), normal(16, 16, 4, 4, 4), stride=2, padding=1),
    Operation("unfold", lambda F, x: F.unfold(x, 3, padding=1), (normal(16, 16, 28, 28),)),
    Operation("fold", lambda F, x: F.fold(x, (28, 28), 3, padding=1), (normal(16, 144, 784),)),
]
