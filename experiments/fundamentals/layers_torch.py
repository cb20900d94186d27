"""The layers of a convolutional network in PyTorch: the twin of layers.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class Network(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(8 * 4 * 4, 10)

    def forward(self, x):
        x = self.pool(self.relu(self.bn(self.conv(x))))
        return self.linear(self.dropout(self.flatten(x)))


def model(config):
    return Network(config.dropout)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9)


# Each layer alone: of the image and what else it takes.
LAYERS = {
    "Linear": lambda x, weight, bias: F.linear(x, weight, bias),
    "Conv2d": lambda x, weight, bias: F.conv2d(x, weight, bias, padding=1),
    "ReLU": lambda x: F.relu(x),
    "MaxPool2d": lambda x: F.max_pool2d(x, 4),
    "Flatten": lambda x: torch.flatten(x, 1),
    "Dropout": lambda x, mask: x * mask / (1 - 0.5),  # its own masks are others
    "BatchNorm2d": lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, training=True),
    "Softmax": lambda x: F.softmax(x, dim=-1),
    "CrossEntropyLoss": lambda x, target: F.cross_entropy(x, target),
}


def measured(name, x, others):
    """A layer's value for NumPy arrays, and the gradients of a third of the sum of its cubes."""
    x = torch.tensor(x, requires_grad=True)
    others = {key: torch.tensor(value) for key, value in others.items()}
    for key in ("weight", "bias"):
        if key in others:
            others[key].requires_grad_()
    y = LAYERS[name](x, **others)
    ((y**3).sum() / 3).backward()
    gradients = {key: value.grad.numpy() for key, value in {"x": x, **others}.items() if value.requires_grad}
    return y.detach().numpy(), gradients
