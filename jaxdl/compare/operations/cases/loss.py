"""Losses; targets get no gradient."""

import numpy as np

from jaxdl.compare.operations.case import WIDE, Draw, Operation, bit, constant, index, normal, share, sign

LOGITS, CLASSES = normal(512, 1000), index(1000, 512)
ROWS = normal(512, 256)


def loss(name: str, *inputs: Draw, slower: str = "") -> Operation:
    """Of an input and a target, with PyTorch's defaults."""
    return Operation(name, lambda F, *given: getattr(F, name)(*given), inputs, constants=(1,), slower=slower)


def labels(rng: np.random.RandomState) -> np.ndarray:
    """Three classes of each of 256 rows, then -1, as multilabel_margin_loss takes them."""
    rows = rng.rand(256, 64).argsort(axis=1).astype(np.int32)
    rows[:, 3] = -1
    return rows


CASES = [
    loss("cross_entropy", LOGITS, CLASSES),
    loss("nll_loss", LOGITS, CLASSES),
    Operation(
        "linear_cross_entropy",
        lambda F, x, w, t: F.linear_cross_entropy(x, w, t),
        (normal(256, 128), normal(1000, 128, scale=0.1), index(1000, 256)),
    ),
    loss("mse_loss", WIDE, WIDE),
    loss("l1_loss", WIDE, WIDE),
    loss("smooth_l1_loss", WIDE, WIDE),
    loss("huber_loss", WIDE, WIDE),
    loss("binary_cross_entropy", share(256, 4096), share(256, 4096)),
    loss("binary_cross_entropy_with_logits", WIDE, share(256, 4096)),
    loss("soft_margin_loss", WIDE, sign(256, 4096)),
    loss("multilabel_soft_margin_loss", WIDE, bit(256, 4096)),
    loss("multilabel_margin_loss", normal(256, 64), labels),
    loss("multi_margin_loss", LOGITS, CLASSES),
    Operation(
        "kl_div",
        lambda F, x, t: F.kl_div(x, t, reduction="batchmean"),
        (normal(512, 1000), share(512, 1000)),
        constants=(1,),
    ),
    loss("poisson_nll_loss", WIDE, share(256, 4096)),
    Operation(
        "gaussian_nll_loss",
        lambda F, x, t, v: F.gaussian_nll_loss(x, t, v),
        (WIDE, WIDE, share(256, 4096)),
        constants=(1,),
    ),
    loss("hinge_embedding_loss", WIDE, sign(256, 4096)),
    Operation(
        "cosine_embedding_loss",
        lambda F, a, b, t: F.cosine_embedding_loss(a, b, t),
        (ROWS, ROWS, sign(512)),
        constants=(2,),
    ),
    Operation(
        "margin_ranking_loss",
        lambda F, a, b, t: F.margin_ranking_loss(a, b, t),
        (WIDE, WIDE, sign(256, 4096)),
        constants=(2,),
    ),
    Operation("triplet_margin_loss", lambda F, a, p, n: F.triplet_margin_loss(a, p, n), (ROWS, ROWS, ROWS)),
    Operation(
        "triplet_margin_with_distance_loss",
        lambda F, a, p, n: F.triplet_margin_with_distance_loss(a, p, n),
        (ROWS, ROWS, ROWS),
    ),
    Operation(
        "ctc_loss",
        lambda F, x, t, ends, lengths: F.ctc_loss(F.log_softmax(x, -1), t, ends, lengths, reduction="none"),
        (normal(64, 16, 32), index(32, 16, 20, start=1), constant(*[64] * 16), constant(*[20] * 16)),
        allowed=1e-4,  # against float64 PyTorch's own gradient is off by 5.8e-5, ours by 3.9e-7
    ),
]
