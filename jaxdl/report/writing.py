"""What a model of text writes, ready for an experiment's `exhibits`."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from jaxdl import train
from jaxdl.data import PRINTABLE
from jaxdl.experiment import Exhibit

TEMPERATURES = (0.5, 0.75, 1.0)


def writing(
    read: Callable[[Any, jax.Array], tuple[Any, jax.Array]],
    carry: Any,
    prompt: str,
    key: jax.Array,
    *,
    characters: int = 300,
    temperatures: Sequence[float] = TEMPERATURES,
) -> Exhibit:
    """Text that a character model goes on with after a prompt, a row a temperature.

    Args:
        read, carry: the model, as `train.generate` takes it, over the characters of `data.PRINTABLE`.
        prompt: what it reads first.
        key: decides what is drawn.
        characters: how many.
        temperatures: what logits are divided by.

    Raises:
        ValueError: a character that the model does not know, or a temperature that is not above 0.

    >>> def parrot(carry, token):  # it says again what it has read
    ...     return carry, 1e3 * jax.nn.one_hot(token, len(PRINTABLE))
    >>> writing(parrot, (), "ah", jax.random.key(0), characters=3, temperatures=[1.0]).rows
    [['1', 'ahhhh']]
    """
    each, known = np.array(temperatures, float), PRINTABLE.encode(prompt)
    tokens = train.generate(read, carry, known, characters, temperature=each, key=key)
    texts = [prompt + PRINTABLE.decode(row) for row in np.asarray(tokens)]
    return Exhibit(
        "What it writes",
        headings=("temperature", "text"),
        rows=[[f"{temperature:g}", text] for temperature, text in zip(temperatures, texts, strict=True)],
        caption=f"{characters} characters after the prompt {prompt!r}, each drawn from softmax(logits / temperature) "
        "and then read: one compiled loop. The lower the temperature, the more it keeps to what is likely.",
    )
