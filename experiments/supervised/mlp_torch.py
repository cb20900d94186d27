"""A multilayer perceptron in PyTorch: the twin of mlp.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F

SIZES = {"digits": (64, 10), "wine": (13, 3)}  # inputs and classes


def model(config):
    inputs, classes = SIZES[config.data]
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(inputs, config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, classes),
    )


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate)
