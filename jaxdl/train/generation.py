"""Text, or any row of tokens, drawn from a model that says what comes next."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxdl.train.contract import require_count

Read = Callable[[Any, jax.Array], tuple[Any, jax.Array]]


def generate(
    read: Read, carry: Any, prompt: ArrayLike, count: int, *, temperature: ArrayLike = 1.0, key: jax.Array
) -> jax.Array:
    """Draw tokens one after another, each from what a model expects after all those before it.

        p(x) ∝ exp(logits[x] / temperature)

    Two loops, both a `jax.lax.scan`: one reads the prompt, one draws. It is pure, and `jax.vmap` draws for many keys at
    once. Token i is drawn with `jax.random.fold_in(key, i)`, so a longer text begins as the shorter one does.

    Args:
        read: pure, `(carry, token) -> (carry, logits)`: the model reads one token, int32 of shape [], and says what it
            expects after it, `[C]`.
        carry: what it knows before it has read anything, such as a recurrent network's zeros: a pytree of arrays.
            `sliding` makes both for a model that carries nothing.
        prompt: `[P]` integers, at least one.
        count: how many tokens to draw.
        temperature: above 0. Below 1 the likely tokens come more often still. Of several, each draws a text of its own.
        key: a jax.random key.

    Returns:
        The tokens that were drawn, without the prompt: `[count]` int32; for temperatures `[N]`, `[N, count]`.

    Raises:
        TypeError: the prompt is not a row of integers, count is not an integer, a temperature not a number.
        ValueError: an empty prompt, a count below 1, a temperature that is not above 0, logits of another shape, a
            token in the prompt that has no logit; numbers only where they are known when it is called.

    >>> def read(carry, token):  # surely the next of four
    ...     return carry, 1e3 * jax.nn.one_hot((token + 1) % 4, 4)
    >>> generate(read, (), [2], 5, key=jax.random.key(0)).tolist()
    [3, 0, 1, 2, 3]
    """
    require_count("generate: count", count)
    temperatures = _temperatures(temperature)
    carry, logits = jax.lax.scan(read, carry, _prompt(read, carry, prompt))

    def text(temperature: jax.Array) -> jax.Array:
        def draw(known: tuple[Any, jax.Array], place: jax.Array) -> tuple[tuple[Any, jax.Array], jax.Array]:
            carry, logits = known
            token = jax.random.categorical(jax.random.fold_in(key, place), logits / temperature).astype(jnp.int32)
            return read(carry, token), token

        return jax.lax.scan(draw, (carry, logits[-1]), jnp.arange(count))[1]

    return jax.vmap(text)(temperatures) if temperatures.ndim else text(temperatures)


def sliding(model: Callable[[jax.Array], jax.Array], length: int) -> tuple[Read, tuple[jax.Array, jax.Array]]:
    """A model that carries nothing from token to token, as `generate` wants it: it reads its last `length` tokens anew.

    A place's logits must not depend on what stands behind it, as under a causal mask: as long as there are fewer
    tokens than `length`, zeros stand there.

    Args:
        model: pure: tokens `[length]` int32 to logits `[length, C]`.
        length: how far it looks back.

    Returns:
        `read` and the `carry` to begin with.

    Raises:
        TypeError, ValueError: the length is not an integer, at least 1.

    >>> def model(tokens):  # surely the sum of all that it sees, of eight
    ...     return 1e3 * jax.nn.one_hot(jnp.cumsum(tokens) % 8, 8)
    >>> generate(*sliding(model, 2), [1, 1], 5, key=jax.random.key(0)).tolist()
    [2, 3, 5, 0, 5]
    """
    require_count("sliding: length", length)

    def read(carry: tuple[jax.Array, jax.Array], token: jax.Array) -> tuple[Any, jax.Array]:
        tokens, seen = carry
        tokens = jnp.where(seen < length, tokens, jnp.roll(tokens, -1))
        tokens = tokens.at[jnp.minimum(seen, length - 1)].set(token)
        seen = jnp.minimum(seen + 1, length)
        return (tokens, seen), model(tokens)[seen - 1]

    return read, (jnp.zeros(length, jnp.int32), jnp.zeros((), jnp.int32))


def _temperatures(given: ArrayLike) -> jax.Array:
    """One or a row of them, above 0 as far as that can be seen."""
    try:
        found = jnp.asarray(given, float)
    except (TypeError, ValueError):
        raise TypeError(f"generate: temperature must be a number or a row of them, given {given!r}") from None
    seen = isinstance(found, jax.core.Tracer) or np.all((np.asarray(found) > 0) & np.isfinite(found))
    if found.ndim > 1 or not seen:
        raise ValueError(f"generate: temperature must be above 0 and finite, one or a row of them, given {given}")
    return found


def _prompt(read: Read, carry: Any, prompt: ArrayLike) -> jax.Array:
    """The prompt's tokens, known to be such as the model reads."""
    tokens = jnp.asarray(prompt)
    if tokens.ndim != 1 or (tokens.size and not jnp.issubdtype(tokens.dtype, jnp.integer)):
        raise TypeError(f"generate: prompt must be a row of integers, given shape {tokens.shape} of {tokens.dtype}")
    if not tokens.size:
        raise ValueError("generate: prompt is empty; a model needs a token to begin with")
    _, logits = jax.eval_shape(read, carry, jax.ShapeDtypeStruct((), jnp.int32))
    if logits.ndim != 1:
        raise ValueError(f"generate: read must give logits [C] for one token, and gives shape {logits.shape}")
    if not isinstance(tokens, jax.core.Tracer):
        wrong = [token for token in tokens.tolist() if not 0 <= token < logits.size]
        if wrong:
            raise ValueError(f"generate: prompt holds {wrong[0]}, and the model has logits for 0 to {logits.size - 1}")
    return tokens.astype(jnp.int32)
