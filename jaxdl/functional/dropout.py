"""Dropout."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating


def dropout(
    input: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """Zero each element with probability `p` and scale the others, so that the expectation stays.

        y = x · m / (1 - p),   m ~ Bernoulli(1 - p)

    **Matches** PyTorch 2.13's distribution, its scale 1/(1 - p) in the input's dtype, and its products (NaN
    and inf times a zero of the mask are NaN). **Differs**: which elements fall comes from `key` and not from
    a global generator, so the masks are not PyTorch's; `inplace` has no effect, since arrays are immutable.

    Args:
        input: any shape; floating point when a mask is drawn.
        p: probability of a zero, a Python number in [0, 1].
        training: if False, the input comes back as it is.
        inplace: no effect.
        key: a jax.random key; needed only when numbers are drawn, that is when training and 0 < p < 1.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: `p` outside [0, 1], or no `key` where one is needed.
        TypeError: a mask would be drawn for an input that is not floating point.

    >>> dropout(jnp.ones(3), p=0.5, training=False).tolist()
    [1.0, 1.0, 1.0]
    >>> sorted(set(dropout(jnp.ones(64), p=0.75, key=jax.random.key(0)).tolist()))
    [0.0, 4.0]

    Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, JMLR 15, 2014.
    """
    del inplace
    x = jnp.asarray(input)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout: p is {p}; a probability lies in [0, 1]")
    if not training or p == 0.0 or x.size == 0:
        return x
    if p == 1.0:
        return x * jnp.zeros((), x.dtype)  # a product, as in PyTorch: NaN stays NaN
    require_floating("dropout", input=x)
    if key is None:
        raise ValueError(f"dropout: key is None but training with p={p} draws a mask; pass key=jax.random.key(seed)")
    kept = jax.random.bernoulli(key, 1.0 - p, x.shape)
    return x * jnp.where(kept, 1.0 / (1.0 - p), 0.0).astype(x.dtype)
