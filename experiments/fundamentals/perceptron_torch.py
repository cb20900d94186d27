"""Rosenblatt's perceptron in PyTorch, and the net with a hidden layer: the twin of perceptron.py, written by hand."""

import torch
from torch import nn


class Perceptron(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh()) if hidden else nn.Identity()
        self.output = nn.Linear(hidden or inputs, 1)
        if not hidden:  # the bound on its mistakes is that of a start at zero
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)

    def forward(self, x):
        return self.output(self.hidden(x)).squeeze(-1)


INPUTS = {"irises": 2, "digits": 64, "xor": 2}


def model(config):
    return Perceptron(INPUTS[config.points], config.hidden)


def loss(score, target):
    agreement = target * score
    return torch.where(agreement > 0, 0, -agreement).mean()  # at zero its gradient is that of a mistake


def accuracy(score, target):
    return ((score > 0) == (target > 0)).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate)
