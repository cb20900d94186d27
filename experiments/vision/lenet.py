"""LeNet-5 reads handwritten digits.

Two convolutions find strokes and their combinations wherever they stand, pooling halves the picture twice, three
linear layers decide. The 8 × 8 digits are drawn four times as large, to the 32 × 32 that LeNet takes; `--data` brings
others, CIFAR-10 in grey, as LeNet has one channel. `--batch-norm` puts batch normalisation behind each convolution.
The run ends with pictures: an image on its way through the layers, the filters, and what is mistaken for what.

    python -m experiments.vision.lenet --epochs 3
    python -m experiments.vision.lenet --data mnist --batch-size 128

Data: digits; `--data`: MNIST, Fashion-MNIST, CIFAR-10.
Time: 13 s on two cores.
Score: test_accuracy >= 0.95
Paper: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition".
"""

from dataclasses import dataclass

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.experiment import Settings, option
from jaxdl.report import vision


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(10, "passes over the training images, of which there are 1,438 digits")
    batch_size: int = option(32, "images a step")
    learning_rate: float = option(2e-3, "Adam's step size")
    batch_norm: bool = option(False, "batch normalisation behind each convolution")
    data: str = option("digits", "digits, mnist, fashion_mnist or cifar10")

    def __post_init__(self):
        super().__post_init__()
        data.image_classes(self.data)  # refuses other names


class LeNet(nn.Module):
    def __init__(self, batch_norm, *, rngs):
        # Batch norm subtracts the mean: a bias before it would have no effect.
        self.conv1 = nn.Conv2d(1, 6, 5, bias=not batch_norm, rngs=rngs)
        self.bn1 = nn.BatchNorm2d(6) if batch_norm else nn.Identity()
        self.conv2 = nn.Conv2d(6, 16, 5, bias=not batch_norm, rngs=rngs)
        self.bn2 = nn.BatchNorm2d(16) if batch_norm else nn.Identity()
        self.fc1 = nn.Linear(16 * 5 * 5, 120, rngs=rngs)
        self.fc2 = nn.Linear(120, 84, rngs=rngs)
        self.fc3 = nn.Linear(84, 10, rngs=rngs)

    def __call__(self, x):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 2)
        x = functional.max_pool2d(functional.relu(self.bn2(self.conv2(x))), 2)
        x = x.reshape(len(x), -1)
        x = functional.relu(self.fc1(x))
        x = functional.relu(self.fc2(x))
        return self.fc3(x)


def images(part, config):
    return data.images(config.data, part, dtype=config.dtype)


def source(config):
    return data.ArraySource(images("train", config), config.batch_size, shuffle=True)


def evaluation(config):
    x, y = images("test", config)
    return data.ArraySource((x, y), batch_size=min(len(x), 1000))


def program(config):
    return train.supervised(
        lambda rngs: LeNet(config.batch_norm, rngs=rngs),
        functional.cross_entropy,
        optim.adam(config.learning_rate),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def exhibits(config, state):
    model = LeNet(config.batch_norm, rngs=random.TorchGenerator(0))
    return vision.exhibits(model, state, images("test", config), config.data, layers=("conv1", "conv2"))


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
