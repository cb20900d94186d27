"""Cases for what PyTorch's databases leave out: what they do not have, and arguments that they do not give.

`CASES`, by module: (constructor's arguments, its keywords, inputs...), where an input is a shape, to be drawn, or an
array, and a function makes an argument that is a torch module. `FUNCTIONS`, by function: (arguments...). A dict at the
end holds keywords.
"""

from typing import Any

import numpy as np

CASES: dict[str, list[tuple[Any, ...]]] = {
    "Linear": [((5, 3), {"bias": False}, (2, 4, 5)), ((1, 1), {}, (1,))],
    "Conv2d": [
        ((4, 6, (3, 2)), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}, (2, 4, 9, 8)),
        ((4, 4, 3), {"groups": 4, "bias": False}, (2, 4, 6, 6)),
        ((2, 3, 4), {"padding": "same", "dilation": 2}, (2, 2, 9, 9)),
        ((2, 3, 3), {"padding": "valid"}, (2, 6, 6)),
        ((2, 3, 3), {"padding": 2, "padding_mode": "circular"}, (2, 2, 6, 5)),
        ((2, 3, 3), {"padding": (1, 2), "padding_mode": "reflect"}, (2, 2, 6, 5)),
        ((2, 3, 5), {"padding": 4, "padding_mode": "replicate"}, (2, 2, 6, 5)),
        ((2, 3, 4), {"padding": "same", "padding_mode": "circular"}, (2, 2, 6, 5)),
        ((2, 3, 4), {"padding": "same", "padding_mode": "reflect"}, (2, 2, 6, 5)),
    ],
    "MaxPool2d": [
        ((3, 2, 1), {"ceil_mode": True}, (2, 3, 6, 7)),
        ((2,), {"dilation": 2, "stride": 1}, (2, 3, 6, 7)),
    ],
    "ReLU": [((True,), {}, (3, 4))],
    "Softmax": [((), {}, (3, 4))],
    "BatchNorm1d": [
        ((4,), {"momentum": None}, (5, 4, 3)),
        ((4,), {"affine": False, "eps": 0.1}, (2, 4)),
    ],
    "BatchNorm2d": [((3,), {"track_running_stats": False}, (2, 3, 4, 5))],
    "Dropout": [((0.0,), {}, (3, 4)), ((1.0,), {}, (3, 4))],
    "Identity": [((), {}, (2, 3))],
    "CrossEntropyLoss": [((np.array([0.1, 2.0, 1.0, 0.5]),), {}, (6, 4), np.array([0, 1, 3, 2, -100, 1]))],
    "AdaptiveLogSoftmaxWithLoss": [
        ((8, 12, [3, 7]), {}, (6, 8), np.array([0, 2, 3, 6, 7, 11])),
        ((8, 12, [4], 2.0, True), {}, (5, 8), np.array([0, 1, 2, 3, 3])),
        ((8, 12, [3, 7]), {}, (8,), np.array(9)),
    ],
    "AlphaDropout": [((0.0,), {}, (3, 4))],
    "FeatureAlphaDropout": [((0.0,), {}, (3, 4, 2))],
    "Dropout1d": [((0.0,), {}, (2, 3, 4)), ((1.0,), {}, (2, 3, 4))],
    "Dropout2d": [((0.0,), {}, (2, 3, 4, 2))],
    "Dropout3d": [((0.0,), {}, (2, 3, 2, 2, 2))],
    "ChannelShuffle": [((2,), {}, (2, 4, 3, 3))],
    "PixelShuffle": [((2,), {}, (2, 8, 3, 2)), ((3,), {}, (9, 2, 2))],
    "PixelUnshuffle": [((2,), {}, (2, 2, 6, 4))],
    "CosineSimilarity": [((), {}, (3, 4), (3, 4)), ((0, 1e-3), {}, (3, 4), (3, 1))],
    "PairwiseDistance": [
        ((), {}, (3, 4), (3, 4)),
        ((1.0, 1e-6, True), {}, (3, 4), (4,)),
        ((np.inf,), {}, (3, 4), (3, 4)),
    ],
    "CrossMapLRN2d": [((3,), {}, (2, 5, 3, 3)), ((2, 0.1, 0.5, 2.0), {}, (2, 4, 2, 2))],
    "EmbeddingBag": [
        ((10, 3), {}, np.array([[1, 2, 4], [4, 3, 9]])),
        ((10, 3), {"mode": "sum", "padding_idx": 2}, np.array([1, 2, 4, 5, 4, 3, 2, 9]), np.array([0, 4])),
        ((10, 3), {"mode": "max", "include_last_offset": True}, np.array([1, 2, 4, 5, 4]), np.array([0, 2, 2, 5])),
        ((10, 3), {"mode": "sum"}, np.array([[1, 2], [4, 3]]), {"per_sample_weights": (2, 2)}),
        # each index twice: else PyTorch divides by another index's count
        ((10, 3), {"scale_grad_by_freq": True, "mode": "mean"}, np.array([[1, 1, 4], [4, 3, 3]])),
    ],
    "Embedding": [
        ((10, 3), {"padding_idx": 2}, np.array([[1, 2], [2, 4]])),
        ((10, 3), {"scale_grad_by_freq": True}, np.array([1, 1, 4])),
        ((1, 3), {}, np.array([0, 0])),
    ],
    "Flatten": [((), {}, (2, 3, 4)), ((0, 1), {}, (2, 3, 4))],
    "Unflatten": [((1, (2, 3)), {}, (2, 6, 4)), ((-1, (2, -1)), {}, (2, 6, 4))],
    "Fold": [(((4, 5), (2, 2)), {}, (2, 12, 12)), (((5, 5), 3), {"stride": 2, "padding": 1}, (9, 9))],
    "Unfold": [((2,), {}, (2, 3, 4, 5)), ((3,), {"stride": 2, "padding": 1, "dilation": 1}, (3, 5, 5))],
    "Hardsigmoid": [((), {}, (3, 4))],
    "MaxUnpool1d": [((2,), {}, (1, 1, 3), np.array([[[1, 2, 5]]]))],
    "MaxUnpool2d": [((2, 2), {}, (1, 1, 2, 2), np.array([[[[5, 2], [8, 15]]]]))],
    "MaxUnpool3d": [((2,), {}, (1, 1, 1, 1, 2), np.array([[[[[3, 6]]]]]))],
    "RReLU": [((0.2, 0.2), {}, (3, 4))],
    "SyncBatchNorm": [((3,), {}, (4, 3, 5)), ((3,), {"momentum": None, "eps": 0.1}, (2, 3, 4, 4))],
    "TransformerDecoder": [
        ((lambda torch: torch.nn.TransformerDecoderLayer(4, 2, 8, 0.0), 2), {}, (3, 2, 4), (5, 2, 4)),
    ],
    "TripletMarginLoss": [((), {}, (3, 4), (3, 4), (3, 4)), ((0.5, 1.0), {"swap": True}, (3, 4), (3, 4), (3, 4))],
    "TripletMarginWithDistanceLoss": [((), {}, (3, 4), (3, 4), (3, 4)), ((), {"swap": True}, (3, 4), (3, 4), (3, 4))],
    "Upsample": [
        ((), {"scale_factor": 2}, (2, 3, 4, 4)),
        (((5, 7),), {"mode": "bilinear", "align_corners": True}, (2, 3, 4, 4)),
        ((), {"scale_factor": (1.7,), "mode": "linear"}, (2, 3, 7)),
    ],
    "UpsamplingBilinear2d": [(((5, 7),), {}, (2, 3, 4, 4))],
    "UpsamplingNearest2d": [((), {"scale_factor": 3}, (2, 3, 4, 4))],
    "MultiheadAttention": [
        ((6, 2), {"kdim": 5, "vdim": 3}, (4, 2, 6), (5, 2, 5), (5, 2, 3)),
        ((6, 3), {"kdim": 5, "vdim": 3, "add_bias_kv": True, "batch_first": True}, (2, 4, 6), (2, 5, 5), (2, 5, 3)),
        ((6, 2), {}, (4, 2, 6), (5, 2, 6), (5, 2, 6), {"need_weights": False}),
        ((6, 2), {}, (4, 2, 6), (5, 2, 6), (5, 2, 6), {"average_attn_weights": False}),
        (
            (6, 2),
            {"add_zero_attn": True},
            (4, 2, 6),
            (4, 2, 6),
            (4, 2, 6),
            {"attn_mask": np.triu(np.ones((4, 4), bool), 1)},
        ),
        ((6, 2), {}, (3, 2, 6), (3, 2, 6), (3, 2, 6), {"attn_mask": np.linspace(-2.0, 2.0, 9).reshape(3, 3)}),
    ],
}


