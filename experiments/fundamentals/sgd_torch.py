"""Stochastic gradient descent in PyTorch: the twin of sgd.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class SoftmaxRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        return self.linear(x)


def model(config):
    return SoftmaxRegression()


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def falling(step):
    """What the learning rate is multiplied by."""
    return 1 / (1 + step / 200)


def optimizer(model, config):
    descent = torch.optim.SGD(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    if config.decay:
        scheduler = torch.optim.lr_scheduler.LambdaLR(descent, falling)
        descent.register_step_post_hook(lambda *_: scheduler.step())  # what a script does after each step
    return descent
