"""What networks are made of, under PyTorch's names: compositions of primitives, so their derivatives follow."""

from typing import Any

import numpy as np

from jaxdl.autodiff.functions.indexing import take
from jaxdl.autodiff.functions.linear import product
from jaxdl.autodiff.numpy_protocol import as_arraylike, kind
from jaxdl.autodiff.primitives.curves import erf
from jaxdl.autodiff.primitives.steps import stop_gradient
from jaxdl.autodiff.primitives.window import windows

Pair = int | tuple[int, ...]


def relu(x: Any) -> Any:
    """max(x, 0), with gradient 0 at 0.

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    x = as_arraylike(x)
    return np.where(x > 0, x, 0)


def gelu(x: Any) -> Any:
    """x Φ(x), Φ the normal distribution's function, by `erf`.

    >>> gelu(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.8413])
    """
    x = as_arraylike(x)
    return x * 0.5 * (1 + erf(x / np.sqrt(np.asarray(2, x.dtype))))


def logsumexp(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """ln Σ eˣ, computed from the largest x, so that nothing overflows.

    >>> logsumexp(np.array([1000.0, 1000.0])).round(4).item()
    1000.6931
    """
    x = as_arraylike(x)
    top = stop_gradient(np.max(x, axis=axis, keepdims=True))
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis) if axis is not None else np.reshape(y, ())


def log_softmax(x: Any, axis: int = -1) -> Any:
    """x − ln Σ eˣ along the axis.

    >>> log_softmax(np.array([0.0, 0.0])).round(4)
    array([-0.6931, -0.6931])
    """
    x = as_arraylike(x)
    return x - logsumexp(x, axis, keepdims=True)


def softmax(x: Any, axis: int = -1) -> Any:
    """eˣ / Σ eˣ along the axis.

    >>> softmax(np.array([0.0, 0.0, -np.inf]))
    array([0.5, 0.5, 0. ])
    """
    x = as_arraylike(x)
    e = np.exp(x - stop_gradient(np.max(x, axis=axis, keepdims=True)))
    return e / np.sum(e, axis=axis, keepdims=True)


def cross_entropy(logits: Any, target: Any) -> Any:
    """The mean of −ln softmax(logits)[target].

    Args:
        logits: `[N, C]`, or `[N, C, …]` with `target` `[N, …]`, as in PyTorch.
        target: class numbers.

    >>> cross_entropy(np.zeros((1, 4)), np.array([2])).round(4).item()
    1.3863
    """
    logits, target = as_arraylike(logits), as_arraylike(target)
    if logits.ndim < 2 or target.shape != (*logits.shape[:1], *logits.shape[2:]):
        raise ValueError(f"cross_entropy: logits [N, C, ...] and target [N, ...], given {kind(logits)}, {kind(target)}")
    picked = np.take_along_axis(log_softmax(logits, 1), np.expand_dims(target, 1), axis=1)
    return -np.mean(picked)


def mse_loss(input: Any, target: Any) -> Any:
    """The mean of (input − target)².

    >>> mse_loss(np.array([1.0, 3.0]), np.zeros(2)).item()
    5.0
    """
    away = as_arraylike(input) - target
    return np.mean(away * away)


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b, weight `[out, in]`.

    >>> linear(np.array([1.0, 2.0]), np.array([[3.0, 4.0]]), np.array([1.0]))
    array([12.])
    """
    y = as_arraylike(x) @ as_arraylike(weight).T
    return y if bias is None else y + bias


def dropout(x: Any, mask: Any, p: float = 0.5) -> Any:
    """x mask / (1 − p): the caller draws the mask, which is 1 with probability 1 − p.

    >>> dropout(np.ones(2), np.array([True, False]), p=0.5)
    array([2., 0.])
    """
    if not 0 <= p < 1:
        raise ValueError(f"dropout: p must be at least 0 and below 1, given {p}")
    x = as_arraylike(x)
    return np.where(mask, x / (1 - p), 0)


def embedding(indices: Any, weight: Any) -> Any:
    """weight[indices].

    >>> embedding(np.array([1, 1]), np.array([[0.0], [7.0]]))
    array([[7.],
           [7.]])
    """
    return take(as_arraylike(weight), indices, axis=0)  # np.take asks the weight alone whether it is traced


