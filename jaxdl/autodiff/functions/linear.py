"""NumPy's products of arrays on tracers, all of them contractions."""

from functools import lru_cache
from typing import Any

import numpy as np

from jaxdl.autodiff.numpy_protocol import as_arraylike, implements, kind
from jaxdl.autodiff.primitives.contraction import LETTERS, contract


def product(a: Any, b: Any, spec: str) -> Any:
    """A contraction in the dtype that both fit in."""
    if a.dtype != b.dtype:
        dtype = np.result_type(a.dtype, b.dtype)
        a, b = (x if x.dtype == dtype else x.astype(dtype) for x in (a, b))
    return contract(a, b, spec=spec)


@lru_cache(maxsize=1024)
def _matmul_letters(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[str, str, str]:
    """Letters of two arguments and the result of a matrix product; axes of length 1 that are stretched have none."""
    names = iter(LETTERS[3:])
    rank = max(len(a), len(b)) - 2
    pairs = [(x, y, next(names)) for x, y in zip(_led(a[:-2], rank), _led(b[:-2], rank), strict=True)]
    left = "".join(
        letter if x is not None and (x != 1 or y in (1, None)) else "_" * (x is not None) for x, y, letter in pairs
    )
    right = "".join(
        letter if y is not None and (y != 1 or x in (1, None)) else "_" * (y is not None) for x, y, letter in pairs
    )
    batch = "".join(letter for _, _, letter in pairs)
    return (
        left + ("a" if len(a) > 1 else "") + "b",
        right + "b" + ("c" if len(b) > 1 else ""),
        batch + ("a" if len(a) > 1 else "") + ("c" if len(b) > 1 else ""),
    )


def _led(shape: tuple[int, ...], rank: int) -> tuple[Any, ...]:
    return (None,) * (rank - len(shape)) + shape


@implements(np.matmul)
def matmul(a: Any, b: Any) -> Any:
    """`np.matmul`.

    Raises:
        ValueError: the shapes do not fit.
    """
    a, b = (as_arraylike(x) for x in (a, b))
    try:
        fits = a.ndim and b.ndim and a.shape[-1] == b.shape[-2 if b.ndim > 1 else 0]
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"matmul: the shapes do not fit, {kind(a)} and {kind(b)}")
    if a.ndim <= 2 and b.ndim <= 2:
        left, right = "ab"[2 - a.ndim :], "bc"[: b.ndim]
        return product(a, b, f"{left},{right}->{left[:-1]}{right[1:]}")
    left, right, result = _matmul_letters(a.shape, b.shape)
    a, b = _without_stretched(a, left), _without_stretched(b, right)
    return product(a, b, f"{left.replace('_', '')},{right.replace('_', '')}->{result}")


def _without_stretched(x: Any, letters: str) -> Any:
    return np.reshape(x, tuple(n for n, letter in zip(x.shape, letters, strict=True) if letter != "_"))


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """`np.dot`."""
    a, b = (as_arraylike(x) for x in (a, b))
    if not (a.ndim and b.ndim):
        return a * b
    return np.tensordot(a, b, axes=([-1], [-2 if b.ndim > 1 else 0]))


