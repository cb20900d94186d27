"""Photographs, share prices, an MRI slice and an EEG that come with scikit-learn and matplotlib: no network."""

import csv
import gzip
from pathlib import Path

import numpy as np

from jaxdl.data.installed import found, installed

EEG_SECONDS = 10


def sample_images() -> tuple[np.ndarray, tuple[str, ...]]:
    """Two colour photographs, a Chinese palace and a flower: `[2, 3, 427, 640]` uint8, and their names.

    Source: scikit-learn's `china.jpg` (danielbuechele) and `flower.jpg` (vultilion), both CC BY 2.0. Which JPEG library
    Pillow has may move a pixel by 1.

    Returns:
        Pixels `[2, 3, H, W]`, red, green and blue from 0 to 255, and the names.

    Raises:
        FileNotFoundError: scikit-learn was installed without them.

    >>> images, names = sample_images()
    >>> images.shape, images.dtype, names
    ((2, 3, 427, 640), dtype('uint8'), ('china', 'flower'))
    """
    from PIL import Image

    names = ("china", "flower")
    folder = installed("sklearn") / "datasets" / "images"
    images = []
    for name in names:
        with Image.open(found(folder / f"{name}.jpg", "scikit-learn")) as image:
            images.append(np.asarray(image.convert("RGB")).transpose(2, 0, 1))
    return np.stack(images), names


def stocks() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """What ten American shares and indices cost at the first of each month from January 1990 to June 2022.

    Source: matplotlib's `Stocks.csv`, from Yahoo Finance. Its lines without prices (days of dividends) and its last
    one, which says June 2022 again, are left out.

    Returns:
        Dates `[390]` datetime64[D]; prices `[390, 10]` float64 in US dollars (indices: points), NaN where a company
        was not listed; and the ten names. `np.isfinite(prices).all(axis=0)` finds the seven columns that are whole.

    Raises:
        FileNotFoundError: matplotlib was installed without it.

    >>> dates, prices, names = stocks()
    >>> prices.shape, names[:3], str(dates[0]), round(prices[0, 0].item(), 2)
    ((390, 10), ('IBM', 'AAPL', 'MSFT'), '1990-01-01', 10.97)
    """
    text = _matplotlib("Stocks.csv").read_text(encoding="utf-8")
    header, *lines = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    lines = [line for line in lines if any(line[1:]) and line[0].endswith("-01")]
    dates = np.array([line[0] for line in lines], "datetime64[D]")
    return dates, np.array([[float(price or "nan") for price in line[1:]] for line in lines]), tuple(header[1:])


def eeg() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Ten seconds of an electroencephalogram: four electrodes, eighty samples a second.

    Source: matplotlib's `eeg.dat`; that the recording takes ten seconds, and the electrodes' names, are those of
    matplotlib's own example. The unit of the signals is not handed down; they lie between -5.2 and 5.3.

    Returns:
        Times `[800]` float64 in seconds, signals `[800, 4]` float64, and the electrodes' names.

    Raises:
        FileNotFoundError: matplotlib was installed without it.

    >>> times, signals, names = eeg()
    >>> signals.shape, names, times[80].item()
    ((800, 4), ('PG3', 'PG5', 'PG7', 'PG9'), 1.0)
    """
    signals = np.frombuffer(_matplotlib("eeg.dat").read_bytes(), "<f8").reshape(-1, 4).astype(np.float64)
    return np.arange(len(signals)) * EEG_SECONDS / len(signals), signals, ("PG3", "PG5", "PG7", "PG9")


def mri() -> np.ndarray:
    """A slice through a head, seen by magnetic resonance: `[256, 256]` uint8, brightness from 0 to 215.

    Source: matplotlib's `s1045.ima.gz`. Its 16-bit numbers have their high byte first and fit into eight bits; read in
    the other order, as matplotlib's example does, they are 256 times as large.

    Raises:
        FileNotFoundError: matplotlib was installed without it.

    >>> image = mri()
    >>> image.shape, image.dtype, image.max().item()
    ((256, 256), dtype('uint8'), 215)
    """
    content = gzip.decompress(_matplotlib("s1045.ima.gz").read_bytes())
    return np.frombuffer(content, ">u2").reshape(256, 256).astype(np.uint8)


def _matplotlib(name: str) -> Path:
    return found(installed("matplotlib") / "mpl-data" / "sample_data" / name, "matplotlib")
