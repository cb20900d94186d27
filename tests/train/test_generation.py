"""Text that is drawn in one compiled loop is that of a naive loop, which reads everything again for each token."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import experiment, functional, random, train

TOKENS, WIDTH, WINDOW, PROMPT = 12, 8, 5, [3, 1, 4]
KEY = jax.random.key(7)


@pytest.fixture
def weights():
    """Of a small reader, in float64: what is drawn hangs on no rounding."""
    generator = random.TorchGenerator(0)
    shapes = {
        "table": (TOKENS, WIDTH),
        "places": (WINDOW, WIDTH),
        "head": (TOKENS, WIDTH),
        "input": (3 * WIDTH, WIDTH),
        "state": (3 * WIDTH, WIDTH),
    }
    with experiment.precision("float64"):
        yield {name: jnp.asarray(generator.normal(shape), "float64") for name, shape in shapes.items()}


def naive(model, count, temperature, window=None):
    tokens = list(PROMPT)
    for place in range(count):
        logits = model(jnp.array(tokens[-window:] if window else tokens))[-1]
        tokens.append(jax.random.categorical(jax.random.fold_in(KEY, place), logits / temperature).item())
    return tokens[len(PROMPT) :]


def recurrent(weights):
    """The step, the state to begin with, and the same model over a whole row."""

    def read(state, token):
        state = functional.gru_cell(weights["table"][token], state, weights["input"], weights["state"])
        return state, weights["head"] @ state

    def whole(tokens):
        gates = [weights["input"], weights["state"]]
        return functional.gru(weights["table"][tokens], None, gates, has_biases=False)[0] @ weights["head"].T

    return read, jnp.zeros(WIDTH, "float64"), whole


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_a_state_is_handed_on(weights, temperature):
    read, rest, whole = recurrent(weights)
    found = train.generate(read, rest, PROMPT, 6, temperature=temperature, key=KEY)
    assert found.tolist() == naive(whole, 6, temperature)


@pytest.mark.slow
def test_a_window_slides(weights):
    def model(tokens):
        x = weights["table"][tokens] + weights["places"][: len(tokens)]
        return functional.scaled_dot_product_attention(x, x, x, is_causal=True) @ weights["head"].T

    found = train.generate(*train.sliding(model, WINDOW), PROMPT, 12, key=KEY)
    assert found.tolist() == naive(model, 12, 1.0, WINDOW)
    assert found.tolist() != naive(model, 12, 1.0, WINDOW - 1)


def test_temperatures_go_side_by_side_and_a_longer_text_begins_as_a_shorter_one(weights):
    read, rest, _ = recurrent(weights)
    together = train.generate(read, rest, PROMPT, 20, temperature=[0.3, 1.0], key=KEY)
    for row, temperature in zip(together, (0.3, 1.0), strict=True):
        alone = train.generate(read, rest, PROMPT, 11, temperature=temperature, key=KEY)
        assert row[:11].tolist() == alone.tolist()


def test_tokens_come_as_often_as_the_temperature_says():
    logits = jnp.array([0.0, 1.0, 2.0])
    found = train.generate(lambda carry, token: (carry, logits), (), [0], 20_000, temperature=0.5, key=KEY)
    np.testing.assert_allclose(np.bincount(found) / 20_000, jax.nn.softmax(logits / 0.5), atol=0.01)


def test_its_length_is_no_python_loop():
    calls = []

    def read(carry, token):
        calls.append(token)
        return carry, jnp.zeros(3)

    assert train.generate(read, (), [0] * 50, 500, key=KEY).shape == (500,)
    assert len(calls) < 6  # as often as it is traced


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"prompt": []}, ValueError, "prompt is empty"),
        ({"prompt": [0.5]}, TypeError, "prompt must be a row of integers, given shape"),
        ({"prompt": [[1]]}, TypeError, "prompt must be a row of integers, given shape"),
        ({"prompt": [1, 3]}, ValueError, "prompt holds 3, and the model has logits for 0 to 2"),
        ({"prompt": [-1]}, ValueError, "prompt holds -1"),
        ({"count": 0}, ValueError, "count must be at least 1, given 0"),
        ({"count": 2.0}, TypeError, "count must be an integer, given 2.0"),
        ({"temperature": 0.0}, ValueError, "temperature must be above 0 and finite"),
        ({"temperature": [1.0, -1.0]}, ValueError, "temperature must be above 0 and finite"),
        ({"temperature": float("nan")}, ValueError, "temperature must be above 0 and finite"),
        ({"temperature": "hot"}, TypeError, "temperature must be a number or a row of them, given 'hot'"),
        ({"read": lambda carry, token: (carry, jnp.zeros((1, 3)))}, ValueError, r"logits \[C\] for one token"),
    ],
)
def test_what_cannot_be_is_one_sentence(change, error, message):
    given = {"read": lambda carry, token: (carry, jnp.zeros(3)), "carry": (), "prompt": [0], "count": 2, "key": KEY}
    with pytest.raises(error, match=message):
        train.generate(**given | change)


def test_a_window_has_a_length():
    with pytest.raises(ValueError, match="length must be at least 1, given 0"):
        train.sliding(lambda tokens: tokens, 0)
