"""Dropout modules."""

import jax
import jax.numpy as jnp

from jaxdl import functional as F
from jaxdl.nn.module import Module, draw_key


class Dropping(Module):
    """What the dropout modules share: p, and the key of a call that draws."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p must be between 0 and 1, given {p}")
        self.p, self.inplace = p, inplace

    def drawn_key(self, input: jax.Array, given: jax.Array | None) -> jax.Array | None:
        """The key of this call, None where it draws nothing."""
        draws = self.training and 0 < self.p < 1 and jnp.size(input) > 0
        return draw_key(type(self).__name__, given) if draws else None


class Dropout(Dropping):
    """In training, each element is zeroed with probability p and the others are scaled by 1 / (1 - p); else the
    identity.

    **Matches** `torch.nn.Dropout`, PyTorch 2.13, in distribution and scale.
    **Differs**: the mask comes from a jax key: the one given to `apply(..., key=key)`, or to the call itself.

    Raises:
        ValueError: p is outside [0, 1]; in training, there is no key.

    Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> sorted(set(nn.Dropout(0.5)(jnp.ones(100), key=jax.random.key(0)).tolist()))
    [0.0, 2.0]
    """

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        return F.dropout(input, self.p, self.training, key=self.drawn_key(input, key))


class Dropout1d(Dropping):
    """Dropout of whole channels of `[N, C, L]` or `[C, L]`.

    **Matches** `torch.nn.Dropout1d`, PyTorch 2.13, in distribution and scale. **Differs** and raises as `Dropout`.

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> sorted(set(nn.Dropout1d()(jnp.ones((99, 4)), key=jax.random.key(0)).sum(1).tolist()))
    [0.0, 8.0]
    """

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        return F.dropout1d(input, self.p, self.training, key=self.drawn_key(input, key))


class Dropout2d(Dropping):
    """Dropout of whole channels of `[N, C, H, W]`; three dimensions are `[N, C, L]`, with a warning, as in PyTorch.

    **Matches** `torch.nn.Dropout2d`, PyTorch 2.13, in distribution and scale. **Differs** and raises as `Dropout`.

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> sorted(set(nn.Dropout2d()(jnp.ones((9, 9, 2, 2)), key=jax.random.key(0)).sum((2, 3)).ravel().tolist()))
    [0.0, 8.0]
    """

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        return F.dropout2d(input, self.p, self.training, key=self.drawn_key(input, key))


class Dropout3d(Dropping):
    """Dropout of whole channels of `[N, C, D, H, W]` or `[C, D, H, W]`.

    **Matches** `torch.nn.Dropout3d`, PyTorch 2.13, in distribution and scale. **Differs** and raises as `Dropout`.

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> sorted(set(nn.Dropout3d()(jnp.ones((99, 1, 2, 2)), key=jax.random.key(0)).sum((1, 2, 3)).tolist()))
    [0.0, 8.0]
    """

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        return F.dropout3d(input, self.p, self.training, key=self.drawn_key(input, key))


class AlphaDropout(Dropping):
    """Dropout to selu's limit, shifted and scaled so that mean 0 and variance 1 stay.

    **Matches** `torch.nn.AlphaDropout`, PyTorch 2.13, in distribution. **Differs** and raises as `Dropout`.

    Klambauer et al. 2017, "Self-Normalizing Neural Networks".

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> x = jax.random.normal(jax.random.key(0), (9999,))
    >>> bool(abs(nn.AlphaDropout(0.3)(x, key=jax.random.key(1)).std() - 1) < 0.05)
    True
    """

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        return F.alpha_dropout(input, self.p, self.training, key=self.drawn_key(input, key))


class FeatureAlphaDropout(Dropping):
    """AlphaDropout of whole channels of `[N, C, ...]`.

    **Matches** `torch.nn.FeatureAlphaDropout`, PyTorch 2.13, in distribution. **Differs** and raises as `Dropout`.

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> y = nn.FeatureAlphaDropout()(jnp.zeros((2, 3, 5)), key=jax.random.key(0))
    >>> bool((y == y[:, :, :1]).all())
    True
    """

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        return F.feature_alpha_dropout(input, self.p, self.training, key=self.drawn_key(input, key))
