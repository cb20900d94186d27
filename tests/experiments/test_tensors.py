"""The tensor tour: what it says is the same is, what it says differs does, and it says what PyTorch is missing for."""

import sys

import pytest

from experiments.fundamentals import tensors


@pytest.mark.torch
def test_both_tables_hold() -> None:
    same, apart = tensors.exhibits(tensors.Config(), None)
    assert len(same.rows) == len(tensors.SAME) > 50
    assert len(apart.rows) == len(tensors.APART) == 20
    answers = {topic: (ours, theirs) for topic, _, ours, _, theirs in apart.rows}
    assert answers["whole numbers have 32 bits"] == ("int32", "int64")
    assert answers["a slice is a copy"] == ("[0.0, 0.0, 0.0]", "[9.0, 0.0, 0.0]")
    assert answers["an index beyond the end is the last"][1].startswith("IndexError: ")
    assert answers["the same draw twice"] == ("True", "False")


@pytest.mark.torch
@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        ("SAME", ("creation", "jnp.ones((2, 3))"), "apart in both: .*jnp.ones"),
        ("SAME", ("creation", "jnp.zeros((3, 2))"), "apart in both: "),
        (
            "APART",
            ("whole numbers have 32 bits", "jnp.arange(2, dtype='uint8').dtype.kind + 'nt64'"),
            "the same in both",
        ),
    ],
)
def test_a_row_that_does_not_hold_is_refused(
    table: str, row: tuple[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensors, table, [row, *getattr(tensors, table)[1:]])
    if table == "APART":
        import experiments.fundamentals.tensors_torch as twin

        monkeypatch.setattr(twin, table, [(row[0], "'unt64'"), *getattr(twin, table)[1:]])
    with pytest.raises(ValueError, match=words):
        tensors.exhibits(tensors.Config(), None)


def test_without_pytorch_there_is_jax_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, f"{tensors.__name__}_torch", raising=False)
    same, apart = tensors.exhibits(tensors.Config(), None)
    assert {row[2] for row in same.rows} == {"not installed"}
    assert {row[4] for row in apart.rows} == {"not installed"}
    assert "PyTorch is not installed" in same.caption
