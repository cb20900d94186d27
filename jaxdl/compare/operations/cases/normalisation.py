"""Norms, on images and on rows."""

from jaxdl.compare.operations.case import Operation, normal, share

IMAGES, CHANNELS = normal(64, 32, 28, 28), normal(32)
ROWS, FEATURES = normal(1024, 256), normal(256)

CASES = [
    Operation(
        "batch_norm",
        lambda F, x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        (IMAGES, CHANNELS, CHANNELS),
    ),
    Operation(
        "batch_norm, inference",
        lambda F, x, m, v, w, b: F.batch_norm(x, m, v, w, b),
        (IMAGES, CHANNELS, share(32), CHANNELS, CHANNELS),
        constants=(1, 2),
    ),
    Operation("instance_norm", lambda F, x, w, b: F.instance_norm(x, weight=w, bias=b), (IMAGES, CHANNELS, CHANNELS)),
    Operation(
        "group_norm", lambda F, x, w, b: F.group_norm(x, 8, w, b), (normal(32, 64, 14, 14), normal(64), normal(64))
    ),
    Operation("layer_norm", lambda F, x, w, b: F.layer_norm(x, (256,), w, b), (ROWS, FEATURES, FEATURES)),
    Operation("rms_norm", lambda F, x, w: F.rms_norm(x, (256,), w, 1e-6), (ROWS, FEATURES)),
    Operation("local_response_norm", lambda F, x: F.local_response_norm(x, 5), (normal(32, 64, 14, 14),)),
]
