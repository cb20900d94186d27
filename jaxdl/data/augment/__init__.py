"""Images changed at random, a batch at a time, inside `jit`: each row's chance is its own.

What happens to a row depends on the seed, the epoch and the row's number in the data set alone: in whatever batch,
order or number of devices it comes, after a restart too (`mixup` and `cutmix` take the batch's other rows besides; of
pixels that are computed, not moved, the last digit is the compiled program's). `keys(seed, epoch, indices)` gives each
row a key; an augmentation takes the keys and the images `[N, C, H, W]`. None draws what another draws, so they may
share the keys. A source hands a row's number on as one more array:

>>> from functools import partial
>>> import jax
>>> import numpy as np
>>> from jaxdl.data import ArraySource, augment
>>> x, y = np.zeros((6, 3, 32, 32), np.uint8), np.arange(6)
>>> source = ArraySource((x, y, np.arange(len(x))), batch_size=3, shuffle=True, seed=0)
>>> change = augment.compose(partial(augment.random_crop, size=32, padding=4), augment.random_horizontal_flip)
>>> @jax.jit
... def augmented(epoch, images, rows):
...     images = change(augment.keys(0, epoch, rows), images)
...     return augment.normalise(images, mean=(120, 120, 110), std=(60, 60, 70))
>>> for epoch in range(2):
...     for images, target, rows in source.batches(epoch):
...         images = augmented(epoch, images, rows)
>>> images.shape, images.dtype
((3, 3, 32, 32), dtype('float32'))

In `train.fit` the same happens inside the step: see `augment.augmented`.
"""

from jaxdl.data.augment.geometry import random_crop, random_horizontal_flip, random_rotate, random_vertical_flip
from jaxdl.data.augment.pixels import cutmix, cutout, mixup, normalise
from jaxdl.data.augment.stream import augmented, compose, keys

__all__ = [
    "augmented",
    "compose",
    "cutmix",
    "cutout",
    "keys",
    "mixup",
    "normalise",
    "random_crop",
    "random_horizontal_flip",
    "random_rotate",
    "random_vertical_flip",
]
