"""Nine layers, each alone: its formula, what it does to a photograph, its gradient, and PyTorch's numbers beside it.

A network of seven of them reads handwritten digits; softmax and cross entropy are its loss. Then each layer stands
alone before a photograph: Conv2d finds edges, MaxPool2d keeps the brightest of sixteen, BatchNorm2d evens out colours.
The third picture of each is what the layer hands back: the gradient, by the photograph, of a third of the sum of its
outputs' cubes. The tables hold values and gradients beside PyTorch's.

    python -m experiments.fundamentals.layers
    python -m experiments.fundamentals.layers --dropout 0.2

Data: digits; a photograph.
Time: 14 s on two cores.
Score: test_accuracy >= 0.95
Paper: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition"; Srivastava et
al. 2014, "Dropout"; Ioffe and Szegedy 2015, "Batch Normalization".
"""

from dataclasses import dataclass

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(6, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    learning_rate: float = option(0.01, "SGD's step size, with momentum 0.9")
    dropout: float = option(0.0, "probability of a zero; PyTorch draws other masks, so beside it there is none")


class Network(nn.Module):
    def __init__(self, dropout, *, rngs):
        self.conv = nn.Conv2d(1, 8, 3, padding=1, bias=False, rngs=rngs)
        self.bn = nn.BatchNorm2d(8)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(8 * 4 * 4, 10, rngs=rngs)

    def __call__(self, x):
        x = self.pool(self.relu(self.bn(self.conv(x))))
        return self.linear(self.dropout(self.flatten(x)))


def source(config):
    x, y, _, _ = data.digits()
    return data.ArraySource((x[:, None].astype(config.dtype), y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = data.digits()
    return data.ArraySource((x[:, None].astype(config.dtype), y), batch_size=len(x))


def program(config):
    return train.supervised(
        lambda rngs: Network(config.dropout, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
