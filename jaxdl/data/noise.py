"""Labels that are partly wrong, as those of real data are."""

import numpy as np

from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import integer, number


def noisy_labels(labels: np.ndarray, share: float, classes: int, generator: TorchGenerator) -> np.ndarray:
    """Class labels of which a share is drawn at random, from all classes alike.

    A label that is drawn may be the right one by chance: of `share`, a part of 1 / classes is.

    Args:
        labels: class indices `[N]`.
        share: how many are drawn, from 0 to 1: the chance of each.
        classes: how many there are.
        generator: where they are drawn from; it moves on.

    Returns:
        Labels `[N]` in the dtype of those given.

    Raises:
        TypeError: share is not a number, or classes not an integer.
        ValueError: a share outside [0, 1], or classes below 1.

    >>> noisy_labels(np.zeros(8, int), 0.5, 10, TorchGenerator(0)).tolist()
    [7, 0, 1, 6, 6, 0, 8, 0]
    """
    if not 0 <= number(share, "share") <= 1:
        raise ValueError(f"`share` (={share}) must be between 0 and 1")
    labels = np.asarray(labels)
    drawn = generator.uniform(labels.shape) < share
    others = generator.randint(0, integer(classes, "classes", 1, 2**31 - 1), labels.shape)
    return np.where(drawn, others, labels).astype(labels.dtype)
