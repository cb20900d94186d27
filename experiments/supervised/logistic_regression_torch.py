"""Logistic regression in PyTorch: the twin of logistic_regression.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class LogisticRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(30, 1)

    def forward(self, x):
        return self.linear(x).squeeze(-1)


def model(config):
    return LogisticRegression()


loss = F.binary_cross_entropy_with_logits


def accuracy(output, target):
    return ((output > 0) == (target > 0.5)).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(
        [{"params": [model.linear.bias], "weight_decay": 0.0}, {"params": [model.linear.weight]}],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )
