"""PyTorch's tensors in the layouts of other libraries, for the peers that must start from the same weights."""

from collections.abc import Collection, Mapping
from typing import Any

VECTORS = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}


def flax(tensors: Mapping[str, Any], embeddings: Collection[str] = ()) -> dict[str, Any]:
    """Under Flax's names, for a model whose layers are called as PyTorch's.

    Args:
        tensors: a state_dict: linear `[out, in]`, convolution `[out, in, ...]`, norms `[channels]`.
        embeddings: the names of layers whose weight is a table of rows.

    Returns:
        'kernel' `[in, out]` and `[..., in, out]`, 'scale', 'bias', 'mean', 'var', 'embedding'; counters are left out.

    >>> import numpy as np
    >>> {name: a.shape for name, a in flax({"fc.weight": np.ones((3, 2)), "fc.bias": np.ones(3)}).items()}
    {'fc.kernel': (2, 3), 'fc.bias': (3,)}
    """
    found = {}
    for name, value in tensors.items():
        layer, _, kind = name.rpartition(".")
        if layer in embeddings:
            found[f"{layer}.embedding"] = value
        elif kind == "weight" and value.ndim > 1:
            found[f"{layer}.kernel"] = value.transpose(*range(2, value.ndim), 1, 0)
        elif kind in VECTORS:
            found[f"{layer}.{VECTORS[kind]}"] = value
    return found
