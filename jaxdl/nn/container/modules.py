"""Modules that hold modules: Sequential, ModuleList, ModuleDict."""

import operator
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from jaxdl.nn.module import Module, is_module


class Entries(Module):
    """A module whose children stand under names of their own: "0", "1", ... or a mapping's keys."""

    _names: tuple[str, ...] = ()

    def _put(self, name: Any, value: Any) -> None:
        name = str(name)
        if not name or "." in name or (name not in self._names and hasattr(self, name)):
            raise ValueError(
                f"{type(self).__name__}: an entry's name must not be empty, hold a dot or be an attribute of "
                f"{type(self).__name__}, given {name!r}"
            )
        setattr(self, name, self._accepted(name, value))
        if name not in self._names:
            self._names = (*self._names, name)

    def _accepted(self, name: str, value: Any) -> Any:
        if not callable(value) and not is_module(value):
            raise TypeError(
                f"{type(self).__name__}: entry {name} must be a module or a function, given {type(value).__name__}"
            )
        return value

    def _drop(self, name: str) -> Any:
        value = getattr(self, name)
        delattr(self, name)
        self._names = tuple(other for other in self._names if other != name)
        return value

    def _entries(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names}

    def __iter__(self) -> Iterator[Any]:
        return iter(self._entries().values())

    def __len__(self) -> int:
        return len(self._names)


class Numbered(Entries):
    """Entries in an order, as in a list."""

    def _refill(self, values: Iterable[Any]) -> None:
        """Take these entries, numbered from 0, in place of all."""
        values = list(values)
        for name in self._names:
            self._drop(name)
        for number, value in enumerate(values):
            self._put(number, value)

    def _name(self, index: int) -> str:
        try:
            return self._names[operator.index(index)]
        except IndexError as error:
            raise IndexError(f"{type(self).__name__}: index {index} is out of range for {len(self)} entries") from error

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)._of({name: getattr(self, name) for name in self._names[index]})
        return getattr(self, self._name(index))

    @classmethod
    def _of(cls, entries: dict[str, Any]) -> Any:
        made = cls()
        made._refill(entries.values())
        return made

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._name(index), value)

    def __delitem__(self, index: int | slice) -> None:
        gone = self._names[index] if isinstance(index, slice) else (self._name(index),)
        self._refill([getattr(self, name) for name in self._names if name not in gone])

    def append(self, value: Any) -> Any:
        """Add an entry at the end; returns self, as in PyTorch."""
        self._put(len(self), value)
        return self

    def extend(self, values: Iterable[Any]) -> Any:
        """Add entries at the end; returns self, as in PyTorch."""
        for value in list(values):
            self.append(value)
        return self

    def insert(self, index: int, value: Any) -> Any:
        """Put an entry before another; returns self."""
        values = list(self)
        values.insert(index, value)
        self._refill(values)
        return self

    def pop(self, index: int) -> Any:
        """Take an entry out."""
        value = self[index]
        del self[index]
        return value


class Sequential(Numbered):
    """Modules one after another, named "0", "1", ... (or as a mapping names them), as in a state_dict.

    **Matches** `torch.nn.Sequential`, PyTorch 2.13, with its list's methods and slices. Plain functions are welcome
    among the modules (PyTorch refuses them).

    Raises:
        TypeError: an entry that is neither a module nor a function.
        ValueError: a name that is empty, holds a dot or is an attribute.
        IndexError: an index out of range.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> g = random.TorchGenerator(0)
    >>> model = nn.Sequential(nn.Linear(4, 8, rngs=g), nn.ReLU(), nn.Linear(8, 2, rngs=g))
    >>> model(jnp.ones((3, 4))).shape, list(nn.state_dict(model)), len(model[:2])
    ((3, 2), ['0.weight', '0.bias', '2.weight', '2.bias'], 2)
    """

    def __init__(self, *modules: Any) -> None:
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) else dict(enumerate(modules))
        for name, module in named.items():
            self._put(name, module)

    @classmethod
    def _of(cls, entries: dict[str, Any]) -> Any:
        return cls(entries)  # a slice keeps its names, as in PyTorch

    def __add__(self, other: "Sequential") -> "Sequential":
        return Sequential(*self, *other)

    def __call__(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input


class ModuleList(Numbered):
    """Modules in a list that `state_dict` and `functionalize` see.

    **Matches** `torch.nn.ModuleList`, PyTorch 2.13: names "0", "1", ..., a list's methods, slices.

    Raises:
        TypeError: an entry that is neither a module nor a function.
        IndexError: an index out of range.

    >>> from jaxdl import nn, random
    >>> g = random.TorchGenerator(0)
    >>> layers = nn.ModuleList([nn.Linear(2, 2, rngs=g) for _ in range(2)]).append(nn.ReLU())
    >>> len(layers), list(nn.state_dict(layers))
    (3, ['0.weight', '0.bias', '1.weight', '1.bias'])
    """

    def __init__(self, modules: Iterable[Any] | None = None) -> None:
        self.extend(modules or ())

    def __add__(self, other: Iterable[Any]) -> "ModuleList":
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Any]) -> "ModuleList":
        self.extend(other)
        return self


class Keyed(Entries):
    """Entries under names, as in a dict."""

    def __init__(self, entries: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        self.update(entries or {})

    def update(self, entries: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add or replace entries, in the order given."""
        for name, value in dict(entries).items():
            self[name] = value

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(f"{type(self).__name__}: there is no entry {name!r}; there are {list(self._names)}")
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: an entry's name must be a string, given {name!r}")
        self._put(name, value)

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._entries().keys()

    def values(self) -> ValuesView[Any]:
        """The entries."""
        return self._entries().values()

    def items(self) -> ItemsView[str, Any]:
        """Both."""
        return self._entries().items()

    def pop(self, name: str) -> Any:
        """Take an entry out."""
        value = self[name]
        self._drop(name)
        return value

    def clear(self) -> None:
        """Take all entries out."""
        for name in self._names:
            self._drop(name)


class ModuleDict(Keyed):
    """Modules under names that `state_dict` and `functionalize` see.

    **Matches** `torch.nn.ModuleDict`, PyTorch 2.13: a dict's methods, in the order of insertion.

    Raises:
        TypeError: a name that is no string, an entry that is neither a module nor a function.
        ValueError: a name that is empty, holds a dot or is an attribute, such as "keys".
        KeyError: a name that is not there.

    >>> from jaxdl import nn, random
    >>> branches = nn.ModuleDict({"left": nn.Linear(2, 3, rngs=random.TorchGenerator(0)), "right": nn.ReLU()})
    >>> list(branches), list(nn.state_dict(branches))
    (['left', 'right'], ['left.weight', 'left.bias'])
    """
