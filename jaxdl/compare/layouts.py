"""PyTorch's tensors in the layouts of other libraries, for the peers that must start from the same weights."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

Tensors = Mapping[str, Any]

FLAX = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}
KERAS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def channels_last(images: Any) -> Any:
    """Images `[rows, channels, height, width]` as `[rows, height, width, channels]`."""
    return images.transpose(0, 2, 3, 1)


def flax(tensors: Tensors, embeddings: Collection[str] = ()) -> dict[str, Any]:
    """Under Flax's names, for a model whose layers are called as PyTorch's.

    Args:
        tensors: a state_dict: linear `[out, in]`, convolution `[out, in, ...]`, norms `[channels]`.
        embeddings: the names of layers whose weight is a table of rows.

    Returns:
        'kernel' `[in, out]` and `[..., in, out]`, 'scale', 'bias', 'mean', 'var', 'embedding'; counters and what is
        recurrent are left out. A Sequential's layers are numbered in its list 'layers'.

    >>> import numpy as np
    >>> {name: a.shape for name, a in flax({"body.0.weight": np.ones((3, 2)), "body.0.bias": np.ones(3)}).items()}
    {'body.layers.0.kernel': (2, 3), 'body.layers.0.bias': (3,)}
    """
    found = {}
    for name, value in tensors.items():
        layer, _, kind = name.rpartition(".")
        path = re.sub(r"(^|\.)(?=\d+(\.|$))", r"\1layers.", layer)
        if layer in embeddings:
            found[f"{path}.embedding"] = value
        elif kind == "weight" and value.ndim > 1:
            found[f"{path}.kernel"] = _inputs_first(value)
        elif kind in FLAX:
            found[f"{path}.{FLAX[kind]}"] = value
    return found


def flax_recurrence(tensors: Tensors, layer: str) -> dict[str, Any]:
    """An LSTM of one layer, or a plain RNN, for `nnx.RNN` over OptimizedLSTMCell or SimpleCell, which have one bias."""
    w_ih, w_hh, b_ih, b_hh = _recurrent(tensors, layer)
    plain = len(w_ih) == w_hh.shape[1]
    return {
        f"{layer}.cell.dense_i.kernel": w_ih.T,
        f"{layer}.cell.dense_h.kernel": w_hh.T,
        f"{layer}.cell.dense_{'i' if plain else 'h'}.bias": b_ih + b_hh,
    }


def keras(tensors: Tensors, embeddings: Collection[str] = ()) -> dict[str, Any]:
    """Under Keras's names, for a model whose layers are called as PyTorch's.

    Args:
        tensors: as for `flax`.
        embeddings: the names of layers whose weight is a table of rows.

    Returns:
        'kernel' as Flax has it, 'gamma' and 'beta' of norms, 'bias', 'moving_mean', 'moving_variance', 'embeddings';
        counters and what is recurrent are left out.

    >>> import numpy as np
    >>> {name: a.shape for name, a in keras({"fc.weight": np.ones((3, 2)), "fc.bias": np.ones(3)}).items()}
    {'fc.kernel': (2, 3), 'fc.bias': (3,)}
    """
    found = {}
    for name, value in tensors.items():
        layer, _, kind = name.rpartition(".")
        norm = f"{layer}.weight" in tensors and tensors[f"{layer}.weight"].ndim == 1
        if layer in embeddings:
            found[f"{layer}.embeddings"] = value
        elif kind == "weight" and value.ndim > 1:
            found[f"{layer}.kernel"] = _inputs_first(value)
        elif kind == "bias" and not norm:
            found[f"{layer}.bias"] = value
        elif kind in KERAS:
            found[f"{layer}.{KERAS[kind]}"] = value
    return found


def keras_recurrence(tensors: Tensors, layer: str) -> dict[str, Any]:
    """One layer of `keras.layers.LSTM` or `SimpleRNN`, which have one bias, or of `GRU`, which has two."""
    w_ih, w_hh, b_ih, b_hh = _recurrent(tensors, layer)
    found = {"kernel": w_ih.T, "recurrent_kernel": w_hh.T, "bias": b_ih + b_hh}
    if len(w_ih) == 3 * w_hh.shape[1]:
        reset, update, new = np.split(np.arange(len(w_ih)), 3)
        order = np.concatenate([update, reset, new])
        found = {"kernel": w_ih[order].T, "recurrent_kernel": w_hh[order].T, "bias": np.stack([b_ih, b_hh])[:, order]}
    return {f"{layer}.cell.{name}": value for name, value in found.items()}


def _inputs_first(weight: Any) -> Any:
    """`[out, in, ...]` as `[..., in, out]`."""
    return weight.transpose(*range(2, weight.ndim), 1, 0)


def _recurrent(tensors: Tensors, layer: str) -> tuple[Any, ...]:
    return tuple(tensors[f"{layer}.{kind}_l0"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
