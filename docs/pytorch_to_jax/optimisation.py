"""Optimisers, schedules and initial weights."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from flax import nnx

from jaxdl import nn, optim, random
from jaxdl.optim import schedules

start = np.random.RandomState(0).randn(5)


def in_torch(name, steps=30, schedule=None, **arguments):
    """Where 30 steps on f(p) = Σ (p⁴ / 4 + p sin 5p) lead."""
    p = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, name)([p], **arguments)
    scheduler = schedule(optimizer) if schedule else None
    for _ in range(steps):
        optimizer.zero_grad()
        (p**4 / 4 + p * torch.sin(5 * p)).sum().backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
    return p.detach()


def in_jax(tx, steps=30):
    """The same with an optax transformation."""
    p, gradient = jnp.asarray(start), jax.grad(lambda p: (p**4 / 4 + p * jnp.sin(5 * p)).sum())

    def step(carry, _):
        p, state = carry
        updates, state = tx.update(gradient(p), state, p)
        return (optax.apply_updates(p, updates), state), None

    return jax.lax.scan(step, (p, tx.init(p)), None, steps)[0][0]


# %% AdamW's weight decay
# 0.01 in PyTorch, 1e-4 in optax.
theirs = in_torch("AdamW", lr=0.01)
stock = in_jax(optax.adamw(0.01))
ours = in_jax(optim.adamw(0.01))

# %% Adam with weight decay is not AdamW
# Adam adds the decay to the gradient.
theirs = in_torch("Adam", lr=0.01, weight_decay=0.1)
stock = in_jax(optax.adamw(0.01, weight_decay=0.1))
ours = in_jax(optim.adam(0.01, weight_decay=0.1))

# %% amsgrad's maximum
# PyTorch takes it before the bias is corrected, optax after.
theirs = in_torch("Adam", lr=0.01, amsgrad=True)
stock = in_jax(optax.amsgrad(0.01))
ours = in_jax(optim.adam(0.01, amsgrad=True))

# %% RMSprop's epsilon
# Outside the root in PyTorch, inside in optax.
theirs = in_torch("RMSprop", lr=0.01, eps=1e-3, alpha=0.9)
stock = in_jax(optax.rmsprop(0.01, decay=0.9, eps=1e-3))
ours = in_jax(optim.rmsprop(0.01, eps=1e-3, alpha=0.9))

# %% RMSprop's default memory
# 0.99 in PyTorch, 0.9 in optax.
theirs = in_torch("RMSprop", lr=0.01)
stock = in_jax(optax.rmsprop(0.01, eps_in_sqrt=False))
ours = in_jax(optim.rmsprop(0.01))

# %% Momentum under a falling learning rate
# optax's rmsprop scales by the learning rate before the momentum, PyTorch after.
theirs = in_torch(
    "RMSprop", lr=0.01, alpha=0.9, momentum=0.9, schedule=lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9)
)
stock = in_jax(optax.rmsprop(optax.exponential_decay(0.01, 1, 0.9), 0.9, momentum=0.9, eps_in_sqrt=False))
ours = in_jax(optim.rmsprop(schedules.exponential_lr(0.01, 0.9), alpha=0.9, momentum=0.9))

# %% Where Adagrad starts
# Its accumulator is 0 in PyTorch, 0.1 in optax.
theirs = in_torch("Adagrad", lr=0.01)
stock = in_jax(optax.adagrad(0.01))
ours = in_jax(optim.adagrad(0.01))

# %% Rprop is a step late
# optax's first update is 0.
theirs = in_torch("Rprop", lr=0.01)
stock = in_jax(optax.rprop(0.01))
ours = in_jax(optim.rprop(0.01))

# %% Adadelta without a learning rate ascends
# optax.adadelta() leaves the minus sign out with the learning rate.
theirs = in_torch("Adadelta")
stock = in_jax(optax.adadelta())
ours = in_jax(optim.adadelta())

# %% Muon
# Other decay, scale and Nesterov step, and PyTorch orthogonalises in bfloat16.
matrix = np.random.RandomState(1).randn(4, 6)
p = torch.tensor(matrix, requires_grad=True)
muon = torch.optim.Muon([p], lr=0.02)
tx, other = optim.muon(0.02), optax.contrib.muon(0.02)
mine, flax = jnp.asarray(matrix), jnp.asarray(matrix)
state, rest = tx.init(mine), other.init(flax)
for _ in range(5):
    p.grad = p.detach() ** 3
    muon.step()
    updates, state = tx.update(mine**3, state, mine)
    mine = optax.apply_updates(mine, updates)
    updates, rest = other.update(flax**3, rest, flax)
    flax = optax.apply_updates(flax, updates)
theirs, stock, ours = p.detach(), flax, mine

# %% Clipping by the norm
# PyTorch divides by norm + 1e-6.
gradient = np.array([3.0, 4.0])
leaf = torch.zeros(2, requires_grad=True)
leaf.grad = torch.tensor(gradient)
torch.nn.utils.clip_grad_norm_([leaf], 1.0)
theirs = leaf.grad
stock = optax.clip_by_global_norm(1.0).update(gradient, optax.EmptyState())[0]
ours = optim.clip_grad_norm(1.0).update(gradient, optax.EmptyState())[0]

# %% The cosine after its end
# PyTorch's CosineAnnealingLR rises again, optax's stays at the bottom.
p = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([p], lr=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
for _ in range(15):
    optimizer.step()
    scheduler.step()
theirs = torch.tensor(scheduler.get_last_lr())
stock = jnp.array([optax.cosine_decay_schedule(0.1, 10)(15)])
ours = jnp.array([schedules.cosine_annealing_lr(0.1, T_max=10)(15)])

# %% Where one cycle turns
# PyTorch's phases end at pct_start · steps - 1 and steps - 1.
optimizer = torch.optim.SGD([p], lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=20)
rates = []
for _ in range(20):
    rates.append(scheduler.get_last_lr()[0])
    optimizer.step()
    scheduler.step()
theirs = torch.tensor(rates)
stock = jnp.array([optax.cosine_onecycle_schedule(20, 1.0)(t) for t in range(20)])
ours = jnp.array([schedules.one_cycle_lr(1.0, total_steps=20)(t) for t in range(20)])

# %% A plateau's patience
# optax's acts one epoch earlier. Here: the learning rates of six epochs without progress.
optimizer = torch.optim.SGD([p], lr=1.0)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
tx, plateau = optax.contrib.reduce_on_plateau(patience=2), schedules.reduce_lr_on_plateau(1.0, patience=2)
scale, state, rates = tx.init(start), plateau.init(), []
for _ in range(6):
    scheduler.step(1.0)
    _, scale = tx.update(start, scale, value=1.0)
    state = plateau.update(state, 1.0)
    rates.append((optimizer.param_groups[0]["lr"], scale.scale, state.learning_rate))
theirs, stock, ours = torch.tensor(np.array(rates)[:, 0]), np.array(rates)[:, 1], np.array(rates)[:, 2]

# %% A schedule of an integer step
# optax computes it in float32 even in x64 mode. Here: the rate after 1,000 steps, relative.
theirs = torch.tensor(1.0)
exact = 0.1 * 0.999**1000
stock = jax.jit(optax.exponential_decay(0.1, 1, 0.999))(jnp.int32(1000)) / exact
ours = jax.jit(schedules.exponential_lr(0.1, 0.999))(jnp.int32(1000)) / exact

# %% How large a Linear layer starts
# U(±1/√in) in PyTorch, a truncated normal of deviation 1/√in in Flax. Here: the largest of 100,000 weights.
torch.manual_seed(0)
theirs = torch.nn.Linear(1000, 100).weight.detach().abs().max()
stock = jnp.abs(nnx.Linear(1000, 100, rngs=nnx.Rngs(0)).kernel[...]).max()
ours = jnp.abs(nn.Linear(1000, 100, dtype=jnp.float64, rngs=random.TorchGenerator(0)).weight[...]).max()

# %% And its bias
# Drawn in PyTorch, 0 in Flax.
torch.manual_seed(0)
theirs = torch.nn.Linear(1000, 100).bias.detach()
stock = nnx.Linear(1000, 100, rngs=nnx.Rngs(0)).bias[...]
ours = nn.Linear(1000, 100, dtype=jnp.float64, rngs=random.TorchGenerator(0)).bias[...]

# %% The bounds of a truncated normal
# Absolute numbers in PyTorch, standard deviations in jax. Here: the largest of 10,000 draws of deviation 0.02.
torch.manual_seed(0)
theirs = torch.nn.init.trunc_normal_(torch.empty(10_000), std=0.02, a=-2, b=2).abs().max()
stock = jnp.abs(0.02 * jax.random.truncated_normal(jax.random.key(0), -2, 2, 10_000)).max()
weight = nnx.Param(jnp.empty(10_000, jnp.float64))
ours = jnp.abs(nn.init.trunc_normal_(weight, std=0.02, a=-2, b=2, rngs=random.TorchGenerator(0))[...]).max()
