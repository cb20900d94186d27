"""Which row draws what: a key for each, and a stream of its own for each augmentation."""

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxdl.random.arguments import integer

Augmentation = Callable[[jax.Array, jax.Array], jax.Array]
LARGEST = 2**32 - 1


def keys(seed: ArrayLike, epoch: ArrayLike, indices: ArrayLike) -> jax.Array:
    """A key for each row of a batch: `fold_in(fold_in(a key of the seed, epoch), index)`.

    Args:
        seed: of the run, an integer from 0 to 2**32 - 1.
        epoch: likewise; each has its own draws.
        indices: the rows' numbers in the data set, integers `[N]`.

    All three may be traced: another epoch compiles nothing.

    Returns:
        jax.random keys `[N]`.

    Raises:
        TypeError: something that is no integer.
        ValueError: a seed or an epoch out of range, or indices that are not `[N]`.

    >>> rows = np.array([7, 8])
    >>> here, elsewhere = keys(0, 1, rows), keys(0, 1, rows[::-1])
    >>> (here[0] == elsewhere[1]).item(), (here[0] == keys(0, 2, rows)[0]).item()
    (True, False)
    """
    numbers = jnp.asarray(indices)
    if not jnp.issubdtype(numbers.dtype, jnp.integer):
        raise TypeError(f"`indices` (of dtype {numbers.dtype}) must be integers, the rows' numbers in the data set")
    if numbers.ndim != 1:
        raise ValueError(f"`indices` (of shape {numbers.shape}) must be [N], a number a row")
    # Apart from what else begins with the run's seed, such as dropout's masks.
    start = jax.random.fold_in(jax.random.key(_number(seed, "seed")), _tag("augment"))
    start = jax.random.fold_in(start, _number(epoch, "epoch"))
    return jax.vmap(jax.random.fold_in, (None, 0))(start, numbers)


def compose(*augmentations: Augmentation) -> Augmentation:
    """One augmentation that does the given ones in turn, each with draws of its own, even where two are the same.

    Args:
        augmentations: functions `(keys, images) -> images`; `functools.partial` sets what else they take.

    Returns:
        A function `(keys, images) -> images`.

    Raises:
        TypeError: one of them is not a function.

    >>> from jaxdl.data import augment
    >>> twice = compose(augment.random_horizontal_flip, augment.random_horizontal_flip)
    >>> x = jnp.arange(64.0).reshape(32, 1, 1, 2)  # the two do not always undo one another
    >>> bool((twice(keys(0, 0, jnp.arange(32)), x) == x).all())
    False
    """
    for augmentation in augmentations:
        if not callable(augmentation):
            raise TypeError(f"compose takes functions (keys, images) -> images, given {augmentation!r}")

    def composed(keys: jax.Array, images: jax.Array) -> jax.Array:
        images = batch(keys, images)
        for place, augmentation in enumerate(augmentations):
            images = augmentation(_folded(keys, place), images)
        return images

    return composed


def augmented(
    function: Callable[[Any, Any], Any],
    augmentation: Callable[..., Sequence[Any]],
    seed: int,
    steps_per_epoch: int,
) -> Callable[[Any, Any], Any]:
    """A Program's `step` (or `probe`) that changes its batch first; the epoch is `state.step // steps_per_epoch`.

    Args:
        function: `(state, batch) -> ...`.
        augmentation: `(keys, *batch) -> batch`.
        seed: as for `keys`.
        steps_per_epoch: batches an epoch, `len(source)`.

    Returns:
        A function `(state, (*batch, rows)) -> ...`: the source's last array holds the rows' numbers.

    Raises:
        TypeError, ValueError: a seed out of range, or fewer steps than 1.

    >>> from dataclasses import replace
    >>> from jaxdl import data, functional, nn, optim, train
    >>> from jaxdl.data import augment
    >>> x, y = np.ones((8, 1, 4, 4), np.float32), np.arange(8) % 2
    >>> source = data.ArraySource((x, y, np.arange(8)), batch_size=4)
    >>> def flipped(keys, images, target):
    ...     return augment.random_horizontal_flip(keys, images), target
    >>> model = lambda rngs: nn.Sequential(nn.Flatten(), nn.Linear(16, 2, rngs=rngs))
    >>> program = train.supervised(model, functional.cross_entropy, optim.sgd(0.1))
    >>> program = replace(program, step=augmented(program.step, flipped, seed=0, steps_per_epoch=len(source)))
    >>> state, history = train.fit(program, source, epochs=2, progress=False)
    """
    seed, steps = integer(seed, "seed", 0, LARGEST), integer(steps_per_epoch, "steps_per_epoch", 1, 2**31 - 1)

    def changed(state: Any, batch: Any) -> Any:
        *arrays, rows = batch
        return function(state, augmentation(keys(seed, state.step // steps, rows), *arrays))

    return changed


def own(keys: Any, name: str) -> jax.Array:
    """Each row's key for what `name` draws."""
    return _folded(keys, _tag(name))


def batch(keys: Any, images: ArrayLike) -> jax.Array:
    """The images, where they are `[N, C, H, W]` and there is a key for each."""
    x = jnp.asarray(images)
    if x.ndim != 4 or not x.shape[2] * x.shape[3]:
        raise ValueError(f"`images` (of shape {x.shape}) must be [N, C, H, W] with at least one pixel")
    given = f"of shape {keys.shape} and dtype {keys.dtype}" if hasattr(keys, "dtype") else f"={keys!r}"
    if not hasattr(keys, "dtype") or not jnp.issubdtype(keys.dtype, jax.dtypes.prng_key) or keys.shape != x.shape[:1]:
        raise ValueError(f"`keys` ({given}) must be {len(x)} keys, one an image: augment.keys(seed, epoch, indices)")
    return x


def _folded(keys: jax.Array, number: int | np.uint32) -> jax.Array:
    return jax.vmap(jax.random.fold_in, (0, None))(keys, number)


def _tag(name: str) -> np.uint32:
    return np.uint32(zlib.crc32(name.encode()))


def _number(value: Any, name: str) -> Any:
    """A checked integer, or one that is traced."""
    if not isinstance(value, jax.Array):
        return integer(value, name, 0, LARGEST)
    if value.ndim or not jnp.issubdtype(value.dtype, jnp.integer):
        raise TypeError(f"`{name}` (of shape {value.shape} and dtype {value.dtype}) must be one integer")
    return value
