"""What a run shows: the course with and without batch normalisation; layers, filters, mistakes."""

from dataclasses import replace
from functools import partial

import numpy as np

from experiments.vision.vgg import VGG, evaluation, images, program, source
from jaxdl import random, report, train
from jaxdl.experiment import Exhibit, precision
from jaxdl.report import vision

SHOWN = 2  # epochs of the picture with and without batch normalisation


def losses(config):
    """Of each step of the first epochs, with batch normalisation and without, and the test accuracy at their end."""
    found = {}
    for name, batch_norm in (("with", True), ("without", False)):
        each = replace(config, batch_norm=batch_norm)
        with precision(config.dtype):
            trained = program(each), source(each), SHOWN
            _, history = train.fit(*trained, evaluation=evaluation(each), seed=config.seed, progress=False)
        found[name] = history["loss"], history.final["test_accuracy"]
    return found


def exhibits(config, state):
    model = VGG(config.batch_norm, config.smooth, rngs=random.TorchGenerator(0))
    layers = ("features.0", "features.1", "features.3", "features.4", "features.6")
    shown = vision.exhibits(model, state, images("test", config), config.data, layers)
    if config.data != "digits":  # two more runs would take too long
        return shown
    found = losses(config)
    return [
        Exhibit(
            "With batch normalisation and without",
            picture=partial(draw, {name: loss for name, (loss, _) in found.items()}),
            caption=f"The training loss of the first {SHOWN} epochs, the same seed and learning rate. Then the network "
            f"reads {found['with'][1]:.1%} of the test digits with batch normalisation, {found['without'][1]:.1%} "
            "without. Guessing among ten digits costs ln 10 = 2.30.",
        ),
        *shown,
    ]


def draw(curves, file, theme):
    lines = [
        report.Line(name, np.arange(1, len(loss) + 1), loss, colour)
        for (name, loss), colour in zip(curves.items(), ("ink", "bad"), strict=True)
    ]
    report.plots_picture([report.Plot("training loss", lines, "step", limits=(0.0, 2.6))], file, theme)
