"""Adaptive softmax."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.functional.loss._targets import comparable, require_indices
from jaxdl.nn import init
from jaxdl.nn.container.modules import Sequential
from jaxdl.nn.linear import Linear
from jaxdl.nn.module import Module, storable


class AdaptiveLogProb(NamedTuple):
    """What `AdaptiveLogSoftmaxWithLoss` returns: the targets' log-probabilities and minus their mean."""

    output: jax.Array
    loss: jax.Array


class AdaptiveLogSoftmaxWithLoss(Module):
    """A softmax over many classes, sorted by frequency, in a head and clusters.

        log p(c) = log softmax(head(x))[c]                                                for c < cutoffs[0]
        log p(c) = log softmax(head(x))[cutoffs[0] + i] + log softmax(tail_i(x))[c - cutoffs[i]]     otherwise

    cluster i holds the classes from cutoffs[i] to cutoffs[i + 1], through in_features // div_value^(i + 1) features.

    **Matches** `torch.nn.AdaptiveLogSoftmaxWithLoss`, PyTorch 2.13: the layers are `head` and `tail`, initialised in
    that order. **Differs**: `rngs` is required; every cluster is computed for every row, as which rows need it is not
    known to a compiler; a target out of range raises where it is concrete, and inside `jit` makes its row NaN.

    Args:
        in_features: size of the input's last dimension.
        n_classes: number of classes.
        cutoffs: where the clusters begin: integers that increase, each in [1, n_classes - 1].
        div_value: by how much a cluster's features are fewer than those of the one before.
        head_bias: whether the head has a bias.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: cutoffs that are none of these; in a call, shapes that do not fit or a concrete target out of
            range.
        TypeError: targets that are not integers.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> softmax = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10], div_value=2.0, rngs=random.TorchGenerator(0))
    >>> output, loss = softmax(jnp.ones((3, 8)), jnp.array([0, 7, 19]))
    >>> output.shape, loss.shape, softmax.log_prob(jnp.ones((3, 8))).shape
    ((3,), (), (3, 20))

    Grave et al., Efficient softmax approximation for GPUs, ICML 2017.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        begins = _cutoffs(cutoffs, n_classes)
        self.in_features, self.n_classes, self.div_value, self.head_bias = in_features, n_classes, div_value, head_bias
        self.cutoffs = (*begins, n_classes)
        self.shortlist_size, self.n_clusters = begins[0], len(begins)
        self.head_size = self.shortlist_size + self.n_clusters
        widths = [int(in_features // div_value ** (i + 1)) for i in range(self.n_clusters)]
        self.head = Linear(in_features, self.head_size, head_bias, dtype, rngs=rngs)
        self.tail = nnx.List(
            [
                Sequential(
                    _projection(in_features, width, dtype, rngs),
                    _projection(width, self.cutoffs[i + 1] - self.cutoffs[i], dtype, rngs),
                )
                for i, width in enumerate(widths)
            ]
        )

    def __call__(self, input_: jax.Array, target_: jax.Array) -> AdaptiveLogProb:
        x, t = jnp.asarray(input_), jnp.asarray(target_)
        if t.ndim > 1 or x.shape != (*t.shape, self.in_features):
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: input has shape {x.shape} and target {t.shape}; they must be "
                f"[N, {self.in_features}] and [N], or [{self.in_features}] and []"
            )
        if not jnp.issubdtype(t.dtype, jnp.integer):
            raise TypeError(f"AdaptiveLogSoftmaxWithLoss: target has dtype {t.dtype}; class indices are integers")
        require_indices("AdaptiveLogSoftmaxWithLoss", target_, self.n_classes, None)
        t, ignored = comparable(t), -100
        place = jnp.where((t >= 0) & (t < self.shortlist_size), t, -1)  # -1 is out of range: NaN
        output = jnp.zeros(t.shape, x.dtype)
        for i, (first, end) in enumerate(zip(self.cutoffs[:-1], self.cutoffs[1:], strict=True)):
            inside = (t >= first) & (t < end)
            place = jnp.where(inside, self.shortlist_size + i, place)
            local = jnp.where(inside, t - first, ignored)  # of value and gradient 0
            output -= F.cross_entropy(self.tail[i](x), local, ignore_index=ignored, reduction="none")
        output -= F.cross_entropy(self.head(x), place, ignore_index=ignored, reduction="none")
        return AdaptiveLogProb(output, -jnp.mean(output))

    def log_prob(self, input: jax.Array) -> jax.Array:
        """Log-probabilities of all classes, [N, n_classes], for an input [N, in_features]."""
        if jnp.ndim(input) != 2:
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: input has shape {jnp.shape(input)}; it must be [N, {self.in_features}]"
            )
        head = F.log_softmax(self.head(input), 1)
        clusters = [
            F.log_softmax(tail(input), 1) + head[:, self.shortlist_size + i, None] for i, tail in enumerate(self.tail)
        ]
        return jnp.concatenate([head[:, : self.shortlist_size], *clusters], 1)

    def predict(self, input: jax.Array) -> jax.Array:
        """The most likely class of every row, [N] integers; the first of several."""
        return jnp.argmax(self.log_prob(input), 1)


class _Featureless(Linear):
    """A linear layer from or to no features, which has no weights to draw."""

    def __init__(self, in_features: int, out_features: int, dtype: Any) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.weight = nnx.Param(jnp.zeros((out_features, in_features), storable(dtype, "Linear's dtype")))
        self.bias = None


def _projection(in_features: int, out_features: int, dtype: Any, rngs: init.Rngs) -> Linear:
    """A layer of a cluster, whose features a large div_value makes none."""
    if min(in_features, out_features) < 1:
        return _Featureless(in_features, out_features, dtype)
    return Linear(in_features, out_features, False, dtype, rngs=rngs)


def _cutoffs(given: Sequence[int], n_classes: int) -> list[int]:
    """The cutoffs as integers."""
    begins = [int(cutoff) for cutoff in given]
    increasing = bool(begins) and begins == list(given) and begins == sorted(set(begins))
    if not increasing or begins[0] < 1 or begins[-1] > n_classes - 1:
        raise ValueError(
            f"AdaptiveLogSoftmaxWithLoss: cutoffs is {given!r}; it must hold integers that increase, each in "
            f"[1, {n_classes - 1}], and at least one"
        )
    return begins
