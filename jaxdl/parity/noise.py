"""Random functions beside PyTorch's: the noise that jaxdl drew, in the formula that PyTorch computes with its own.

The noise is found by asking jaxdl's function itself, with the same key, about inputs that show it.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxdl import functional as F

KEY = jax.random.key(0)
SATURATION = -1.7580993408473766


def keyed(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with the key of every comparison."""

    def called(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs, key=KEY)

    return called


def masked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A dropout of PyTorch's with the mask of jaxdl's."""
    name = function.__name__
    alpha, default = "alpha" in name, "alpha" not in name  # those are off unless told otherwise

    def reference(torch: Any, input: Any, p: float = 0.5, training: bool = default, inplace: bool = False) -> Any:
        if not training or p in (0, 1):
            return getattr(torch.nn.functional, name)(input, p, training)
        ones = np.ones(tuple(input.shape), str(input.dtype).removeprefix("torch."))
        kept = np.asarray(keyed(function)(ones, p, training) != keyed(function)(0 * ones, p, training))
        noise = torch.tensor(kept, dtype=input.dtype)
        if not alpha:
            return input * (noise / (1 - p))
        scale = ((1 - p) * (1 + p * SATURATION**2)) ** -0.5
        return input * noise * scale + scale * SATURATION * (1 - noise) - scale * SATURATION * p

    return reference


def sloped(torch: Any, input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Any:
    """PyTorch's rrelu with jaxdl's slopes."""
    if not training or lower > upper:
        return torch.nn.functional.rrelu(input, lower, upper, training)
    ones = np.ones(tuple(input.shape), str(input.dtype).removeprefix("torch."))
    slopes = torch.tensor(-np.asarray(keyed(F.rrelu)(-ones, lower, upper, training)))
    return torch.where(input <= 0, input * slopes, input)


def sampled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A fractional pooling of PyTorch's with the samples that jaxdl's draws."""
    name = function.__name__
    axes = int(name[-2])

    def reference(torch: Any, input: Any, *args: Any, _random_samples: Any = None, **kwargs: Any) -> Any:
        if _random_samples is None:
            planes = input.shape[:2] if input.ndim == axes + 2 else (1, input.shape[0])
            dtype = str(input.dtype).removeprefix("torch.")
            _random_samples = torch.tensor(np.asarray(jax.random.uniform(KEY, (*planes, axes), dtype)))
        return getattr(torch.nn.functional, name)(input, *args, **kwargs, _random_samples=_random_samples)

    return reference


def attended(torch: Any, query: Any, key: Any, value: Any, *args: Any, dropout_p: float = 0.0, **kwargs: Any) -> Any:
    """PyTorch's attention with the weights that fall in jaxdl's."""
    if dropout_p == 0:
        return torch.nn.functional.scaled_dot_product_attention(query, key, value, *args, **kwargs)
    shape = (*np.broadcast_shapes(query.shape[:-2], key.shape[:-2]), query.shape[-2], key.shape[-2])
    kept = np.asarray(F.dropout(np.ones(shape, np.float32), dropout_p, key=KEY)) > 0
    return torch._scaled_dot_product_attention_math(
        query, key, value, *args, dropout_p=dropout_p, dropout_mask=torch.tensor(kept), **kwargs
    )[0]


def multi_headed(torch: Any, *args: Any, **kwargs: Any) -> Any:
    """PyTorch's multi-head attention with the weights that fall in jaxdl's."""

    def dropout(weights: Any, p: float) -> Any:
        ones = np.ones(tuple(weights.shape), str(weights.dtype).removeprefix("torch."))
        return weights * torch.tensor(np.asarray(F.dropout(ones, p, key=KEY)))

    functional = torch.nn.functional
    original, functional.dropout = functional.dropout, dropout
    try:
        return functional.multi_head_attention_forward(*args, **kwargs)
    finally:
        functional.dropout = original
