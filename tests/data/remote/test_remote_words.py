"""Texts, ratings and spoken words."""

import numpy as np
import pytest

from jaxdl.data import remote
from tests.data.remote import forms


def test_tiny_shakespeare(place):
    text = "First Citizen:\nBefore we proceed any further, hear me speak.\n"
    assert remote.tiny_shakespeare(**place("tiny_shakespeare", {"input.txt": text.encode()})) == text
    with pytest.raises(ValueError, match=r"input.txt is no text in UTF-8: "):
        remote.tiny_shakespeare(**place("tiny_shakespeare", {"input.txt": b"\xff"}))


def reviews(**others):
    members = {
        "train/pos/10_9.txt": "Splendid. ☺".encode(), "train/pos/2_10.txt": b"Good", "train/neg/0_1.txt": b"Bad",
        "train/unsup/0_0.txt": b"Not labelled", "train/urls_pos.txt": b"http://...", "test/neg/3_4.txt": b"Hm",
        "test/pos/1_7.txt": b"Yes", "README": b"...",
    } | others  # fmt: skip
    packed = forms.tar({f"aclImdb/{name}": content for name, content in members.items() if content is not None})
    return {"aclImdb_v1.tar.gz": packed}


def test_imdb(place):
    x_train, y_train, x_test, y_test = remote.imdb(**place("imdb", reviews()))
    assert (x_train, y_train.tolist(), y_train.dtype) == (["Bad", "Good", "Splendid. ☺"], [0, 1, 1], np.int64)
    assert (x_test, y_test.tolist()) == (["Hm", "Yes"], [0, 1])


def test_odd_reviews(place):
    with pytest.raises(ValueError, match=r"aclImdb_v1.tar.gz, aclImdb/test/neg/3_4.txt, is no text in UTF-8: "):
        remote.imdb(**place("imdb", reviews(**{"test/neg/3_4.txt": b"\xff"})))
    with pytest.raises(ValueError, match=r"aclImdb_v1.tar.gz holds no reviews aclImdb/test/neg/\*.txt or pos/\*.txt"):
        remote.imdb(**place("imdb", reviews(**{"test/neg/3_4.txt": None, "test/pos/1_7.txt": None})))


def ratings(base=b"1\t1\t5\t874965758\n1\t2\t3\t876893171\n943\t1682\t1\t888639000\n", name="u1"):
    members = {f"ml-100k/{name}.base": base, f"ml-100k/{name}.test": b"1\t6\t4\t887431973\n", "ml-100k/README": b"..."}
    return {"ml-100k.zip": forms.zipped(members)}


@pytest.mark.parametrize("split", ["u1", "ua"])
def test_movielens(place, split):
    x_train, y_train, x_test, y_test = remote.movielens_100k(split, **place("movielens_100k", ratings(name=split)))
    assert (x_train.tolist(), x_train.dtype) == ([[0, 0], [0, 1], [942, 1681]], np.int64)
    assert (y_train.tolist(), y_train.dtype) == ([5.0, 3.0, 1.0], np.float32)
    assert (x_test.tolist(), y_test.tolist()) == ([[0, 5]], [4.0])


ODD_RATINGS = {
    "words": (b"a\tb\tc\td\n", "ml-100k/u1.base, is no table of ratings: "),
    "beyond 64 bits": (b"1\t2\t3\t99999999999999999999\n", "ml-100k/u1.base, is no table of ratings: "),
    "one endless number": (b"1\t2\t3\t4\n" * 20_000 + b"1" * 4000, "ml-100k/u1.base, is no table of ratings: "),
    "ragged": (b"1\t2\t3\t4\n1\t2\n", "ml-100k/u1.base, is no table of ratings: "),
    "empty": (b"", r"ml-100k/u1.base, is a table of shape \(0,\), and four numbers a line would do"),
    "three": (b"1\t2\t3\n", r"is a table of shape \(1, 3\), and four numbers a line would do"),
    "six stars": (b"1\t2\t6\t0\n", "has a person or film below 1, or a rating that is not 1 to 5"),
    "nobody": (b"0\t2\t5\t0\n", "has a person or film below 1, or a rating that is not 1 to 5"),
}


@pytest.mark.parametrize("fault", ODD_RATINGS)
def test_odd_ratings(place, fault):
    content, sentence = ODD_RATINGS[fault]
    with pytest.raises(ValueError, match=f"ml-100k.zip, .*{sentence}|ml-100k.zip, {sentence}"):
        remote.movielens_100k(**place("movielens_100k", ratings(content)))


def test_splits_of_movielens(place):
    with pytest.raises(ValueError, match=r"`split` \(='u6'\) must be one of u1, u2, u3, u4, u5, ua, ub"):
        remote.movielens_100k("u6")
    with pytest.raises(ValueError, match=r"ml-100k.zip does not hold ml-100k/u2.base, ml-100k/u2.test"):
        remote.movielens_100k("u2", **place("movielens_100k", ratings()))


FULL = np.arange(-8000, 8000)


def words(**others):
    """Eight recordings: yes and no, of four speakers each."""
    members = {f"./{word}/{n}_nohash_0.wav": forms.sound(FULL + n) for n in range(4) for word in ("yes", "no")}
    members |= {
        "./_background_noise_/tap.wav": forms.sound(np.zeros(50_000)), "./README.md": b"...",
        "./validation_list.txt": b"yes/1_nohash_0.wav\nno/1_nohash_0.wav\n",
        "./testing_list.txt": b"yes/3_nohash_0.wav\n",
    } | others  # fmt: skip
    packed = forms.tar({name: content for name, content in members.items() if content is not None})
    return {"speech_commands_v0.02.tar.gz": packed}


