"""Augmentation: few digits, each shifted anew, teach a network what many would; mirrored ones teach it what is wrong.

A small network learns to read handwritten digits from two hundred examples. It knows these by heart; of a digit that
stands a pixel to the left it knows nothing, unless it has seen some there. So each example becomes twenty, shifted by
up to a pixel, which leaves it the digit that it is. A mirror does not: augmentation says what does not matter, and says
it wrongly just as well. The copies are drawn before training, so that PyTorch's twin sees the same; the run
ends with networks that get them anew at each step, inside the compiled step, by `jaxdl.data.augment`: shifted, turned,
mirrored and as they are, each from several seeds.

    python -m experiments.vision.augmentation
    python -m experiments.vision.augmentation --no-augment

Data: 200 digits.
Time: 50 s on two cores.
Score: test_accuracy >= 0.92
Paper: Simard, Steinkraus and Platt 2003, "Best Practices for Convolutional Neural Networks Applied to Visual Document
Analysis"; Shorten and Khoshgoftaar 2019, "A Survey on Image Data Augmentation for Deep Learning".
"""

from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, metrics, nn, optim, report, train
from jaxdl.data import augment
from jaxdl.experiment import Exhibit, Settings, option, precision
from jaxdl.report import canvas, images

SEEDS = range(4)
SIDE = 12  # pixels: two of background around the 8 × 8, into which a digit is shifted
WAYS = {
    "as it is": lambda keys, x: x,
    "shifted by 1": partial(augment.random_crop, size=SIDE, padding=1),
    "shifted by 2": partial(augment.random_crop, size=SIDE, padding=2),
    "turned": partial(augment.random_rotate, degrees=15),
    "mirrored": augment.random_horizontal_flip,
}
PLAIN, SHIFTED, _, TURNED, _ = WAYS
COLOURS = "muted", "jax", "good", "ink", "bad"


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(12, "passes over the copies")
    batch_size: int = option(50, "images a step")
    digits: int = option(200, "that are learned from, of 1,438")
    copies: int = option(20, "of each digit")
    learning_rate: float = option(0.2, "SGD's step size, with momentum 0.9")
    augment: bool = option(True, "shift each copy by up to a pixel")

    def __post_init__(self):
        super().__post_init__()
        if not 1 <= self.digits <= 1438:
            raise ValueError(f"digits must be between 1 and 1438, given {self.digits}")
        if self.copies < 1:
            raise ValueError(f"copies must be at least 1, given {self.copies}")


class Network(nn.Module):
    def __init__(self, *, rngs):
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, rngs=rngs)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1, rngs=rngs)
        self.fc = nn.Linear(16 * 3 * 3, 10, rngs=rngs)

    def __call__(self, x):
        x = functional.avg_pool2d(functional.silu(self.conv1(x)), 2)
        x = functional.avg_pool2d(functional.silu(self.conv2(x)), 2)
        return self.fc(x.reshape(len(x), -1))


def framed(x):
    return np.pad(x, ((0, 0), (2, 2), (2, 2)))[:, None]


def copies(config):
    """Each digit as often as is asked for, as it is."""
    x, y, _, _ = data.digits()
    return framed(x[: config.digits]).repeat(config.copies, axis=0), y[: config.digits].repeat(config.copies)


def source(config):
    x, y = copies(config)
    if config.augment:
        x = np.asarray(WAYS[SHIFTED](augment.keys(config.seed, 0, np.arange(len(x))), x))
    return data.ArraySource((x.astype(config.dtype), y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = data.digits()
    return data.ArraySource((framed(x).astype(config.dtype), y), batch_size=len(x))


def program(config):
    return train.supervised(
        Network,
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


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
    curves = {name: each.reshape(len(WAYS), len(SEEDS), -1).mean(axis=1) for name, each in runs.tests.items()}
    return [
        Exhibit(
            "One digit, as a network gets it",
            picture=lambda file, theme: file.write_bytes(canvas.png(images.strips(drawn, theme))),
            caption="Eight draws each: shifted by up to one pixel or two, turned by up to 15°, mirrored one time in "
            "two. Shifted and turned it stays the digit that it is; its mirror image is none.",
        ),
        Exhibit(
            "Test accuracy and loss, by what the network was shown",
            headings=("training digits", "test digits", SHIFTED, TURNED),
            rows=[[name, *(f"{accuracy:.1%}" for accuracy in each)] for name, each in found.items()],
            picture=partial(draw, curves),
            caption=f"{config.digits} training digits, {config.copies} copies of each an epoch, every one drawn anew; "
            f"means over {len(SEEDS)} seeds. The table has the accuracy after the last epoch, on the test digits as "
            "they are and as they are moved.",
        ),
    ]


def draw(curves, file, theme):
    def plot(title, values, **axes):
        epochs = np.arange(1, values.shape[1] + 1)
        lines = [report.Line(*each) for each in zip(WAYS, [epochs] * len(WAYS), values, COLOURS, strict=True)]
        return report.Plot(title, lines, "epoch", **axes)

    accuracy = plot("test accuracy", curves["accuracy"], limits=(0.8, 1.0))
    report.plots_picture([accuracy, plot("test loss", curves["loss"], logarithmic="y")], file, theme)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
