"""MNIST's and CIFAR's files: whole, cut short, contradictory and hostile."""

import gzip
import os
import pickle
import struct
from contextlib import suppress

import numpy as np
import pytest

from jaxdl.data import remote
from jaxdl.data.remote import pickled
from tests.data.remote import forms

LIKE_MNIST = [remote.mnist, remote.fashion_mnist, remote.kmnist]
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = forms.IDX_NAMES
# {"data": np.arange(24, dtype=uint8).reshape(3, 8), "labels": [6, 9, 3], "batch_label": "training batch 1 of 5",
# "filenames": ["a.png", "b.png", "c.png"]}, as Python 2.7.18 with NumPy 1.16.6 writes it: cPickle.dumps(..., 2)
FROM_PYTHON_2 = bytes.fromhex(
    "80027d7101285504646174617102636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7103636e756d70"
    "790a6e6461727261790a71044b008555016287527105284b014b034b0886636e756d70790a64747970650a7106550275314b004b0187527107"
    "284b0355017c4e4e4e4affffffff4affffffff4b007462895518000102030405060708090a0b0c0d0e0f101112131415161774625506"
    "6c6162656c7371085d7109284b064b094b0365550b62617463685f6c6162656c710a5515747261696e696e672062617463682031206f662035"
    "710b550966696c656e616d6573710c5d710d285505612e706e67710e5505622e706e67710f5505632e706e67711065752e"
)


@pytest.mark.parametrize("function", LIKE_MNIST, ids=lambda function: function.__name__)
def test_like_mnist(place, function):
    files = forms.digits(train=5, test=3)
    x_train, y_train, x_test, y_test = function(**place(function.__name__, files))
    assert (x_train.shape, x_test.shape, y_test.shape) == ((5, 1, 28, 28), (3, 1, 28, 28), (3,))
    assert (x_train.dtype, y_train.dtype) == (np.float32, np.int64)
    raw = np.frombuffer(gzip.decompress(files[TRAIN_IMAGES])[16:], np.uint8).reshape(5, 1, 28, 28)
    np.testing.assert_array_equal(x_train, raw.astype(np.float32) / np.float32(255))
    assert y_train.tolist() == list(gzip.decompress(files[TRAIN_LABELS])[8:])


def head(*numbers):
    return struct.pack(f">{len(numbers)}I", *numbers)


IMAGES = head(0x803, 2, 28, 28)
PIXELS = bytes(2 * 28 * 28)
UNSOUND = {
    "empty": (b"", "it ends after 0 of the 4 bytes of the magic number"),
    "labels for images": (head(0x801, 5) + bytes(5), "it begins with 0x00000801, and 0x00000803 would do"),
    "other numbers": (head(0xD03, 2, 28, 28), "it begins with 0x00000d03, and 0x00000803 would do"),
    "no dimensions": (IMAGES[:7], "it ends after 3 of the 12 bytes of the dimensions"),
    "cut short": (IMAGES + PIXELS[:-1], "it ends after 1,567 of the 1,568 bytes of the numbers"),
    "more follows": (IMAGES + PIXELS + b"x", "something follows its 1,568 numbers"),
    "terabytes": (head(0x803, 2**31, 28, 28), "it announces 2147483648 × 28 × 28 numbers, and at most"),
    "beyond 64 bits": (head(0x803, 2**32 - 1, 2**32 - 1, 2**32 - 1), "and at most 47,040,016 would do"),
    "other pixels": (head(0x803, 2, 14, 56) + PIXELS, "holds images of 14 × 56 pixels, and 28 × 28 would do"),
}  # fmt: skip


@pytest.mark.parametrize("fault", UNSOUND)
def test_unsound_idx(place, fault):
    content, sentence = UNSOUND[fault]
    arguments = place("mnist", forms.digits() | {TRAIN_IMAGES: gzip.compress(content)})
    with pytest.raises(ValueError, match=sentence) as caught:
        remote.mnist(**arguments)
    assert str(caught.value).startswith(str(arguments["folder"] / "mnist" / TRAIN_IMAGES))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cut", [0, 5, 200, -1], ids=str)
def test_a_truncated_gzip_file(place, cut):
    files = forms.digits()
    with pytest.raises(ValueError, match=f"{TRAIN_IMAGES} is no sound IDX file: "):
        remote.mnist(**place("mnist", files | {TRAIN_IMAGES: files[TRAIN_IMAGES][:cut]}))


