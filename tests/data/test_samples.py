"""What comes with scikit-learn and matplotlib beside tables."""

import numpy as np
import pytest

from jaxdl import data
from jaxdl.data import samples
from jaxdl.data.installed import installed


def test_the_images_are_scikit_learns():
    from sklearn.datasets import load_sample_images

    images, names = data.sample_images()
    theirs = load_sample_images()
    assert images.dtype == np.uint8
    assert [name.rpartition("/")[2] for name in theirs.filenames] == [f"{name}.jpg" for name in names]
    for ours, expected in zip(images, theirs.images, strict=True):
        np.testing.assert_array_equal(ours.transpose(1, 2, 0), expected)


def test_stocks_have_a_row_each_month():
    dates, prices, names = data.stocks()
    assert prices.dtype == np.float64
    assert prices.shape == (len(dates), len(names)) == (390, 10)
    months = dates.astype("datetime64[M]")
    np.testing.assert_array_equal(months, np.arange("1990-01", "2022-07", dtype="datetime64[M]"))
    assert set(np.isnan(prices).sum(axis=0)[np.isin(names, ["AMZN", "DELL", "GOOGL"], invert=True)]) == {0}
    assert np.nanmin(prices) > 0
    # Two prices as the file has them.
    assert prices[1, names.index("XRX")] == 10.39472484588623
    assert prices[-1, names.index("^GSPC")] == 3821.550048828125


def test_a_company_has_no_price_before_it_was_listed():
    dates, prices, names = data.stocks()
    listed = dates[np.isfinite(prices[:, names.index("GOOGL")])]
    assert listed[0] == np.datetime64("2004-09-01")


def test_eeg():
    times, signals, names = data.eeg()
    assert signals.shape == (len(times), len(names)) == (800, 4)
    np.testing.assert_allclose(np.diff(times), 1 / 80)
    assert signals.dtype == times.dtype == np.float64
    assert -5.2 < signals.min() < signals.max() < 5.3
    assert signals.flags.writeable


def test_mri_is_a_head_on_black():
    image = data.mri()
    assert (image[0] == 0).all()
    assert image[100, 100] == 107
    # Neighbours are alike; in the wrong order of bytes, or of rows, they would not be.
    assert np.abs(np.diff(image[100:104, 100:110].astype(int), axis=1)).max() < 20


@pytest.mark.parametrize(
    ("load", "file"),
    [(data.stocks, "Stocks.csv"), (data.eeg, "eeg.dat"), (data.mri, "s1045"), (data.sample_images, "c")],
)
def test_a_missing_file_is_one_sentence(load, file, tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "installed", lambda package: tmp_path)
    with pytest.raises(FileNotFoundError, match=rf"'s {file}.* is not at .*; pip's .* brings it along"):
        load()


def test_a_missing_package_is_one_sentence():
    with pytest.raises(FileNotFoundError, match="nonsense_package is not installed"):
        installed("nonsense_package")
