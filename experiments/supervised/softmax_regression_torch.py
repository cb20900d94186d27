"""Softmax regression in PyTorch: the twin of softmax_regression.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F

SIZES = {"digits": (64, 10), "wine": (13, 3)}  # inputs and classes


class SoftmaxRegression(nn.Module):
    def __init__(self, inputs, classes):
        super().__init__()
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.linear(x)


def model(config):
    return SoftmaxRegression(*SIZES[config.data])


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(
        [{"params": [model.linear.bias], "weight_decay": 0.0}, {"params": [model.linear.weight]}],
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
