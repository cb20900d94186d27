"""A model whose calls of submodules can be seen from outside: in the names that its trace carries."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
from flax import nnx
from jax.ad_checkpoint import checkpoint_name

from jaxdl.nn.module import Tensors, functionalize
from jaxdl.nn.tree import named_modules

MARK = "jaxdl.nn.watch"


class Seen(NamedTuple):
    """What a name in a trace says: an argument or a result of a submodule's call.

    Attributes:
        module: the submodule's name, '' for the whole model.
        occurrence: how many times it had been called before.
        side: 'in' or 'out'.
        place: of the array among those of that side.
    """

    module: str
    occurrence: int
    side: str
    place: int


def read(name: str) -> Seen | None:
    """What a name of a trace says, if it is one of these.

    >>> read("jaxdl.nn.watch|conv1|0|out|0")
    Seen(module='conv1', occurrence=0, side='out', place=0)
    """
    mark, *rest = name.split("|")
    return Seen(rest[0], int(rest[1]), rest[2], int(rest[3])) if mark == MARK else None


def watched(
    model: nnx.Module, *, train: bool, dtype: Any = None
) -> tuple[Callable[..., tuple[Any, Tensors]], Tensors, Tensors]:
    """As `functionalize`, for a copy in one mode where nothing is dropped and every call of a submodule is named.

    In the trace of `apply(params, buffers, *inputs)` the arguments and results of each call go through
    `jax.ad_checkpoint.checkpoint_name` with names that `read` understands. With a dtype, modules that are told in
    which one to compute are told this one.
    """
    copy = nnx.merge(*nnx.split(model))
    copy.train() if train else copy.eval()
    for module in named_modules(copy).values():
        _keep_all(module)
        if dtype is not None and getattr(module, "dtype", None) is not None:
            setattr(module, "dtype", dtype)  # noqa: B010  a module need not have one
    apply, params, buffers = functionalize(copy)
    kinds = {type(module) for module in named_modules(copy).values()}

    def named(params: Mapping[str, Any], buffers: Mapping[str, Any], *inputs: Any, **keywords: Any) -> Any:
        with _marking(kinds):
            return apply(params, buffers, *inputs, train=train, key=jax.random.key(0), **keywords)

    return named, params, buffers


def _keep_all(module: nnx.Module) -> None:
    dropping = "Dropout" in type(module).__name__
    for attribute, value in list(vars(module).items()):
        rate = attribute.startswith("dropout") or (dropping and attribute in ("p", "rate"))
        if rate and isinstance(value, float):
            setattr(module, attribute, 0.0)


@contextmanager
def _marking(kinds: set[type]) -> Iterator[None]:
    """While this lasts, calls of modules of these classes name what they are given and what they give."""
    names: dict[int, str] = {}
    counts: dict[str, int] = {}
    running: set[int] = set()

    def marked(tree: Any, seen: tuple[str, int, str]) -> Any:
        leaves, structure = jax.tree.flatten(tree)
        module, occurrence, side = seen
        index = 0
        for place, leaf in enumerate(leaves):
            if isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating):
                leaves[place] = checkpoint_name(leaf, f"{MARK}|{module}|{occurrence}|{side}|{index}")
                index += 1
        return jax.tree.unflatten(structure, leaves)

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not names:
                names.update({id(module): name for name, module in named_modules(self).items()})
            name = names.get(id(self))
            if name is None or id(self) in running:  # made on the way, or by way of super()
                return original(self, *args, **kwargs)
            occurrence = counts.get(name, 0)
            counts[name] = occurrence + 1
            running.add(id(self))
            try:
                args, kwargs = marked((args, kwargs), (name, occurrence, "in"))
                return marked(original(self, *args, **kwargs), (name, occurrence, "out"))
            finally:
                running.discard(id(self))

        return call

    own = {}
    for kind in kinds:
        if inspect.isfunction(getattr(kind, "__call__", None)):  # noqa: B004  the function itself is wanted
            own[kind] = vars(kind).get("__call__")
            kind.__call__ = wrap(kind.__call__)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for kind, method in own.items():
            if method is None:
                del kind.__call__
            else:
                kind.__call__ = method  # type: ignore[method-assign]
