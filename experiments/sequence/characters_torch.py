"""The recurrent reader in PyTorch: the twin of characters.py, written by hand."""

import math

import torch
from torch import nn
from torch.nn import functional as F

CHARACTERS = 96
CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Reader(nn.Module):
    def __init__(self, cell, width):
        super().__init__()
        self.embedding = nn.Embedding(CHARACTERS, 64)
        self.recurrence = CELLS[cell](64, width, batch_first=True)
        self.head = nn.Linear(width, CHARACTERS)

    def forward(self, characters):
        states, _ = self.recurrence(self.embedding(characters))
        return self.head(states)


def model(config):
    return Reader(config.cell, config.width)


def loss(output, target):
    return F.cross_entropy(output.flatten(0, 1), target.flatten())


def bits(output, target):
    return loss(output, target) / math.log(2)


metrics = {"bits": bits}


def optimizer(model, config):
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate)
