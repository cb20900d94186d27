"""Products, tables of vectors, distances, padding and resizing in jax.numpy, jax.nn and jax.image."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxdl.compare.operations.stock.form import Stock, on_images


def resized(method: str, **more: Any) -> Stock:
    """Twice as large, as jax.image does it."""

    def call(x: Any) -> Any:
        sides = (2 * side for side in x.shape[1:-1])
        return jax.image.resize(x, (x.shape[0], *sides, x.shape[-1]), method, antialias=False)

    return on_images(call, **more)


def padded(mode: str) -> Stock:
    """Two pixels at each side."""
    return Stock(lambda x: jnp.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)), mode))


def pixel_shuffled(x: Any) -> Any:
    """[n, h, w, 16 c] as [n, 4 h, 4 w, c], channels in PyTorch's order."""
    n, h, w, c = x.shape
    return x.reshape(n, h, w, c // 16, 4, 4).transpose(0, 1, 4, 2, 5, 3).reshape(n, 4 * h, 4 * w, c // 16)


STOCK = {
    "linear": Stock(lambda x, w, b: x @ w.T + b),
    "bilinear": Stock(lambda a, b, w: jnp.einsum("ni,oij,nj->no", a, w, b)),
    "grouped_mm": Stock(lambda x, w, ends: jax.lax.ragged_dot(x, w, jnp.diff(ends, prepend=0))),
    "embedding": Stock(lambda i, w: jnp.take(w, i, 0)),
    "embedding_bag": Stock(lambda i, w: jnp.take(w, i, 0).mean(1)),
    "one_hot": Stock(lambda i: jax.nn.one_hot(i, 1000, dtype=jnp.int32)),
    "cosine_similarity": Stock(optax.cosine_similarity),
    "pairwise_distance": Stock(lambda a, b: jnp.linalg.norm(a - b + 1e-6, axis=-1)),
    "pdist": Stock(lambda x: jnp.linalg.norm((x[:, None] - x)[np.triu_indices(256, 1)], axis=-1)),
    "normalize": Stock(lambda x: x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-12)),
    "pad, constant": padded("constant"),
    "pad, reflect": padded("reflect"),
    "pad, replicate": padded("edge"),
    "pad, circular": padded("wrap"),
    "pixel_shuffle": on_images(pixel_shuffled),
    "interpolate, nearest": resized("nearest"),
    "interpolate, linear": resized("linear"),
    "interpolate, bilinear": resized("linear"),
    "interpolate, trilinear": resized("linear"),
    "interpolate, bicubic": resized(
        "cubic",
        allowed=np.inf,
        note="stock: another cubic kernel; ours gathers the taps, so that an infinity stays where it is seen",
    ),
}
