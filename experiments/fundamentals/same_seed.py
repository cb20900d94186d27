"""One seed decides everything: an ordinary PyTorch script and its jaxdl counterpart see the same run.

`torch.manual_seed(0)`, then what scripts do: split the data, build a model, shuffle with a DataLoader, train, and test
after each epoch. All of it draws from one generator, in that order. Here the same seed gives the same split, the same
weights, the same batches and the same losses, to ten digits in float64, without PyTorch. Run both and compare:

    python -m experiments.fundamentals.same_seed
    python experiments/fundamentals/same_seed_torch.py

Data: digits.
Time: 10 s on two cores.
Score: test_accuracy >= 0.9
Paper: Matsumoto and Nishimura 1998, "Mersenne Twister", PyTorch's generator; the script has the shape of PyTorch's
quickstart tutorial.
"""

from dataclasses import dataclass

from sklearn.datasets import load_digits

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.experiment import Settings, option

ROWS = 1797


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(3, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    learning_rate: float = option(0.3, "step size")


class NeuralNetwork(nn.Module):
    def __init__(self, *, rngs):
        self.flatten = nn.Flatten()
        self.layers = nn.Sequential(
            nn.Linear(8 * 8, 128, rngs=rngs),
            nn.ReLU(),
            nn.Linear(128, 128, rngs=rngs),
            nn.ReLU(),
            nn.Linear(128, 10, rngs=rngs),
        )

    def __call__(self, x):
        return self.layers(self.flatten(x))


def digits(config):
    """All digits in the order in which `random_split` deals them out: the seed's first draws."""
    images, labels = load_digits(return_X_y=True)
    order = random.TorchGenerator(config.seed).randperm(ROWS)
    return (images / 16).astype(config.dtype).reshape(-1, 8, 8)[order], labels[order]


def source(config):
    x, y = digits(config)
    return data.ArraySource((x[:1438], y[:1438]), config.batch_size, shuffle=True)


def evaluation(config):
    x, y = digits(config)
    return data.ArraySource((x[1438:], y[1438:]), config.batch_size)


def model(rngs):
    rngs.randperm(ROWS)  # the split draws before the weights do
    return NeuralNetwork(rngs=rngs)


def program(config):
    return train.supervised(
        model,
        functional.cross_entropy,
        optim.sgd(config.learning_rate),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