def test_no_gzip_file(place):
    with pytest.raises(ValueError, match=f"{TEST_LABELS} is no sound IDX file: Not a gzipped file"):
        remote.mnist(**place("mnist", forms.digits() | {TEST_LABELS: b"<html>"}))


def test_a_bomb_is_not_unpacked(place):
    """Megabytes of zeros behind ten labels: only the byte after the last label is looked at."""
    bomb = gzip.compress(head(0x801, 10) + bytes(2**27), 1)
    with pytest.raises(ValueError, match="something follows its 10 numbers"):
        remote.mnist(**place("mnist", forms.digits() | {TRAIN_LABELS: bomb}))


def test_contradictions(place):
    with pytest.raises(ValueError, match=f"{TEST_IMAGES} holds 3 images and {TEST_LABELS} 4 labels for them"):
        remote.mnist(**place("mnist", forms.digits() | {TEST_LABELS: forms.idx(np.zeros(4))}))
    with pytest.raises(ValueError, match=f"{TEST_LABELS} has an image of class 10, and 0 to 9 would do"):
        remote.mnist(**place("mnist", forms.digits() | {TEST_LABELS: forms.idx(np.full(3, 10))}))


def cifar(change=None, **batches):
    names = {f"data_batch_{n}": forms.photographs(2, n, labels=[n, 9]) for n in range(1, 6)}
    names |= {"test_batch": forms.photographs(3, 6, labels=[0, 1, 2])} | batches
    members = {f"cifar-10-batches-py/{name}": content for name, content in names.items() if content is not None}
    return {"cifar-10-python.tar.gz": forms.tar(members | {"cifar-10-batches-py/readme.html": b"..."}, change)}


def test_cifar10(place):
    x_train, y_train, x_test, y_test = remote.cifar10(**place("cifar10", cifar()))
    assert (x_train.shape, x_train.dtype, x_test.shape) == ((10, 3, 32, 32), np.float32, (3, 3, 32, 32))
    assert (y_train.tolist(), y_test.tolist(), y_test.dtype) == ([1, 9, 2, 9, 3, 9, 4, 9, 5, 9], [0, 1, 2], np.int64)
    second = np.random.default_rng(2).integers(0, 256, (2, 3072)).astype(np.uint8)
    np.testing.assert_array_equal(x_train[2:4].reshape(2, -1), second.astype(np.float32) / np.float32(255))


def test_cifar100(place):
    def batch(n):
        return forms.photographs(n, n, fine_labels=[99] * n, coarse_labels=[19] * n)

    content = forms.tar({f"cifar-100-python/{part}": batch(n) for part, n in (("train", 300), ("test", 2))})
    arguments = place("cifar100", {"cifar-100-python.tar.gz": content})
    x_train, y_train, _, y_test = remote.cifar100(**arguments)
    assert (x_train.shape, y_train.tolist(), y_test.tolist()) == ((300, 3, 32, 32), [99] * 300, [99, 99])
    assert remote.cifar100("coarse", **arguments)[3].tolist() == [19, 19]
    with pytest.raises(ValueError, match=r"`labels` \(='all'\) must be 'fine' or 'coarse'"):
        remote.cifar100("all", **arguments)


ODD = {
    "class": (forms.photographs(2, 0, labels=[0, 10]), "has an image of class 10, and 0 to 9 would do"),
    "count": (forms.photographs(2, 0, labels=[0]), r"images of shape \(2, 3072\), and \(1, 3072\) would do"),
    "no labels": (forms.photographs(2, 0), "does not hold an array `data` and a list of numbers `labels`"),
    "no dict": (forms.python2([1]), "does not hold an array `data` and a list of numbers `labels`"),
    "missing": (None, "does not hold cifar-10-batches-py/test_batch"),
    "cut short": (forms.photographs(2, 0, labels=[0, 1])[:-2000], "test_batch, is no sound pickle of data: "),
}  # fmt: skip


@pytest.mark.parametrize("fault", ODD)
def test_odd_batches(place, fault):
    content, sentence = ODD[fault]
    with pytest.raises(ValueError, match=f"cifar-10-python.tar.gz.*{sentence}"):
        remote.cifar10(**place("cifar10", cifar(test_batch=content)))


