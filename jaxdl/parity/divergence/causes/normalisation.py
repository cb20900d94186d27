"""Batch, layer, group, instance and root-mean-square normalisation."""

from collections.abc import Iterator
from typing import Any

from jaxdl.parity.divergence.causes.catalogue import Given, Try, tensor, tries

EPSILONS = (1e-3, 1e-5, 1e-6, 1e-12, 1e-8, 1e-7, 1e-4, 1e-2, 0.0)


def _forms(given: Given, axes: tuple[int, ...], eps: float, affine: Any, *, centred: bool = True) -> Iterator[Try]:
    """Other ways to standardise over `axes`; `affine(a, x)` multiplies and adds."""

    def standard(x: Any, eps: float, *, outside: bool = False, unbiased: bool = False, centred: bool = centred) -> Any:
        import torch

        if centred:
            variance = x.var(axes, correction=int(unbiased), keepdim=True)
            x = x - x.mean(axes, keepdim=True)
        else:
            variance = x.square().mean(axes, keepdim=True)
        return x / (variance.sqrt() + eps) if outside else x * torch.rsqrt(variance + eps)

    for other in EPSILONS:
        if other != eps:
            yield Try(
                "epsilon",
                f"epsilon {other:g} instead of {eps:g}",
                lambda a, other=other: affine(a, standard(a.input, other)),
            )
    for other in (eps, *(e for e in EPSILONS if e != eps)):
        yield Try(
            "epsilon outside the root",
            f"adding epsilon ({other:g}) outside the root, to the deviation instead of the variance",
            lambda a, other=other: affine(a, standard(a.input, other, outside=True)),
        )
    if not centred:
        yield Try("mean", "subtracting the mean first", lambda a: affine(a, standard(a.input, eps, centred=True)))
        return
    yield Try("mean", "not subtracting the mean", lambda a: affine(a, standard(a.input, eps, centred=False)))
    for outside in (False, True):
        also = " and adding epsilon outside the root" if outside else ""
        yield Try(
            "biased variance",
            f"dividing the variance by n − 1 instead of n{also}",
            lambda a, outside=outside: affine(a, standard(a.input, eps, unbiased=True, outside=outside)),
        )


def _scaling(given: Given, run: Any) -> Iterator[Try]:
    """Without weight or bias, with the weight as what is added to 1, or without any of it."""
    yield Try("missing normalisation", "leaving the normalisation out", lambda a: a.input.clone())
    if given.a.weight is not None:
        weight = tensor(given, "weight")
        yield Try("missing weight", f"leaving out {weight}", lambda a: run(a, weight=None))
        yield Try("weight plus one", f"multiplying by 1 + {weight}", lambda a: run(a, weight=1 + a.weight))
    if getattr(given.a, "bias", None) is not None:
        yield Try("missing bias", f"leaving out {tensor(given, 'bias')}", lambda a: run(a, bias=None))


