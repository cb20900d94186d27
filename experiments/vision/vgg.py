"""A small network of the VGG kind reads digits: small kernels one upon the other, with batch normalisation or without.

Two 3 × 3 convolutions see as much as one of 5 × 5, with fewer weights and one more nonlinearity. The 8 × 8 digits are
drawn twice as large, in three equal channels; `--size 32` gives the shapes of CIFAR-10, which `--data` brings.
`--no-batch-norm` shows what batch normalisation is good for: with it the first epoch is enough for what takes several
without. `--no-smooth` brings the paper's ReLU and max pooling back. They have a million kinks, and rounding soon puts
one of them on its other side: two float32 runs part within ten steps, where with SiLU and average pooling they stay
together. The run ends with pictures: on digits, the losses with and without batch normalisation; an image on its way
through the layers, the first filters, and what is mistaken for what.

    python -m experiments.vision.vgg --epochs 2
    python -m experiments.vision.vgg --data cifar10 --batch-size 128

Data: digits; `--data`: MNIST, Fashion-MNIST, CIFAR-10.
Time: 25 s on two cores.
Score: test_accuracy >= 0.97
Paper: Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition"; Ioffe and
Szegedy 2015, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift".
"""

from dataclasses import dataclass

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(6, "passes over the training images, of which there are 1,438 digits")
    batch_size: int = option(64, "images a step")
    size: int = option(16, "pixels of a digit's side: 8, 16, 32, ...; other images have 32")
    learning_rate: float = option(0.02, "SGD's step size, with momentum 0.9")
    batch_norm: bool = option(True, "batch normalisation behind each convolution")
    smooth: bool = option(True, "SiLU and average pooling, in place of ReLU and max pooling")
    data: str = option("digits", "digits, mnist, fashion_mnist or cifar10")

    def __post_init__(self):
        super().__post_init__()
        data.image_classes(self.data)  # refuses other names
        if self.size < 8 or self.size % 8:
            raise ValueError(f"size must be a multiple of 8, the digits' own, given {self.size}")


class Block(nn.Module):
    def __init__(self, channels, out_channels, batch_norm, smooth, *, rngs):
        # Batch norm subtracts the mean: a bias before it would have no effect.
        self.conv = nn.Conv2d(channels, out_channels, 3, padding=1, bias=not batch_norm, rngs=rngs)
        self.bn = nn.BatchNorm2d(out_channels) if batch_norm else nn.Identity()
        self.activation = nn.SiLU() if smooth else nn.ReLU()

    def __call__(self, x):
        return self.activation(self.bn(self.conv(x)))


class VGG(nn.Module):
    def __init__(self, batch_norm, smooth, *, rngs):
        pool = nn.AvgPool2d if smooth else nn.MaxPool2d
        self.features = nn.Sequential(
            Block(3, 32, batch_norm, smooth, rngs=rngs),
            Block(32, 32, batch_norm, smooth, rngs=rngs),
            pool(2),
            Block(32, 64, batch_norm, smooth, rngs=rngs),
            Block(64, 64, batch_norm, smooth, rngs=rngs),
            pool(2),
            Block(64, 128, batch_norm, smooth, rngs=rngs),
        )
        self.classifier = nn.Linear(128, 10, rngs=rngs)

    def __call__(self, x):
        return self.classifier(self.features(x).mean(axis=(2, 3)))


def images(part, config):
    # On a flat background every pooling window is a tie, and rounding would decide where its gradient goes.
    return data.images(config.data, part, size=config.size, channels=3, noise=0.05, dtype=config.dtype)


def source(config):
    return data.ArraySource(images("train", config), config.batch_size, shuffle=True)


def evaluation(config):
    x, y = images("test", config)
    return data.ArraySource((x, y), batch_size=min(len(x), 1000))


def program(config):
    return train.supervised(
        lambda rngs: VGG(config.batch_norm, config.smooth, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
