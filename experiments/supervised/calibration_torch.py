"""Calibration in PyTorch: the twin of calibration.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F

LENGTH, CHARACTERS = 6, 96


class Reader(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.embedding = nn.Embedding(CHARACTERS, 32)
        self.hidden = nn.Linear(32 * LENGTH, width)
        self.output = nn.Linear(width, CHARACTERS)

    def forward(self, characters):
        x = self.embedding(characters).flatten(1)
        return self.output(torch.tanh(self.hidden(x)))


def model(config):
    return Reader(config.width)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


def confidence(output, target):
    return output.softmax(1).amax(1).mean()


def calibration_error(output, target, bins):
    sure, answer = output.softmax(1).max(1)
    gap = (answer == target).to(sure.dtype) - sure
    place = torch.bucketize(sure, torch.linspace(0, 1, bins + 1, dtype=sure.dtype)[1:-1])
    return gap.new_zeros(bins).index_add(0, place, gap).abs().sum() / len(sure)


def metrics(config):
    return {
        "accuracy": accuracy,
        "confidence": confidence,
        "calibration_error": lambda output, target: calibration_error(output, target, config.bins),
    }


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9)


def temperature(logits, target):
    """T, by which the logits are divided, where the loss is least."""
    logits, target = torch.from_numpy(logits.copy()), torch.from_numpy(target.copy())
    logarithm = torch.zeros((), dtype=logits.dtype, requires_grad=True)
    search = torch.optim.LBFGS([logarithm], line_search_fn="strong_wolfe")

    def closure():
        search.zero_grad()
        value = F.cross_entropy(logits / logarithm.exp(), target)
        value.backward()
        return value

    search.step(closure)
    return logarithm.exp().item()
