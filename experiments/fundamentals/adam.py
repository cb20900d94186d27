"""Adam and its kin: nine optimisers on three problems, Adam's bias correction, and a case where Adam fails.

Softmax regression on digits, by any of nine optimisers. SGD goes along the gradient; momentum and Nesterov's form of it
along its running sum. Adagrad, RMSprop, Adam, AdamW and NAdam divide each number's step by the root of its mean squared
gradient, so that a rare feature learns as fast as a frequent one; Muon gives all directions of a matrix one length. The
problems: dense, the digits; noisy, where four in ten labels are drawn at random; sparse, where most features are nearly
always zero. The run ends with their race, each at its best learning rate of nine; with Adam's first steps, without and
with its correction; and with Reddi's function, on which Adam walks to the worst point and AMSGrad to the best.

In float64 seven of the nine are PyTorch's to rounding. The others cannot be: PyTorch's NAdam keeps one of its products
in float32 (1e-9 apart after a step), and Muon computes in bfloat16, whose rounding soon differs in a last bit.

    python -m experiments.fundamentals.adam
    python -m experiments.fundamentals.adam --problem sparse --optimizer sgd --learning-rate 1

Data: digits; rare features.
Time: 25 s on two cores.
Score: test_accuracy >= 0.94
Paper: Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization"; Reddi, Kale and Kumar 2018, "On the Convergence
of Adam and Beyond".
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.experiment import Settings, option

OPTIMIZERS = {
    "sgd": optim.sgd,
    "momentum": partial(optim.sgd, momentum=0.9),
    "nesterov": partial(optim.sgd, momentum=0.9, nesterov=True),
    "adagrad": optim.adagrad,
    "rmsprop": optim.rmsprop,
    "adam": optim.adam,
    "adamw": optim.adamw,
    "nadam": optim.nadam,
    "muon": partial(optim.muon, weight_decay=0.0),
}
PROBLEMS = ("dense", "noisy", "sparse")


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(10, "passes over the 1,438 training rows")
    batch_size: int = option(32, "rows a step")
    optimizer: str = option("adam", "sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, nadam or muon")
    learning_rate: float = option(0.01, "step size")
    problem: str = option("dense", "dense (digits), noisy (digits, labels drawn at random) or sparse (rare features)")

    def __post_init__(self):
        super().__post_init__()
        for name, known in (("optimizer", OPTIMIZERS), ("problem", PROBLEMS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, given {getattr(self, name)!r}")


class SoftmaxRegression(nn.Module):
    def __init__(self, *, rngs):
        self.linear = nn.Linear(64, 10, bias=False, rngs=rngs)  # matrices alone: Muon takes nothing else

    def __call__(self, x):
        return self.linear(x)


def rows(problem, dtype):
    """Training rows and test rows; what is drawn is drawn from one seed, whatever the run's."""
    x_train, y_train, x_test, y_test = data.digits()
    x_train, x_test = x_train.reshape(-1, 64), x_test.reshape(-1, 64)
    generator = random.TorchGenerator(0)
    if problem == "noisy":
        y_train = data.noisy_labels(y_train, 0.4, 10, generator)
    if problem == "sparse":  # feature j is there in one row of j + 2
        weight = generator.normal((64, 10))
        both = generator.uniform((len(x_train) + len(x_test), 64)) < 1 / (np.arange(64) + 2)
        x_train, x_test = np.split(both, [len(x_train)])
        y_train, y_test = ((x @ weight).argmax(axis=1) for x in (x_train, x_test))
    return (x_train.astype(dtype), y_train), (x_test.astype(dtype), y_test)


def source(config):
    return data.ArraySource(rows(config.problem, config.dtype)[0], config.batch_size, shuffle=True)


def evaluation(config):
    test = rows(config.problem, config.dtype)[1]
    return data.ArraySource(test, batch_size=len(test[0]))


def learned(optimizer, dtype):
    return train.supervised(
        SoftmaxRegression,
        functional.cross_entropy,
        optimizer,
        metrics={"accuracy": metrics.accuracy},
        dtype=dtype,
    )


def program(config):
    return learned(OPTIMIZERS[config.optimizer](config.learning_rate), config.dtype)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
