"""Automatic differentiation in PyTorch: the twin of autograd.py, written by hand."""

from collections import Counter
from functools import reduce

import numpy as np
import torch
from torch import nn
from torch.func import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp  # noqa: F401  the tables use them
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint  # noqa: F401  and this

MOST = 200  # turns of a loop that does not come to rest


def turn(W, u, z):
    return torch.tanh(z @ W.T + u)


def rest(step, z):
    """Where z comes to rest under a step: it turns until z changes by no more than rounding."""
    close = 4 * torch.finfo(z.dtype).eps
    for _ in range(MOST):
        before, z = z, step(z)
        if (z - before).abs().max() <= close * z.abs().max():
            break
    return z


class Settle(torch.autograd.Function):
    """The fixed point of `turn`."""

    @staticmethod
    def forward(ctx, W, u):
        z = rest(lambda z: turn(W, u, z), torch.zeros_like(u))
        ctx.save_for_backward(W, u, z)
        return z

    @staticmethod
    def backward(ctx, g):
        W, u, z = (value.detach().requires_grad_() for value in ctx.saved_tensors)
        with torch.enable_grad():
            again = turn(W, u, z)  # one turn at the fixed point, however many led there
        z_ = rest(lambda z_: g + torch.autograd.grad(again, z, z_, retain_graph=True)[0], g)  # z̄ = g + (∂f/∂z)ᵀ z̄
        return torch.autograd.grad(again, (W, u), z_)


class Equilibrium(nn.Module):
    def __init__(self, hidden, turns):
        super().__init__()
        self.input = nn.Linear(64, hidden)
        self.recurrent = nn.Linear(hidden, hidden, bias=False)
        self.output = nn.Linear(hidden, 10)
        self.turns = turns

    def forward(self, x):
        W, u = self.recurrent.weight, self.input(x)
        W = 0.9 * W / torch.linalg.norm(W)  # a turn then brings any two z nearer: there is one fixed point
        if self.turns is None:
            return self.output(Settle.apply(W, u))
        z = torch.zeros_like(u)
        for _ in range(self.turns):
            z = turn(W, u, z)
        return self.output(z)


def model(config):
    return Equilibrium(config.hidden, config.turns if config.unrolled else None)


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9)


# What the expressions below use.


def tape(f, *values):
    """Gradients from the tape: leaves, a pass forward, one back, and .grad of each leaf."""
    leaves = [torch.tensor(value, requires_grad=True) for value in values]
    f(*leaves).backward()
    return leaves[0].grad if len(leaves) == 1 else [leaf.grad for leaf in leaves]


def second(f, x, create_graph):
    """The gradient of the gradient, from the tape."""
    x = torch.tensor(x, requires_grad=True)
    (first,) = torch.autograd.grad(f(x), x, create_graph=create_graph)
    return torch.autograd.grad(first, x)[0]


def asked(losses, x):
    """What .grad holds after each of several losses has gone back."""
    x, found = torch.tensor(x, requires_grad=True), []
    for f in losses:
        f(x).backward()
        found.append(x.grad.item())
    return found


def twice(f, x, keep):
    """.grad after two ways back after one way forward."""
    x = torch.tensor(x, requires_grad=True)
    y = f(x)
    y.backward(retain_graph=keep)
    y.backward()
    return x.grad


def grown(x):
    """x times x times x ... for as long as that is below 100."""
    y = x
    while y < 100:
        y = x * y
    return y


class Clipped(torch.autograd.Function):
    """x, whose gradient goes no further than 1."""

    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g.clamp(-1, 1)


def overwritten(x):
    """What comes of a value that is written over once it was used."""
    y = torch.exp(x)
    y *= 2
    return y


