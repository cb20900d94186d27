"""Muon as torch.optim.Muon has it."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import (
    gradient_first,
    is_zero,
    require_non_negative,
    require_real,
    scalar_rate,
    static_integer,
)
from jaxdl.optim._leaves import by_rule, zeros
from jaxdl.optim._scalars import lerp

ADJUSTMENTS = (None, "original", "match_rms_adamw")


class MuonState(NamedTuple):
    """Steps taken and the running mean of the gradient."""

    step: jax.Array
    momentum_buffer: optax.Updates


def _rounded(x: jax.Array) -> jax.Array:
    """To bfloat16. By reduce_precision: XLA leaves a conversion out where the value is widened again."""
    return jax.lax.reduce_precision(x, exponent_bits=8, mantissa_bits=7).astype(jnp.bfloat16)


def _product(left: jax.Array, right: jax.Array) -> jax.Array:
    return jnp.matmul(left, right, preferred_element_type=jnp.float32)


def orthogonalized(matrix: jax.Array, coefficients: tuple[float, float, float], eps: float, steps: int) -> jax.Array:
    """The matrix with its singular values near 1, by Newton and Schulz's iteration in bfloat16, sums in float32.

    X ← X / |X|; then `steps` times A = X Xᵀ, B = b A + c A A, X ← a X + B X, each rounded once. bfloat16 is part of
    what PyTorch computes: in float64 30 steps of training end 9.2e-05 away.
    """
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = _rounded((matrix.T if tall else matrix).astype(jnp.float32))
    wide = x.astype(jnp.float32)
    norm = _rounded(jnp.sqrt(jnp.sum(wide * wide))).astype(jnp.float32)
    x = _rounded(wide / _rounded(jnp.maximum(norm, eps)).astype(jnp.float32))
    for _ in range(steps):
        gram = _rounded(_product(x, x.T))
        polynomial = _rounded(b * gram.astype(jnp.float32) + c * _product(gram, gram))
        x = _rounded(a * x.astype(jnp.float32) + _product(polynomial, x))
    return x.T if tall else x


def _adjustment(shape: tuple[int, ...], rule: str | None) -> float:
    """The factor of the learning rate for a matrix."""
    rows, columns = shape
    return 0.2 * math.sqrt(max(rows, columns)) if rule == "match_rms_adamw" else math.sqrt(max(1.0, rows / columns))


def scale_by_muon(
    momentum: Any,
    nesterov: bool,
    coefficients: tuple[float, float, float],
    eps: float,
    steps: int,
    adjust_lr_fn: str | None,
) -> optax.GradientTransformation:
    """The running mean of the gradient, made orthogonal, times the factor of its shape."""

    def rule(step: Any, g: Any, buffer: Any) -> tuple[Any, ...]:
        del step
        buffer = lerp(buffer, g, momentum)
        ahead = lerp(g, buffer, 1 - momentum) if nesterov else buffer
        update = orthogonalized(ahead, coefficients, eps, steps).astype(g.dtype)
        return _adjustment(g.shape, adjust_lr_fn) * update, buffer

    return by_rule(MuonState, rule, {"momentum_buffer": zeros})


def _matrices_only(params: optax.Params) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if leaf.ndim != 2:
            name = jax.tree_util.keystr(path, simple=True, separator=".")
            raise ValueError(
                f"muon: parameter {name!r} has shape {leaf.shape}; it must be a matrix (give all else to another "
                "optimiser, as param_groups and optax.partition do)"
            )
    require_real("muon", params)


def muon(
    learning_rate: optax.ScalarOrSchedule = 1e-3,
    weight_decay: float = 0.1,
    momentum: float = 0.95,
    nesterov: bool = True,
    ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
    eps: float = 1e-7,
    ns_steps: int = 5,
    adjust_lr_fn: str | None = None,
) -> optax.GradientTransformation:
    """Momentum whose every step is made an orthogonal matrix: all directions of a layer move alike.

    B ← momentum · B + (1 - momentum) g; U = momentum · B + (1 - momentum) g with Nesterov, otherwise B; O is U after
    `ns_steps` of Newton and Schulz's iteration, which brings its singular values near 1;
    p ← p - learning_rate · weight_decay · p - learning_rate · ratio · O, where ratio is sqrt(max(1, rows / columns)),
    or 0.2 sqrt(max(rows, columns)) for "match_rms_adamw".

    **Matches** `torch.optim.Muon`, PyTorch 2.13, the bfloat16 of the iteration included, whatever the parameter's
    dtype. Sums of a matrix product have another order than on PyTorch's side: where that turns a bfloat16's last
    digit, that number differs by 2⁻⁸ of itself.
    **Differs**: nothing.

    Args:
        learning_rate: a number, or a function from the step (0 at first) to one.
        weight_decay: the share, in learning rates, that a parameter loses a step.
        momentum: how much of the mean is kept a step, at least 0.
        nesterov: look ahead by one momentum step.
        ns_coefficients: a, b and c of X ← a X + (b A + c A²) X with A = X Xᵀ.
        eps: the least norm that the matrix is divided by.
        ns_steps: how many iterations, below 100.
        adjust_lr_fn: "original" (as None), or "match_rms_adamw" for learning rates that were found for AdamW.

    Returns:
        An optax transformation for matrices. Its state has `step` and `momentum_buffer`.

    Raises:
        ValueError: a negative learning rate, weight decay or momentum; not three coefficients; ns_steps below 0 or
            above 99; an adjust_lr_fn that does not exist; a parameter that is no matrix.
        TypeError: complex parameters.

    Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; Liu et al. 2025, "Muon is scalable
    for LLM training" (match_rms_adamw).

    >>> import jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> tx = optim.muon(0.1, weight_decay=0.0)
    >>> params = {"w": jnp.zeros((2, 2))}
    >>> updates, state = tx.update({"w": jnp.diag(jnp.array([3.0, -3.0]))}, tx.init(params), params)
    >>> [round(x, 2) for x in jnp.diag(updates["w"]).tolist()]
    [-0.11, 0.11]
    """
    learning_rate = scalar_rate("muon", learning_rate)
    require_non_negative("muon", momentum=momentum, weight_decay=weight_decay)
    if len(ns_coefficients) != 3:
        raise ValueError(f"muon: ns_coefficients must be 3 numbers, given {ns_coefficients}")
    steps = static_integer("muon", "ns_steps", ns_steps, 0)
    if steps >= 100:
        raise ValueError(f"muon: ns_steps must be below 100, given {ns_steps}")
    if adjust_lr_fn not in ADJUSTMENTS:
        raise ValueError(f"muon: adjust_lr_fn must be 'original', 'match_rms_adamw' or None, given {adjust_lr_fn!r}")
    chain = optax.chain(
        *gradient_first(False, 0.0),
        scale_by_muon(momentum, nesterov, ns_coefficients, eps, steps, adjust_lr_fn),
        *([] if is_zero(weight_decay) else [optax.add_decayed_weights(weight_decay)]),
        optax.scale_by_learning_rate(learning_rate),
    )

    def init(params: optax.Params) -> optax.OptState:
        _matrices_only(params)
        return chain.init(params)

    return optax.GradientTransformation(init, chain.update)
