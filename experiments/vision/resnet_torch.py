"""ResNet-20 in PyTorch: the twin of resnet.py, written by hand."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, channels, out_channels, residual, activation):
        super().__init__()
        stride = out_channels // channels
        self.conv1 = nn.Conv2d(channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.bridge = nn.Identity()
        if stride > 1:
            self.bridge = nn.Conv2d(channels, out_channels, 1, stride=stride, bias=False)
        self.residual = residual
        self.activation = activation

    def forward(self, x):
        y = self.activation(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.activation(y + self.bridge(x) if self.residual else y)


class ResNet20(nn.Module):
    def __init__(self, residual, smooth):
        super().__init__()
        self.activation = nn.SiLU() if smooth else nn.ReLU()
        self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        self.blocks = nn.Sequential(*(Block(a, b, residual, self.activation) for a, b in pairwise(widths)))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.activation(self.bn(self.conv(x)))
        return self.fc(self.blocks(x).mean(dim=(2, 3)))


def model(config):
    return ResNet20(config.residual, config.smooth)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9, weight_decay=config.weight_decay)
