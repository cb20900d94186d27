"""The copies are shifts of their digit, the same in both precisions; shifts help where they should, mirrors do harm."""

import numpy as np
import pytest
from PIL import Image

from jaxdl import data
from jaxdl.experiment import find, precision
from jaxdl.report.theme import DARK

FOUND = find("augmentation")


def test_each_copy_is_its_digit_at_one_of_9_places():
    config = FOUND.config(digits=30, copies=10)
    x, y = FOUND.source(config).arrays
    plain, classes = FOUND.module.copies(config)
    np.testing.assert_array_equal(y, classes)
    places = [np.roll(plain, (i, j), axis=(2, 3)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    equal = np.array([(place == x).all(axis=(1, 2, 3)) for place in places])
    assert equal.any(axis=0).all()
    assert equal.any(axis=1).all()


def test_without_augmentation_they_are_copies():
    config = FOUND.config(augment=False, digits=7, copies=3, batch_size=7)
    x, _ = FOUND.source(config).arrays
    digits = data.digits()[0][:7]
    np.testing.assert_array_equal(x[:, 0, 2:-2, 2:-2], digits.repeat(3, axis=0))
    assert len(FOUND.source(config)) == len(FOUND.source(FOUND.config(digits=7, copies=3, batch_size=7)))


@pytest.mark.slow
def test_both_precisions_and_every_call_have_the_same_copies():
    single = FOUND.source(FOUND.config()).arrays[0]
    with precision("float64"):
        double = FOUND.source(FOUND.config(dtype="float64")).arrays[0]
    np.testing.assert_array_equal(single, double)
    np.testing.assert_array_equal(single, FOUND.source(FOUND.config()).arrays[0])
    assert (single != FOUND.source(FOUND.config(seed=1)).arrays[0]).any()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"digits": 0}, "digits must be between 1 and 1438, given 0"),
        ({"digits": 2000}, "digits must be between 1 and 1438, given 2000"),
        ({"copies": 0}, "copies must be at least 1, given 0"),
    ],
)
def test_what_makes_no_run_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        FOUND.config(**given)


@pytest.mark.slow
def test_it_shows_every_way(tmp_path, monkeypatch):
    monkeypatch.setattr(FOUND.shown, "SEEDS", range(2))
    config = FOUND.config(epochs=1, copies=1)
    state, _ = FOUND.run(config, progress=False)
    shown = FOUND.exhibits(config, state)
    assert [row[0] for row in shown[1].rows] == list(FOUND.module.WAYS)
    for exhibit in shown:
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000


@pytest.mark.slow
def test_shifts_help_and_mirrors_do_not():
    config, ways = FOUND.config(), FOUND.module
    found = FOUND.shown.accuracies(config, FOUND.shown.trained(config))
    plain, shifted, mirrored = (found[way] for way in (ways.PLAIN, ways.SHIFTED, "mirrored"))
    assert shifted[0] > plain[0] + 0.01
    assert plain[1] < 0.5 < 0.9 < shifted[1]
    assert found[ways.TURNED][2] > plain[2] + 0.01
    assert mirrored[0] < plain[0]