@tries("layer_norm", "input, normalized_shape, weight=None, bias=None, eps=1e-5")
def layer_norm(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    def run(a: Any, **changed: Any) -> Any:
        a = type(a)(**{**vars(a), **changed})
        return F.layer_norm(a.input, a.normalized_shape, a.weight, a.bias, a.eps)

    def affine(a: Any, x: Any) -> Any:
        x = x if a.weight is None else x * a.weight
        return x if a.bias is None else x + a.bias

    count = len(given.a.normalized_shape)
    yield from _forms(given, tuple(range(-count, 0)), given.a.eps, affine)
    yield from _scaling(given, run)
    for axes in ((-2,), (-1, -2), (-1,)):
        if given.a.input.ndim >= 2 and axes != tuple(range(-count, 0)) and set(axes) != set(range(-count, 0)):
            yield Try(
                "axes",
                f"normalising over axes {axes}",
                lambda a, axes=axes: affine(
                    a,
                    (a.input - a.input.mean(axes, keepdim=True))
                    * (a.input.var(axes, correction=0, keepdim=True) + a.eps).rsqrt(),
                ),
            )


@tries("rms_norm", "input, normalized_shape, weight=None, eps=None")
def rms_norm(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    def run(a: Any, **changed: Any) -> Any:
        a = type(a)(**{**vars(a), **changed})
        return F.rms_norm(a.input, a.normalized_shape, a.weight, a.eps)

    eps = 2.220446049250313e-16 if given.a.eps is None else given.a.eps
    axes = tuple(range(-len(given.a.normalized_shape), 0))
    yield from _forms(given, axes, eps, lambda a, x: x if a.weight is None else x * a.weight, centred=False)
    yield from _scaling(given, run)


@tries("group_norm", "input, num_groups, weight=None, bias=None, eps=1e-5")
def group_norm(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    def run(a: Any, **changed: Any) -> Any:
        a = type(a)(**{**vars(a), **changed})
        return F.group_norm(a.input, a.num_groups, a.weight, a.bias, a.eps)

    def grouped(function: Any) -> Any:
        """`function` of the input seen in groups, with the weight and bias of each channel."""
        return lambda a: _affine(a, function(a).reshape(a.input.shape))

    def inner(a: Any) -> Any:
        return type(a)(input=a.input.reshape(a.input.shape[0], a.num_groups, -1))

    for found in _forms(given, (-1,), given.a.eps, lambda a, x: x):
        yield Try(found.kind, found.text, grouped(lambda a, f=found.function: f(inner(a))))
    yield from _scaling(given, run)
    channels = given.a.input.shape[1]
    for groups in (1, channels, 32, *range(2, channels)):
        if groups != given.a.num_groups and channels % groups == 0:
            yield Try("groups", f"{groups} groups", lambda a, groups=groups: run(a, num_groups=groups))

    def interleaved(a: Any) -> Any:
        c = a.input.shape[1]
        order = a.input.new_tensor(range(c)).long().reshape(-1, a.num_groups).T.reshape(-1)
        back = order.argsort()
        return _affine(a, F.group_norm(a.input[:, order], a.num_groups, eps=a.eps)[:, back])

    yield Try("groups", "groups of every n-th channel instead of neighbouring ones", interleaved)


def _affine(a: Any, x: Any) -> Any:
    shape = (1, -1, *(1,) * (x.ndim - 2))
    x = x if a.weight is None else x * a.weight.reshape(shape)
    return x if a.bias is None else x + a.bias.reshape(shape)


BATCH = "input, running_mean=None, running_var=None, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5"


@tries("batch_norm", BATCH)
def batch_norm(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    def run(a: Any, **changed: Any) -> Any:
        a = type(a)(**{**vars(a), **changed})
        return F.batch_norm(a.input, a.running_mean, a.running_var, a.weight, a.bias, a.training, a.momentum, a.eps)

    axes = (0, *range(2, given.a.input.ndim))
    if given.a.training:
        yield from _moving(given, run)
        yield from _forms(given, axes, given.a.eps, lambda a, x: _moved(a, run, x))
    else:
        yield from _standing(given, run)
        yield Try(
            "mode",
            "normalising with the batch's own mean and variance, as in training, instead of the running ones",
            lambda a: F.batch_norm(a.input, None, None, a.weight, a.bias, True, 0.0, a.eps),
        )
    yield from _scaling(given, run)


def _moved(a: Any, run: Any, x: Any) -> Any:
    """The changed result, with the buffers moved as PyTorch moves them."""
    run(a)
    return _affine(a, x)


def _standing(given: Given, run: Any) -> Iterator[Try]:
    """With running statistics."""
    eps = given.a.eps
    for other in EPSILONS:
        if other != eps:
            yield Try("epsilon", f"epsilon {other:g} instead of {eps:g}", lambda a, other=other: run(a, eps=other))
    for other in (eps, *(e for e in EPSILONS if e != eps)):
        yield Try(
            "epsilon outside the root",
            f"adding epsilon ({other:g}) outside the root, to the deviation instead of the variance",
            lambda a, other=other: run(a, running_var=(a.running_var.sqrt() + other).square(), eps=0.0),
        )
    yield Try(
        "variance",
        "taking running_var for the deviation",
        lambda a: run(a, running_var=a.running_var.square(), eps=0.0),
    )
    yield Try(
        "variance",
        "dividing by running_var, without a root",
        lambda a: run(a, running_var=(a.running_var + a.eps) ** 2, eps=0.0),
    )
    yield Try("mean", "not subtracting running_mean", lambda a: run(a, running_mean=a.running_mean * 0))


def _moving(given: Given, run: Any) -> Iterator[Try]:
    """How the running statistics move: their momentum, and which variance they follow."""
    momentum = given.a.momentum
    if given.a.running_mean is None:
        return
    for other in (1 - momentum, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999):
        if abs(other - momentum) > 1e-12:
            convention = (
                " (the share that is kept, as Flax counts it, for the share that is new)"
                if abs(other + momentum - 1) < 1e-12
                else ""
            )
            yield Try(
                "momentum convention",
                f"momentum {other:g} instead of {momentum:g}{convention}",
                lambda a, other=other: run(a, momentum=other),
            )
    count = given.a.input.numel() // given.a.input.shape[1]
    for other in (momentum, 1 - momentum):
        also = "" if other == momentum else f", with momentum {other:g} instead of {momentum:g}"

        def biased(a: Any, other: float = other) -> Any:
            kept = (1 - other) * a.running_var
            output = run(a, momentum=other)
            a.running_var.copy_(kept + (a.running_var - kept) * (count - 1) / count)
            return output

        yield Try(
            "biased variance",
            f"moving running_var by the variance over n instead of n − 1{also}",
            biased,
        )


@tries("instance_norm", BATCH.replace("training=False", "use_input_stats=True"))
def instance_norm(given: Given) -> Iterator[Try]:
    from torch.nn import functional as F

    def run(a: Any, **changed: Any) -> Any:
        a = type(a)(**{**vars(a), **changed})
        return F.instance_norm(
            a.input, a.running_mean, a.running_var, a.weight, a.bias, a.use_input_stats, a.momentum, a.eps
        )

    yield from _forms(given, tuple(range(2, given.a.input.ndim)), given.a.eps, _affine)
    yield from _scaling(given, run)
