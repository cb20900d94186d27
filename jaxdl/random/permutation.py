"""A random permutation: Fisher and Yates's shuffle, every step at once."""

import numpy as np

from jaxdl.random.stream import Array, Stream

LARGEST = 214_748_363  # above, PyTorch shuffles by 64-bit draws in another order


def shuffle(stream: Stream, n: int) -> Array:
    """0 … n − 1 where, for i = 0 … n − 2 in turn, slot i was swapped with slot i + (draw mod (n − i)).

    A loop over n steps is slow in Python, so what each step finds in its two slots is worked out for all
    steps together. A slot is read as "slot i" once, at step i, and never again; before that it changes only
    as the target of a step.
    """
    step = np.arange(n, dtype=np.int64)
    target = step.copy()
    if n > 1:
        target[:-1] += stream.words(n - 1) % np.arange(n, 1, -1, dtype=np.uint32)

    # Steps that share a target, next to one another and in order. As n < 2**28, one integer holds both.
    ordered = np.sort(target << 28 | step)
    target, step = ordered >> 28, ordered & (2**28 - 1)
    again = np.zeros(n, bool)
    again[1:] = target[1:] == target[:-1]

    standing = standing_items(step, target)
    result = np.empty(n, np.int64)
    result[step] = target  # a target that nobody touched before still holds its own number …
    later = np.flatnonzero(again)
    result[step[later]] = standing[step[later - 1]]  # … else what the step before put there
    return result


def standing_items(step: Array, target: Array) -> Array:
    """For each i the item in slot i when step i begins; `step` and `target` are sorted by (target, step).

    It came from the last step k < i that had i for a target, and was what stood in slot k when step k began;
    where there is no such k it is i itself. So every slot points at an earlier one, and doubling collapses
    the chains.
    """
    source = np.arange(step.size)
    moved = step != target
    step, target = step[moved], target[moved]
    last = np.ones(step.size, bool)
    last[:-1] = target[1:] != target[:-1]
    source[target[last]] = step[last]
    while True:
        further = source[source]
        if np.array_equal(further, source):
            return source
        source = further
