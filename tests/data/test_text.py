"""Text as tokens: exact round trips, and the byte pairs of a naive count."""

import hashlib
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jaxdl import data
from jaxdl.data import byte_pair
from jaxdl.data.byte_pair import BytePairTokens
from jaxdl.data.text import CharacterTokens, sequences, windows

WORDS = st.text("ab \n", max_size=60)
ANY = st.text(st.characters(exclude_categories=()), max_size=30)
HARD = "naïve 漢字🙂\ud800 \x00\r\n\t  zz\u2028 ẞ "


def naive_pieces(text):
    return [list(piece) for piece in byte_pair._pieces(text)]


def joined(piece, pair, token):
    out, i = [], 0
    while i < len(piece):
        both = tuple(piece[i : i + 2]) == pair
        out.append(token if both else piece[i])
        i += 1 + both
    return out


def naive_train(text, size):
    """Count all pairs anew before every merge."""
    pieces, merges = naive_pieces(text), []
    while len(merges) < size - 256:
        counts = Counter(pair for piece in pieces for pair in pairwise(piece))
        pair = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if pair is None or counts[pair] < 2:
            break
        pieces = [joined(piece, pair, 256 + len(merges)) for piece in pieces]
        merges.append(pair)
    return merges, [token for piece in pieces for token in piece]


def naive_encode(text, merges):
    pieces = naive_pieces(text)
    for rank, pair in enumerate(merges):
        pieces = [joined(piece, pair, 256 + rank) for piece in pieces]
    return [token for piece in pieces for token in piece]


@settings(deadline=None)
@given(WORDS, st.integers(256, 300), WORDS)
@example("aaaaaaa aaaa aaa", 270, "aaaaaaaaaaa")
def test_byte_pairs_are_those_of_a_naive_count(text, size, other):
    tokens = BytePairTokens.train(text, size)
    merges, encoded = naive_train(text, size)
    assert tokens.merges == merges
    assert tokens.encode(text).tolist() == encoded
    assert tokens.encode(other).tolist() == naive_encode(other, merges)


def test_byte_pairs_of_prose_are_those_of_a_naive_count():
    text = data.pydoc_text()[:8000]
    tokens = BytePairTokens.train(text, 400)
    merges, encoded = naive_train(text, 400)
    assert tokens.merges == merges
    assert tokens.encode(text).tolist() == encoded


@settings(deadline=None)
@given(ANY)
@example(HARD)
@example("")
def test_any_text_comes_back(text):
    tokens = BytePairTokens.train("the naïve 漢字 the 漢字 the", 300)
    encoded = tokens.encode(text)
    assert encoded.dtype == np.int64
    assert tokens.decode(encoded) == text
    if text:
        characters = CharacterTokens(text)
        assert characters.decode(characters.encode(text)) == text
        assert characters.vocabulary == "".join(sorted(set(text)))
        assert characters.encode(text).tolist() == [characters.vocabulary.index(c) for c in text]


def test_the_whole_text_in_few_tokens():
    text = data.pydoc_text()
    tokens = BytePairTokens.train(text, 1024)
    encoded = tokens.encode(text)
    assert len(tokens) == 1024
    assert len(encoded) < 0.4 * len(text)
    assert tokens.decode(encoded) == text
    assert tokens.merges == BytePairTokens.train(text, 1024).merges


def test_a_text_without_words_is_no_slower():
    """One piece of 100,000 bytes: what is quadratic in its length would not end."""
    text = "ab" * 50_000
    tokens = BytePairTokens.train(text, 280)
    assert len(tokens.encode(text)) < 10
    assert tokens.decode(tokens.encode(text)) == text


def test_bytes_that_are_no_text_are_replaced():
    assert BytePairTokens([]).decode([0xE6, 0xBC]) == "�"
    assert BytePairTokens([]).decode([]) == CharacterTokens("a").decode([]) == ""


@pytest.mark.parametrize("tokens", [CharacterTokens(HARD), BytePairTokens.train("low lower lowest", 260)])
def test_saved_and_loaded(tokens, tmp_path):
    tokens.save(tmp_path / "new" / "tokens.json")
    again = type(tokens).load(tmp_path / "new" / "tokens.json")
    assert len(again) == len(tokens)
    np.testing.assert_array_equal(
        again.encode("zz" if len(again) < 99 else HARD), tokens.encode("zz" if len(again) < 99 else HARD)
    )
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["tokens.json"]
    other = BytePairTokens if isinstance(tokens, CharacterTokens) else CharacterTokens
    with pytest.raises(ValueError, match="holds no tokens of kind"):
        other.load(tmp_path / "new" / "tokens.json")


def test_half_characters_are_saved_apart(tmp_path):
    """What JSON's reader would join: a low surrogate that follows a high one."""
    CharacterTokens("a\ud83d\ude00").save(tmp_path / "tokens.json")
    assert CharacterTokens.load(tmp_path / "tokens.json").vocabulary == "a\ud83d\ude00"