class Drawn(tuple[int, ...]):
    """The shape of an input of a function; other tuples are arguments."""


def drawn(*shape: int) -> Drawn:
    """An input of this shape."""
    return Drawn(shape)


WITHOUT_GRADIENT = ("native_channel_shuffle",)  # in PyTorch

FUNCTIONS: dict[str, list[tuple[Any, ...]]] = {
    "affine_grid": [
        (drawn(2, 2, 3), [2, 3, 4, 5]),
        (drawn(2, 2, 3), [2, 3, 4, 5], True),
        (drawn(2, 3, 4), [2, 1, 2, 3, 4]),
    ],
    "conv_tbc": [(drawn(5, 2, 3), drawn(3, 3, 4), drawn(4)), (drawn(5, 2, 3), drawn(2, 3, 4), drawn(4), 1)],
    "fold": [(drawn(2, 12, 12), (4, 5), (2, 2)), (drawn(9, 9), (5, 5), 3, {"stride": 2, "padding": 1})],
    "lp_pool1d": [(drawn(2, 3, 8), 2.0, 3), (drawn(2, 3, 8), 3.0, 2, 1), (drawn(3, 8), 1.0, 3, 2, True)],
    "lp_pool2d": [(drawn(2, 3, 6, 7), 2.0, 2), (drawn(2, 3, 6, 7), 3.0, (2, 3), 2, True)],
    "lp_pool3d": [(drawn(2, 3, 4, 6, 4), 2.0, 2), (drawn(3, 4, 4, 5), 3.0, (2, 1, 3))],
    "adaptive_max_pool1d_with_indices": [(drawn(2, 3, 8), 3)],
    "adaptive_max_pool2d_with_indices": [(drawn(2, 3, 8, 7), (3, 2)), (drawn(2, 3, 8, 7), (None, 2))],
    "adaptive_max_pool3d_with_indices": [(drawn(2, 3, 4, 5, 6), 2)],
    "max_pool1d_with_indices": [(drawn(2, 3, 8), 3), (drawn(2, 3, 8), 3, 2, 1, 1, True)],
    "max_pool2d_with_indices": [(drawn(2, 3, 8, 7), 3), (drawn(2, 3, 8, 7), (2, 3), 1, 1, 2)],
    "max_pool3d_with_indices": [(drawn(2, 3, 4, 5, 6), 2)],
    "native_channel_shuffle": [(drawn(2, 4, 3, 3), 2)],
    "sigmoid": [(drawn(3, 4),)],
    "tanh": [(drawn(3, 4),)],
    "upsample": [(drawn(2, 3, 4, 4), None, 2), (drawn(2, 3, 4, 4), (5, 7), None, "bilinear", True)],
}
