"""LeNet-5 in PyTorch: the twin of lenet.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class LeNet(nn.Module):
    def __init__(self, batch_norm):
        super().__init__()
        # Batch norm subtracts the mean: a bias before it would have no effect.
        self.conv1 = nn.Conv2d(1, 6, 5, bias=not batch_norm)
        self.bn1 = nn.BatchNorm2d(6) if batch_norm else nn.Identity()
        self.conv2 = nn.Conv2d(6, 16, 5, bias=not batch_norm)
        self.bn2 = nn.BatchNorm2d(16) if batch_norm else nn.Identity()
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def model(config):
    return LeNet(config.batch_norm)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate)
