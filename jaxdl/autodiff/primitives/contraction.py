"""Contraction of two arrays: every product of linear algebra, as a sum over the letters that the result lacks."""

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive

contract = Primitive("einsum")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Plan(NamedTuple):
    """How a contraction is one product of matrices: the arguments' axes in the order (shared, kept, summed) and
    (shared, summed, kept), how many there are of each, and the order of the result's."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    shared: int
    kept: int
    summed: int
    result: tuple[int, ...]


@lru_cache(maxsize=4096)
def parts(spec: str) -> tuple[str, str, str]:
    """The letters of both arguments and of the result."""
    arguments, result = spec.split("->")
    left, right = arguments.split(",")
    return left, right, result


@lru_cache(maxsize=4096)
def plan(spec: str) -> Plan:
    """The matrix product that a contraction is."""
    a, b, y = parts(spec)
    shared = [letter for letter in a if letter in b and letter in y]
    summed = [letter for letter in a if letter in b and letter not in y]
    kept = [letter for letter in a if letter not in b]
    others = [letter for letter in b if letter not in a]
    made = [*shared, *kept, *others]
    return Plan(
        tuple(a.index(letter) for letter in [*shared, *kept, *summed]),
        tuple(b.index(letter) for letter in [*shared, *summed, *others]),
        *(len(shared), len(kept), len(summed)),
        tuple(made.index(letter) for letter in y),
    )


@contract.evaluate
def _(a, b, spec):
    """y[i, j] = Σₖ a[i, k] b[k, j], each of i, j, k any number of letters, and any of them shared by all three"""
    way = plan(spec)
    a, b = np.transpose(a, way.left), np.transpose(b, way.right)
    shared, kept, summed = a.shape[: way.shared], a.shape[way.shared :][: way.kept], a.shape[way.shared + way.kept :]
    others = b.shape[way.shared + way.summed :]
    product = np.matmul(
        np.reshape(a, (*shared, prod(kept), prod(summed))), np.reshape(b, (*shared, prod(summed), prod(others)))
    )
    return np.transpose(np.reshape(product, (*shared, *kept, *others)), way.result)


@contract.result
def _(a, b, spec):
    """y has the lengths of its letters"""
    left, right, result = parts(spec)
    lengths = {**dict(zip(left, a.shape, strict=True)), **dict(zip(right, b.shape, strict=True))}
    return Hollow(tuple(lengths[letter] for letter in result), a.dtype)


@contract.batch
def _(size, batched, a, b, spec):
    """batch(A, B)ₙ = f(Aₙ, Bₙ): n is one more letter"""
    left, right, result = parts(spec)
    n = next(letter for letter in LETTERS if letter not in left + right)
    left, right = (n + letters if own else letters for own, letters in zip(batched, (left, right), strict=True))
    return contract(a, b, spec=f"{left},{right}->{n}{result}")


@contract.transpose(0)
def _(ct, a, b, spec):
    """ā[i, k] = Σⱼ ȳ[i, j] b[k, j]"""
    left, right, result = parts(spec)
    return contract(ct, b, spec=f"{result},{right}->{left}")


@contract.transpose(1)
def _(ct, a, b, spec):
    """b̄[k, j] = Σᵢ a[i, k] ȳ[i, j]"""
    left, right, result = parts(spec)
    return contract(a, ct, spec=f"{left},{result}->{right}")
