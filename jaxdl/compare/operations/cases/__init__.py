"""Which functions are timed, on what, an area a module."""

from jaxdl.compare.operations.case import Operation
from jaxdl.compare.operations.cases import (
    activation,
    attention,
    convolution,
    dropout,
    linear,
    loss,
    normalisation,
    pool,
    recurrent,
    vision,
)

AREAS: dict[str, list[Operation]] = {
    "Linear, embedding, distance": linear.CASES,
    "Convolution": convolution.CASES,
    "Pooling": pool.CASES,
    "Activation": activation.CASES,
    "Normalisation": normalisation.CASES,
    "Dropout": dropout.CASES,
    "Attention": attention.CASES,
    "Recurrence": recurrent.CASES,
    "Loss": loss.CASES,
    "Vision": vision.CASES,
}
CASES: dict[str, Operation] = {case.name: case for cases in AREAS.values() for case in cases}
AREA: dict[str, str] = {case.name: area for area, cases in AREAS.items() for case in cases}
IMAGES = ("Convolution", "Pooling", "Normalisation", "Vision")  # where a tensor of four axes is a batch of images

# The public names without a case, and why.
WITHOUT: dict[str, str] = {
    "upsample": "interpolate under its old name",
    "upsample_bilinear": "interpolate under its old name",
    "upsample_nearest": "interpolate under its old name",
}