def test_what_cannot_be_saved_leaves_nothing(tmp_path):
    (tmp_path / "tokens.json").mkdir()
    with pytest.raises(OSError, match=r"tokens\.json"):
        CharacterTokens("ab").save(tmp_path / "tokens.json")
    assert [file.name for file in tmp_path.iterdir()] == ["tokens.json"]


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        (CharacterTokens, "{", "holds no tokens"),
        (CharacterTokens, "[]", "holds no tokens"),
        (CharacterTokens, "\xff", "holds no tokens"),
        (CharacterTokens, '{"kind": "characters"}', "holds no tokens"),
        (CharacterTokens, "[" * 100_000, "holds no tokens"),
        (CharacterTokens, '{"kind": "characters", "vocabulary": ["b", "a"]}', "different characters in order"),
        (CharacterTokens, '{"kind": "characters", "vocabulary": ["a", "a"]}', "different characters in order"),
        (CharacterTokens, '{"kind": "characters", "vocabulary": ["ab"]}', "different characters in order"),
        (CharacterTokens, '{"kind": "characters", "vocabulary": ["a", []]}', "different characters in order"),
        (CharacterTokens, '{"kind": "characters", "vocabulary": []}', "different characters in order"),
        (CharacterTokens, '{"kind": "characters", "vocabulary": "ab"}', "different characters in order"),
        (CharacterTokens, '{"kind": "characters", "vocabulary": 3}', "different characters in order"),
        (BytePairTokens, '{"kind": "byte pairs", "merges": [[0, 256]]}', r"merge 256 \(=\(0, 256\)\) must join two"),
        (BytePairTokens, '{"kind": "byte pairs", "merges": [[1, 2, 3]]}', "must join two"),
        (BytePairTokens, '{"kind": "byte pairs", "merges": [1]}', "is damaged"),
        (BytePairTokens, '{"kind": "byte pairs", "merges": [["a", -1]]}', "must join two"),
    ],
)
def test_damaged_files_are_refused(kind, content, message, tmp_path):
    (tmp_path / "tokens.json").write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=message):
        kind.load(tmp_path / "tokens.json")


def test_no_file():
    with pytest.raises(FileNotFoundError, match=r"there is no file nowhere\.json"):
        CharacterTokens.load("nowhere.json")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: CharacterTokens(""), ValueError, "at least one character"),
        (lambda: CharacterTokens(b"abc"), TypeError, "must be a str, given bytes"),
        (lambda: CharacterTokens("abc").encode("abxc"), ValueError, "character 'x' at 2 has no token"),
        (lambda: CharacterTokens("abc").encode("ab\U0010ffff"), ValueError, "at 2 has no token"),
        (lambda: CharacterTokens("abc").decode([0, 3]), ValueError, "token 3 is not in the vocabulary, .* 0 to 2"),
        (lambda: CharacterTokens("abc").decode([-1]), ValueError, "token -1"),
        (lambda: CharacterTokens("abc").decode([0.5]), TypeError, "row of integers"),
        (lambda: CharacterTokens("abc").decode([[0]]), TypeError, "row of integers"),
        (lambda: BytePairTokens([]).decode([256]), ValueError, "token 256 .* 0 to 255"),
        (lambda: BytePairTokens([]).encode(None), TypeError, "must be a str, given NoneType"),
        (lambda: BytePairTokens.train("abc", 255), ValueError, "`vocabulary_size`"),
        (lambda: BytePairTokens.train("abc", 300.0), TypeError, "`vocabulary_size`"),
        (lambda: windows(np.arange(4), 4), ValueError, r"needs 5 tokens, given 4"),
        (lambda: windows(np.arange(4), 0), ValueError, "`length`"),
        (lambda: windows(np.arange(4), 2, 0), ValueError, "`stride`"),
        (lambda: windows(np.arange(4.0), 2), TypeError, "row of integers"),
        (lambda: windows(np.zeros((2, 9), int), 2), TypeError, r"given shape \(2, 9\)"),
        (lambda: sequences(np.arange(40), 4, 1.0), ValueError, "test_fraction"),
        (lambda: sequences(np.arange(40), 4, 0.1), ValueError, "needs 5 tokens, given 4"),
    ],
)
def test_what_will_not_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


@given(st.integers(2, 60), st.integers(1, 12), st.integers(1, 15))
def test_windows_are_those_of_a_loop(count, length, stride):
    tokens = np.random.default_rng(count).integers(0, 9, count).astype(np.int32)
    if count < length + 1:
        return
    inputs, targets = windows(tokens, length, stride)
    starts = [start for start in range(0, count, stride) if start + length + 1 <= count]
    assert inputs.tolist() == [tokens[s : s + length].tolist() for s in starts]
    assert targets.tolist() == [tokens[s + 1 : s + length + 1].tolist() for s in starts]
    assert inputs.dtype == np.int32
    assert inputs.flags.writeable


@pytest.mark.parametrize("stride", [None, 1, 3])
def test_the_test_comes_after_all_that_was_read(stride):
    x_train, y_train, x_test, y_test = sequences(np.arange(1000), 7, 0.2, stride)
    assert max(x_train.max(), y_train.max()) < 800 <= min(x_test.min(), y_test.min())
    np.testing.assert_array_equal(np.sort(y_test.ravel()), np.arange(801, 801 + y_test.size))


def test_the_help_is_the_same_text_in_every_python():
    x, y, x_test, y_test = data.python_help(64)
    assert (x.shape, x_test.shape, x.dtype) == ((572, 64), (143, 64), np.int64)
    read = data.PRINTABLE.decode(np.concatenate([x.ravel(), x_test.ravel()]))
    assert hashlib.sha256(read.encode()).hexdigest().startswith("fbc91890975aa8ce")
    assert (x[:, 1:] == y[:, :-1]).all()
    assert (x_test[1:, 0] == y_test[:-1, -1]).all()
    assert data.python_help(64, stride=1)[0].shape == (36_660 - 64, 64)


def test_a_python_without_the_text(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(FileNotFoundError, match="has no pydoc_data"):
        data.pydoc_text()


def test_progress_only_where_it_takes_long(capsys, monkeypatch):
    BytePairTokens.train("low lower lowest", 259)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(byte_pair, "SECONDS_BETWEEN_LINES", 0.0)
    BytePairTokens.train("low lower lowest", 259, progress=False)
    assert capsys.readouterr().err == ""
    BytePairTokens.train("low lower lowest", 259)
    assert "byte pairs: 3 of 3" in capsys.readouterr().err
