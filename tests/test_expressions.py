"""Tables of expressions: two answers are equal where the table says so, and not where it says otherwise."""

import types

import jax
import jax.numpy as jnp
import pytest

from jaxdl import expressions


def theirs(same, apart=()):
    module = types.ModuleType("theirs")
    module.SAME, module.APART, module.double = list(same), list(apart), lambda x: 2 * x
    return module


def test_each_side_has_its_own_names():
    same, _ = expressions.tables([("d", "triple(2)")], [], {"triple": lambda x: 3 * x}, theirs([("d", "double(3)")]))
    assert same.rows == [["d", "triple(2)", "double(3)", "6"]]


@pytest.mark.parametrize(
    ("same", "apart", "message"),
    [
        ([("a", "1")], [("b", "1")], "apart in both: .*'a', '1', 1, '2', 2"),
        ([("a", "2")], [("b", "2")], "the same in both: .*'b', '2', 2, '2', 2"),
        ([("c", "2")], [("b", "1")], r"the topics of the two libraries are not the same: \['c'\] and \['a'\]"),
        ([], [("b", "1")], r"not the same: \[\] and \['a'\]"),
    ],
)
def test_a_row_that_does_not_hold_is_refused(same, apart, message):
    with pytest.raises(ValueError, match=message):
        expressions.tables(same, apart, {}, theirs([("a", "2")], [("b", "2")]))


def test_refusals_agree_when_they_are_of_one_class():
    refusal = expressions.answer("{}.nothing", {})
    assert expressions.equal(refusal, AttributeError("another sentence"))
    assert not expressions.equal(refusal, TypeError("another class"))
    assert expressions.shown(refusal) == "AttributeError: 'dict' object has no attribute 'nothing'"
    assert len(expressions.shown(ValueError("word " * 99))) <= expressions.LONGEST
    with pytest.raises(ZeroDivisionError):  # a mistake in the table itself is not an answer
        expressions.answer("1 / 0", {})


@pytest.mark.torch
@pytest.mark.parametrize(
    ("ours", "code"),
    [
        (jnp.ones(2), "torch.ones(2, requires_grad=True)"),
        (1 - 2j, "torch.tensor(1 + 2j).conj()"),
        ((jnp.ones(()), 2.0), "[torch.tensor(1.0), torch.tensor(2.0)]"),
        (jnp.float32, "torch.float32.to_complex().to_real()"),
        (None, "None"),
    ],
)
def test_values_are_compared_without_their_library(torch, ours, code):
    ours = jnp.dtype(ours) if ours is jnp.float32 else ours
    assert expressions.equal(ours, expressions.answer(code, {"torch": torch}))


def test_a_trace_shows_what_its_operations_hold():
    loop = expressions.traced(lambda x: jax.lax.fori_loop(0, 3, lambda _, y: jnp.sin(y), x), 1.0)
    assert loop.startswith("scan[")
    assert "sin" in loop
