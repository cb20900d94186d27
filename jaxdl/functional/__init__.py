"""torch.nn.functional's names, argument names, order and defaults, as pure functions of arrays.

Numpy arrays are welcome wherever jax arrays are. Where PyTorch would change a buffer in place the new one is
returned, and what draws random numbers takes a `key`. Every function works under `jit`, `vmap`, `grad`, `jvp`
and `hessian`.

>>> from jaxdl import functional as F
>>> import numpy as np
>>> F.linear(np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)).shape
(2, 4)
"""

from jaxdl.functional.activation.elu import celu, elu, selu
from jaxdl.functional.activation.gate import gelu, glu, hardswish, mish, silu
from jaxdl.functional.activation.rectifier import hardtanh, leaky_relu, prelu, relu, relu6, rrelu, threshold
from jaxdl.functional.activation.shrink import hardshrink, softshrink, tanhshrink
from jaxdl.functional.activation.sigmoid import hardsigmoid, logsigmoid, sigmoid, softplus, softsign, tanh
from jaxdl.functional.activation.softmax import gumbel_softmax, log_softmax, softmax, softmin
from jaxdl.functional.attention.dot_product import scaled_dot_product_attention
from jaxdl.functional.attention.multi_head import multi_head_attention_forward
from jaxdl.functional.convolution.conv import conv1d, conv2d, conv3d, conv_tbc
from jaxdl.functional.convolution.fold import fold, unfold
from jaxdl.functional.convolution.transpose import conv_transpose1d, conv_transpose2d, conv_transpose3d
from jaxdl.functional.distance import cosine_similarity, normalize, pairwise_distance, pdist
from jaxdl.functional.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from jaxdl.functional.embedding.bag import embedding_bag
from jaxdl.functional.embedding.table import embedding, one_hot
from jaxdl.functional.grouped import grouped_mm
from jaxdl.functional.linear import bilinear, linear
from jaxdl.functional.loss.binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    multilabel_soft_margin_loss,
    soft_margin_loss,
)
from jaxdl.functional.loss.cross_entropy import cross_entropy, nll_loss
from jaxdl.functional.loss.ctc import ctc_loss
from jaxdl.functional.loss.embedding import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from jaxdl.functional.loss.likelihood import gaussian_nll_loss, kl_div, poisson_nll_loss
from jaxdl.functional.loss.linear_cross_entropy import linear_cross_entropy
from jaxdl.functional.loss.margin import margin_ranking_loss, multi_margin_loss, multilabel_margin_loss
from jaxdl.functional.loss.regression import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from jaxdl.functional.normalisation.batch import batch_norm
from jaxdl.functional.normalisation.instance import instance_norm
from jaxdl.functional.normalisation.layer import group_norm, layer_norm, rms_norm
from jaxdl.functional.normalisation.local_response import local_response_norm
from jaxdl.functional.pool.adaptive_average import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from jaxdl.functional.pool.adaptive_maximum import (
    adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d,
    adaptive_max_pool3d_with_indices,
)
from jaxdl.functional.pool.average import avg_pool1d, avg_pool2d, avg_pool3d
from jaxdl.functional.pool.fractional import (
    fractional_max_pool2d,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d,
    fractional_max_pool3d_with_indices,
)
from jaxdl.functional.pool.maximum import (
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool2d_with_indices,
    max_pool3d,
    max_pool3d_with_indices,
)
from jaxdl.functional.pool.power import lp_pool1d, lp_pool2d, lp_pool3d
from jaxdl.functional.pool.unpool import max_unpool1d, max_unpool2d, max_unpool3d
from jaxdl.functional.recurrent.cell import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from jaxdl.functional.recurrent.layer import gru, lstm, rnn_relu, rnn_tanh
from jaxdl.functional.vision.grid import affine_grid, grid_sample
from jaxdl.functional.vision.interpolate import interpolate, upsample, upsample_bilinear, upsample_nearest
from jaxdl.functional.vision.pad import pad
from jaxdl.functional.vision.shuffle import channel_shuffle, native_channel_shuffle, pixel_shuffle, pixel_unshuffle

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "affine_grid",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "fold",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grid_sample",
    "group_norm",
    "grouped_mm",
    "gru",
    "gru_cell",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "linear_cross_entropy",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "lstm",
    "lstm_cell",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "native_channel_shuffle",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pdist",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "rnn_relu",
    "rnn_relu_cell",
    "rnn_tanh",
    "rnn_tanh_cell",
    "rrelu",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]
