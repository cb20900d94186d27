"""Parameter groups: other settings for some parameters, chosen by name."""

import inspect
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import jax
import optax

from jaxdl.optim.lbfgs import lbfgs

REST = "*"


def param_groups(
    factory: Callable[..., optax.GradientTransformation],
    groups: Mapping[str, Mapping[str, Any] | optax.GradientTransformation],
    **defaults: Any,
) -> optax.GradientTransformationExtraArgs:
    """One optimiser with settings of their own for some parameters.

    Every parameter belongs to the first pattern that matches its name, or to the rest, which has the defaults. A
    pattern is that of a file name: `*.bias`, `encoder.*`, `layer[0-3].weight`.

    **Matches** `torch.optim.X([{"params": ..., "weight_decay": 0.0}, {"params": ...}], lr=...)`, PyTorch 2.13: a
    group has the keywords that it names, and the defaults for all others.
    **Differs**: groups are named by pattern, not by a list of tensors. A group may also be another optimiser altogether
    (PyTorch needs two, as for Muon's matrices and the rest).

    Args:
        factory: of the optimiser, e.g. `optim.adamw`.
        groups: by pattern, the keywords of `factory` that differ (`learning_rate` may be a schedule of its own), or an
            optax transformation to use instead.
        defaults: keywords of `factory` for all.

    Returns:
        An optax transformation. Its state holds one state a group, under the pattern ('*' for the rest).

    Raises:
        TypeError: groups that are no dict, or a keyword that `factory` does not have.
        ValueError: `factory` is lbfgs, which has one group alone; when the parameters are known, a pattern that no
            parameter is left for.

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> tx = optim.param_groups(optim.sgd, {"*.bias": {"learning_rate": 1.0}}, learning_rate=0.1)
    >>> params = {"fc.weight": jnp.zeros(()), "fc.bias": jnp.zeros(())}
    >>> updates, _ = tx.update({name: jnp.ones(()) for name in params}, tx.init(params), params)
    >>> {name: round(update.item(), 6) for name, update in updates.items()}
    {'fc.bias': -1.0, 'fc.weight': -0.1}
    """
    if not isinstance(groups, Mapping):
        raise TypeError(
            "param_groups: groups must be a dict of settings by pattern, such as {'*.bias': {'weight_decay': 0.0}}, "
            f"given {type(groups).__name__}"
        )
    if factory is lbfgs:
        raise ValueError("param_groups: factory must treat every parameter by itself; lbfgs has one group alone")
    accepted = inspect.signature(factory).parameters
    _require_keywords("the defaults", defaults, accepted, factory)
    transforms: dict[str, optax.GradientTransformation] = {}
    for pattern, group in groups.items():
        if isinstance(group, optax.GradientTransformation):
            transforms[pattern] = group
            continue
        _require_keywords(f"group {pattern!r}", group, accepted, factory)
        transforms[pattern] = factory(**{**defaults, **group})
    transforms.setdefault(REST, factory(**defaults))

    def labels(params: optax.Params) -> Any:
        return _labels(params, tuple(groups))

    return optax.partition(transforms, labels)


def chain(*transforms: optax.GradientTransformation) -> optax.GradientTransformationExtraArgs:
    """One transformation after the other, such as clipping and then an optimiser: `optax.chain`.

    **Matches** `torch.nn.utils.clip_grad_norm_(...)` before `optimizer.step()`, PyTorch 2.13, for the chain below.

    Args:
        transforms: in their order.

    Raises:
        TypeError: something that is no optax transformation.

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> tx = optim.chain(optim.clip_grad_norm(1.0), optim.sgd(1.0))
    >>> params = {"w": jnp.zeros(2)}
    >>> updates, _ = tx.update({"w": jnp.array([3.0, 4.0])}, tx.init(params), params)
    >>> [round(x, 4) for x in updates["w"].tolist()]
    [-0.6, -0.8]
    """
    for place, transform in enumerate(transforms):
        if not isinstance(transform, optax.GradientTransformation):
            raise TypeError(
                f"chain: argument {place} must be an optax transformation such as optim.adam(1e-3), given "
                f"{type(transform).__name__}"
            )
    return optax.chain(*transforms)


def _require_keywords(
    where: str, given: Mapping[str, Any], accepted: Mapping[str, Any], factory: Callable[..., Any]
) -> None:
    for name in given:
        if name not in accepted:
            known = ", ".join(accepted)
            raise TypeError(
                f"param_groups: {where} must name keywords of {factory.__name__}, given {name!r}; it has {known}"
            )


def _labels(params: optax.Params, patterns: tuple[str, ...]) -> Any:
    """Every parameter's pattern."""
    structure: Any
    paths, structure = jax.tree_util.tree_flatten_with_path(params)
    names = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in paths]
    chosen = [next((p for p in patterns if fnmatchcase(name, p)), REST) for name in names]
    for pattern in patterns:
        if pattern not in chosen:
            taken = any(fnmatchcase(name, pattern) for name in names)
            why = "an earlier pattern has all that it matches" if taken else f"the names are {', '.join(names)}"
            raise ValueError(f"param_groups: pattern {pattern!r} must match a parameter; {why}")
    return structure.unflatten(chosen)
