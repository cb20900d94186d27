"""A two-layer network in PyTorch, whose gradients `loss.backward()` finds: the twin of backpropagation.py."""

import torch
from torch import nn
from torch.nn import functional as F


class Network(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.hidden = nn.Linear(64, hidden)
        self.output = nn.Linear(hidden, 10)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)))


def model(config):
    return Network(config.hidden)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)


def gradients(params, x, target):
    """The gradients of the loss, for NumPy arrays: a column of the experiment's table."""
    network = Network(len(params["hidden.bias"])).double()
    network.load_state_dict({name: torch.tensor(value) for name, value in params.items()})
    loss(network(torch.tensor(x)), torch.tensor(target)).backward()
    return {name: parameter.grad.numpy() for name, parameter in network.named_parameters()}
