"""Modules with a pure core: `Module`, its variables under PyTorch's names, and `functionalize`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl.nn.remat import chosen, rematerialise

Tensors = dict[str, jax.Array]
Apply = Callable[..., tuple[Any, Tensors]]


class Buffer(nnx.Variable[jax.Array]):
    """State that is saved but not trained, such as batch norm's running mean."""


@dataclass
class _Call:
    """What one call of a functionalized model knows: its mode, its key, how many keys it has handed out."""

    train: bool
    key: jax.Array | None
    drawn: int = 0


_call: ContextVar[_Call | None] = ContextVar("jaxdl_call", default=None)


@contextmanager
def _calling(train: bool, key: jax.Array | None) -> Iterator[None]:
    token = _call.set(_Call(train, key))
    try:
        yield
    finally:
        _call.reset(token)


class Module(nnx.Module):
    """A Flax NNX module that behaves as a `torch.nn.Module` does.

    Assign parameters (`nnx.Param`), buffers (`nn.Buffer`) and child modules to attributes in `__init__`, compute in
    `__call__`. Children that come in numbers go into `nn.Sequential` or `flax.nnx.List`, never into a bare list.

    **Matches** `torch.nn.Module`: attribute names are the names of the state_dict; a new module is in training mode.
    **Differs**: a module says what it computes, `functionalize` runs it as a pure function; there are no hooks and no
    `forward`.

    >>> from jaxdl import nn, random
    >>> class Net(nn.Module):
    ...     def __init__(self, *, rngs):
    ...         self.fc = nn.Linear(2, 3, rngs=rngs)
    ...     def __call__(self, x):
    ...         return self.fc(x)
    >>> list(nn.state_dict(Net(rngs=random.TorchGenerator(0))))
    ['fc.weight', 'fc.bias']
    """

    _training: bool = True

    @property
    def training(self) -> bool:
        """Whether it is in training mode: as `apply(..., train=...)` says, or as `train()` and `eval()` set it."""
        call = _call.get()
        return self._training if call is None else call.train

    def train(self, mode: bool = True, **attributes: Any) -> None:
        """Put this module and its children into training mode (`mode=False`: evaluation mode), as in PyTorch."""
        super().train(**attributes)
        for _, module in nnx.iter_modules(self):
            if isinstance(module, Module):
                module._training = mode

    def eval(self, **attributes: Any) -> None:
        """Put this module and its children into evaluation mode."""
        super().eval(**attributes)
        self.train(False)


def draw_key(module: str, given: jax.Array | None = None) -> jax.Array:
    """The next key of the running call, for a module that draws; each drawing module of a call gets its own.

    Raises:
        ValueError: there is no key to draw from.
    """
    call = _call.get()
    if given is not None:
        return given
    if call is None or call.key is None:
        raise ValueError(
            f"{module} draws in training mode and was given no key; pass apply(..., train=True, key=jax.random.key(0))"
            f", or call the module with key=..., or switch to evaluation mode"
        )
    call.drawn += 1
    return jax.random.fold_in(call.key, call.drawn - 1)


def storable(dtype: Any, owner: str) -> Any:
    """`dtype` (None: float32, as in PyTorch), checked to be one that jax keeps at present.

    Raises:
        TypeError: it is a 64-bit type and jax's x64 mode is off, which would halve it in silence.
    """
    wanted = jnp.dtype(jnp.float32 if dtype is None else dtype)
    if jax.dtypes.canonicalize_dtype(wanted) != wanted:
        raise TypeError(
            f"{owner} is {wanted} and jax's x64 mode is off, which would turn it into "
            f"{jax.dtypes.canonicalize_dtype(wanted)}; switch it on first: jax.config.update('jax_enable_x64', True)"
        )
    return wanted


def is_module(value: Any) -> bool:
    """Whether `value` is a built module, a `jaxdl.nn` or any other `flax.nnx` one."""
    return isinstance(value, nnx.Module)


def _walk(module: Any, prefix: str = "") -> Iterator[tuple[str, nnx.Variable[Any]]]:
    """Every variable in PyTorch's order: a module's parameters, its buffers, then its children's."""
    attributes = [(name, value) for name, value in vars(module).items() if not name.startswith("_pytree__")]
    variables = [(name, value) for name, value in attributes if isinstance(value, nnx.Variable)]
    for name, variable in sorted(variables, key=lambda item: not isinstance(item[1], nnx.Param)):
        yield prefix + name, variable
    for name, value in attributes:
        if isinstance(value, nnx.Pytree):  # a module, nnx.List or nnx.Dict
            yield from _walk(value, f"{prefix}{name}.")


def named_variables(module: nnx.Module) -> dict[str, nnx.Variable[Any]]:
    """Every variable of a model under its PyTorch name, in PyTorch's order.

    Raises:
        TypeError: it is not a module, or a class instead of an instance.
        ValueError: one variable stands under two names.
    """
    if not is_module(module):
        hint = "; build it first: pass Net(...), not Net" if isinstance(module, type) else ""
        raise TypeError(f"a model must be a jaxdl.nn or flax.nnx module, given {type(module).__name__}{hint}")
    names: dict[int, str] = {}
    for name, variable in _walk(module):
        if id(variable) in names:
            first = names[id(variable)]
            raise ValueError(
                f"{name} and {first} are one variable; a parameter has one name here: use the value of {first} where "
                f"it is shared instead of storing it twice"
            )
        names[id(variable)] = name
    return dict(_walk(module))


