"""A model's pure function, and the tensors that a run owns."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxdl import nn
from jaxdl.random import TorchGenerator

Tensors = dict[str, jax.Array]


class Structure:
    """The model's pure function, known as soon as it has been built once; the numbers are not kept."""

    def __init__(self, model: Any, remat: Sequence[str] = ()) -> None:
        self.model, self.remat = model, remat
        self._apply: nn.Apply | None = None

    def build(self, generator: TorchGenerator) -> tuple[Tensors, Tensors]:
        """The parameters and buffers, drawn from the generator or, of a module that is there, its present ones."""
        built = self.model if nn.is_module(self.model) else self.model(rngs=generator)
        self._apply, params, buffers = nn.functionalize(built, remat=self.remat)
        return params, buffers

    def seeing(self, see: Callable[[str, jax.Array], None]) -> tuple[nn.Apply, list[str]]:
        """As `apply`, for whoever wants to see what each module computes (without jit), and the parameters in order."""
        built = self.model if nn.is_module(self.model) else self.model(rngs=TorchGenerator(0))
        _, params, _ = nn.functionalize(built)  # a copy would have them in alphabetical order
        return nn.functionalize(nn.observed(built, see))[0], list(params)

    @property
    def apply(self) -> nn.Apply:
        """`apply(params, buffers, *inputs, train=False, key=None)`, as `nn.functionalize` gives it."""
        if self._apply is None:  # a state that came from elsewhere, before any init
            self.build(TorchGenerator(0))
        assert self._apply is not None
        return self._apply


def converted(tensors: Tensors, dtype: Any, owner: str) -> Tensors:
    """Copies in `dtype`: training gives its arrays' memory away at every step, and a model's own must survive it."""
    wanted = None if dtype is None else nn.storable(dtype, owner)

    def cast(array: jax.Array) -> jax.Array:
        floating = jnp.issubdtype(array.dtype, jnp.floating)
        return array if wanted is None or not floating or array.dtype == wanted else array.astype(wanted)

    return {name: owned(cast(array)) for name, array in tensors.items()}


def started(init: Callable[[Any], Any], params: Any) -> Any:
    """What an optimiser begins with: one program makes it all, where each shape of zeros would be one."""
    return owned(jax.jit(init)(params))


def owned(tree: Any) -> Any:
    """A copy of every array, each in memory of its own and none weakly typed: what goes in at a step comes out of it.

    >>> owned((jnp.asarray(1.0), 2))[0].weak_type
    False
    """

    def own(leaf: Any) -> jax.Array:
        array = jnp.asarray(leaf)
        return array if _is_key(array) or not array.weak_type else array.astype(array.dtype)

    # Not jnp.copy, which compiles a program for each shape.
    return jax.device_put(jax.tree.map(own, tree), may_alias=False)


def settled(new: Any, old: Any) -> Any:
    """`new` in the dtypes of `old`: a step that changed a dtype would be compiled for every one that it changes to."""
    return jax.tree.map(lambda leaf, before: leaf if _is_key(leaf) else leaf.astype(before.dtype), new, old)


def _is_key(array: jax.Array) -> bool:
    return jnp.issubdtype(array.dtype, jax.dtypes.extended)
