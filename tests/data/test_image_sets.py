"""Four sets of pictures in one form; what is downloaded is stood in for by small files in the cache."""

import numpy as np
import pytest

from jaxdl import data
from jaxdl.data import image_sets
from tests.data.remote import forms

SMALL = {"mnist": forms.digits(train=5, test=3), "fashion_mnist": forms.digits(seed=1), "cifar10": forms.cifar()}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    forms.put_in_cache(tmp_path, monkeypatch, SMALL)
    return tmp_path


def test_digits_are_drawn_larger():
    x, y, x_test, y_test = data.digits()
    drawn, classes = data.images("digits", size=16)
    np.testing.assert_array_equal(drawn[:, :, ::2, ::2], x[:, None])
    np.testing.assert_array_equal(drawn[:, :, 1::2, 1::2], x[:, None])
    np.testing.assert_array_equal(classes, y)
    drawn, classes = data.images("digits", "test", size=8, channels=3)
    assert all((drawn[:, channel] == x_test).all() for channel in range(3))
    np.testing.assert_array_equal(classes, y_test)


def test_the_noise_is_one_stream_however_the_rows_are_taken(monkeypatch):
    x = data.digits()[0][:, None].repeat(3, axis=1)
    expected = (x + 0.05 * np.random.RandomState(0).standard_normal(x.shape)).astype("float32")
    np.testing.assert_array_equal(data.images("digits", size=8, channels=3, noise=0.05)[0], expected)
    monkeypatch.setattr(image_sets, "PIECE", 77)
    np.testing.assert_array_equal(data.images("digits", size=8, channels=3, noise=0.05)[0], expected)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_28_pixels_get_two_more_on_every_side(cache, name):
    x, y, _, _ = getattr(data, name)()
    drawn, classes = data.images(name, channels=3, dtype="float64")
    assert drawn.shape == (5, 3, 32, 32)
    assert drawn.dtype == np.float64
    assert all((drawn[:, channel, 2:-2, 2:-2] == x[:, 0]).all() for channel in range(3))
    assert drawn.sum() == drawn[:, :, 2:-2, 2:-2].sum()
    np.testing.assert_array_equal(classes, y)


def test_photographs_are_as_they_are_or_grey(cache):
    _, _, x, y = data.cifar10()
    coloured, classes = data.images("cifar10", "test", channels=3, noise=0.05)
    np.testing.assert_array_equal(coloured, x)
    np.testing.assert_array_equal(classes, y)
    grey, _ = data.images("cifar10", "test")
    assert grey.shape == (3, 1, 32, 32)
    np.testing.assert_allclose(grey[:, 0], 0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2], rtol=1e-6)


@pytest.mark.parametrize("name", ["digits", "mnist", "fashion_mnist", "cifar10"])
def test_ten_classes_have_names_of_their_own(name):
    assert len(set(data.image_classes(name))) == 10


def test_what_is_nowhere_is_one_sentence(tmp_path, monkeypatch):
    forms.put_in_cache(tmp_path, monkeypatch, {})
    with pytest.raises(ConnectionError, match=r"cifar-10-python.tar.gz is not here, and could not be downl") as caught:
        data.images("cifar10")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "nonsense"}, "data must be one of digits, mnist, fashion_mnist, cifar10, given 'nonsense'"),
        ({"name": "digits", "part": "all"}, "part must be 'train' or 'test', given 'all'"),
        ({"name": "digits", "channels": 2}, "channels must be 1 or 3, given 2"),
        ({"name": "digits", "size": 12}, "size must be a multiple of 8, the digits' own, given 12"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.images(**arguments)