def test_speech_commands(place):
    arguments = place("speech_commands", words(**{"./no/2_nohash_0.wav": forms.sound(FULL[:9000])}))
    x_train, y_train, x_test, y_test = remote.speech_commands(**arguments)
    assert (x_train.shape, x_train.dtype, y_train.dtype) == ((5, 16_000), np.int16, np.int64)
    assert isinstance(x_train, np.memmap)
    assert (y_train.tolist(), y_test.tolist()) == ([0, 0, 0, 1, 1], [1])
    np.testing.assert_array_equal(x_test, [FULL + 3])
    np.testing.assert_array_equal(x_train[1, :9000], FULL[:9000])
    assert not x_train[1, 9000:].any()
    assert remote.speech_commands(held_out="validation", **arguments)[3].tolist() == [0, 1]


def test_chosen_words(place):
    arguments = place("speech_commands", words())
    x_train, y_train, x_test, y_test = remote.speech_commands(["yes", "no"], **arguments)
    assert (y_train.tolist(), y_test.tolist()) == ([1, 1, 1, 0, 0], [0])
    x_train, y_train, x_test, y_test = remote.speech_commands(["no"], **arguments)
    assert (x_train.shape, y_train.tolist(), x_test.shape) == ((3, 16_000), [0, 0, 0], (0, 16_000))
    for given in (["maybe"], [], ["no", "no"], "maybe"):
        with pytest.raises(ValueError, match="must be different words of: no, yes"):
            remote.speech_commands(given, **arguments)
    with pytest.raises(ValueError, match=r"`held_out` \(='training'\) must be 'testing' or 'validation'"):
        remote.speech_commands(held_out="training", **arguments)


def test_recordings_are_laid_out_once(place):
    arguments = place("speech_commands", words())
    remote.speech_commands(**arguments)
    folder = arguments["folder"] / "speech_commands"
    (folder / "speech_commands_v0.02.tar.gz").unlink()
    assert remote.speech_commands(**arguments)[0].shape == (5, 16_000)
    assert [path.name for path in folder.iterdir() if path.is_dir()] == [
        f"recordings-{arguments['checksums']['speech_commands_v0.02.tar.gz'][:16]}"
    ]


@pytest.mark.parametrize("name", ["clips.npy", "labels.npy", "index.json"])
@pytest.mark.parametrize("left", [None, 0, 2, 200])
def test_a_damaged_layout(place, name, left):
    arguments = place("speech_commands", words())
    remote.speech_commands(**arguments)
    (file,) = (arguments["folder"] / "speech_commands").glob(f"recordings-*/{name}")
    content = file.read_bytes()
    file.unlink() if left is None else file.write_bytes(content[: min(left, len(content) - 1)])
    with pytest.raises(ValueError, match=r"recordings-\w+ is damaged \(.*\); remove it, and it is laid out again"):
        remote.speech_commands(**arguments)


def test_recordings_on_a_full_disk(place, small_disk):
    arguments = place("speech_commands", words())
    with (
        small_disk(50_000),
        pytest.raises(OSError, match=r"recordings-\w+ cannot be written \(File too large\); name a folder with room"),
    ):
        remote.speech_commands(**arguments)
    assert not [path for path in (arguments["folder"] / "speech_commands").iterdir() if path.is_dir()]


ODD_WORDS = {
    "rate": (
        {"./no/9.wav": forms.sound(FULL, rate=8000)},
        "1 channels of 16 bits at 8000 Hz; 1 of 16 bits at 16000 Hz",
    ),
    "width": ({"./no/9.wav": forms.sound(FULL, width=4)}, "has 1 channels of 32 bits at 16000 Hz; 1 of 16 bits at"),
    "stereo": ({"./no/9.wav": forms.sound(FULL, channels=2)}, "has 2 channels of 16 bits at 16000 Hz; 1 of 16 bits at"),
    "cut short": ({"./no/9.wav": forms.sound(FULL)[:-3000]}, "ends after 14500 of its 16000 samples"),
    "no head": ({"./no/9.wav": forms.sound(FULL)[:20]}, "is no sound .wav file: "),
    "empty": ({"./no/9.wav": b""}, "is no sound .wav file: "),
    "text": ({"./no/9.wav": b"<html></html>"}, "is no sound .wav file: "),
    "a chunk beyond the end": (
        {"./no/9.wav": forms.sound(FULL)[:16] + b"\xff" * 4 + forms.sound(FULL)[20:]},
        "is no sound .wav file: it ends early",
    ),
    "a list of bytes": ({"./testing_list.txt": b"\xff"}, "testing_list.txt, is no text in UTF-8: "),
    "no list": ({"./testing_list.txt": None}, "does not hold testing_list.txt"),
}


@pytest.mark.parametrize("fault", ODD_WORDS)
def test_odd_words(place, fault):
    others, sentence = ODD_WORDS[fault]
    arguments = place("speech_commands", words(**others))
    with pytest.raises(ValueError, match=f"speech_commands_v0.02.tar.gz.*{sentence}"):
        remote.speech_commands(**arguments)
    assert not [path for path in (arguments["folder"] / "speech_commands").iterdir() if path.is_dir()]
