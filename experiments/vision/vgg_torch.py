"""The small VGG in PyTorch: the twin of vgg.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, channels, out_channels, batch_norm, smooth):
        super().__init__()
        # Batch norm subtracts the mean: a bias before it would have no effect.
        self.conv = nn.Conv2d(channels, out_channels, 3, padding=1, bias=not batch_norm)
        self.bn = nn.BatchNorm2d(out_channels) if batch_norm else nn.Identity()
        self.activation = nn.SiLU() if smooth else nn.ReLU()

    def forward(self, x):
        return self.activation(self.bn(self.conv(x)))


class VGG(nn.Module):
    def __init__(self, batch_norm, smooth):
        super().__init__()
        pool = nn.AvgPool2d if smooth else nn.MaxPool2d
        self.features = nn.Sequential(
            Block(3, 32, batch_norm, smooth),
            Block(32, 32, batch_norm, smooth),
            pool(2),
            Block(32, 64, batch_norm, smooth),
            Block(64, 64, batch_norm, smooth),
            pool(2),
            Block(64, 128, batch_norm, smooth),
        )
        self.classifier = nn.Linear(128, 10)

    def forward(self, x):
        return self.classifier(self.features(x).mean(dim=(2, 3)))


def model(config):
    return VGG(config.batch_norm, config.smooth)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9)
