"""PyTorch's models that ports are compared with: small ones, with nothing in them that is zero or one."""

from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def originals(torch):
    """Builders of PyTorch models, and of the tensors in them as NumPy's."""
    nn, functional = torch.nn, torch.nn.functional

    class Net(nn.Module):
        """A convolution, batch norm, pooling and a linear layer."""

        def __init__(self, stride=1, padding=1, size=4, bias=True):
            super().__init__()
            self.conv = nn.Conv2d(2, 3, 3, stride=stride, padding=padding, bias=bias)
            self.bn = nn.BatchNorm2d(3)
            self.pool = nn.AvgPool2d(2)
            self.fc = nn.Linear(3 * size * size // 4, 5)

        def forward(self, x):
            x = self.pool(functional.relu(self.bn(self.conv(x))))
            return self.fc(torch.flatten(x, 1))

    class Mlp(nn.Module):
        """Two square layers with an activation between them, and layer norm."""

        def __init__(self, act=None, width=4):
            super().__init__()
            self.fc1, self.act = nn.Linear(width, width), act or nn.GELU()
            self.norm, self.fc2 = nn.LayerNorm(width), nn.Linear(width, width)

        def forward(self, x):
            return self.fc2(self.norm(self.act(self.fc1(x))))

    class Language(nn.Module):
        """An embedding, a recurrent layer and a linear one."""

        def __init__(self, kind="LSTM"):
            super().__init__()
            self.embed = nn.Embedding(7, 4)
            self.rnn = getattr(nn, kind)(4, 4, batch_first=True)
            self.head = nn.Linear(4, 3)

        def forward(self, x):
            return self.head(self.rnn(self.embed(x))[0])

    class Attention(nn.Module):
        """Attention by hand: one map gives query, key and value, two heads, causal."""

        def __init__(self, causal=True):
            super().__init__()
            self.qkv, self.out, self.causal = nn.Linear(4, 12), nn.Linear(4, 4), causal

        def forward(self, x):
            batch, length, width = x.shape
            parts = [part.view(batch, length, 2, 2).transpose(1, 2) for part in self.qkv(x).chunk(3, -1)]
            q, k, v = parts
            scores = q @ k.transpose(-2, -1) / 2**0.5
            if self.causal:
                hidden = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
                scores = scores.masked_fill(hidden, float("-inf"))
            mixed = scores.softmax(-1) @ v
            return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    class Block(nn.Module):
        """A residual block."""

        def __init__(self, width=4):
            super().__init__()
            self.norm, self.fc1, self.fc2 = nn.LayerNorm(width), nn.Linear(width, 6), nn.Linear(6, width)

        def forward(self, x):
            return x + self.fc2(torch.relu(self.fc1(self.norm(x))))

    def build(kind, *args, **kwargs):
        torch.manual_seed(0)
        module = kind(*args, **kwargs)
        with torch.no_grad():
            for name, tensor in module.state_dict().items():
                if tensor.is_floating_point():  # none keeps the value that it starts with
                    drawn = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(len(name)))
                    tensor.copy_(0.3 * drawn.abs() + 0.5 if "var" in name else tensor + 0.3 * drawn)
        return module

    return SimpleNamespace(
        Net=Net, Mlp=Mlp, Language=Language, Attention=Attention, Block=Block, build=build, tensors=tensors
    )


def tensors(module):
    """A PyTorch model's state_dict as NumPy arrays."""
    return {name: value.detach().numpy().copy() for name, value in module.state_dict().items()}


def numbers(*shape, seed=0):
    """Normal ones."""
    return np.random.default_rng(seed).normal(size=shape)
