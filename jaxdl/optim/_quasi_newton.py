"""The inner loop of torch.optim.LBFGS, one update of many iterations, over all parameters in one vector."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.optim._wolfe import Point, strong_wolfe

Evaluate = Callable[[jax.Array], tuple[jax.Array, jax.Array]]
WORTH_KEEPING = 1e-10  # a pair (y, s) whose product is not above this says nothing about the curvature


class LBFGSState(NamedTuple):
    """PyTorch's fields, over all parameters in one vector (complex ones as pairs), and `step`, the updates so far.

    The history is a ring: of the `stored` pairs ever kept, pair k is in row k mod history_size of `old_dirs` (changes
    of the gradient), `old_stps` (of the parameters) and `ro`.
    """

    step: jax.Array
    func_evals: jax.Array
    n_iter: jax.Array
    d: jax.Array
    t: jax.Array
    old_dirs: jax.Array
    old_stps: jax.Array
    ro: jax.Array
    stored: jax.Array
    H_diag: jax.Array
    prev_flat_grad: jax.Array
    prev_loss: jax.Array


class Loop(NamedTuple):
    """The inner loop: where it is, what it remembers, how far it may go on."""

    x: jax.Array
    loss: jax.Array
    gradient: jax.Array
    memory: LBFGSState
    iteration: jax.Array
    evaluations: jax.Array
    finished: jax.Array


class Limits(NamedTuple):
    """When an update ends."""

    max_iter: Any
    max_eval: Any
    tolerance_grad: Any
    tolerance_change: Any


def as_vector(tree: Any) -> jax.Array:
    """All numbers of a tree in one real vector, a complex one as its two parts."""

    def real(leaf: jax.Array) -> jax.Array:
        leaf = jnp.asarray(leaf)
        return (jnp.stack([leaf.real, leaf.imag], -1) if jnp.iscomplexobj(leaf) else leaf).ravel()

    return jnp.concatenate([real(leaf) for leaf in jax.tree.leaves(tree)])


def as_tree(vector: jax.Array, like: Any) -> Any:
    """A vector's numbers in the shapes and dtypes of a tree."""
    structure: Any
    leaves, structure = jax.tree.flatten(like)
    sizes = [leaf.size * (2 if jnp.iscomplexobj(leaf) else 1) for leaf in leaves]
    parts = jnp.split(vector, np.cumsum(sizes)[:-1])

    def shaped(part: jax.Array, leaf: jax.Array) -> jax.Array:
        if jnp.iscomplexobj(leaf):
            pairs = part.reshape(*leaf.shape, 2).astype(leaf.real.dtype)
            return jax.lax.complex(pairs[..., 0], pairs[..., 1])
        return part.reshape(leaf.shape).astype(leaf.dtype)

    return structure.unflatten([shaped(part, leaf) for part, leaf in zip(parts, leaves, strict=True)])


def _remembered(memory: LBFGSState, gradient: jax.Array) -> LBFGSState:
    """With the last step's pair, if its curvature is positive."""
    y, s = gradient - memory.prev_flat_grad, memory.d * memory.t
    product = y @ s
    keep = product > WORTH_KEEPING
    row = memory.stored % memory.ro.size

    def put(ring: jax.Array, new: jax.Array) -> jax.Array:
        return ring.at[row].set(jnp.where(keep, new, ring[row]))

    return memory._replace(
        old_dirs=put(memory.old_dirs, y),
        old_stps=put(memory.old_stps, s),
        ro=put(memory.ro, 1.0 / product),
        stored=memory.stored + keep,
        H_diag=jnp.where(keep, product / (y @ y), memory.H_diag),
    )


def _direction(memory: LBFGSState, gradient: jax.Array) -> jax.Array:
    """-H g by the two loops over the history, newest pair first, then oldest first."""
    size = memory.ro.size
    count = jnp.minimum(memory.stored, size)

    def back(i: jax.Array, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        q, shares = carry
        row = (memory.stored - 1 - i) % size
        share = (memory.old_stps[row] @ q) * memory.ro[row]
        return q - share * memory.old_dirs[row], shares.at[row].set(share)

    def forth(i: jax.Array, r: jax.Array) -> jax.Array:
        row = (memory.stored - count + i) % size
        share = (memory.old_dirs[row] @ r) * memory.ro[row]
        return r + memory.old_stps[row] * (shares[row] - share)

    q, shares = jax.lax.fori_loop(0, count, back, (-gradient, jnp.zeros_like(memory.ro)))
    return jax.lax.fori_loop(0, count, forth, q * memory.H_diag)


def _searched(loop: Loop, evaluate: Evaluate, slope: jax.Array, limits: Limits) -> Loop:
    """After a step that a line search chose."""
    d, x = loop.memory.d, loop.x
    start = Point(jnp.zeros_like(loop.loss), loop.loss, slope, loop.gradient)
    found, calls = strong_wolfe(
        lambda t: evaluate(x + t * d), d, start, loop.memory.t, limits.max_eval - loop.evaluations
    )
    return loop._replace(
        x=x + found.t * d,
        loss=found.value,
        gradient=found.gradient,
        memory=loop.memory._replace(t=found.t),
        evaluations=loop.evaluations + calls,
    )


def _stepped(loop: Loop, evaluate: Evaluate, limits: Limits) -> Loop:
    """After a step of the given length; after the last one nothing is evaluated."""
    x = loop.x + loop.memory.t * loop.memory.d
    last = loop.iteration == limits.max_iter
    loss, gradient = jax.lax.cond(last, lambda _: (loop.loss, loop.gradient), evaluate, x)
    return loop._replace(x=x, loss=loss, gradient=gradient, evaluations=loop.evaluations + ~last)


def _iterate(loop: Loop, evaluate: Evaluate, rate: Any, limits: Limits, search: bool) -> Loop:
    """One iteration: remember, choose a direction, go, see whether to go on."""
    memory = _remembered(loop.memory, loop.gradient)
    n_iter = memory.n_iter + 1
    first = jnp.minimum(1.0, 1.0 / jnp.abs(loop.gradient).sum()) * rate
    memory = memory._replace(
        n_iter=n_iter,
        d=_direction(memory, loop.gradient),
        t=jnp.where(n_iter == 1, first, rate).astype(memory.t.dtype),
        prev_flat_grad=loop.gradient,
        prev_loss=loop.loss,
    )
    slope = loop.gradient @ memory.d
    loop = loop._replace(memory=memory, iteration=loop.iteration + 1)

    def go(loop: Loop) -> Loop:
        moved = _searched(loop, evaluate, slope, limits) if search else _stepped(loop, evaluate, limits)
        finished = (
            (moved.evaluations >= limits.max_eval)
            | (jnp.abs(moved.gradient).max() <= limits.tolerance_grad)
            | (jnp.abs(moved.memory.d * moved.memory.t).max() <= limits.tolerance_change)
            | (jnp.abs(moved.loss - memory.prev_loss) < limits.tolerance_change)
        )
        return moved._replace(finished=finished)

    flat = slope > -limits.tolerance_change
    return jax.lax.cond(flat, lambda loop: loop._replace(finished=jnp.ones((), bool)), go, loop)


def run(loop: Loop, evaluate: Evaluate, rate: Any, limits: Limits, search: bool) -> Loop:
    """All iterations of an update."""
    return jax.lax.while_loop(
        lambda loop: ~loop.finished & (loop.iteration < limits.max_iter),
        lambda loop: _iterate(loop, evaluate, rate, limits, search),
        loop,
    )
