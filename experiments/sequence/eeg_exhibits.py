"""What a run shows: accuracy across time and by length, the recording, the filters that were learned."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np

from experiments.sequence.eeg import END, GAP, RATE, band_power, pieces, program, regression, source, split
from jaxdl import data, random, report, train
from jaxdl.experiment import Exhibit, precision
from jaxdl.report import canvas

METHODS = ("network", "given bands", "nearest")
LENGTHS = (16, 32, 64, 96)
BLOCKS = 5  # of two seconds, each the test once
COLOURS = ("jax", "torch", "good", "bad")


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
            headings=("piece and method", "split in time", "by block", "drawn at random"),
            rows=[cells for length, found in by_length.items() for cells in by_method(length, found)],
            picture=partial(draw_lengths, by_length),
            caption="Above, each two seconds of the recording are the test once, with half a second left out around "
            "them: a line for the mean, a point for each block; the table has their range. Below, a fifth of the "
            "pieces is drawn at random, and nearly all of a test piece's samples are in pieces of the training: the "
            "nearest neighbour, which learns nothing, remembers them. Like the regression on given bands, it sees "
            "powers. Guessing is right one time in four.",
        ),
        Exhibit(
            "What the filters let through",
            picture=partial(draw_filters, np.asarray(state.params["conv.weight"][:, 0], float)),
            caption="Above, the power of the training part's changes by electrode. Below, the gain of each learned "
            "filter, in units of its largest, and the filters themselves.",
        ),
    ]


def by_method(length, found):
    """Rows of the table."""
    for name, (*own, drawn) in zip(METHODS, found, strict=True):
        cells = f"{np.mean(own):.0%}", f"{min(own):.0%} to {max(own):.0%}", f"{drawn:.0%}"
        yield [f"{length / RATE:g} s, {name}", *cells]


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
    chance = report.Line("guessing", seconds, np.full(len(seconds), 1 / 4), "ink", ":")
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
        report.Plot("weights", taps, "milliseconds"),
    ]
    report.plots_picture(plots, file, theme)