@implements(np.outer)
def outer(a: Any, b: Any) -> Any:
    """`np.outer`."""
    return np.expand_dims(np.ravel(a), 1) * np.expand_dims(np.ravel(b), 0)


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """`np.tensordot`.

    Raises:
        ValueError: the axes do not fit.
    """
    a, b = (as_arraylike(x) for x in (a, b))
    of_a, of_b = (range(-axes, 0), range(axes)) if isinstance(axes, int) else axes
    of_a, of_b = ([each] if isinstance(each, int) else list(each) for each in (of_a, of_b))
    left = list(LETTERS[: a.ndim])
    right = list(LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(of_a, of_b, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ValueError(f"tensordot: axis {i} of {kind(a)} and axis {j} of {kind(b)} differ in length")
        right[j] = left[i]
    result = [letter for letter in left if letter not in right] + [letter for letter in right if letter not in left]
    return product(a, b, f"{''.join(left)},{''.join(right)}->{''.join(result)}")


@implements(np.einsum)
def einsum(subscripts: str, *operands: Any, optimize: Any = None) -> Any:
    """`np.einsum` with subscripts as a string: one pair after the other, from the left.

    Raises:
        ValueError: subscripts and operands do not fit.
    """
    del optimize  # the order is that of the operands
    if not isinstance(subscripts, str):
        raise NotImplementedError("np.einsum with lists of axes has no rule here; subscripts such as 'ij,jk->ik' have")
    arrays = [as_arraylike(x) for x in operands]
    terms, result = _terms(subscripts, arrays)
    lengths: dict[str, int] = {}
    for term, array in zip(terms, arrays, strict=True):
        for letter, n in zip(term, array.shape, strict=True):
            known = lengths.setdefault(letter, n)
            if known not in (1, n) and n != 1:
                raise ValueError(f"einsum {subscripts!r}: letter {letter!r} has lengths {known} and {n}")
            lengths[letter] = n if known == 1 else known
    arrays = [np.broadcast_to(x, tuple(lengths[c] for c in term)) for term, x in zip(terms, arrays, strict=True)]
    held, x = terms[0], arrays[0]
    for i in range(len(terms)):
        later = "".join(terms[i + 1 :]) + result
        if i:
            other, y = _simplified(terms[i], arrays[i], held + later)
            held, x = _simplified(held, x, other + later)
            made = "".join(dict.fromkeys(c for c in held + other if c in later))
            x, held = product(x, y, f"{held},{other}->{made}"), made
    held, x = _simplified(held, x, result)
    return np.transpose(x, [held.index(letter) for letter in result])


def _terms(subscripts: str, arrays: list[Any]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, an ellipsis as letters of its own."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(arrays):
        raise ValueError(f"einsum {subscripts!r}: {len(terms)} terms for {len(arrays)} arrays")
    free = [letter for letter in reversed(LETTERS) if letter not in subscripts]
    widest = 0
    for i, (term, array) in enumerate(zip(terms, arrays, strict=True)):
        extra = array.ndim - len(term.replace("...", ""))
        if extra < 0 or (extra and "..." not in term):
            raise ValueError(f"einsum {subscripts!r}: term {term!r} for {kind(array)}")
        terms[i] = term.replace("...", "".join(reversed(free[:extra])))
        widest = max(widest, extra)
    shared = "".join(reversed(free[:widest]))
    if not arrow:
        named = left.replace(",", "").replace("...", "")
        result = shared + "".join(sorted(letter for letter in set(named) if named.count(letter) == 1))
    result = result.replace("...", shared)
    if len(set(result)) < len(result) or any(letter not in "".join(terms) for letter in result):
        raise ValueError(f"einsum {subscripts!r}: the result must name letters of the terms, each once")
    return terms, result


def _simplified(term: str, x: Any, needed: str) -> tuple[str, Any]:
    """Without letters that stand twice (the diagonal) and those that nobody needs (the sum)."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            x = np.diagonal(x, axis1=first, axis2=second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    lost = tuple(i for i, letter in enumerate(term) if letter not in needed)
    return "".join(letter for letter in term if letter in needed), np.sum(x, axis=lost) if lost else x


@implements(np.diagonal)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """`np.diagonal`."""
    x = np.moveaxis(x, (axis1, axis2), (0, 1))
    start = (max(0, -offset), max(0, offset))
    i = np.arange(max(0, min(x.shape[0] - start[0], x.shape[1] - start[1])))
    return np.moveaxis(x[i + start[0], i + start[1]], 0, -1)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """`np.diag`."""
    if v.ndim not in (1, 2):
        raise ValueError(f"np.diag: one or two axes, given {kind(v)}")
    if v.ndim == 2:
        return np.diagonal(v, k)
    n = v.shape[0] + abs(k)
    i = np.arange(v.shape[0])
    return _at(np.zeros((n, n), v.dtype))[i + max(0, -k), i + max(0, k)].add(v)


def _at(x: Any) -> Any:
    from jaxdl.autodiff.functions.indexing import at

    return at(x)


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """`np.trace`."""
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)
