"""ResNet-20 reads digits: nineteen convolutions that learn what to add to what they see.

Every two convolutions are bridged: their result is added to their input, so that the gradient reaches the first layers
as it is. Where the picture is halved and the channels doubled, a 1 × 1 convolution brings the input into the new form.
The 8 × 8 digits come in three equal channels; `--size 32` gives the shapes of CIFAR-10, which the network was made for.
`--no-residual` takes the bridges away, `--no-smooth` brings the paper's ReLU back: rounding soon puts one of its kinks
on its other side, and two float32 runs part, where with SiLU they stay together.

    python -m experiments.vision.resnet --epochs 1

Data: digits.
Time: 30 s on two cores.
Score: test_accuracy >= 0.95
Paper: He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition".
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(5, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    size: int = option(8, "pixels of an image's side: 8, 16, 32, ...")
    learning_rate: float = option(0.005, "of SGD with momentum 0.9")
    weight_decay: float = option(1e-4, "pulls the weights towards 0")
    residual: bool = option(True, "bridges around every two convolutions")
    smooth: bool = option(True, "SiLU in place of ReLU")

    def __post_init__(self):
        super().__post_init__()
        if self.size < 8 or self.size % 8:
            raise ValueError(f"size must be a multiple of 8, the digits' own, given {self.size}")


class Block(nn.Module):
    def __init__(self, channels, out_channels, residual, activation, *, rngs):
        stride = out_channels // channels
        self.conv1 = nn.Conv2d(channels, out_channels, 3, stride=stride, padding=1, bias=False, rngs=rngs)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False, rngs=rngs)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.bridge = nn.Identity()
        if stride > 1:
            self.bridge = nn.Conv2d(channels, out_channels, 1, stride=stride, bias=False, rngs=rngs)
        self.residual = residual
        self.activation = activation

    def __call__(self, x):
        y = self.activation(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.activation(y + self.bridge(x) if self.residual else y)


class ResNet20(nn.Module):
    def __init__(self, residual, smooth, *, rngs):
        self.activation = nn.SiLU() if smooth else nn.ReLU()
        self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False, rngs=rngs)
        self.bn = nn.BatchNorm2d(16)
        widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        self.blocks = nn.Sequential(*(Block(a, b, residual, self.activation, rngs=rngs) for a, b in pairwise(widths)))
        self.fc = nn.Linear(64, 10, rngs=rngs)

    def __call__(self, x):
        x = self.activation(self.bn(self.conv(x)))
        return self.fc(self.blocks(x).mean(axis=(2, 3)))


def images(x, config):
    times = config.size // 8
    x = x.repeat(times, axis=1).repeat(times, axis=2)[:, None].repeat(3, axis=1)
    # On a flat background all ReLUs of a channel are at one point, and rounding would put them all on one side of zero.
    return (x + 0.05 * np.random.RandomState(0).standard_normal(x.shape)).astype(config.dtype)


def source(config):
    x, y, _, _ = data.digits()
    return data.ArraySource((images(x, config), y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = data.digits()
    return data.ArraySource((images(x, config), y), batch_size=len(x))


def program(config):
    return train.supervised(
        lambda rngs: ResNet20(config.residual, config.smooth, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9, weight_decay=config.weight_decay),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
