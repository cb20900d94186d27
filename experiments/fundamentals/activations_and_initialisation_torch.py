"""A deep perceptron in PyTorch: the twin of activations_and_initialisation.py, written by hand."""

import torch
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "gelu": F.gelu,
}
INITIALISERS = {
    "small": lambda weight: nn.init.normal_(weight, 0, 0.01),
    "default": lambda weight: nn.init.kaiming_uniform_(weight, 5**0.5),  # of PyTorch's Linear
    "xavier": lambda weight: nn.init.xavier_normal_(weight),
    "kaiming": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
}


class MLP(nn.Module):
    def __init__(self, depth, width, activation, initialiser):
        super().__init__()
        widths = [64] + [width] * (depth - 1) + [10]
        self.layers = nn.Sequential(*[nn.Linear(widths[i], widths[i + 1]) for i in range(depth)])
        for layer in self.layers:
            INITIALISERS[initialiser](layer.weight)
            nn.init.zeros_(layer.bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
        return last(x)


def model(config):
    return MLP(config.depth, config.width, config.activation, config.initialiser)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9)


def variances(config, x):
    """Of each hidden layer's output, and of the gradient by it, where that by the last one is all ones."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = model(config).double()
    x, found = torch.tensor(x), []
    for layer in network.layers[:-1]:
        x = network.activation(layer(x))
        x.retain_grad()
        found.append(x)
    x.sum().backward()
    return [h.var(0, correction=0).mean().item() for h in found], [(h.grad**2).mean().item() for h in found]