def state_dict(module: nnx.Module) -> Tensors:
    """Every parameter and buffer of a model, flat, under PyTorch's names and in PyTorch's order.

    **Matches** `torch.nn.Module.state_dict()`: names, order, shapes; int64 counters are int32 where jax's x64 mode is
    off.

    >>> from jaxdl import nn
    >>> list(nn.state_dict(nn.BatchNorm2d(3)))
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """
    return {name: variable.get_value() for name, variable in named_variables(module).items()}


def functionalize(model: nnx.Module, *, remat: Sequence[str] = ()) -> tuple[Apply, Tensors, Tensors]:
    """The model as a pure function and its tensors: `apply, params, buffers = functionalize(model)`.

    `apply(params, buffers, *inputs, train=False, key=None, **keywords) -> (outputs, buffers)` for `jax.jit`,
    `jax.grad` and `jax.vmap`; inputs and keywords are what the model is called with. `params` holds what is trained
    (`nnx.Param`) and `buffers` all other state, both flat dicts under PyTorch's state_dict names. In training mode the
    returned buffers are the updated ones. The object graph is walked here, once, and when `apply` is traced; a
    compiled step never sees it.

    What `remat` names is rematerialised: a call of such a submodule keeps its arguments alone for the gradient and is
    computed once more when that is taken, which trades time for memory. Names, numbers, buffers and the masks of
    dropout are the same; of nested submodules that match, the outermost counts. (On CPU, jaxlib 0.10.2 undoes it unless
    XLA_FLAGS holds `--xla_disable_hlo_passes=cse_barrier_expander`; later versions do not.)

    **Matches** `torch.func.functional_call` with `model.train(train)`, without changing anything in place.
    **Differs**: evaluation mode is the default; randomness comes from `key` alone (the n-th drawing module of a call
    folds n into it). `remat` is PyTorch's `torch.utils.checkpoint.checkpoint(submodule, ...)`, from outside.

    Args:
        model: a `jaxdl.nn` or `flax.nnx` module without shared variables.
        remat: patterns of submodules' names, such as `("blocks.*",)`; as those of file names, but * takes dots, too.

    Returns:
        `apply`, `params` and `buffers`; the arrays are the model's own, not copies.

    Raises:
        TypeError: the model is not a module, or is a class instead of an instance; `remat` is one string.
        ValueError: one variable stands under two names; a pattern that no submodule with a `__call__` matches; `apply`
            gets tensors whose names are not the model's.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> apply, params, buffers = nn.functionalize(nn.Linear(2, 3, rngs=random.TorchGenerator(0)))
    >>> output, buffers = apply(params, buffers, jnp.ones((1, 2)))
    >>> output.shape, list(params), buffers
    ((1, 3), ['weight', 'bias'], {})
    """
    variables = named_variables(model)
    recomputed = chosen(model, remat)
    params = {name: v.get_value() for name, v in variables.items() if isinstance(v, nnx.Param)}
    buffers = {name: v.get_value() for name, v in variables.items() if not isinstance(v, nnx.Param)}
    graph, state = nnx.split(model)
    paths, structure = jax.tree_util.tree_flatten_with_path(state)
    names = [_name(path) for path, _ in paths]

    def apply(
        params: Mapping[str, jax.Array],
        buffers: Mapping[str, jax.Array],
        *inputs: Any,
        train: bool = False,
        key: jax.Array | None = None,
        **keywords: Any,
    ) -> tuple[Any, Tensors]:
        _check_names("params", params, param_names)
        _check_names("buffers", buffers, buffer_names)
        tensors = {**params, **buffers}
        copy = nnx.merge(graph, jax.tree.unflatten(structure, [tensors[name] for name in names]))
        rematerialise(copy, recomputed)
        with _calling(train, key):
            outputs = copy(*inputs, **keywords)
        changed = dict(_walk(copy))
        return outputs, {name: changed[name].get_value() for name in buffer_names}

    param_names, buffer_names = tuple(params), tuple(buffers)
    return apply, params, buffers


def _name(path: tuple[Any, ...]) -> str:
    """A leaf's name from its path in the tree: the attributes' names, without the variable's own value."""
    return ".".join(str(entry.key) for entry in path if isinstance(entry, jax.tree_util.DictKey))


def _check_names(kind: str, given: Mapping[str, Any], expected: tuple[str, ...]) -> None:
    if given.keys() != set(expected):
        missing = [name for name in expected if name not in given]
        unexpected = [name for name in given if name not in expected]
        raise ValueError(
            f"apply: {kind} lack {missing or 'nothing'} and hold beyond the model's own {unexpected or 'nothing'}"
        )
