"""LeNet-5 reads handwritten digits.

Two convolutions find strokes and their combinations wherever they stand, pooling halves the picture twice, three
linear layers decide. The 8 × 8 digits are drawn four times as large, to the 32 × 32 that LeNet takes. `--batch-norm`
puts batch normalisation behind each convolution.

    python -m experiments.vision.lenet --epochs 3

Data: digits.
Time: 8 s on two cores.
Score: test_accuracy >= 0.95
Paper: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition".
"""

from dataclasses import dataclass

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(10, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    learning_rate: float = option(2e-3, "Adam's step size")
    batch_norm: bool = option(False, "batch normalisation behind each convolution")


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


def images(x, config):
    return x.repeat(4, axis=1).repeat(4, axis=2)[:, None].astype(config.dtype)


def source(config):
    x, y, _, _ = data.digits()
    return data.ArraySource((images(x, config), y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = data.digits()
    return data.ArraySource((images(x, config), y), batch_size=len(x))


def program(config):
    return train.supervised(
        lambda rngs: LeNet(config.batch_norm, rngs=rngs),
        functional.cross_entropy,
        optim.adam(config.learning_rate),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
