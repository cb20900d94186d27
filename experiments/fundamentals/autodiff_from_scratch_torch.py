"""Four networks side by side in PyTorch: the twin of autodiff_from_scratch.py, written by hand."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

CHARACTERS, LENGTH, WIDTH, HEADS = 96, 24, 64, 4


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8 * 8, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, images):
        return self.fc2(F.relu(self.fc1(images.flatten(1))))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5, padding=2)
        self.fc1 = nn.Linear(16 * 2 * 2, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, images):
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc3(F.relu(self.fc2(x)))


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(CHARACTERS, 32)
        self.lstm = nn.LSTM(32, WIDTH, batch_first=True)
        self.head = nn.Linear(WIDTH, CHARACTERS)

    def forward(self, characters):
        return self.head(self.lstm(self.embedding(characters))[0])


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(CHARACTERS, WIDTH)
        self.position = nn.Embedding(LENGTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)
        self.norm3 = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, CHARACTERS)

    def forward(self, characters):
        x = self.embedding(characters) + self.position.weight
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(seen.transpose(1, 2).flatten(2))
        x = x + self.down(F.gelu(self.up(self.norm2(x))))
        return self.head(self.norm3(x))


NETWORKS = {"mlp": MLP, "lenet": LeNet, "lstm": LSTM, "transformer": Transformer}
OF_DIGITS = ("mlp", "lenet")


class Networks(nn.ModuleDict):
    def forward(self, images, characters):
        return {name: network(images if name in OF_DIGITS else characters) for name, network in self.items()}


def chosen(config):
    return list(NETWORKS) if config.model == "all" else [config.model]


def model(config):
    return Networks({name: NETWORKS[name]() for name in chosen(config)})


def answers(name, target):
    """What a network should say: the digit, or the next characters."""
    return target[:, 0] if name in OF_DIGITS else target[:, 1:].flatten()


def own_loss(name, outputs, target):
    return F.cross_entropy(outputs[name].flatten(0, -2), answers(name, target))


def own_accuracy(name, outputs, target):
    return (outputs[name].flatten(0, -2).argmax(1) == answers(name, target)).double().mean()


def loss(outputs, target):
    return sum(own_loss(name, outputs, target) for name in outputs)


def metrics(config):
    return {
        f"{name}_{what}": partial(measure, name)
        for name in chosen(config)
        for what, measure in (("loss", own_loss), ("accuracy", own_accuracy))
    }


def optimizer(model, config):
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate)
