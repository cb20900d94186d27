"""The bank of filters for EEG in PyTorch: the twin of eeg.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class FilterBank(nn.Module):
    def __init__(self, filters, taps):
        super().__init__()
        self.conv = nn.Conv1d(1, filters, taps, bias=False)
        self.head = nn.Linear(filters, 4)

    def forward(self, x):
        power = self.conv(x.unsqueeze(1)).square().mean(-1)
        return self.head(torch.log(power + 1e-3))


def model(config):
    return FilterBank(config.filters, config.taps)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9)
