"""What draws masks: the frameworks' numbers differ, and values are not compared."""

from jaxdl.compare.operations.case import Draw, Operation, normal


def dropping(name: str, x: Draw) -> Operation:
    """Half is dropped."""
    return Operation(name, lambda F, x, **key: getattr(F, name)(x, 0.5, training=True, **key), (x,), random=True)


CASES = [
    dropping("dropout", normal(256, 1024)),
    dropping("dropout1d", normal(64, 64, 256)),
    dropping("dropout2d", normal(64, 64, 16, 16)),
    dropping("dropout3d", normal(16, 64, 8, 8, 8)),
    dropping("alpha_dropout", normal(256, 1024)),
    dropping("feature_alpha_dropout", normal(64, 64, 16, 16)),
    Operation(
        "rrelu, training",
        lambda F, x, **key: F.rrelu(x, training=True, **key),
        (normal(256, 1024),),
        random=True,
    ),
]
