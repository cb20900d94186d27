"""One rule for every parameter: real and imaginary parts apart, half types computed in float32, dtypes kept."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

# (step, gradient, *state) -> (update, *new state): one parameter's arrays, all real and of one shape.
Rule = Callable[..., tuple[Any, ...]]


def per_leaf(
    rule: Callable[..., tuple[Any, ...]], trees: tuple[Any, ...], others: tuple[Any, ...] = ()
) -> tuple[Any, ...]:
    """`rule(*leaves) -> new leaves of trees` for every parameter, back as trees; `others` are only read.

    Complex arrays are pairs of real numbers, as under torch.view_as_real: the rule runs on both parts. What is None (a
    whole tree, such as amsgrad's maximum without amsgrad, or the place of one parameter) is None in the rule, too.
    """
    structure: Any = jax.tree.structure(trees[0])
    columns = [
        [None] * structure.num_leaves if tree is None else structure.flatten_up_to(tree) for tree in (*trees, *others)
    ]
    rows = [_in_parts(rule, leaves, len(trees)) for leaves in zip(*columns, strict=True)]
    return tuple(
        None if tree is None else structure.unflatten([row[index] for row in rows]) for index, tree in enumerate(trees)
    )


def _in_parts(rule: Callable[..., tuple[Any, ...]], leaves: tuple[Any, ...], kept: int) -> list[Any]:
    """The rule on real arrays, its results in the dtypes of what they replace."""
    if any(jnp.iscomplexobj(leaf) for leaf in leaves if leaf is not None):
        parts = [rule(*(None if leaf is None else part(leaf) for leaf in leaves)) for part in (jnp.real, jnp.imag)]
        results = [None if real is None else jax.lax.complex(real, imag) for real, imag in zip(*parts, strict=True)]
    else:
        results = list(rule(*(None if leaf is None else _widened(leaf) for leaf in leaves)))
    return [
        None if result is None else result.astype(leaf.dtype)
        for result, leaf in zip(results, leaves[:kept], strict=True)
    ]


def _widened(leaf: jax.Array) -> jax.Array:
    return leaf.astype(jnp.float32) if leaf.dtype.itemsize < 4 else leaf


def zeros(params: optax.Params) -> optax.Updates:
    """Zeros for every parameter, each its own memory: a step that is given the state may reuse it."""
    return jax.tree.map(jnp.zeros_like, params)


def filled(params: optax.Params, value: Any) -> optax.Updates:
    """`value` for every number of every parameter, in the real and in the imaginary part."""

    def fill(leaf: jax.Array) -> jax.Array:
        both = jax.lax.complex(*[jnp.asarray(value, leaf.real.dtype)] * 2) if jnp.iscomplexobj(leaf) else value
        return jnp.full_like(leaf, both)

    return jax.tree.map(fill, params)


def by_rule(
    state_type: Any, rule: Rule, fields: dict[str, Callable[[optax.Params], Any]]
) -> optax.GradientTransformation:
    """A transformation from a rule for one parameter.

    Args:
        state_type: a NamedTuple whose first field is `step`, counted from 1 in the rule.
        rule: `(step, gradient, *state) -> (update, *state)`, the state in the order of the tuple's other fields.
        fields: how each of those begins, from the parameters; a field that is left out is None.
    """

    def init(params: optax.Params) -> Any:
        return state_type(jnp.zeros((), jnp.int32), *(fields[f](params) if f in fields else None for f in rest))

    def update(updates: optax.Updates, state: Any, params: optax.Params | None = None) -> tuple[optax.Updates, Any]:
        del params
        step = optax.safe_increment(state.step)
        new, *kept = per_leaf(lambda *leaves: rule(step, *leaves), (updates, *state[1:]))
        return new, state_type(step, *kept)

    rest = state_type._fields[1:]
    return optax.GradientTransformation(init, update)