class Command:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_runs(place, tmp_path, protocol):
    bomb = pickle.dumps({"data": Command(tmp_path / "ran"), "labels": [1]}, protocol)
    with pytest.raises(ValueError, match=r"test_batch, is no sound pickle of data: it (asks for `posix system`|takes)"):
        remote.cifar10(**place("cifar10", cifar(test_batch=bomb)))
    assert not (tmp_path / "ran").exists()


def test_pickles_of_python_2():
    value = pickled.loads(FROM_PYTHON_2, "batch")
    np.testing.assert_array_equal(value["data"], np.arange(24, dtype=np.uint8).reshape(3, 8))
    assert (value["labels"], value["filenames"][1]) == ([6, 9, 3], "b.png")
    assert forms.python2(value) == FROM_PYTHON_2  # the tests' own batches have this form
    by_columns = np.asfortranarray(value["data"])
    np.testing.assert_array_equal(pickled.loads(forms.python2({"data": by_columns}), "batch")["data"], by_columns)


def array(kind=b"U\x02u1", shape=b"K\x02\x85", content=b"U\x02ab", function=b"cnumpy.core.multiarray\n_reconstruct\n"):
    made = function + b"cnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    return (
        b"\x80\x02" + made + b"(K\x01" + shape + b"cnumpy\ndtype\n" + kind + b"K\x00K\x01\x87R\x89" + content + b"tb."
    )


MANY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
MANY += b"(K\x01K\xff\x85cnumpy\ndtype\nU\x02u1\x85R\x89h\x00tb"
HOSTILE = {
    "objects": (array(kind=b"U\x02O8"), "an array of other numbers; only arrays of bytes would do"),
    "floats": (array(kind=b"U\x02f8"), "an array of other numbers; only arrays of bytes would do"),
    "too large": (array(shape=b"J\xff\xff\xff\x7f\x85"), "cannot reshape array of size 2"),
    "no bytes": (array(content=b"]"), "it holds a list where a str belongs"),
    "numpy's own pickles": (array(function=b"cnumpy\nload\n"), "it asks for `numpy load`"),
    "builtins": (b"c__builtin__\neval\nU\x011\x85R.", "it asks for `__builtin__ eval`"),
    "by name on the stack": (b"\x8c\x02os\x8c\x06system\x93.", "it takes the step SHORT_BINUNICODE"),
    "by instance": (b"(U\x02lsios\nsystem\n.", "it asks for `os system`"),
    "by persistent name": (b"Pelsewhere\n.", "it takes the step PERSID"),
    "by extension": (b"\x82\x01.", "it takes the step EXT1"),
    "a call of a value": (b"K\x01)R.", "it makes an object"),
    "a filled dict": (b"}}b.", "it holds a dict where a tuple belongs"),
    "nothing": (b"", "pickle exhausted before seeing STOP"),
    "no value": (b".", "not enough values"),
    "too few": (b"\x86.", "it takes more than it holds"),
    "no mark": (b"t.", "pop from empty list"),
    "no such memory": (b"h\x01.", "1"),
    "keys that cannot be": (b"}]K\x01s.", "it holds a list where a str belongs"),
    "keys without values": (b"}(U\x01au.", "shorter"),
    "deep": (b")" + b"\x85" * 10**5 + b"U\x01a\x85R.", "it makes an object"),
    "a memo of gigabytes": (b"K\x01r\xff\xff\xff\xff0", "it takes the step POP"),
    "one string in many arrays": (
        b"U\xff" + bytes(255) + b"q\x00" + MANY * 9 + b".",
        "its arrays take more bytes than it has",
    ),
    "a string of gigabytes": (b"T\xff\xff\xff\x7fabc.", "expected 2147483647 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("fault", HOSTILE)
def test_hostile_pickles(fault):
    content, sentence = HOSTILE[fault]
    with pytest.raises(ValueError, match=f"^batch is no sound pickle of data: .*{sentence}"):
        pickled.loads(content, "batch")


def test_any_damage_is_one_kind_of_error():
    draw = np.random.default_rng(0)
    for _ in range(3000):
        content = np.frombuffer(FROM_PYTHON_2, np.uint8).copy()
        content[draw.integers(0, len(content), 3)] = draw.integers(0, 256, 3)
        with suppress(ValueError):
            pickled.loads(content.tobytes(), "batch")
