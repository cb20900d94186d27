"""Gradient descent on three landscapes in PyTorch: the twin of gradient_descent.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F

from experiments.fundamentals.gradient_descent import START, tumours


def quadratic(x):
    return (x[0] ** 2 + 10 * x[1] ** 2) / 2


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def logistic(x):
    measurements, benign = (torch.from_numpy(array) for array in tumours(str(x.dtype).removeprefix("torch.")))
    return F.binary_cross_entropy_with_logits(measurements @ x, benign) + 0.005 * x @ x


FUNCTIONS = {"quadratic": quadratic, "rosenbrock": rosenbrock, "logistic": logistic}


class Place(nn.Module):
    """Where the descent stands, and how high that is."""

    def __init__(self, name):
        super().__init__()
        self.function = FUNCTIONS[name]
        self.x = nn.Parameter(torch.tensor(START[name], dtype=torch.float64))

    def forward(self):
        return self.function(self.x)


def model(config):
    return Place(config.function)


def loss(output, step):
    return output


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.step_size)
