"""Weight decay and dropout in PyTorch: the twin of regularisation.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class MLP(nn.Module):
    def __init__(self, hidden, dropout):
        super().__init__()
        self.fc1 = nn.Linear(64, hidden)
        self.drop1 = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden, hidden)
        self.drop2 = nn.Dropout(dropout)
        self.fc3 = nn.Linear(hidden, 10)

    def forward(self, x):
        x = self.drop1(torch.tanh(self.fc1(x)))
        x = self.drop2(torch.tanh(self.fc2(x)))
        return self.fc3(x)


def model(config):
    return MLP(config.hidden, config.dropout)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9, weight_decay=config.weight_decay)
