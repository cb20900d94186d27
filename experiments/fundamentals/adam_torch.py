"""Adam and its kin in PyTorch: the twin of adam.py, written by hand."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "momentum": partial(torch.optim.SGD, momentum=0.9),
    "nesterov": partial(torch.optim.SGD, momentum=0.9, nesterov=True),
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "muon": partial(torch.optim.Muon, weight_decay=0.0),
}


class SoftmaxRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10, bias=False)  # matrices alone: Muon takes nothing else

    def forward(self, x):
        return self.linear(x)


def model(config):
    return SoftmaxRegression()


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return OPTIMIZERS[config.optimizer](model.parameters(), lr=config.learning_rate)
