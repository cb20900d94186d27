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

from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, metrics, nn, optim, random, report, train
from jaxdl.experiment import Exhibit, Settings, option, precision
from jaxdl.report import canvas

RATE = 80  # samples a second
END, GAP = 480, 40  # samples for training, and those left out behind them
METHODS = ("network", "given bands", "nearest")
BANDS = {"0.5 to 4": (0.5, 4), "4 to 8": (4, 8), "8 to 13": (8, 13), "13 to 20": (13, 20), "20 to 40": (20, 40.1)}
LENGTHS = (16, 32, 64, 96)
BLOCKS = 5  # of two seconds, each the test once
COLOURS = ("jax", "torch", "good", "bad")


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


def blocks(config):
    """Rows to train and to test on: two seconds are the test, with a gap around; last, a fifth drawn at random."""
    _, y, first = pieces(config)
    last = first + config.length
    for begin in range(0, 800, 800 // BLOCKS):
        end = begin + 800 // BLOCKS
        away = (last < begin - GAP) | (first >= end + GAP)
        yield np.flatnonzero(away), np.flatnonzero((first >= begin) & (last < end))
    order = random.TorchGenerator(config.seed).randperm(len(y))
    yield order[len(y) // BLOCKS :], order[: len(y) // BLOCKS]


def networks(config, parts):
    """Test accuracies of a network for each part, all trained at once."""
    x, y, _ = pieces(config)
    generator = random.TorchGenerator(config.seed)
    learned, steps = program(config), config.epochs * len(source(config))
    state = learned.init(generator)
    rows = np.stack([known[generator.randint(0, len(known), (steps, config.batch_size))] for known, _ in parts])
    x = np.stack([x / np.sqrt(np.mean(x[known] ** 2)) for known, _ in parts]).astype(config.dtype)
    batches = np.stack([own[order] for own, order in zip(x, rows, strict=True)]), y[rows]
    path = jax.jit(jax.vmap(lambda *batches: train.trajectory(learned, state, batches)[0]))(*batches)
    for part, (_, tested) in enumerate(parts):
        params = {name: value[part, -1] for name, value in path.items()}
        yield learned.evaluate(state._replace(params=params), (x[part, tested], y[tested]))["accuracy"].item()


def across(config):
    """Test accuracies `[methods, blocks + 1]`, those on pieces drawn at random last."""
    from sklearn.neighbors import KNeighborsClassifier

    x, y, _ = pieces(config)
    parts, power = list(blocks(config)), band_power(x)
    given = [regression(x[known], y[known]).score(power[tested], y[tested]) for known, tested in parts]
    near = [
        KNeighborsClassifier(1).fit(power[known], y[known]).score(power[tested], y[tested]) for known, tested in parts
    ]
    with precision(config.dtype):
        return np.array([list(networks(config, parts)), given, near])


def gains(weight, frequency):
    """How much of each frequency the filters `[filters, taps]` let through: `[filters, frequencies]`."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(weight.shape[1]), frequency) / RATE)
    return np.abs(weight @ turns)


def spectra(signals, length=RATE):
    """The mean power of each electrode over half overlapping pieces of a second: frequencies, `[4, frequencies]`."""
    views = np.lib.stride_tricks.sliding_window_view(signals, length, axis=0)[:: length // 2]
    power = np.abs(np.fft.rfft((views - views.mean(axis=-1, keepdims=True)) * np.hanning(length))) ** 2
    return np.fft.rfftfreq(length, 1 / RATE), power.mean(axis=0)


def exhibits(config, state):
    names = data.eeg()[2]
    x, y = split(config)[1]
    with precision(config.dtype):
        said = np.asarray(program(config).predict(state, (x.astype(config.dtype), None))).argmax(axis=1)
    table = [[names[true], *(f"{np.mean(said[y == true] == other):.0%}" for other in range(4))] for true in range(4)]
    by_length = {length: across(replace(config, length=length, dtype="float32")) for length in LENGTHS}
    return [
        Exhibit(
            "The recording, and what each electrode's pieces are taken for",
            headings=("electrode", *(f"taken for {name}" for name in names)),
            rows=table,
            picture=partial(draw_recording, config),
            caption="The table is of the test. Pieces are cut from the training part and from the test part, never "
            "across; the half second between them is in none.",
        ),
        Exhibit(
            "Accuracy by the length of a piece",
            headings=("seconds", *METHODS, *(f"{name}, at random" for name in METHODS)),
            rows=[list(cells(length, found)) for length, found in by_length.items()],
            picture=partial(draw_lengths, by_length),
            caption="Above, each two seconds of the recording are the test once, with half a second left out around "
            "them: a line for the mean, a point for each block; the table has their range. Below, a fifth of the "
            "pieces is drawn at random, and nearly all of a test piece's samples are in pieces of the training: the "
            "nearest neighbour, which learns nothing, remembers them. Like the given bands, it sees powers.",
        ),
        Exhibit(
            "What the filters let through",
            picture=partial(draw_filters, np.asarray(state.params["conv.weight"][:, 0], float)),
            caption="Above, the power of the training part's changes by electrode. Below, the gain of each learned "
            "filter, in units of its largest, and the filters themselves.",
        ),
    ]


def cells(length, found):
    yield f"{length / RATE:g}"
    for own in found[:, :-1]:
        yield f"{own.mean():.0%} ({own.min():.0%} to {own.max():.0%})"
    for drawn in found[:, -1]:
        yield f"{drawn:.0%}"


def draw_recording(config, file, theme):
    times, signals, names = data.eeg()
    figure = canvas.blank(4.0, theme)
    axes = canvas.panel(figure, (0.6, 0.45, 4.3, 3.2), "electrodes", theme)
    spread = 6.0  # of a recording that lies within ±5.3
    parts = ((0, END, "jax", "training"), (END, END + GAP, "muted", "left out"), (END + GAP, 800, "torch", "test"))
    for begin, end, colour, name in parts:
        shown = slice(begin, min(end + 1, 800))
        lines = signals[shown] - spread * np.arange(4)
        axes.plot(times[shown], lines, color=getattr(theme, colour), linewidth=1.0, label=[name, *["_"] * 3])
    axes.set(xlim=(0, 10), yticks=-spread * np.arange(4), yticklabels=names)
    axes.set_xlabel("seconds", fontsize=canvas.TEXT, color=theme.muted)
    canvas.legend(axes, theme)
    file.write_bytes(canvas.png(figure))


def draw_lengths(by_length, file, theme):
    seconds, found = np.array(list(by_length)) / RATE, np.stack(list(by_length.values()), axis=1)
    looks = ("jax", "-", "o"), ("torch", "-", "s"), ("muted", "-", "^")
    chance = report.Line("any one", seconds, np.full(len(seconds), 1 / 4), "ink", ":")
    in_time, drawn = [chance], [chance]
    for name, own, (colour, dashes, marker), shift in zip(METHODS, found, looks, (-0.012, 0, 0.012), strict=True):
        in_time.append(report.Line(name, seconds, own[:, :-1].mean(axis=1), colour, dashes))
        in_time.append(report.Line("", np.repeat(seconds, BLOCKS) + shift, own[:, :-1].ravel(), colour, "", marker))
        drawn.append(report.Line(name, seconds, own[:, -1], colour, dashes, marker))
    plots = [
        report.Plot(f"accuracy, {how}", lines, "seconds a piece", limits=(0, 1.03))
        for how, lines in (("split in time", in_time), ("drawn at random", drawn))
    ]
    report.plots_picture(plots, file, theme)


def draw_filters(weight, file, theme):
    _, signals, names = data.eeg()
    frequency, power = spectra(np.diff(signals[:END], axis=0))
    fine, milliseconds = np.linspace(0, RATE / 2, 200), np.arange(weight.shape[1]) * 1000 / RATE
    powers = [
        report.Line(name, frequency[1:], own[1:], colour)
        for name, own, colour in zip(names, power, COLOURS, strict=True)
    ]
    passed, taps = [], []
    for number, (own, gain) in enumerate(zip(weight, gains(weight, fine), strict=True)):
        place = number / max(len(weight) - 1, 1)
        passed.append(report.Line(f"filter {number + 1}", fine, gain / gain.max(), place))
        taps.append(report.Line(f"filter {number + 1}", milliseconds, own, place))
    plots = [
        report.Plot("power", powers, "hertz", "y"),
        report.Plot("gain", passed, "hertz"),
        report.Plot("filters", taps, "milliseconds"),
    ]
    report.plots_picture(plots, file, theme)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