def layer_norm(x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """(x − mean) / √(var + eps) · weight + bias over the last axis.

    >>> layer_norm(np.array([1.0, 3.0]), eps=0.0)
    array([-1.,  1.])
    """
    x = as_arraylike(x)
    away = x - np.mean(x, axis=-1, keepdims=True)
    y = away / np.sqrt(np.mean(away * away, axis=-1, keepdims=True) + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _tuple(value: Pair, rank: int, name: str) -> tuple[int, ...]:
    values = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(values) != rank:
        raise ValueError(f"{name} must be one integer, or {rank} of them, given {value}")
    return values


def _framed(x: Any, padding: tuple[int, ...], value: float = 0) -> Any:
    frame = [(0, 0)] * (x.ndim - len(padding)) + [(p, p) for p in padding]
    return np.pad(x, frame, constant_values=value) if any(padding) else x


def _require_windows(what: str, x: Any, size: Any, dilation: Any) -> None:
    for length, k, d in zip(x.shape[-len(size) :], size, dilation, strict=True):
        if length < (k - 1) * d + 1:
            raise ValueError(f"{what}: a window of {size} (dilation {dilation}) is larger than the padded {kind(x)}")


def convolution(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Any:
    """PyTorch's convolution over any number of axes: windows, contracted with the kernel.

        y[n, o, p] = Σ_{c, i} x[n, c, p · stride + i · dilation − padding] w[o, c, i] + b[o]

    Args:
        x: `[N, C, L…]`.
        weight: `[O, C / groups, K…]`.
        bias: `[O]`.
        stride, padding, dilation: one integer, or one an axis.
        groups: into how many groups the channels are divided, each with its own kernels.

    Returns:
        `[N, O, P…]`.

    >>> convolution(np.arange(4.0).reshape(1, 1, 4), np.ones((1, 1, 2)))
    array([[[1., 3., 5.]]])
    """
    x, weight = as_arraylike(x), as_arraylike(weight)
    rank = weight.ndim - 2
    if rank < 1 or x.ndim != weight.ndim or x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ValueError(
            f"convolution: x [N, C, L...] and weight [O, C / {groups}, K...], given {kind(x)} and {kind(weight)}"
        )
    strides, paddings, dilations = (
        _tuple(value, rank, name) for value, name in ((stride, "stride"), (padding, "padding"), (dilation, "dilation"))
    )
    x = _framed(x, paddings)
    _require_windows("convolution", x, weight.shape[2:], dilations)
    seen = windows(x, size=weight.shape[2:], stride=strides, dilation=dilations)
    places, kernel = "pqr"[:rank], "ijk"[:rank]
    if groups == 1:
        y = product(seen, weight, f"nc{places}{kernel},oc{kernel}->no{places}")
    else:
        seen = np.reshape(seen, (x.shape[0], groups, -1, *seen.shape[2:]))
        grouped = np.reshape(weight, (groups, -1, *weight.shape[1:]))
        y = product(seen, grouped, f"ngc{places}{kernel},goc{kernel}->ngo{places}")
        y = np.reshape(y, (x.shape[0], weight.shape[0], *y.shape[3:]))
    return y if bias is None else y + np.reshape(bias, (-1, *(1,) * rank))


conv1d = conv2d = convolution


def _pooled(what: str, x: Any, size: Pair, stride: Pair | None, padding: Pair, filler: float) -> Any:
    """The windows of the last two axes, their numbers along one last axis."""
    x = as_arraylike(x)
    sizes, paddings = _tuple(size, 2, "kernel_size"), _tuple(padding, 2, "padding")
    strides = sizes if stride is None else _tuple(stride, 2, "stride")
    if x.ndim < 2 or any(2 * p > k for p, k in zip(paddings, sizes, strict=True)):
        raise ValueError(f"{what}: [..., H, W] and padding at most half of the window, given {kind(x)}, {padding}")
    x = _framed(x, paddings, filler)
    _require_windows(what, x, sizes, (1, 1))
    seen = windows(x, size=sizes, stride=strides, dilation=(1, 1))
    return np.reshape(seen, (*seen.shape[:-2], sizes[0] * sizes[1]))


def max_pool2d(x: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Any:
    """The largest number of each window of `[…, H, W]`; the gradient goes to the first of equal ones.

    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 5.,  7.],
            [13., 15.]]])
    """
    seen = _pooled("max_pool2d", x, kernel_size, stride, padding, -np.inf)
    chosen = np.expand_dims(np.argmax(seen, axis=-1), -1) == np.arange(seen.shape[-1])
    return np.sum(np.where(chosen, seen, 0), axis=-1)


def avg_pool2d(x: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Any:
    """The mean of each window of `[…, H, W]`, the padding's zeros among its numbers.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 2.5,  4.5],
            [10.5, 12.5]]])
    """
    return np.mean(_pooled("avg_pool2d", x, kernel_size, stride, padding, 0), axis=-1)
