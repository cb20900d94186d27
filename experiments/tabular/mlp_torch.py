"""A multilayer perceptron in PyTorch: the twin of mlp.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


def model(config):
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, 10),
    )


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate)
