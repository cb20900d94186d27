"""The order in which a DataLoader visits its rows."""

import numpy as np

from jaxdl.random.arguments import integer
from jaxdl.random.generator import TorchGenerator
from jaxdl.random.permutation import LARGEST


def data_loader_order(
    generator: TorchGenerator, n: int, epoch: int, *, own_generator: bool = False
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    r"""The rows that PyTorch's `DataLoader(dataset, shuffle=True)` visits in one epoch, in their order.

    .. math:: \text{order}_e = \text{randperm}_{s_e}(n), \qquad s_e = (d_{4e + 2},\, d_{4e + 3}),

    the permutation of a new generator whose seed is two of the draws d₀, d₁, … as one integer; d₄ₑ and d₄ₑ₊₁
    are the workers' seed. With `own_generator` the permutation is drawn from the generator itself, after the
    workers' seed, and a second one follows when the epoch ends, of which no row is used. Batch b of size B is
    `order[b * B : (b + 1) * B]`, for any number of workers.

    **Matches** PyTorch 2.13, exactly, for complete epochs, with one loader and nothing else drawing from the
    generator between them (dropout on the CPU does draw; a second loader costs 4 draws an epoch, or 2 if it
    does not shuffle). The default form is by its source that of 1.9 and later, `own_generator` that of 1.11
    and later.
    **Differs**: no persistent_workers (which draw the workers' seed once), no replacement, and num_samples is
    n. An epoch that is broken off counts as complete; with `own_generator` PyTorch then leaves out the second
    permutation.

    Args:
        generator: in the state in which the first `iter(loader)` finds the default generator, that is, after
            the model was built; with `own_generator`, the state of the generator at that time. It is not
            changed.
        n: number of rows, at least 1.
        epoch: counted from 0.
        own_generator: the loader was given `generator=` (PyTorch's keyword) instead of using the default
            generator.

    Returns:
        int64 array of shape (n,): each of 0 … n − 1 once.

    Raises:
        TypeError: n or epoch is not an integer, or generator not a TorchGenerator.
        ValueError: n < 1 or epoch < 0.

    >>> generator = TorchGenerator(0)
    >>> [data_loader_order(generator, 4, epoch).tolist() for epoch in range(3)]
    [[2, 1, 3, 0], [0, 1, 3, 2], [1, 0, 3, 2]]
    """
    if not isinstance(generator, TorchGenerator):
        raise TypeError(f"`generator` (={generator!r}) must be a TorchGenerator; make one with TorchGenerator(seed)")
    n = integer(n, "n", 1, LARGEST)
    epoch = integer(epoch, "epoch", 0, 2**63 - 1)
    generator = generator.clone()
    generator.skip(epoch * (2 + 2 * (n - 1) if own_generator else 4))
    generator.random()  # the workers' seed
    return generator.randperm(n) if own_generator else TorchGenerator(generator.random()).randperm(n)
