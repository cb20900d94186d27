"""No sample is both in training and test; the bands are where they say; the claims of the exhibits are measured."""

import numpy as np
import pytest
from PIL import Image

from jaxdl import data, experiment
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = experiment.find("eeg")
MODULE = FOUND.module
CONFIG = FOUND.config()


@pytest.fixture
def counted(monkeypatch):
    """A recording t² + 20,000 · electrode · t, whose change behind sample t is 2t + 1 + 20,000 · electrode."""
    times, _, names = data.eeg()
    sample = np.arange(800.0)[:, None]
    monkeypatch.setattr(data, "eeg", lambda: (times, sample**2 + 20_000 * np.arange(4) * sample, names))
    return data.eeg()[1]


def numbers(x, signals):
    """The samples before each change that the pieces were cut from, + 10,000 · electrode."""
    unit = np.sqrt(np.mean(np.diff(signals[: MODULE.END], axis=0) ** 2))
    return np.round((x * unit - 1) / 2).astype(int)


@pytest.mark.parametrize("length", [16, 64, 96])
def test_training_and_test_share_no_sample_and_lie_apart(counted, length):
    (x, y), (x_test, y_test) = MODULE.split(FOUND.config(length=length))
    known, new = numbers(x, counted), numbers(x_test, counted)
    for rows, electrodes in ((known, y), (new, y_test)):
        np.testing.assert_array_equal(rows // 10_000, np.repeat(electrodes[:, None], length, axis=1))
        np.testing.assert_array_equal(np.diff(rows, axis=1), 1)
        assert set(np.bincount(electrodes)) == {len(electrodes) // 4}
    assert (known % 10_000).max() + 1 < MODULE.END
    assert (new % 10_000).min() >= MODULE.END + MODULE.GAP
    assert (new % 10_000).max() + 1 <= 799


@pytest.mark.parametrize("length", [16, 96])
def test_each_block_is_the_test_once_and_lies_apart_from_its_training(counted, length):
    config = FOUND.config(length=length)
    samples = numbers(MODULE.pieces(config)[0], counted) % 10_000
    *parts, (known, new) = FOUND.shown.blocks(config)
    assert len(parts) == FOUND.shown.BLOCKS
    for block, (training, tested) in enumerate(parts):
        begin, end = 160 * block, 160 * (block + 1)
        assert begin <= samples[tested].min() <= samples[tested].max() + 1 < end
        before, behind = samples[training].max(axis=1) + 1 < begin, samples[training].min(axis=1) >= end
        assert (before | behind).all()
        assert samples[training][before].max(initial=-99) + 1 < begin - MODULE.GAP
        assert samples[training][behind].min(initial=999) >= end + MODULE.GAP
    assert sorted([*known, *new]) == list(range(len(samples)))


def test_the_recordings_two_largest_waves_lie_in_the_test_part():
    times, signals, _ = data.eeg()
    large = np.abs(signals).max(axis=1) > 4
    assert set(np.floor(10 * times[large]) / 10) <= {6.6, 6.7, 8.5, 8.6, 8.7}
    assert times[large].min() > (MODULE.END + MODULE.GAP) / MODULE.RATE


@pytest.mark.parametrize(("hertz", "band"), [(2, 0), (6, 1), (10, 2), (16, 3), (30, 4)])
def test_a_tone_is_in_its_band(hertz, band):
    tone = np.sin(2 * np.pi * hertz * np.arange(64) / MODULE.RATE)
    assert MODULE.band_power(tone[None]).argmax() == band


def test_the_gain_of_a_filter_is_what_it_does_to_a_tone():
    weight = np.random.default_rng(0).normal(size=(3, 15))
    time = np.arange(2000) / MODULE.RATE
    for hertz in (3.0, 10.0, 30.0):
        tone = np.sin(2 * np.pi * hertz * time)
        heard = [np.sqrt(2 * np.mean(np.convolve(tone, taps[::-1], "valid") ** 2)) for taps in weight]
        np.testing.assert_allclose(FOUND.shown.gains(weight, np.array([hertz]))[:, 0], heard, rtol=2e-2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"stride": 0}, "stride must be at least 1, given 0"),
        ({"filters": 0}, "filters must be at least 1, given 0"),
        ({"length": 9}, r"length must be above taps \(=9\) and at most 120, given 9"),
        ({"length": 121}, r"length must be above taps \(=9\) and at most 120, given 121"),
    ],
)
def test_what_makes_no_run_is_one_clear_sentence(given, message):
    with pytest.raises(ValueError, match=message):
        FOUND.config(**given)


@pytest.fixture(scope="module")
def lengths():
    """The longest of the exhibit's."""
    return {length: FOUND.shown.across(FOUND.config(length=length)) for length in (96,)}


@pytest.fixture(scope="module")
def shown(lengths):
    state, history = FOUND.run(CONFIG, progress=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FOUND.shown, "LENGTHS", tuple(lengths))
        patch.setattr(FOUND.shown, "across", lambda config: lengths[config.length])
        return FOUND.exhibits(CONFIG, state), history.final


def test_what_remembers_is_flattered_by_pieces_drawn_at_random(lengths):
    network, _, neighbour = lengths[96]
    assert neighbour[-1] > 0.9
    assert neighbour[:-1].mean() < 0.55
    assert 0.35 < network[:-1].mean() < 0.65  # and 0.25 by chance


def test_the_bound_is_above_chance_and_below_what_was_reached(shown):
    assert 0.25 < FOUND.bound.value < shown[1]["test_accuracy"]
    assert shown[1]["test_loss"] > np.log(4)  # that of guessing


def test_the_table_is_of_the_test(shown):
    exhibits, final = shown
    shares = np.array([[float(cell.rstrip("%")) / 100 for cell in cells] for _, *cells in exhibits[0].rows])
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=0.021)
    assert np.trace(shares) / 4 == pytest.approx(final["test_accuracy"], abs=0.01)


def test_its_pictures_are_drawn(shown, tmp_path):
    for number, exhibit in enumerate(shown[0]):
        exhibit.picture(tmp_path / f"{number}.png", DARK)
        with Image.open(tmp_path / f"{number}.png") as picture:
            assert picture.width == 1000
