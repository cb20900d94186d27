"""LeNet in stock Flax NNX and optax, as one would write it without jaxdl: what the benchmark times beside lenet.py."""

import jax.numpy as jnp
import optax
from flax import nnx

from jaxdl.compare import layouts


class LeNet(nnx.Module):
    def __init__(self, batch_norm, rngs):
        self.conv1 = nnx.Conv(1, 6, (5, 5), padding="VALID", use_bias=not batch_norm, rngs=rngs)
        self.bn1 = nnx.BatchNorm(6, momentum=0.9, epsilon=1e-5, rngs=rngs) if batch_norm else None
        self.conv2 = nnx.Conv(6, 16, (5, 5), padding="VALID", use_bias=not batch_norm, rngs=rngs)
        self.bn2 = nnx.BatchNorm(16, momentum=0.9, epsilon=1e-5, rngs=rngs) if batch_norm else None
        self.fc1 = nnx.Linear(5 * 5 * 16, 120, rngs=rngs)
        self.fc2 = nnx.Linear(120, 84, rngs=rngs)
        self.fc3 = nnx.Linear(84, 10, rngs=rngs)

    def __call__(self, x):
        x = self.conv1(x)
        x = nnx.relu(x if self.bn1 is None else self.bn1(x))
        x = nnx.max_pool(x, (2, 2), (2, 2))
        x = self.conv2(x)
        x = nnx.relu(x if self.bn2 is None else self.bn2(x))
        x = nnx.max_pool(x, (2, 2), (2, 2))
        x = x.reshape(len(x), -1)
        return self.fc3(nnx.relu(self.fc2(nnx.relu(self.fc1(x)))))


def model(config, rngs):
    return LeNet(config.batch_norm, rngs)


inputs = layouts.channels_last


def weights(tensors):
    found = layouts.flax(tensors)
    # PyTorch flattens channels first, Flax channels last.
    found["fc1.kernel"] = found["fc1.kernel"].reshape(16, 25, 120).swapaxes(0, 1).reshape(400, 120)
    return found


def loss(logits, target):
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, target))


def optimizer(config):
    return optax.adam(config.learning_rate)
