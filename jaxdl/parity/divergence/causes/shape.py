"""The order in which numbers stand: flattening, reshaping, transposing, splitting, joining."""

from collections.abc import Iterator
from itertools import permutations
from math import prod
from typing import Any

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tries

LETTERS = {3: "NCL", 4: "NCHW", 5: "NCDHW"}


@tries("flatten", "input, start_dim=0, end_dim=-1")
@tries("reshape view", "input, *shape")
def flattening(given: Given) -> Iterator[Try]:
    """The axes in another order before they are joined or cut."""
    x, shape = given.a.input, given.output.shape
    if x.ndim < 2 or x.ndim > 5:
        return
    letters = LETTERS.get(x.ndim, "ABCDE"[: x.ndim])
    orders = sorted(permutations(range(x.ndim)), key=lambda order: order != (0, *range(2, x.ndim), 1))
    for order in orders:
        if order == tuple(range(x.ndim)) or not _joins(x.shape, shape, order):
            continue
        name = ", ".join(letters[i] for i in order)
        channels_last = order == (0, *range(2, x.ndim), 1)
        yield Try(
            "channels-last flatten" if channels_last else "order of axes",
            f"flattening in the order {name} instead of {', '.join(letters)}",
            lambda a, order=order: a.input.permute(order).reshape(shape),
        )
    for order in permutations(range(len(shape))):
        if order != tuple(range(len(shape))) and len(shape) <= 4:
            other = [shape[i] for i in order]
            back = [order.index(i) for i in range(len(shape))]
            yield Try(
                "order of axes",
                f"cutting into {tuple(other)} and then transposing to {tuple(shape)}",
                lambda a, other=other, back=back: a.input.reshape(other).permute(back),
            )


def _joins(before: Any, after: Any, order: tuple[int, ...]) -> bool:
    """Whether the batch, the first axis of both, stays the first."""
    return order[0] == 0 or not after or before[0] != after[0] or prod(before) == before[0]


@tries("permute", "input, *dims")
@tries("transpose swapaxes", "input, dim0, dim1")
def transposition(given: Given) -> Iterator[Try]:
    x = given.a.input
    if x.ndim <= 4:
        for order in permutations(range(x.ndim)):
            moved = x.permute(order)
            if moved.shape == given.output.shape and moved.numel() and (moved.numpy() != given.output).any():
                yield Try(
                    "order of axes",
                    f"the axes in the order {order}",
                    lambda a, order=order: a.input.permute(order).clone(),
                )
    if tuple(x.shape) != tuple(given.output.shape) and x.ndim <= 4:
        yield Try(
            "order of axes",
            f"reshaping to {tuple(given.output.shape)} instead of transposing",
            lambda a: a.input.reshape(given.output.shape),
        )


@tries("pixel_shuffle", "input, upscale_factor")
def shuffling(given: Given) -> Iterator[Try]:
    """The channels cut as TensorFlow's depth_to_space cuts them."""

    def other(a: Any) -> Any:
        r, (n, c, h, w) = a.upscale_factor, a.input.shape
        return a.input.reshape(n, r, r, c // r**2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, -1, h * r, w * r)

    yield Try("order of axes", "cutting the channels into (r, r, C) instead of (C, r, r)", other)

    def turned(a: Any) -> Any:
        r, (n, c, h, w) = a.upscale_factor, a.input.shape
        return a.input.reshape(n, c // r**2, r, r, h, w).permute(0, 1, 4, 3, 5, 2).reshape(n, -1, h * r, w * r)

    yield Try("order of axes", "exchanging the two axes into which the channels are cut", turned)


@tries("chunk", "input, chunks, dim=0")
@tries("split", "input, split_size_or_sections, dim=0")
def parts(given: Given) -> Iterator[Try]:
    """The parts in another order: query, key and value, for instance."""

    def run(a: Any) -> list[Any]:
        if hasattr(a, "chunks"):
            return list(a.input.chunk(a.chunks, a.dim))
        return list(a.input.split(a.split_size_or_sections, a.dim))

    pieces = run(given.a)
    if 1 < len(pieces) <= 4:
        for order in list(permutations(range(len(pieces))))[1:]:
            if all(pieces[i].shape == pieces[j].shape for i, j in enumerate(order)):
                yield Try(
                    "order of parts",
                    f"taking the {len(pieces)} parts in the order {', '.join(map(str, order))}",
                    lambda a, order=order: tuple(run(a)[i] for i in order),
                )
        size = given.a.input.shape[given.a.dim]
        if all(piece.shape == pieces[0].shape for piece in pieces):

            def interleaved(a: Any, length: int = 1) -> Any:
                rows = a.input.new_tensor(range(size)).long().reshape(-1, len(pieces), length).transpose(0, 1)
                return tuple(a.input.index_select(a.dim, row.reshape(-1)) for row in rows)

            yield Try("order of parts", f"taking every {len(pieces)}th for a part instead of neighbours", interleaved)
            part = size // len(pieces)
            for heads in (heads for heads in range(2, min(part, 129)) if part % heads == 0):
                yield Try(
                    "order of parts",
                    f"cutting into {heads} heads first, and each head into {len(pieces)} parts",
                    lambda a, length=part // heads: interleaved(a, length),
                )


@tries("cat concat concatenate", "tensors, dim=0")
def joining(given: Given) -> Iterator[Try]:
    import torch

    tensors = given.a.tensors
    if 1 < len(tensors) <= 4:
        for order in list(permutations(range(len(tensors))))[1:]:
            yield Try(
                "order of parts",
                f"joining in the order {', '.join(map(str, order))}",
                lambda a, order=order: torch.cat([a.tensors[i] for i in order], a.dim),
            )


@tries("flip", "input, *dims")
def reversal(given: Given) -> Iterator[Try]:
    yield Try("missing operation", "leaving the reversal out", lambda a: a.input.clone())
