"""Bits by counting are those of the definition, written out; what is expected of a context adds up to one."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxdl import data

SIZE = 4
TEXT = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=40)


def expected(text, context, token, order):
    """The definition: what follows the last order - 1 tokens of a context, mixed with what follows fewer."""
    if order == 0:
        return Fraction(1, SIZE)
    if len(context) < order - 1:
        return expected(text, context, token, order - 1)
    wanted = context[len(context) - order + 1 :]
    after = [text[i + order - 1] for i in range(len(text) - order + 1) if text[i : i + order - 1] == wanted]
    shorter = expected(text, context, token, order - 1)
    if not after:
        return shorter
    return (after.count(token) + len(set(after)) * shorter) / (len(after) + len(set(after)))


@settings(deadline=None, max_examples=60)
@given(TEXT, st.lists(st.integers(0, SIZE - 1), min_size=7, max_size=7), st.integers(0, 5))
def test_it_is_the_definition(text, other, order):
    inputs, targets = data.windows(np.array(other), 3)
    found = data.ngram_bits(text, inputs, targets, order, SIZE)
    for row, said, bits in zip(inputs.tolist(), targets.tolist(), found, strict=True):
        for place, token in enumerate(said):
            assert 2 ** -bits[place] == pytest.approx(float(expected(text, row[: place + 1], token, order)))


def test_what_is_expected_adds_up_to_one():
    text = np.arange(30) ** 2 % 7 % SIZE
    inputs = np.repeat([[1, 0, 2]], SIZE, axis=0)
    targets = np.stack([[0, 2, token] for token in range(SIZE)])
    for order in range(5):
        bits = data.ngram_bits(text, inputs, targets, order, SIZE)
        assert (2 ** -bits[:, -1]).sum() == pytest.approx(1)


def test_context_helps_on_real_text():
    x, _, *tested = data.python_help(64)
    bits = [data.ngram_bits(x.ravel(), *tested, order, len(data.PRINTABLE)).mean() for order in range(4)]
    assert bits[0] == pytest.approx(np.log2(96))
    assert all(more < less - 0.3 for less, more in pairwise(bits))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"order": 32}, ValueError, r"`order` \(=32\) must be an integer from 0 to"),
        ({"order": 1.0}, TypeError, r"`order` \(=1.0\) must be an integer"),
        ({"size": 0}, ValueError, r"`size` \(=0\) must be an integer from 1"),
        ({"tokens": [0, 4]}, ValueError, "token 4 is not in the vocabulary, which has tokens 0 to 3"),
        ({"inputs": np.array([[0, 9]])}, ValueError, "token 9 is not in the vocabulary"),
        ({"targets": np.array([[0.5, 1.0]])}, TypeError, "must be a row of integers"),
        ({"targets": np.array([[0]])}, ValueError, r"must be \[N, L\] both, given \(1, 2\) and \(1, 1\)"),
    ],
)
def test_what_cannot_be_is_one_sentence(change, error, message):
    usual = {"tokens": [0, 1], "inputs": np.array([[0, 1]]), "targets": np.array([[1, 2]]), "order": 2, "size": SIZE}
    with pytest.raises(error, match=message):
        data.ngram_bits(**usual | change)
