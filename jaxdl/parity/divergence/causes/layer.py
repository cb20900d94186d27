"""Linear maps, matrix products and embeddings."""

from collections.abc import Iterator

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tensor, tries


@tries("linear", "input, weight, bias=None")
def linear(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    weight = tensor(given, "weight")
    if given.a.weight.shape[0] == given.a.weight.shape[-1]:
        yield Try(
            "transposed weight", f"transposing {weight}", lambda a: F.linear(a.input, a.weight.T.contiguous(), a.bias)
        )
    if given.a.bias is not None:
        bias = tensor(given, "bias")
        yield Try("missing bias", f"leaving out {bias}", lambda a: F.linear(a.input, a.weight))
        yield Try("wrong bias", f"subtracting {bias}", lambda a: F.linear(a.input, a.weight, -a.bias))
        yield Try("wrong bias", f"adding {bias} twice", lambda a: F.linear(a.input, a.weight, 2 * a.bias))


@tries("addmm", "bias, input, weight")
def addmm(given: Given) -> Iterator[Try]:
    weight, bias = tensor(given, "weight"), tensor(given, "bias")
    if given.a.weight.shape[0] == given.a.weight.shape[1]:
        yield Try("transposed weight", f"transposing {weight}", lambda a: a.input @ a.weight.T + a.bias)
    yield Try("missing bias", f"leaving out {bias}", lambda a: a.input @ a.weight)


@tries("matmul __matmul__ mm bmm", "input, other")
def matmul(given: Given) -> Iterator[Try]:
    if given.a.other.ndim > 1 and given.a.other.shape[-1] == given.a.other.shape[-2]:
        yield Try(
            "transposed weight",
            "transposing the second factor of the matrix product",
            lambda a: a.input @ a.other.transpose(-1, -2),
        )
    if given.a.input.ndim > 1 and given.a.input.shape[-1] == given.a.input.shape[-2]:
        yield Try(
            "transposed weight",
            "transposing the first factor of the matrix product",
            lambda a: a.input.transpose(-1, -2) @ a.other,
        )


@tries("embedding", "input, weight, padding_idx=None")
def embedding(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    width = given.a.weight.shape[1]
    rows = given.a.weight.shape[0]
    yield Try("scale", f"multiplying the embedding by √{width}", lambda a: F.embedding(a.input, a.weight) * width**0.5)
    yield Try("scale", f"dividing the embedding by √{width}", lambda a: F.embedding(a.input, a.weight) / width**0.5)
    for by in (-1, 1, 2):
        yield Try(
            "shifted indices",
            f"looking up the index {by:+d}",
            lambda a, by=by: F.embedding((a.input + by).clamp(0, rows - 1), a.weight),
        )
    for name, row in (("padding_idx's row", given.a.padding_idx), ("row 0", 0)):
        if row is not None:
            yield Try(
                "padding row",
                f"taking zeros for {name}",
                lambda a, row=row: F.embedding(a.input, a.weight) * (a.input != row % rows)[..., None],
            )
