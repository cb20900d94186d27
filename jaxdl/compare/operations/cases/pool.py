"""Pooling over one, two and three axes."""

from typing import Any

import numpy as np

from jaxdl.compare.operations.case import Draw, Operation, normal, share

SHAPES = {1: (64, 64, 512), 2: (64, 32, 32, 32), 3: (8, 16, 16, 16, 16)}
SMALL = {1: (64, 64, 256), 2: (64, 32, 16, 16), 3: (8, 16, 8, 8, 8)}


def pooling(name: str, *rest: Any, shape: tuple[int, ...] | None = None, **keywords: Any) -> Operation:
    """A function whose name says over how many axes."""
    function = name.partition(",")[0]
    axes = int(function[function.index("pool") + 4])
    return Operation(name, lambda F, x: getattr(F, function)(x, *rest, **keywords), (normal(*(shape or SHAPES[axes])),))


def fractional(name: str) -> Operation:
    """With samples given, so that values can be compared."""
    axes = int(name[name.index("pool") + 4])
    size = tuple(side * 2 // 3 for side in SHAPES[axes][2:])
    return Operation(
        name,
        lambda F, x, samples: getattr(F, name)(x, 2, output_size=size, _random_samples=samples),
        (normal(*SHAPES[axes]), share(*SHAPES[axes][:2], axes)),
        constants=(1,),
    )


def positions(*shape: int) -> Draw:
    """Where in windows of 2 the maxima may have been: for each window one flat index into its doubled image."""

    def draw(rng: np.random.RandomState) -> np.ndarray:
        flat = np.zeros(shape, np.int32)
        for axis, size in enumerate(shape[2:]):
            steps = np.arange(size).reshape([-1 if i == axis + 2 else 1 for i in range(len(shape))])
            flat = flat * (2 * size) + 2 * steps + rng.randint(0, 2, shape)
        return flat.astype(np.int32)

    return draw


def unpooling(axes: int) -> Operation:
    """Back to where the maxima were."""
    return Operation(
        f"max_unpool{axes}d",
        lambda F, x, i: getattr(F, f"max_unpool{axes}d")(x, i, 2),
        (normal(*SMALL[axes]), positions(*SMALL[axes])),
    )


CASES = [
    *(pooling(f"max_pool{axes}d", 2) for axes in SHAPES),
    pooling("max_pool2d, overlapping", 3, 2, 1),
    *(pooling(f"max_pool{axes}d_with_indices", 2) for axes in SHAPES),
    *(pooling(f"avg_pool{axes}d", 2) for axes in SHAPES),
    pooling("avg_pool2d, overlapping", 3, 2, 1),
    *(pooling(f"lp_pool{axes}d", 2, 2) for axes in SHAPES),
    *(pooling(f"adaptive_avg_pool{axes}d", 4) for axes in SHAPES),
    pooling("adaptive_avg_pool2d, to one", 1, shape=(64, 128, 16, 16)),
    pooling("adaptive_avg_pool2d, uneven", 7),
    *(pooling(f"adaptive_max_pool{axes}d", 4) for axes in SHAPES),
    pooling("adaptive_max_pool2d, uneven", 7),
    *(pooling(f"adaptive_max_pool{axes}d_with_indices", 4) for axes in SHAPES),
    *(fractional(f"fractional_max_pool{axes}d{end}") for axes in (2, 3) for end in ("", "_with_indices")),
    *(unpooling(axes) for axes in SHAPES),
]
