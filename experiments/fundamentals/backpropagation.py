"""Backpropagation by hand: the gradients of a two-layer network, four ways to the same digits.

The chain rule, written out as eight lines of matrix products, trains a network on handwritten digits: no automatic
differentiation takes part. Then the same gradients come from `jaxdl.autodiff`, the engine in NumPy that
docs/autodiff.md explains, from `jax.grad` and from PyTorch. The run ends with a table of their differences and a
drawing of the chain rule at work: every value on the way down, every gradient on the way back.

    python -m experiments.fundamentals.backpropagation
    python -m experiments.fundamentals.backpropagation --gradients autodiff

Data: digits.
Time: 10 s on two cores.
Score: test_accuracy >= 0.95
Paper: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".
"""

import dataclasses
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import autodiff, data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(20, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    learning_rate: float = option(0.1, "step size")
    momentum: float = option(0.9, "how much of the last step is made again: α of the paper")
    hidden: int = option(32, "width of the hidden layer")
    gradients: str = option("hand", "whence the gradients come: hand, autodiff or jax")

    def __post_init__(self):
        super().__post_init__()
        if self.gradients not in WAYS:
            raise ValueError(f"gradients must be one of {', '.join(WAYS)}, given {self.gradients!r}")


class Network(nn.Module):
    def __init__(self, hidden, *, rngs):
        self.hidden = nn.Linear(64, hidden, rngs=rngs)
        self.output = nn.Linear(hidden, 10, rngs=rngs)

    def __call__(self, x):
        return self.output(jnp.tanh(self.hidden(x)))


NAMES = ("hidden.weight", "hidden.bias", "output.weight", "output.bias")


def by_hand(params, x, target):
    """The loss and its gradients. Behind each line of the way forward stands what it is multiplied by on the way back.

    For a loss L and a value v write v̄ = ∂L/∂v, in the shape of v. The chain rule takes v̄ from one line to the one
    before it: if y = f(v), then v̄ = (∂f/∂v)ᵀ ȳ.
    """
    W1, b1, W2, b2 = (params[name] for name in NAMES)
    rows = len(x)

    # Forward. x [N, 64], W1 [H, 64], W2 [10, H]: layers hold their weights as [out, in].
    a = x @ W1.T + b1  # [N, H]
    h = jnp.tanh(a)
    z = h @ W2.T + b2  # [N, 10]
    log_p = z - jax.scipy.special.logsumexp(z, axis=1, keepdims=True)  # ln softmax(z)
    loss = -jnp.mean(log_p[jnp.arange(rows), target])

    # Backward, from the last line to the first.
    # L = −(1/N) Σₙ ln p[n, targetₙ] and ∂(−ln p[t])/∂zⱼ = pⱼ − [j = t]: what is said, less what is true.
    z_ = (jnp.exp(log_p) - jax.nn.one_hot(target, 10, dtype=z.dtype)) / rows  # z̄ [N, 10]
    # z[n, i] = Σₕ h[n, h] W2[i, h] + b2[i]: W2[i, h] moves z[n, i] by h[n, h], in every row n, and b2[i] by 1.
    W2_ = z_.T @ h  # [10, H]
    b2_ = z_.sum(axis=0)
    # h[n, h] moves every z[n, i] by W2[i, h]: the error goes back through the weights that it came by.
    h_ = z_ @ W2  # [N, H]
    # h = tanh a, number by number, and tanh′ = 1 − tanh²: saturated units pass nothing on.
    a_ = h_ * (1 - h * h)
    # a = x W1ᵀ + b1 is the same kind of line as z was.
    W1_ = a_.T @ x  # [H, 64]
    b1_ = a_.sum(axis=0)

    return loss, dict(zip(NAMES, (W1_, b1_, W2_, b2_), strict=True))


def in_numpy(params, x, target):
    """The way forward alone, in NumPy: `jaxdl.autodiff` finds the way back."""
    h = np.tanh(x @ params["hidden.weight"].T + params["hidden.bias"])
    z = h @ params["output.weight"].T + params["output.bias"]
    return autodiff.cross_entropy(z, target)


def in_jax(params, x, target):
    """The way forward alone, with jaxdl's own functions: `jax.grad` finds the way back."""
    h = jnp.tanh(functional.linear(x, params["hidden.weight"], params["hidden.bias"]))
    z = functional.linear(h, params["output.weight"], params["output.bias"])
    return functional.cross_entropy(z, target)


WAYS = {
    "hand": by_hand,
    "autodiff": autodiff.lowered(autodiff.value_and_grad(in_numpy)),  # its operations, run by XLA
    "jax": jax.value_and_grad(in_jax),
}


def source(config):
    x, y, _, _ = data.digits()
    return data.ArraySource((x.reshape(-1, 64).astype(config.dtype), y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = data.digits()
    return data.ArraySource((x.reshape(-1, 64).astype(config.dtype), y), batch_size=len(x))


def program(config):
    """Supervised learning as always, but for the gradients."""
    optimizer = optim.sgd(config.learning_rate, momentum=config.momentum)
    usual = train.supervised(
        lambda rngs: Network(config.hidden, rngs=rngs),
        functional.cross_entropy,
        optimizer,
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )
    loss_and_gradients = WAYS[config.gradients]

    def step(state, batch):
        loss, gradients = loss_and_gradients(state.params, *batch)
        updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
        params = jax.tree.map(jnp.add, state.params, updates)
        return state._replace(params=params, opt_state=opt_state, step=state.step + 1), {"loss": loss}

    def probe(state, batch):
        return train.Probe(usual.predict(state, batch), *loss_and_gradients(state.params, *batch))

    return dataclasses.replace(usual, step=step, probe=probe, inspect=None)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
