"""Losses."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

from docs.pytorch_to_jax.prelude import refused
from jaxdl import functional

F = torch.nn.functional
rows = np.random.RandomState(0)
logits, classes = rows.randn(6, 5), np.array([1, 0, 4, 2, 2, 3])
x, y = torch.tensor(logits), torch.tensor(classes)

# %% An ignored label is NaN
# PyTorch leaves -100 out of sum and count; optax reads beyond the row.
labels = np.where(np.arange(6) == 1, -100, classes)
theirs = F.cross_entropy(x, torch.tensor(labels))
stock = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
ours = functional.cross_entropy(logits, labels)

# %% Label -1
# The last class in optax, an error in PyTorch.
labels = np.where(np.arange(6) == 1, -1, classes)
theirs = refused(lambda: F.cross_entropy(x, torch.tensor(labels)))
stock = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
ours = refused(lambda: functional.cross_entropy(logits, labels))

# %% The mean of a weighted cross entropy
# PyTorch divides by the sum of the weights, not by the number of rows.
weight = np.array([0.1, 2.0, 1.0, 0.5, 3.0])
theirs = F.cross_entropy(x, y, torch.tensor(weight))
stock = (weight[classes] * optax.softmax_cross_entropy_with_integer_labels(logits, classes)).mean()
ours = functional.cross_entropy(logits, classes, weight)

# %% Label smoothing with weights
# PyTorch weighs the smoothed part class by class.
theirs = F.cross_entropy(x, y, torch.tensor(weight), label_smoothing=0.1)
smooth = optax.smooth_labels(jax.nn.one_hot(classes, 5), 0.1)
stock = (weight[classes] * optax.softmax_cross_entropy(logits, smooth)).sum() / weight[classes].sum()
ours = functional.cross_entropy(logits, classes, weight, label_smoothing=0.1)

# %% l2_loss has a half
# MSELoss has not.
target = rows.randn(6, 5)
theirs = F.mse_loss(x, torch.tensor(target))
stock = optax.l2_loss(logits, target).mean()
ours = functional.mse_loss(logits, target)

# %% A loss that is a number a row
# Every torch loss is a mean by default, every optax loss is not: shapes broadcast on, and a sum of means is no mean.
theirs = F.huber_loss(x, torch.tensor(target))
stock = optax.huber_loss(logits, target)
ours = functional.huber_loss(logits, target)

# %% smooth_l1 is huber divided by beta
# They agree at 1 alone.
theirs = F.smooth_l1_loss(x, torch.tensor(target), beta=0.3)
stock = optax.huber_loss(logits, target, delta=0.3).mean()
ours = functional.smooth_l1_loss(logits, target, beta=0.3)

# %% kl_div's mean
# PyTorch's 'mean' divides by every element; optax sums over classes first ('batchmean').
log_p, q = jax.nn.log_softmax(logits), jax.nn.softmax(target)
theirs = F.kl_div(torch.tensor(np.asarray(log_p)), torch.tensor(np.asarray(q)))
stock = optax.kl_divergence(log_p, q).mean()
ours = functional.kl_div(log_p, q)

# %% Hinge is not hinge
# optax's is max(0, 1 - y·x); HingeEmbeddingLoss is x where y = 1 and max(0, 1 - x) where y = -1.
sign = np.sign(target)
theirs = F.hinge_embedding_loss(x, torch.tensor(sign))
stock = optax.hinge_loss(logits, sign).mean()
ours = functional.hinge_embedding_loss(logits, sign)

# %% Another multiclass hinge
# MultiMarginLoss sums over the other classes and divides by their number; optax takes the largest.
theirs = F.multi_margin_loss(x, y)
stock = optax.losses.multiclass_hinge_loss(logits, classes).mean()
ours = functional.multi_margin_loss(logits, classes)

# %% Where a triplet's epsilon stands
# PyTorch adds 1e-6 to the difference, optax inside the root.
a, p, n = rows.randn(3, 4, 5)
theirs = F.triplet_margin_loss(*(torch.tensor(t) for t in (a, p, n)))
stock = optax.losses.triplet_margin_loss(a, p, n).mean()
ours = functional.triplet_margin_loss(a, p, n)

# %% The cosine of a zero vector
# 0 in PyTorch (each norm is at least 1e-8), NaN in optax.
zero = np.zeros((1, 4))
theirs = F.cosine_similarity(torch.tensor(zero), torch.ones(1, 4))
stock = optax.cosine_similarity(zero, np.ones((1, 4)))
ours = functional.cosine_similarity(zero, np.ones((1, 4)))

# %% The logarithm in binary cross entropy
# PyTorch never lets it fall below -100; written out it is NaN at 0 · log 0.
p, t = np.array([0.0, 0.3, 1.0]), np.array([0.0, 1.0, 0.0])
theirs = F.binary_cross_entropy(torch.tensor(p), torch.tensor(t))
stock = -(t * jnp.log(p) + (1 - t) * jnp.log(1 - p)).mean()
ours = functional.binary_cross_entropy(p, t)

# %% CTC's mean
# PyTorch divides each loss by its target's length first.
log_probs, targets = jax.nn.log_softmax(rows.randn(2, 8, 5)), np.array([[1, 2, 3], [2, 4, 0]])
lengths = np.array([3, 2])
paddings = (np.arange(3) >= lengths[:, None]).astype(float)
time_first = np.asarray(log_probs).transpose(1, 0, 2)
theirs = F.ctc_loss(torch.tensor(time_first), torch.tensor(targets), torch.tensor([8, 8]), torch.tensor(lengths))
stock = optax.ctc_loss(log_probs, np.zeros((2, 8)), targets, paddings).mean()
ours = functional.ctc_loss(time_first, targets, np.array([8, 8]), lengths)

# %% A target that does not fit
# inf in PyTorch, a large number in optax.
short = time_first[:2]
theirs = F.ctc_loss(torch.tensor(short), torch.tensor(targets), torch.tensor([2, 2]), torch.tensor([3, 2]))
stock = optax.ctc_loss(log_probs[:, :2], np.zeros((2, 2)), targets, paddings).mean()
ours = functional.ctc_loss(short, targets, np.array([2, 2]), np.array([3, 2]))
