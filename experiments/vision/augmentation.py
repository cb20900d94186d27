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

from dataclasses import dataclass
from functools import partial

import numpy as np

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.data import augment
from jaxdl.experiment import Settings, option

SIDE = 12  # pixels: two of background around the 8 × 8, into which a digit is shifted
WAYS = {
    "as it is": lambda keys, x: x,
    "shifted by 1": partial(augment.random_crop, size=SIDE, padding=1),
    "shifted by 2": partial(augment.random_crop, size=SIDE, padding=2),
    "turned": partial(augment.random_rotate, degrees=15),
    "mirrored": augment.random_horizontal_flip,
}
PLAIN, SHIFTED, _, TURNED, _ = WAYS


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


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