SAME = [
    ("a number", "tape(lambda x: x**3, 2.0)"),
    ("two numbers", "tape(lambda x, y: x * y, 2.0, 3.0)"),
    ("a dict of weights", "grad(lambda p: 5 * p['w'])({'w': torch.tensor(1.0)})['w']"),
    ("something besides the loss", "grad(lambda x: (x**2, x + 1), has_aux=True)(torch.tensor(3.0))"),
    ("rows that are read twice", "tape(lambda x: x[[0, 0, 2]].sum(), [0.0, 0.0, 0.0])"),
    ("vector times Jacobian", "vjp(torch.sin, torch.zeros(2))[1](torch.tensor([1.0, 2.0]))[0]"),
    ("Jacobian times vector", "jvp(torch.sin, (torch.tensor(0.0),), (torch.tensor(2.0),))[1]"),
    ("Jacobian, row by row", "jacrev(lambda x: x * x[0])(torch.arange(3.0))"),
    ("Jacobian, column by column", "jacfwd(lambda x: x * x[0])(torch.arange(3.0))"),
    ("a gradient an example", "torch.vmap(grad(torch.square))(torch.arange(3.0))"),
    ("second order", "grad(grad(lambda x: x**4))(torch.tensor(2.0))"),
    ("second order, on the tape", "second(lambda x: x**4, 2.0, create_graph=True)"),
    ("Hessian", "hessian(lambda x: x[0] ** 2 * x[1])(torch.tensor([1.0, 2.0]))"),
    ("Hessian times vector", "jvp(grad(lambda x: (x**3).sum()), (torch.ones(2),), (torch.arange(2.0),))[1]"),
    ("a gradient in a loss", "grad(lambda w: grad(lambda x: w * x**2)(torch.tensor(3.0)) ** 2)(torch.tensor(2.0))"),
    ("stop-gradient", "tape(lambda x: x * x.detach(), 3.0)"),
    ("a part without gradient", "tape(lambda x: x + torch.no_grad()(torch.square)(x), 3.0)"),
    ("straight through rounding", "tape(lambda x: x + (x.round() - x).detach(), 1.3)"),
    ("if", "tape(lambda x: x**2 if x > 0 else -x, 3.0)"),
    ("cond, compiled", "tape(lambda x: x**2 if x > 0 else -x, -3.0)"),
    ("scan", "tape(lambda x: reduce(lambda y, _: x * y, range(4), x), 2.0)"),
    ("a counted loop", "tape(lambda x: reduce(lambda y, _: x * y, range(4), x), 2.0)"),
    ("while, forwards", "jvp(grown, (torch.tensor(2.0),), (torch.tensor(1.0),))[1]"),
    ("a gradient of one's own", "tape(lambda x: 5 * Clipped.apply(x), 2.0)"),
    ("computed once more", "tape(lambda x: checkpoint(lambda y: y.sin().sin(), x, use_reentrant=False), 1.0)"),
    ("two losses, added up", "asked([torch.square, torch.exp], 2.0)[-1]"),
    ("twice over one pass", "twice(torch.exp, 0.0, keep=True)"),
    ("ReLU's kink", "tape(F.relu, 0.0)"),
    ("the larger of two equals", "tape(torch.maximum, 1.0, 1.0)"),
    ("the largest of equals", "tape(torch.max, [1.0, 1.0])"),
    ("a square root at zero", "tape(torch.sqrt, 0.0)"),
    ("NaN behind a where", "tape(lambda x: torch.where(x > 0, x.log(), 0.0), 0.0)"),
    ("two wheres, no NaN", "tape(lambda x: torch.where(x > 0, torch.where(x > 0, x, 1.0).log(), 0.0), 0.0)"),
    ("a branch not taken", "tape(lambda x: x.log() if x > 0 else -x, 0.0)"),
]
APART = [
    ("while, backwards", "tape(grown, 2.0)"),
    ("if, compiled", "tape(lambda x: x**2 if x > 0 else -x, 3.0)"),
    ("asked twice: gradients add up", "asked([torch.square, torch.square], 2.0)"),
    ("a second time over one pass", "twice(torch.exp, 0.0, keep=False)"),
    ("second order needs a tape of the first", "second(torch.sin, 1.0, create_graph=False)"),
    ("what has no part in the result", "tape(lambda x, y: x**2, 2.0, 3.0)[1]"),
    ("in which order", "grad_and_value(torch.square)(torch.tensor(3.0))"),
    ("written over", "tape(overwritten, 0.0)"),
    ("|x| at its kink", "tape(torch.abs, 0.0)"),
    ("a limit, right there", "tape(lambda x: x.clamp(0.0, 1.0), 0.0)"),
    ("the largest of equals, along an axis", "tape(lambda x: x.max(dim=0).values, [1.0, 1.0])"),
    ("the norm of nothing", "tape(torch.linalg.vector_norm, [0.0, 0.0])"),
    ("of a complex number", "tape(lambda z: z.abs() ** 2, 1 + 2j)"),
]
CALLS = {
    "x · sin x": lambda x: x * torch.sin(x),
    "sin x if x > 0, else cos x": lambda x: torch.sin(x) if x > 0 else torch.cos(x),
    "x ← x · x, four times": lambda x: reduce(lambda x, _: x * x, range(4), x),
    "y ← x · y, while y < 100": grown,
}


def recorded(call):
    """The tape that a call at 2 leaves: its nodes, from the result back to x."""
    seen, waiting = [], [call(torch.tensor(2.0, requires_grad=True)).grad_fn]
    while waiting:
        node = waiting.pop(0)
        if node is not None and node not in seen:
            seen.append(node)
            waiting += [before for before, _ in node.next_functions]
    count = Counter(node.name().rpartition(":")[2] for node in seen)
    return ", ".join(name if times == 1 else f"{times} × {name}" for name, times in count.items())


def derivatives(x):
    """tanh and its first four derivatives at many places, each recorded as it is computed."""
    x = torch.from_numpy(x).requires_grad_()
    found = [torch.tanh(x)]
    for _ in range(4):
        found += torch.autograd.grad(found[-1].sum(), x, create_graph=True)
    return [each.detach().numpy() for each in found]


def price(config, params, batch):
    """How many numbers a pass forward keeps for the way back, and the gradients."""
    net, kept = model(config).double(), {}
    net.load_state_dict({name: torch.tensor(np.asarray(value)) for name, value in params.items()})
    x, target = (torch.from_numpy(np.asarray(array)) for array in batch)

    def pack(tensor):
        kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = net(x)
    loss(output, target).backward()
    return sum(kept.values()), {name: value.grad.numpy() for name, value in net.named_parameters()}
