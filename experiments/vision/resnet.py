"""ResNet-20 reads digits: nineteen convolutions that learn what to add to what they see.

Every two convolutions are bridged: their result is added to their input, so that the gradient reaches the first layers
as it is. Where the picture is halved and the channels doubled, a 1 × 1 convolution brings the input into the new form.
The 8 × 8 digits come in three equal channels; `--size 32` gives the shapes of CIFAR-10, which the network was made for
and which `--data` brings. `--no-residual` takes the bridges away, `--no-smooth` brings the paper's ReLU back: rounding
soon puts one of its kinks on its other side, and two float32 runs part, where with SiLU they stay together. The run
ends with pictures: an image on its way through the blocks, the first filters, and what is mistaken for what.

    python -m experiments.vision.resnet --epochs 1
    python -m experiments.vision.resnet --data cifar10 --batch-size 128 --learning-rate 0.1

Data: digits; `--data`: MNIST, Fashion-MNIST, CIFAR-10.
Time: 25 s on two cores.
Score: test_accuracy >= 0.95
Paper: He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition".
"""

from dataclasses import dataclass
from itertools import pairwise

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.experiment import Settings, option
from jaxdl.report import vision


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(5, "passes over the training images, of which there are 1,438 digits")
    batch_size: int = option(32, "images a step")
    size: int = option(8, "pixels of a digit's side: 8, 16, 32, ...; other images have 32")
    learning_rate: float = option(0.005, "of SGD with momentum 0.9")
    weight_decay: float = option(1e-4, "pulls the weights towards 0")
    residual: bool = option(True, "bridges around every two convolutions")
    smooth: bool = option(True, "SiLU in place of ReLU")
    data: str = option("digits", "digits, mnist, fashion_mnist or cifar10")

    def __post_init__(self):
        super().__post_init__()
        data.image_classes(self.data)  # refuses other names
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


def images(part, config):
    # On a flat background all ReLUs of a channel are at one point, and rounding would put them all on one side of zero.
    return data.images(config.data, part, size=config.size, channels=3, noise=0.05, dtype=config.dtype)


def source(config):
    return data.ArraySource(images("train", config), config.batch_size, shuffle=True)


def evaluation(config):
    x, y = images("test", config)
    return data.ArraySource((x, y), batch_size=min(len(x), 1000))


def program(config):
    return train.supervised(
        lambda rngs: ResNet20(config.residual, config.smooth, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9, weight_decay=config.weight_decay),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def exhibits(config, state):
    model = ResNet20(config.residual, config.smooth, rngs=random.TorchGenerator(0))
    layers = ("conv", "blocks.0", "blocks.2", "blocks.5", "blocks.8")
    return vision.exhibits(model, state, images("test", config), config.data, layers)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
