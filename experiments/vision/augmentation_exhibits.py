"""What a run shows: accuracy with and without each way of changing the pictures."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.vision.augmentation import PLAIN, SHIFTED, TURNED, WAYS, copies, evaluation, program
from jaxdl import data, report, train
from jaxdl.data import augment
from jaxdl.experiment import Exhibit, precision
from jaxdl.report import canvas, images

SEEDS = range(4)
COLOURS = "muted", "jax", "good", "torch", "bad"


def trained(config):
    """A run for each way and seed, the copies changed anew at each step: which way is a number, and one compile is all.

    Returns:
        The sweep, whose runs are in the order of the ways, and for each in that of the seeds.
    """
    x, y = copies(config)
    rows = data.ArraySource((x.astype(config.dtype), y, np.arange(len(x))), config.batch_size, shuffle=True)
    usual = program(config)

    def changing(way):
        def change(keys, x, y):
            return jax.lax.switch(way, list(WAYS.values()), keys, x), y

        return replace(usual, step=augment.augmented(usual.step, change, config.seed, len(rows)))

    over = {"way": range(len(WAYS)), "seed": SEEDS}
    return train.sweep(changing, rows, over, config.epochs, evaluation=evaluation(config), progress=False)


def accuracies(config, runs):
    """By way, the mean over the seeds: on the test digits as they are, shifted, and turned."""
    x, y = evaluation(config).arrays
    keys, measure = augment.keys(config.seed, 1, np.arange(len(x))), program(config).compiled_evaluate
    tests = [np.asarray(WAYS[way](keys, jnp.asarray(x))) for way in (PLAIN, SHIFTED, TURNED)]
    found = [[measure(runs.state(run), (test, y))["accuracy"] for test in tests] for run in range(len(runs.table))]
    return dict(zip(WAYS, np.reshape(found, (len(WAYS), len(SEEDS), 3)).mean(axis=1), strict=True))


def exhibits(config, state):
    with precision(config.dtype):
        runs = trained(config)
        found = accuracies(config, runs)
        digits = np.repeat(copies(config)[0][:1], 8, axis=0)
        keys = augment.keys(config.seed, 0, np.arange(8))
        drawn = {name: list(np.asarray(way(keys, digits))[:, 0]) for name, way in WAYS.items()}
    digit = copies(config)[1][0]
    curves = {name: each.reshape(len(WAYS), len(SEEDS), -1).mean(axis=1) for name, each in runs.tests.items()}
    return [
        Exhibit(
            "One digit, as a network gets it",
            picture=lambda file, theme: file.write_bytes(canvas.png(images.strips(drawn, theme))),
            caption="Eight draws each: shifted by up to one pixel or two, turned by up to 15°, mirrored one time in "
            f"two. Shifted or turned, a {digit} is still a {digit}; mirrored, it is no digit at all.",
        ),
        Exhibit(
            "Test accuracy and loss, by what the network was shown",
            headings=("training digits", "test digits", SHIFTED, TURNED),
            rows=[[name, *(f"{accuracy:.1%}" for accuracy in each)] for name, each in found.items()],
            picture=partial(draw, curves),
            caption=f"{config.digits} training digits, {config.copies} copies of each an epoch, every one drawn anew; "
            f"means over {len(SEEDS)} seeds. The table has the accuracy after the last epoch, on the test digits as "
            "they are and as they are moved: a network reads shifted digits if it has been shown some.",
        ),
    ]


def draw(curves, file, theme):
    def plot(title, values, **axes):
        epochs = np.arange(1, values.shape[1] + 1)
        lines = [report.Line(*each) for each in zip(WAYS, [epochs] * len(WAYS), values, COLOURS, strict=True)]
        return report.Plot(title, lines, "epoch", **axes)

    accuracy = plot("test accuracy", curves["accuracy"], limits=(0.8, 1.0))
    report.plots_picture([accuracy, plot("test loss", curves["loss"], logarithmic="y")], file, theme)
