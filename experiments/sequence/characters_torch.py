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


def reach(config, characters, following):
    """The norm of the gradient of a window's last loss by the state before its last k characters, k = 1, 2, ..."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        reader = Reader(config.cell, config.width).double()
    zeros = torch.zeros(1, len(characters), config.width, dtype=torch.float64)
    hx, given = (zeros, zeros.clone()) if config.cell == "lstm" else zeros, []
    for x in reader.embedding(torch.tensor(characters)).split(1, dim=1):
        given.append(hx if config.cell == "lstm" else (hx,))
        for part in given[-1]:
            part.requires_grad_().retain_grad()
        states, hx = reader.recurrence(x, hx)
    F.cross_entropy(reader.head(states[:, -1]), torch.tensor(following)[:, -1], reduction="sum").backward()
    gradients = [torch.cat([part.grad for part in parts], dim=-1) for parts in reversed(given)]
    return torch.stack(gradients).norm(dim=-1).mean(dim=(1, 2)).numpy()
