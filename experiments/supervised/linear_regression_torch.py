"""Linear and ridge regression in PyTorch: the twin of linear_regression.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(10, 1)

    def forward(self, x):
        return self.linear(x).squeeze(-1)


def model(config):
    return LinearRegression()


loss = F.mse_loss


def optimizer(model, config):
    return torch.optim.SGD(
        [{"params": [model.linear.bias], "weight_decay": 0.0}, {"params": [model.linear.weight]}],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )
