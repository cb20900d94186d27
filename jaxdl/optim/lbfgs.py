"""L-BFGS as torch.optim.LBFGS has it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxdl.optim._checks import known, require_params, scalar_rate, static_integer
from jaxdl.optim._quasi_newton import LBFGSState, Limits, Loop, as_tree, as_vector, run
from jaxdl.optim._scalars import rate_at


def scale_by_lbfgs(
    learning_rate: Any, limits: Limits, history_size: int, search: bool
) -> optax.GradientTransformationExtraArgs:
    """The whole update: from the parameters to where the inner loop ends."""

    def init(params: optax.Params) -> LBFGSState:
        if not jax.tree.leaves(params):
            raise ValueError("lbfgs: params must hold at least one array, given none")
        vector = as_vector(params)
        size, dtype = vector.size, vector.dtype

        def zeros(*shape: int, dtype: Any = dtype) -> jax.Array:  # each its own memory
            return jnp.zeros(shape, dtype)

        return LBFGSState(
            step=zeros(dtype=jnp.int32),
            func_evals=zeros(dtype=jnp.int32),
            n_iter=zeros(dtype=jnp.int32),
            d=zeros(size),
            t=zeros(),
            old_dirs=zeros(history_size, size),
            old_stps=zeros(history_size, size),
            ro=zeros(history_size),
            stored=zeros(dtype=jnp.int32),
            H_diag=jnp.ones((), dtype),
            prev_flat_grad=zeros(size),
            prev_loss=zeros(),
        )

    def update(
        updates: optax.Updates,
        state: LBFGSState,
        params: optax.Params | None = None,
        *,
        value: Any = None,
        grad: Any = None,
        value_fn: Callable[..., Any] | None = None,
        **arguments: Any,
    ) -> tuple[optax.Updates, LBFGSState]:
        del grad  # as `updates`
        require_params("lbfgs", params)
        if value is None or value_fn is None:
            raise ValueError(
                "lbfgs: update needs the loss and its function, as in "
                "tx.update(grads, state, params, value=value, value_fn=loss)"
            )
        begin = as_vector(params)

        def torchs(gradient: optax.Updates) -> jax.Array:
            return as_vector(jax.tree.map(jnp.conj, gradient)).astype(begin.dtype)

        def evaluate(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            loss, gradient = jax.value_and_grad(value_fn)(as_tree(x, params), **arguments)
            return loss.astype(begin.dtype), torchs(gradient)

        gradient = torchs(updates)
        loop = Loop(
            begin,
            jnp.asarray(value, begin.dtype),
            gradient,
            state,
            iteration=jnp.int32(0),
            evaluations=jnp.int32(1),
            finished=jnp.abs(gradient).max() <= limits.tolerance_grad,
        )
        loop = run(loop, evaluate, rate_at(learning_rate, state.step), limits, search)
        memory = loop.memory._replace(
            step=optax.safe_increment(state.step), func_evals=state.func_evals + loop.evaluations
        )
        return jax.tree.map(jnp.subtract, as_tree(loop.x, params), params), memory

    return optax.GradientTransformationExtraArgs(init, update)


def lbfgs(
    learning_rate: optax.ScalarOrSchedule = 1.0,
    max_iter: int = 20,
    max_eval: int | None = None,
    tolerance_grad: float = 1e-7,
    tolerance_change: float = 1e-9,
    history_size: int = 100,
    line_search_fn: str | None = None,
) -> optax.GradientTransformationExtraArgs:
    """L-BFGS: Newton's method with a Hessian from the last steps, `max_iter` iterations an update.

    d = -H g, H from the pairs (y, s) of changes of gradient and parameters and sᵀy / yᵀy on its diagonal; p ← p + t d
    with t = learning_rate (in the very first iteration times min(1, 1 / Σ|g|)), or, with `line_search_fn`
    'strong_wolfe', the t that a line search from there finds. One `update` is one `step(closure)` of PyTorch, its loop
    a lax.while_loop. It ends after `max_iter` iterations or `max_eval` evaluations of the function (the one before
    the update counts), where no |g| is above `tolerance_grad`, or where parameters or loss change by no more than
    `tolerance_change`.

    **Matches** `torch.optim.LBFGS`, PyTorch 2.13: every branch, on the same expressions in the same order, complex
    parameters as pairs of real ones. What differs is rounding, since sums over the parameters have another order; where
    a comparison is decided by rounding alone (close to the minimum), the two may take other branches.
    **Differs**: `update` takes the function where PyTorch takes a closure. The history is allocated at once:
    2 · history_size times the parameters. `max_eval` below 1 is refused (PyTorch fails in its line search).

    Args:
        learning_rate: a number, or a function from the number of updates (0 at first) to one.
        max_iter: iterations an update.
        max_eval: evaluations an update; None is max_iter · 5 // 4.
        tolerance_grad: the largest |g| that counts as a minimum.
        tolerance_change: the largest change of loss or parameters that counts as none.
        history_size: how many pairs are kept.
        line_search_fn: 'strong_wolfe' or None.

    Returns:
        An optax transformation of what `jax.grad` gives, whose `update(grads, state, params, value=, value_fn=)` takes
        the loss at `params` and the function of the parameters as `optax.lbfgs` does (`grad=` is accepted, too); other
        keywords are handed to `value_fn`. Its state is an `LBFGSState`.

    Raises:
        ValueError: a negative learning rate; max_iter, max_eval or history_size below 1; an unknown line_search_fn;
            no parameters; `update` without parameters, value or value_fn.
        TypeError: history_size is an array.

    Nocedal and Wright 2006, "Numerical optimization", chapters 3 and 7.

    >>> import jax, jax.numpy as jnp, optax
    >>> from jaxdl import optim
    >>> loss = lambda params: jnp.sum((params["w"] - 3.0) ** 2)
    >>> tx = optim.lbfgs(line_search_fn="strong_wolfe")
    >>> params = {"w": jnp.zeros(2)}
    >>> value, grads = jax.value_and_grad(loss)(params)
    >>> updates, state = tx.update(grads, tx.init(params), params, value=value, value_fn=loss)
    >>> optax.apply_updates(params, updates)["w"].tolist()
    [3.0, 3.0]
    """
    learning_rate = scalar_rate("lbfgs", learning_rate)
    history = static_integer("lbfgs", "history_size", history_size, 1)
    max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
    for name, count in (("max_iter", max_iter), ("max_eval", max_eval)):
        if known(count) and not count >= 1:
            raise ValueError(f"lbfgs: {name} must be at least 1, given {count}")
    if line_search_fn not in (None, "strong_wolfe"):
        raise ValueError(f"lbfgs: line_search_fn must be 'strong_wolfe' or None, given {line_search_fn!r}")
    limits = Limits(max_iter, max_eval, tolerance_grad, tolerance_change)
    return scale_by_lbfgs(learning_rate, limits, history, line_search_fn is not None)
